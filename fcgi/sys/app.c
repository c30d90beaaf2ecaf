#include <string.h>

#include "base/visible.h"
#include "kernel/import.h"
#include "kernel/install.h"
#include "kernel/meter.h"
#include "kernel/people.h"
#include "kernel/publish.h"
#include "store/copy.h"
#include "store/env.h"
#include "store/files.h"
#include "store/snapshot.h"
#include "sys/appinfo.h"

/* The owner's verbs about installed apps. What is not installed yet is in candidate.c. */

/* ---- looking ---- */

static bool may_open(struct req *r, struct db *db, const struct app *a)
{
	struct user u;
	if (r->who.owner || r->who.kind == WHO_IS_SHELL || a->manifest->visibility == VISIBLE_ANYONE)
		return true;
	return user_find_for(db, str_of(r->who.user_id), str_of(a->id), &u) && people_role(a, &u) != ROLE_NONE;
}

static void write_listed(struct req *r, struct out *o, const struct app_row *row, const struct app *a)
{
	out_object(o);
	write_app(r, o, row);
	write_words(r, o, a->manifest);
	if (r->who.owner || r->who.kind == WHO_IS_SHELL) {
		out_kcstr(o, "commit", *row->commit ? row->commit : NULL);
		out_kcstr(o, "source", row->source);
		out_kint(o, "installed", row->installed);
	}
	out_end(o);
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *rows;
	int n = app_rows(db, r->arena, &rows);
	(void)c;
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++) {
		struct app *a = app_by_id(r->node, db, str_of(rows[i].id));
		if (a && may_open(r, db, a))
			write_listed(r, o, &rows[i], a);
		app_release(a);
	}
	out_end(o);
	return 0;
}

int op_app_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

static void write_storage(struct out *o, struct db *db, const struct app_row *row)
{
	int64_t nfiles, bytes = package_bytes(db, row->package, &nfiles);
	out_key(o, "storage");
	out_object(o);
	out_kint(o, "bytes", app_usage(db, row->id, USAGE_BYTES));
	out_kint(o, "rows", app_usage(db, row->id, USAGE_ROWS));
	out_kint(o, "blobs", app_usage(db, row->id, USAGE_FILES));
	out_kint(o, "files", nfiles);
	out_kint(o, "code", bytes);
	out_end(o);
}

/* "snapshot": the rows that a rollback can bring back and what it would cost, or null. */
static void write_snapshot(struct out *o, struct db *db, const struct app_row *row)
{
	struct snapshot s;
	int64_t added = 0, changed = 0;
	out_key(o, "snapshot");
	int64_t previous = app_previous(db, row->id, row->version);
	if (!snapshot_get(db, row->id, &s) || s.version != (previous ? previous : row->version)) {
		out_null(o);
		return;
	}
	copy_since(db, row->id, s.taken, &added, &changed);
	out_object(o);
	out_kint(o, "created", s.taken);
	out_kint(o, "bytes", s.bytes);
	out_kint(o, "rows", s.rows);
	out_kint(o, "added", added);
	out_kint(o, "changed", changed);
	out_end(o);
}

/* "migrated": data migrations the rows have been through that the version before does not know. */
static void write_migrated(struct req *r, struct out *o, struct db *db, const struct app_row *row)
{
	int64_t previous = app_previous(db, row->id, row->version);
	const char *package = previous ? version_package(db, r->arena, row->id, previous) : row->package;
	struct stmt *s = applied_query(db, row->id);
	int more;
	out_key(o, "migrated");
	out_array(o);
	while (s && (more = stmt_row(s)) > 0)
		if (!file_there(db, package, arena_printf(r->arena, "migrations/%.*s", STR_FMT(stmt_str(s, 0)))))
			out_str(o, stmt_str(s, 0));
	out_end(o);
}

static int write_all(struct req *r, struct db *db, struct out *o, const struct app_row *row, const struct app *a)
{
	struct env_value *values;
	int n = env_list(db, r->arena, row->id, &values);
	out_object(o);
	write_app(r, o, row);
	write_words(r, o, a->manifest);
	out_kcstr(o, "source", row->source);
	out_kcstr(o, "commit", *row->commit ? row->commit : NULL);
	out_kcstr(o, "hash", row->package);
	out_kint(o, "revision", row->version);
	out_kbool(o, "previous", app_previous(db, row->id, row->version) > 0);
	out_kint(o, "created", row->created);
	out_kint(o, "installed", row->installed);
	write_permissions(r, o, a->manifest, a, NULL);
	write_rules(r, o, a->manifest);
	write_env(r, o, a->manifest, values, n);
	write_storage(o, db, row);
	write_snapshot(o, db, row);
	write_migrated(r, o, db, row);
	out_end(o);
	return MAX(-n, 0);
}

static int show(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *row = app_named(r, db, c->arg[0].s);
	struct app *a = row ? app_by_id(r->node, db, str_of(row->id)) : NULL;
	if (!a)
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, NULL);
	int err = write_all(r, db, o, row, a);
	app_release(a);
	return err;
}

int op_app_show(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, show);
}

/* ---- changing ---- */

/* What every change answers with: the app as it is now. */
static int answer(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	if (!app)
		return r->fault.err;
	out_object(o);
	write_app(r, o, app);
	out_end(o);
	return 0;
}

static int enable(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? app_state(db, app->id, "enabled") : r->fault.err;
	if (app)
		meter_forgive(meter_of(r->node->meters, app->id));
	return err ? err : answer(r, db, c, o);
}

static int disable(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? app_state(db, app->id, "disabled") : r->fault.err;
	return err ? err : answer(r, db, c, o);
}

static int switch_state(struct req *r, const struct call *c, struct out *o, with_db_fn *fn)
{
	int err = in_transaction(r, c, o, fn);
	if (!err)
		publish_app(r->node, arena_cstr(r->arena, c->arg[0].s), NULL);
	return err;
}

int op_app_enable(struct req *r, const struct call *c, struct out *o)
{
	return switch_state(r, c, o, enable);
}

int op_app_disable(struct req *r, const struct call *c, struct out *o)
{
	return switch_state(r, c, o, disable);
}

int op_app_rollback(struct req *r, const struct call *c, struct out *o)
{
	int err = install_rollback(r->node, c->arg[0].s, c->arg[1].present && c->arg[1].b, &r->fault);
	return err ? err : with_db(r, c, o, answer);
}

int op_app_remove(struct req *r, const struct call *c, struct out *o)
{
	bool purge = c->arg[1].present && c->arg[1].b;
	int err = install_remove(r->node, c->arg[0].s, purge, &r->fault);
	if (err)
		return err;
	out_object(o);
	out_kstr(o, "name", c->arg[0].s);
	out_kcstr(o, "state", purge ? "purged" : "removed");
	out_end(o);
	return 0;
}

/* ---- permissions ---- */

static int asked_for(struct req *r, struct db *db, const struct app_row *app, struct str permission)
{
	struct manifest *m;
	int err = package_manifest(db, r->arena, app->package, &m);
	if (err || manifest_asks(m, permission))
		return err;
	struct buf b = BUF_MAX(300);
	for (int i = 0; i < m->npermissions; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", m->permission[i]);
	err = fail(r, ERR_BAD_REQUEST, "%s does not ask for \"%s\"; it asks for %s", app->name, visible(r->arena, permission, 80), b.len ? b.p : "nothing");
	buf_release(&b);
	return err;
}

typedef int permission_fn(struct db *db, struct arena *a, const char *app_id, const char *permission);

/* What was done, and all that the app holds now. */
static int answer_grants(struct req *r, struct db *db, const struct app_row *app, const char *done, struct str permission, struct out *o)
{
	struct grant *list;
	int n = grants_list(db, r->arena, app->id, &list);
	out_object(o);
	write_app(r, o, app);
	out_kstr(o, done, permission);
	out_key(o, "holds");
	out_array(o);
	for (int i = 0; i < n; i++)
		out_cstr(o, list[i].permission);
	out_end(o);
	out_end(o);
	return MAX(-n, 0);
}

static int change_permission(struct req *r, struct db *db, const struct call *c, struct out *o, permission_fn *change, const char *done)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? asked_for(r, db, app, c->arg[1].s) : r->fault.err;
	if (!err)
		err = change(db, r->arena, app->id, arena_cstr(r->arena, c->arg[1].s));
	return err ? err : answer_grants(r, db, app, done, c->arg[1].s, o);
}

static int give(struct db *db, struct arena *a, const char *app_id, const char *permission)
{
	const char *about = import_about(db, a, permission);
	if (about)
		return grant_add(db, app_id, permission, about);
	return db_fail(db, ERR_NOT_FOUND, "\"%s\" is about an app that is not installed; install it first", permission);
}

static int take(struct db *db, struct arena *a, const char *app_id, const char *permission)
{
	(void)a;
	return grant_remove(db, app_id, permission);
}

static int grant(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return change_permission(r, db, c, o, give, "granted");
}

static int revoke(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return change_permission(r, db, c, o, take, "revoked");
}

int op_app_grant(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, grant);
}

int op_app_revoke(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, revoke);
}
