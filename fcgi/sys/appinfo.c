#include "sys/appinfo.h"

#include "base/now.h"
#include "base/visible.h"
#include "kernel/grant.h"
#include "kernel/sentence.h"

struct app_row *app_named(struct req *r, struct db *db, struct str name)
{
	struct app_row *app = app_row_by_name(db, r->arena, name);
	if (!app)
		fail(r, ERR_NOT_FOUND, "there is no app called \"%s\"", visible(r->arena, name, 60));
	return app;
}

void write_app(struct req *r, struct out *o, const struct app_row *app)
{
	out_kcstr(o, "name", app->name);
	out_kcstr(o, "title", app->title);
	out_kcstr(o, "url", arena_printf(r->arena, "%s/", node_origin(&r->settings, r->arena, app->name)));
	out_kcstr(o, "state", app->suspended > now_ms() && !strcmp(app->state, "enabled") ? "suspended" : app->state);
}

const char *shown_line(struct req *r, const char *text, size_t max)
{
	if (!text)
		return NULL;
	char *line = arena_strdup(r->arena, text);
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
	return visible(r->arena, str_of(line), max);
}

void write_words(struct req *r, struct out *o, const struct manifest *m)
{
	out_kcstr(o, "description", shown_line(r, m->description, SHOWN_BYTES));
	out_kcstr(o, "version", shown_line(r, m->version, 40));
	out_kcstr(o, "visibility", visibility_name(m->visibility));
}

static void write_permission(struct req *r, struct out *o, struct str name)
{
	out_kstr(o, "name", name);
	out_kcstr(o, "risk", grant_row(name)->risk == RISK_HIGH ? "high" : "low");
	out_kcstr(o, "sentence", grant_sentence(name, r->arena));
}

void write_permissions(struct req *r, struct out *o, const struct manifest *m, const struct app *granted, const struct manifest *before)
{
	out_key(o, "permissions");
	out_array(o);
	for (int i = 0; i < m->npermissions; i++) {
		struct str name = str_of(m->permission[i]);
		out_object(o);
		write_permission(r, o, name);
		if (granted)
			out_kbool(o, "granted", app_granted(granted, m->permission[i]));
		else
			out_kbool(o, "new", before && !manifest_asks(before, name));
		out_end(o);
	}
	out_end(o);
}

void write_rules(struct req *r, struct out *o, const struct manifest *m)
{
	const char **list;
	int n = manifest_sentences(m, r->settings.text[SETTING_TIMEZONE], r->arena, &list);
	out_key(o, "rules");
	out_array(o);
	for (int i = 0; i < n; i++)
		out_cstr(o, list[i]);
	out_end(o);
}
