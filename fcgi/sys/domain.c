/* app domain: domains of the owner's own that lead to an app. */
#include "base/visible.h"
#include "store/host.h"
#include "sys/appinfo.h"

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = c->arg[0].present ? app_named(r, db, c->arg[0].s) : NULL;
	struct host_row *row;
	if (r->fault.err)
		return r->fault.err;
	int n = hosts_list(db, r->arena, app ? app->id : "", &row);
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++) {
		out_object(o);
		out_kcstr(o, "host", row[i].host);
		out_kcstr(o, "app", row[i].app);
		out_kcstr(o, "url", arena_printf(r->arena, "%s/", node_host_origin(&r->settings, r->arena, row[i].host)));
		out_end(o);
	}
	out_end(o);
	return 0;
}

int op_app_domain_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

/* NAME.DOMAIN is what every app has, and DOMAIN is the node's. */
static bool is_node_host(const struct req *r, struct str host)
{
	const char *domain = r->settings.text[SETTING_DOMAIN];
	struct str rest, label = str_cut(host, '.', &rest);
	return str_is(host, domain) || (label.n && str_is(rest, domain));
}

static int checked_host(struct req *r, struct str given, const char **host)
{
	char *lower = arena_cstr(r->arena, given);
	for (char *p = lower; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	*host = lower;
	if (!text_host(str_of(lower)) || strlen(lower) != given.n || !strchr(lower, '.'))
		return fail(r, ERR_BAD_REQUEST, "\"%s\" is not a domain name, such as blog.example.org", visible(r->arena, given, 100));
	if (is_node_host(r, str_of(lower)))
		return fail(r, ERR_RESERVED_NAME, "%s belongs to this node; every app answers at NAME.%s already", lower, r->settings.text[SETTING_DOMAIN]);
	return 0;
}

static int change(struct req *r, struct db *db, const struct call *c, struct out *o, int (*fn)(struct db *, const char *, const char *))
{
	const char *host;
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? checked_host(r, c->arg[1].s, &host) : r->fault.err;
	if (!err)
		err = fn(db, app->id, host);
	if (!err)
		out_cstr(o, "Now tell nginx: fazt-admin nginx print, and reload it.");
	return err;
}

static int add(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return change(r, db, c, o, host_add);
}

static int remove_host(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return change(r, db, c, o, host_remove);
}

int op_app_domain_add(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, add);
}

int op_app_domain_remove(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, remove_host);
}
