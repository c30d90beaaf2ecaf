#include "kernel/import.h"

#define PERMISSION "import:"

static bool declared(const struct manifest *m, struct str app, struct str collection)
{
	for (int i = 0; i < m->nimports; i++)
		if (str_is(app, m->import[i].app) && str_is(collection, m->import[i].collection))
			return true;
	return false;
}

static bool exported(const struct manifest *m, struct str collection)
{
	for (int i = 0; i < m->nexports; i++)
		if (str_is(collection, m->export[i]))
			return true;
	return false;
}

struct app *import_find(struct node *n, struct db *db, const struct app *reader, struct str name, struct fault *f)
{
	char permission[sizeof PERMISSION + 128];
	struct str collection, app = str_cut(name, '/', &collection);
	if (!declared(reader->manifest, app, collection)) {
		fault(f, ERR_PERMISSION_DENIED, "This app does not import that; name it in `imports` of app.json, as APP/COLLECTION.");
		return NULL;
	}
	snprintf(permission, sizeof permission, PERMISSION "%.*s", STR_FMT(name));
	const struct grant *g = app_grant(reader, permission);
	if (!g) {
		fault(f, ERR_PERMISSION_DENIED, "Reading %.*s needs the permission \"%s\", which this app was not granted.", STR_FMT(name), permission);
		return NULL;
	}
	struct app *other = app_by_id(n, db, str_of(g->about));
	if (!other) {
		fault(f, ERR_NOT_FOUND, "The app %.*s that \"%s\" was granted for is gone; another of that name needs a grant of its own.", STR_FMT(app),
		      permission);
		return NULL;
	}
	if (other->state == APP_DISABLED)
		fault(f, ERR_APP_DISABLED, "%s is switched off.", other->name);
	else if (!exported(other->manifest, collection))
		fault(f, ERR_NOT_FOUND, "%s does not export %.*s.", other->name, STR_FMT(collection));
	else
		return other;
	app_release(other);
	return NULL;
}

const char *import_about(struct db *db, struct arena *a, const char *permission)
{
	struct str rest;
	if (!str_starts(str_of(permission), PERMISSION))
		return "";
	struct str name = str_cut((struct str){permission + strlen(PERMISSION), strlen(permission) - strlen(PERMISSION)}, '/', &rest);
	struct app_row *app = app_row_by_name(db, a, name);
	return app ? app->id : NULL;
}
