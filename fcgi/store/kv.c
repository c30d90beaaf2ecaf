#include "store/kv.h"

#include <jansson.h>
#include <math.h>

#include "base/now.h"
#include "base/out.h"
#include "store/conn.h"
#include "store/cursor.h"
#include "store/key.h"
#include "store/row.h"
#include "store/usage.h"

#define REAPED 20             /* expired keys cleared away by one write */
#define PAGE_BYTES (512 * KIB)
#define TTL_MAX (100LL * 365 * 24 * 3600)

struct str kv_collection(struct str key)
{
	struct str rest, name = str_cut(key, '/', &rest);
	return rest.p ? name : STR_NONE;
}

/* ---- who ---- */

static int level(const struct kv *k, enum verb v)
{
	if (!k->collection)
		return 0;
	return v == VERB_READ ? k->collection->read : k->collection->change;
}

/* May the caller touch this space at all? The statements carry the same question once more. */
static int admitted(const struct kv *k, enum verb v)
{
	bool app = !k->scope->me[0];
	if (k->collection && !app && (int)k->scope->level > level(k, v))
		return db_fail(k->db, ERR_DENIED, "You may not %s keys of %s.", v == VERB_READ ? "read" : "change",
			       k->collection->name);
	if (!k->collection && !app && !k->scope->known)
		return db_fail(k->db, ERR_UNAUTHORIZED, "Sign in to keep keys of your own.");
	return 0;
}

static int check(const struct kv *k, struct str key, enum verb v)
{
	if (!key.n || key.n > KV_KEY)
		return db_fail(k->db, ERR_BAD_REQUEST, "A key is 1 to %d bytes long.", KV_KEY);
	if (!text_utf8(key) || memchr(key.p, 0, key.n))
		return db_fail(k->db, ERR_BAD_REQUEST, "A key is text.");
	return admitted(k, v);
}

static struct stmt *prepare(const struct kv *k, enum verb v, const char *head, const char *tail, struct str key)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, head);
	scope_keys(&b);
	buf_adds(&b, tail);
	struct stmt *s = scope_prepare(k->db, k->scope, NULL, v, b.p);
	buf_release(&b);
	if (s) {
		stmt_bind_int(s, ":shared", level(k, v));
		stmt_bind_str(s, ":key", key);
		stmt_bind_int(s, ":now", now_ms());
	}
	return s;
}

/* ---- one key ---- */

#define ALIVE "(k.expires = 0 OR k.expires > :now)"

struct entry {
	bool there;       /* and not expired */
	struct str value; /* in the arena */
	int64_t expires;
};

static int64_t cost(struct str key, struct str value)
{
	return (int64_t)(key.n + value.n) + ROW_COST;
}

static int entry_get(const struct kv *k, enum verb v, struct str key, struct entry *e)
{
	*e = (struct entry){0};
	struct stmt *s = prepare(k, v, "SELECT k.value, k.expires FROM kv k WHERE k.key = :key AND " ALIVE " AND ", "", key);
	int row = s ? stmt_row(s) : -k->db->fault->err;
	if (row <= 0)
		return -row;
	*e = (struct entry){true, arena_str(k->arena, stmt_str(s, 0)), stmt_int(s, 1)};
	stmt_done(s);
	return 0;
}

/* Forgets a key, expired or not, and gives back what it cost. */
static int entry_delete(const struct kv *k, struct str key)
{
	struct stmt *s = prepare(k, VERB_CHANGE, "DELETE FROM kv AS k WHERE k.key = :key AND ",
				 " RETURNING length(CAST(value AS BLOB))", key);
	int64_t bytes = 0, rows = 0;
	int row = s ? 0 : -k->db->fault->err;
	while (s && (row = stmt_row(s)) == 1) {
		bytes += cost(key, STR_NONE) + stmt_int(s, 0);
		rows++;
	}
	return row ? -row : rows ? usage_add(k->db, k->scope, -bytes, -rows) : 0;
}

/* What is stored under the key now, expired or not: its bytes, -1 for nothing, below that -1 - ERR_*. */
static int64_t stored(const struct kv *k, struct str key)
{
	struct stmt *s = prepare(k, VERB_CHANGE, "SELECT length(CAST(k.value AS BLOB)) FROM kv k WHERE k.key = :key AND ", "",
				 key);
	int row = s ? stmt_row(s) : -k->db->fault->err;
	if (row <= 0)
		return -1 + row;
	int64_t bytes = stmt_int(s, 0);
	stmt_done(s);
	return bytes;
}

static const char put_head[] = "INSERT INTO kv (app_id, owner, key, value, expires) "
			       "SELECT k.app_id, k.owner, :key, :value, :expires "
			       "FROM (SELECT :app AS app_id, iif(:shared, '', :me) AS owner) k WHERE ";
static const char put_tail[] = " ON CONFLICT (app_id, owner, key) "
			       "DO UPDATE SET value = excluded.value, expires = excluded.expires";

static int entry_put(const struct kv *k, struct str key, struct str value, int64_t expires)
{
	if (value.n > KV_VALUE)
		return db_fail(k->db, ERR_TOO_LARGE, "A value is at most %u KB.", KV_VALUE / KIB);
	if (row_too_deep(value))
		return db_fail(k->db, ERR_TOO_DEEP, "A value may be nested %d levels deep: keep what is deeper under a key of its own.",
			       ROW_DEPTH);
	int64_t old = stored(k, key);
	struct stmt *s = old < -1 ? NULL : prepare(k, VERB_CHANGE, put_head, put_tail, key);
	if (!s)
		return k->db->fault->err;
	stmt_bind_str(s, ":value", value);
	stmt_bind_int(s, ":expires", expires);
	int err = stmt_run(s);
	if (!err && !db_changes(k->db))
		err = scope_denied(k->db, k->scope, "change this key");
	int64_t grown = old < 0 ? cost(key, value) : (int64_t)value.n - old;
	return err || (!grown && old >= 0) ? err : usage_add(k->db, k->scope, grown, old < 0);
}

static int reap(const struct kv *k)
{
	static const char expired[] = "DELETE FROM kv WHERE app_id = :app AND (owner, key) IN (SELECT owner, key FROM kv "
				      "WHERE app_id = :app AND expires > 0 AND expires <= :now LIMIT :n) "
				      "RETURNING length(CAST(value AS BLOB)) + length(CAST(key AS BLOB))";
	struct stmt *s = scope_kernel(k->db, k->scope->app_id, expired);
	if (!s)
		return k->db->fault->err;
	stmt_bind_int(s, ":now", now_ms());
	stmt_bind_int(s, ":n", REAPED);
	int64_t bytes = 0, rows = 0;
	int row;
	while ((row = stmt_row(s)) == 1) {
		bytes += stmt_int(s, 0) + ROW_COST;
		rows++;
	}
	return row ? -row : rows ? usage_add(k->db, k->scope, -bytes, -rows) : 0;
}

/* ---- writing: one transaction around the change ---- */

static int begin(const struct kv *k, struct str key, bool *own)
{
	int err = check(k, key, VERB_CHANGE);
	*own = !db_in_transaction(k->db);
	return err || !*own ? err : db_begin(k->db);
}

static int finish(const struct kv *k, bool own, int err)
{
	if (!err)
		err = reap(k);
	if (!own)
		return err;
	return err ? db_rollback(k->db) : db_commit(k->db);
}

int kv_set(const struct kv *k, struct str key, struct str value, int64_t ttl)
{
	bool own;
	if (ttl < 0 || ttl > TTL_MAX)
		return db_fail(k->db, ERR_BAD_REQUEST, "\"ttl\" is a number of seconds above 0.");
	int err = begin(k, key, &own);
	return err ? err : finish(k, own, entry_put(k, key, value, ttl ? now_ms() + ttl * 1000 : 0));
}

static int delete_once(const struct kv *k, struct str key)
{
	bool own;
	int err = begin(k, key, &own);
	return err ? err : finish(k, own, entry_delete(k, key));
}

int kv_delete(const struct kv *k, struct str key)
{
	int err = delete_once(k, key);
	return db_make_room(k->db, err) ? delete_once(k, key) : err;
}

/* Whole numbers stay whole as long as a double holds them exactly. */
static void number_text(struct buf *b, double v)
{
	struct out o = OUT(b);
	if (fabs(v) < 9007199254740992.0 && v == floor(v))
		out_int(&o, (int64_t)v);
	else
		out_num(&o, v);
}

static int incr(const struct kv *k, struct str key, double by, struct buf *text)
{
	struct entry e;
	int err = entry_get(k, VERB_CHANGE, key, &e);
	if (err)
		return err;
	if (e.there && !(e.value.n && (e.value.p[0] == '-' || (e.value.p[0] >= '0' && e.value.p[0] <= '9'))))
		return db_fail(k->db, ERR_CONFLICT, "The value under that key is not a number.");
	double sum = (e.there ? strtod(e.value.p, NULL) : 0) + by;
	if (!isfinite(sum))
		return db_fail(k->db, ERR_CONFLICT, "The number would be too large.");
	number_text(text, sum);
	return entry_put(k, key, buf_str(text), e.expires);
}

int kv_incr(const struct kv *k, struct str key, double by, struct buf *out)
{
	bool own;
	struct buf text = BUF_INIT;
	int err = begin(k, key, &own);
	if (!err)
		err = finish(k, own, incr(k, key, by, &text));
	if (!err)
		buf_addstr(out, buf_str(&text));
	buf_release(&text);
	return err;
}

static json_t *load(struct str json)
{
	return json_loadb(json.p, json.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static bool same(struct str a, struct str b)
{
	if (str_eq(a, b))
		return true;
	json_t *x = load(a), *y = load(b);
	bool equal = x && y && json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return equal;
}

static int cas(const struct kv *k, struct str key, struct str old, struct str new, bool *did)
{
	struct entry e;
	int err = entry_get(k, VERB_CHANGE, key, &e);
	if (err)
		return err;
	*did = e.there ? old.p && same(e.value, old) : !old.p;
	if (!*did)
		return 0;
	return new.p ? entry_put(k, key, new, e.expires) : entry_delete(k, key);
}

int kv_cas(const struct kv *k, struct str key, struct str old, struct str new, struct buf *out)
{
	bool own, did = false;
	int err = begin(k, key, &own);
	if (!err)
		err = finish(k, own, cas(k, key, old, new, &did));
	if (!err)
		buf_adds(out, did ? "true" : "false");
	return err;
}

/* ---- reading ---- */

int kv_get(const struct kv *k, struct str key, struct buf *out)
{
	struct entry e;
	int err = check(k, key, VERB_READ);
	if (!err)
		err = entry_get(k, VERB_READ, key, &e);
	if (!err)
		buf_addstr(out, e.there ? e.value : STR("null"));
	return err;
}

static struct str above(struct arena *a, struct str prefix)
{
	struct buf b = BUF_INIT;
	buf_addstr(&b, prefix);
	key_after(&b);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static int list_page(const struct kv *k, struct stmt *s, int limit, const struct listing *l, struct buf *out)
{
	struct out o = OUT(out);
	struct buf last = BUF_INIT, more = BUF_INIT;
	size_t from = out->len;
	int row, n = 0;
	out_object(&o);
	out_key(&o, "items");
	out_array(&o);
	db_read_begin(k->db, 0);
	while ((row = stmt_row(s)) == 1) {
		if (n++ == limit || out->len - from > PAGE_BYTES) {
			cursor_make(k->db->store, l, buf_str(&last), &more);
			stmt_done(s);
			row = 0;
			break;
		}
		buf_clear(&last);
		buf_addstr(&last, stmt_str(s, 0));
		out_object(&o);
		out_kstr(&o, "key", stmt_str(s, 0));
		out_kraw(&o, "value", stmt_str(s, 1));
		out_end(&o);
	}
	db_read_end(k->db);
	out_end(&o);
	if (more.len)
		out_kstr(&o, "cursor", buf_str(&more));
	out_end(&o);
	buf_release(&last);
	buf_release(&more);
	return -row;
}

int kv_list(const struct kv *k, struct str prefix, int limit, struct str cursor, struct buf *out)
{
	struct listing l = {.scope = k->scope, .kind = "kv", .what = prefix};
	struct str last = STR_NONE;
	if (prefix.n > KV_KEY || !text_utf8(prefix))
		return db_fail(k->db, ERR_BAD_REQUEST, "A prefix is text of at most %d bytes.", KV_KEY);
	int err = admitted(k, VERB_READ);
	if (!err && cursor.p)
		err = cursor_read(k->db, &l, cursor, k->arena, &last);
	struct stmt *s = err ? NULL : prepare(k, VERB_READ, "SELECT k.key, k.value FROM kv k WHERE ",
					      " AND k.key >= :prefix AND k.key > :last AND (:above = '' OR k.key < :above)"
					      " AND " ALIVE " ORDER BY k.key LIMIT :limit", STR_NONE);
	if (!s)
		return err ? err : k->db->fault->err;
	stmt_bind_str(s, ":prefix", prefix.p ? prefix : STR(""));
	stmt_bind_str(s, ":above", prefix.n ? above(k->arena, prefix) : STR(""));
	stmt_bind_str(s, ":last", last.p ? last : STR(""));
	stmt_bind_int(s, ":limit", limit + 1);
	return list_page(k, s, limit, &l, out);
}
