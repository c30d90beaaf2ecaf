#include "sys/ntfy_ask.h"

#include "base/now.h"
#include "codec/calendar.h"
#include "codec/form.h"
#include "codec/json.h"
#include "codec/ntfy.h"

int ask_refuse(struct ask *k, enum ntfy_error e)
{
	k->error = e;
	return ERR_BAD_REQUEST;
}

int ask_refuse_why(struct ask *k, enum ntfy_error e, const char *why)
{
	k->why = str_of(arena_strdup(k->r->arena, why));
	return ask_refuse(k, e);
}

/* ---- parameters: header, or query ---- */

static struct str from_json(const struct ask *k, struct str name)
{
	for (int i = 0; i < k->njson; i++)
		if (str_eq(k->json[i].name, name))
			return ntfy_text(k->r->arena, k->json[i].value);
	return STR("");
}

static struct str from_header(const struct ask *k, struct str name)
{
	return ntfy_header(k->r->arena, req_header(k->r, arena_cstr(k->r->arena, name)));
}

static struct str from_query(const struct ask *k, struct str name)
{
	struct str s = form_get(k->r->arena, k->r->query, arena_cstr(k->r->arena, name));
	return ntfy_text(k->r->arena, s.p ? s : STR(""));
}

/* The first of these names, with commas between them, that has a value: in JSON, else in headers, else in the query. */
struct str ask_param(const struct ask *k, const char *names)
{
	struct str (*const places[])(const struct ask *, struct str) = {from_json, from_header, from_query};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		for (struct str rest = str_of(names); rest.n;) {
			struct str value = places[i](k, str_cut(rest, ',', &rest));
			if (value.n)
				return value;
		}
	return STR("");
}

struct str ask_line(const struct ask *k, const char *names)
{
	return ntfy_line(k->r->arena, ask_param(k, names));
}

/* ---- who asks ---- */

/* The value of Authorization; ?auth= has it as base64url. */
static struct str authorization(const struct ask *k)
{
	struct str query = form_get(k->r->arena, k->r->query, "auth");
	if (!query.n)
		query = form_get(k->r->arena, k->r->query, "authorization");
	if (!query.n)
		return str_trim(req_header(k->r, "authorization"));
	char *text = arena_alloc(k->r->arena, query.n + 1);
	while (query.n && query.p[query.n - 1] == '=')
		query.n--;
	int n = crypt_unb64url(text, query.n, query);
	return n < 0 ? STR("?") : str_trim((struct str){text, (size_t)n});
}

/* The password of Basic, whoever the name is, or the name without one: that is where programs without a field for tokens
 * have theirs. */
static struct str password(const struct ask *k, struct str value)
{
	struct str pass;
	char *text = arena_alloc(k->r->arena, value.n + 1);
	int n = crypt_unb64(text, value.n, value);
	struct str user = str_cut((struct str){text, n < 0 ? 0 : (size_t)n}, ':', &pass);
	return pass.n ? pass : user;
}

static int note_use(struct db *db, const struct topic_token *t, int64_t now)
{
	if (now - t->seen < 2 * HOUR_MS || db_begin_now(db))
		return 0;
	return topic_token_seen(db, t->name, now) ? db_rollback(db) : db_commit(db);
}

int ask_identify(struct ask *k, struct db *db)
{
	unsigned char hash[HASH_LEN];
	struct str value, header = authorization(k), scheme = str_cut(header, ' ', &value);
	if (!header.n)
		return 0;
	struct str token = str_ieq(scheme, "bearer") ? str_trim(value) : str_ieq(scheme, "basic") ? password(k, str_trim(value)) : STR_NONE;
	if (!str_starts(token, TOPIC_TOKEN_PREFIX))
		return ask_refuse(k, NTFY_E_UNAUTHORIZED);
	crypt_hash(hash, token.p, token.n);
	k->known = topic_token_find(db, hash, &k->token);
	if (!k->known)
		return k->r->fault.err ? k->r->fault.err : ask_refuse(k, NTFY_E_UNAUTHORIZED);
	return note_use(db, &k->token, now_ms());
}

static int may(struct ask *k, struct db *db, struct str topic, enum topic_may what)
{
	return k->known && topic_may(db, k->token.name, topic) & what ? 0 : ask_refuse(k, NTFY_E_FORBIDDEN);
}

int ask_with(struct ask *k, int (*fn)(struct ask *, struct db *))
{
	struct db *db = db_borrow(k->r->node->store, &k->r->fault);
	if (!db)
		return k->r->fault.err;
	int err = fn(k, db);
	db_return(db);
	return err;
}

int ask_may_read(struct ask *k, struct db *db)
{
	int err = ask_identify(k, db);
	for (struct str rest = k->topic; !err && rest.n;)
		err = may(k, db, str_cut(rest, ',', &rest), TOPIC_READ);
	return err;
}

int ask_may_write(struct ask *k, struct db *db)
{
	int err = ask_identify(k, db);
	return err ? err : may(k, db, k->topic, TOPIC_WRITE);
}

/* ---- a message as clients get it ---- */

static void write_rest(struct out *o, struct arena *a, struct str rest)
{
	struct json_lex l;
	struct str key, value;
	json_lex_init(&l, rest, JSON_DEPTH);
	if (json_next(&l) != JSON_OBJECT)
		return;
	while (json_next_member(&l, &key, &value))
		out_kraw(o, arena_cstr(a, key), value);
}

void ask_message(struct out *o, struct arena *a, const struct message *m)
{
	out_object(o);
	out_kcstr(o, "id", m->id);
	out_kint(o, "time", m->due / 1000);
	out_kint(o, "expires", m->expires / 1000);
	out_kcstr(o, "event", "message");
	out_kstr(o, "topic", m->topic);
	if (m->title.n)
		out_kstr(o, "title", m->title);
	out_kstr(o, "message", m->message);
	if (m->priority)
		out_kint(o, "priority", m->priority);
	if (m->tags.n)
		ntfy_write_tags(o, m->tags);
	write_rest(o, a, m->rest);
	out_end(o);
}

int ask_json(struct ask *k, const char *json)
{
	res_set(k->r, 200, "application/json", str_of(json));
	return 0;
}
