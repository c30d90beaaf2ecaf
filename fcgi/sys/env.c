/* app env: what an app wants to be told, and what the owner told it. A secret goes in here and to the app's cells, and
 * never comes out. */
#include "store/env.h"

#include "base/visible.h"
#include "kernel/install.h"
#include "sys/appinfo.h"

/* A value that was set for another host is not there. */
static const struct env_value *value_of(const struct env_value *list, int n, const struct env_entry *e)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i].name, e->name) && !strcmp(list[i].host, e->host ? e->host : ""))
			return &list[i];
	return NULL;
}

static void write_entry(struct req *r, struct out *o, const struct env_entry *e, const struct env_value *v)
{
	out_object(o);
	out_kcstr(o, "name", e->name);
	out_kbool(o, "set", v && v->value.p);
	out_kbool(o, "required", e->required);
	out_kbool(o, "secret", e->secret);
	out_kcstr(o, "host", e->host);
	out_kcstr(o, "description", shown_line(r, e->description, SHOWN_BYTES));
	out_end(o);
}

void write_env(struct req *r, struct out *o, const struct manifest *m, const struct env_value *list, int n)
{
	out_key(o, "env");
	out_array(o);
	for (int i = 0; i < m->nenv; i++)
		write_entry(r, o, &m->env[i], value_of(list, n, &m->env[i]));
	out_end(o);
}

/* ---- the operations ---- */

struct asked {
	struct app_row *app;
	struct manifest *manifest;
};

static int asked_app(struct req *r, struct db *db, struct str name, struct asked *a)
{
	a->app = app_named(r, db, name);
	return a->app ? package_manifest(db, r->arena, a->app->package, &a->manifest) : r->fault.err;
}

static const char *names(struct req *r, const struct manifest *m)
{
	struct buf b = BUF_MAX(300);
	for (int i = 0; i < m->nenv; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", m->env[i].name);
	const char *list = arena_cstr(r->arena, buf_str(&b));
	buf_release(&b);
	return list;
}

static bool one_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return str_trim(s).n == s.n;
}

static int set(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct asked a;
	struct str name = c->arg[1].s, value = c->arg[2].s;
	int err = asked_app(r, db, c->arg[0].s, &a);
	if (err)
		return err;
	const struct env_entry *e = manifest_env(a.manifest, name);
	if (!e)
		return fail(r, ERR_NOT_FOUND, "%s does not ask for %s; it asks for %s", a.app->name, visible(r->arena, name, 64),
			    a.manifest->nenv ? names(r, a.manifest) : "nothing");
	if (!value.n)
		return fail(r, ERR_BAD_REQUEST, "there is no value; take one away with: fazt-admin app env unset %s %s", a.app->name, e->name);
	if (memchr(value.p, 0, value.n))
		return fail(r, ERR_BAD_REQUEST, "a value is text without NUL bytes");
	if (e->host && !one_line(value))
		return fail(r, ERR_BAD_REQUEST, "%s goes into a header: it is one line, without blanks at its ends", e->name);
	if ((err = env_set(db, a.app->id, e->name, e->host ? e->host : "", value)))
		return err;
	struct env_value now = {.name = e->name, .value = STR("")};
	write_entry(r, o, e, &now);
	return 0;
}

int op_app_env_set(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, set);
}

static int unset(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? env_unset(db, app->id, arena_cstr(r->arena, c->arg[1].s)) : r->fault.err;
	if (!err)
		out_null(o);
	return err;
}

int op_app_env_unset(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, unset);
}

/* One entry of the list; without a secret's value. */
static void write_listed(struct req *r, struct out *o, const char *name, const struct env_entry *e, const struct env_value *v)
{
	bool set = v && v->value.p;
	out_object(o);
	out_kcstr(o, "name", name);
	out_kbool(o, "set", set);
	out_kbool(o, "required", e && e->required);
	out_kbool(o, "secret", !e || e->secret);
	out_kcstr(o, "host", e ? e->host : NULL);
	out_key(o, "value");
	if (set && e && !e->secret)
		out_str(o, v->value);
	else
		out_null(o);
	out_kcstr(o, "description", e ? shown_line(r, e->description, SHOWN_BYTES) : "The app does not ask for it any more.");
	out_end(o);
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct asked a;
	struct env_value *values;
	int n = 0, err = asked_app(r, db, c->arg[0].s, &a);
	if (!err && (n = env_list(db, r->arena, a.app->id, &values)) < 0)
		err = -n;
	if (err)
		return err;
	out_array(o);
	for (int i = 0; i < a.manifest->nenv; i++)
		write_listed(r, o, a.manifest->env[i].name, &a.manifest->env[i], value_of(values, n, &a.manifest->env[i]));
	for (int i = 0; i < n; i++)
		if (!manifest_env(a.manifest, str_of(values[i].name)))
			write_listed(r, o, values[i].name, NULL, &values[i]);
	out_end(o);
	return 0;
}

int op_app_env_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}
