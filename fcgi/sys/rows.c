#include "sys/rows.h"

#include "codec/json.h"
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
	sc.max_bytes = r->app->max_bytes;
	sc.max_rows = r->app->max_rows;
	sc.max_files = r->app->max_files;
	return sc;
}

int rows_open(struct rows *k, struct req *r, bool as_app)
{
	*k = (struct rows){.req = r, .db = db_borrow(r->node->store, &r->fault), .scope = rows_scope(r, as_app)};
	k->docs = (struct docs){.db = k->db, .arena = r->arena, .scope = &k->scope,
				.scan_rows = r->settings.number[SETTING_SCAN_ROWS]};
	return k->db ? 0 : r->fault.err;
}

int rows_collection(struct rows *k, struct str name)
{
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

int rows_close(struct rows *k, int err)
{
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
