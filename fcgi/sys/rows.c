#include "sys/rows.h"

#include "base/log.h"
#include "base/visible.h"
#include "codec/json.h"
#include "kernel/import.h"
#include "kernel/journal.h"
#include "store/kv.h"

struct scope rows_scope(const struct req *r, bool as_app)
{
	const struct principal *who = &r->who;
	struct scope sc = scope_stranger(r->app->id);
	if (who->kind == WHO_IS_APP)
		sc = scope_app(r->app->id);
	else if (who->kind == WHO_IS_USER && who->public_id[0])
		sc = scope_person(r->app->id, who->public_id, who->admin);
	if (as_app)
		sc = scope_as_app(sc);
	sc.max_bytes = r->app->limit[BUDGET_APP_BYTES];
	sc.max_rows = r->app->limit[BUDGET_APP_ROWS];
	sc.max_files = r->app->limit[BUDGET_APP_FILES];
	return sc;
}

struct scope rows_scope_of(struct req *r, struct db *db, const struct app *a, struct str user, enum role *role)
{
	struct user u;
	char *public_id = arena_alloc(r->arena, PUBLIC_ID_LEN + 1);
	*role = user.n && user_find_for(db, user, str_of(a->id), &u) ? people_role(a, &u) : ROLE_NONE;
	if (*role == ROLE_NONE)
		return a->manifest->visibility == VISIBLE_ANYONE ? scope_stranger(a->id) : scope_nowhere();
	app_public_id(r->node, a->id, u.id, public_id);
	return scope_person(a->id, public_id, *role >= ROLE_ADMIN);
}

void rows_as(struct rows *k, bool as_app)
{
	app_release(k->other);
	k->other = NULL;
	k->as_app = as_app;
	k->scope = rows_scope(k->req, as_app);
	k->docs.reader = NULL;
}

int rows_open(struct rows *k, struct req *r, bool as_app)
{
	*k = (struct rows){.req = r, .db = db_borrow(r->node->store, &r->fault)};
	if (k->db)
		journal_guard(r, k->db);
	rows_as(k, as_app);
	k->docs = (struct docs){.db = k->db, .arena = r->arena, .scope = &k->scope,
				.scan_rows = r->settings.number[SETTING_SCAN_ROWS], .until = r->deadline};
	return k->db ? 0 : r->fault.err;
}

static bool another_app(struct str name)
{
	return name.n && memchr(name.p, '/', name.n);
}

int rows_collection(struct rows *k, struct str name)
{
	if (another_app(name))
		return fail(k->req, ERR_DENIED, "Rows of another app can only be read, with get, find and count.");
	k->docs.collection = app_collection(k->req->app, name, k->req->arena);
	return k->docs.collection ? 0
				  : fail(k->req, ERR_BAD_REQUEST,
					 "\"%.*s\" is not the name of a collection: a letter, then letters, "
					 "digits and _, in lower case.",
					 (int)MIN(name.n, 64), name.n ? name.p : "");
}

const struct collection *rows_collection_of(const struct req *r, struct str name)
{
	struct str first = kv_collection(name);
	return first.n ? manifest_collection(r->app->manifest, first) : NULL;
}

struct str rows_person(const struct req *r)
{
	struct scope sc = rows_scope(r, false);
	return strcmp(sc.me, "!") ? str_of(sc.me) : str_of(arena_printf(r->arena, "!%s", r->id));
}

/* That an app tried what it may not is of interest to whoever looks after the node. */
static int refused(const struct req *r, struct str name)
{
	if (r->fault.err == ERR_PERMISSION_DENIED)
		log_event(LOG_WARN, "import.refused", "app", r->app->name, "wanted", visible(r->arena, name, 100), NULL);
	return r->fault.err;
}

int rows_readable(struct rows *k, struct str name)
{
	const struct principal *who = &k->req->who;
	struct str collection;
	enum role role;
	if (!another_app(name))
		return rows_collection(k, name);
	k->other = import_find(k->req->node, k->db, k->req->app, name, &k->req->fault);
	if (!k->other)
		return refused(k->req, name);
	str_cut(name, '/', &collection);
	k->docs.collection = app_collection(k->other, collection, k->req->arena);
	k->docs.reader = k->req->app->id;
	k->scope = rows_scope_of(k->req, k->db, k->other, who->kind == WHO_IS_USER && !k->as_app ? str_of(who->user_id) : STR_NONE, &role);
	return k->req->fault.err;
}

int rows_close(struct rows *k, int err)
{
	app_release(k->other);
	db_return(k->db);
	return err;
}

int rows_rev(struct req *r, struct str opts, int64_t *rev)
{
	struct json_lex l;
	struct str key, value;
	*rev = 0;
	json_lex_init(&l, opts, JSON_DEPTH);
	if (!opts.n || json_next(&l) != JSON_OBJECT)
		return 0;
	while (json_next_member(&l, &key, &value)) {
		if (!json_key_is(key, STR("rev")))
			return fail(r, ERR_BAD_REQUEST, "The only option is rev.");
		if (!str_is(value, "null") && (!str_int(value, rev) || *rev < 1))
			return fail(r, ERR_BAD_REQUEST, "rev is the revision of a row: a whole number above 0.");
	}
	return 0;
}

static bool known(struct rows *k, struct str who)
{
	return str_is(who, "members") || str_is(who, "anyone") ||
	       app_person(k->req->node, k->db, k->req->app, who, k->req->arena);
}

int rows_share(struct rows *k, struct str id, struct str who, struct str level)
{
	int n = share_level(level);
	if (level.p && !n)
		return fail(k->req, ERR_BAD_REQUEST, "A row is shared to \"read\", \"add\" or \"change\".");
	if (n && !known(k, who))
		return fail(k->req, ERR_BAD_REQUEST,
			    "A row is shared with the id of a person of this app, \"members\" or \"anyone\".");
	return docs_share(&k->docs, id, who, n);
}
