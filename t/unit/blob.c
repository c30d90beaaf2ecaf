/* Files and uploads below the rows: content that is there once, pieces that become it, what is counted, what is left. */
#include "base/now.h"
#include "home.h"
#include "store/blob.h"
#include "store/docs.h"
#include "store/upload.h"
#include "tap.h"

static struct store *store;
static struct db *db;
static struct arena *arena;
static struct fault f;
static char app_id[ID_LEN + 1], other_id[ID_LEN + 1];
static struct scope ann, bob, stranger, other;
static char big[3 * MIB + 77];

static int64_t count(const char *sql)
{
	return db_int(db, -1, sql, "");
}

static int64_t used(const char *what)
{
	return db_int(db, 0, arena_printf(arena, "SELECT %s FROM usage WHERE app_id = ?", what), "c", app_id);
}

static int put(const struct scope *sc, const char *name, struct str bytes)
{
	struct blobs b = {.db = db, .arena = arena, .scope = sc};
	struct blob row = {.name = str_of(name), .type = STR("text/plain"), .size = (int64_t)bytes.n};
	int err = db_begin(db);
	if (err)
		return err;
	crypt_hash(row.hash, bytes.p, bytes.n);
	err = object_store(db, row.hash, bytes);
	if (!err)
		err = blob_put(&b, &row);
	return err ? db_rollback(db) : db_commit(db);
}

static int drop(const struct scope *sc, const char *name)
{
	struct blobs b = {.db = db, .arena = arena, .scope = sc};
	return blob_delete(&b, str_of(name));
}

static int64_t size(const struct scope *sc, const char *name)
{
	struct blobs b = {.db = db, .arena = arena, .scope = sc};
	struct blob row;
	int found = blob_get(&b, str_of(name), &row);
	return found == 1 ? row.size : found;
}

static void test_content(void)
{
	struct str one = {big, sizeof big};
	is_int(put(&ann, "a", one), 0, "put");
	is_int(count("SELECT count(*) FROM chunks"), 4, "in chunks");
	is_int(put(&bob, "b", one), 0, "the same, by another");
	is_int(count("SELECT count(*) FROM chunks"), 4, "is there once");
	is_int(count("SELECT refs FROM objects"), 2, "counted twice");
	is_int(used("files"), 2 * (int64_t)sizeof big, "and paid twice");
	is_int(size(&ann, "a"), sizeof big, "whose it is");
	is_int(size(&bob, "a"), 0, "and whose it is not");
	is_int(size(&stranger, "a"), -ERR_UNAUTHORIZED, "%s", f.message);
	is_int(put(&ann, "a", STR("short")), 0, "replaced");
	is_int(count("SELECT count(*) FROM objects"), 2, "the other one stays");
	is_int(drop(&bob, "b"), 0, "deleted");
	is_int(count("SELECT count(*) FROM objects") * 100 + count("SELECT count(*) FROM chunks"), 101, "and gone");
	is_int(drop(&ann, "a"), 0, "the last one");
	is_int(count("SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM chunks) + (SELECT count(*) FROM garbage)"), 0, "nothing is left");
	is_int(used("files") + used("bytes") + used("rows"), 0, "of what it cost either");
	is_int(put(&ann, "empty", STR("")), 0, "no bytes at all");
	is_int(size(&ann, "empty"), 0, "are a file");
	is_int(drop(&ann, "empty"), 0, "too");
}

static void test_wall(void)
{
	is_int(db_int(db, -7, "SELECT count(*) FROM blobs", ""), -7, "the second wall: %s", f.message);
	is_int(db_int(db, -7, "SELECT count(*) FROM uploads", ""), -7, "… for uploads");
	db_forgive(db);
}

/* An upload of n bytes of big, in steps of some bytes. */
static int upload(const struct scope *sc, struct upload *u, size_t n, size_t step)
{
	int err = upload_create(db, sc, u);
	for (size_t at = 0; !err && at < n;) {
		size_t base = at / CHUNK_BYTES * CHUNK_BYTES;
		at = MIN(MIN(at + step, n), base + CHUNK_BYTES);
		err = upload_save(db, sc, u, (struct str){big + base, at - base}, at == n);
	}
	return err;
}

static void test_uploads(void)
{
	struct upload u = {.owner = STR("u_ann"), .name = STR("x"), .type = STR("image/png"), .length = -1}, again, taken;
	unsigned char hash[HASH_LEN];
	is_int(upload(&ann, &u, sizeof big, 300000), 0, "in pieces");
	crypt_hash(hash, big, sizeof big);
	ok(u.finished && !memcmp(hash, u.object, HASH_LEN), "its hash is that of the whole");
	is_int(count("SELECT count(*) FROM chunks"), 4, "in chunks of full length");
	is_int(used("files"), sizeof big, "DSK-06 it counts at once");
	is_int(upload_get(db, &ann, STR("u_bob"), str_of(u.id), arena, &again), 0, "nobody else's");
	is_int(upload_get(db, &other, STR("u_ann"), str_of(u.id), arena, &again), 0, "no other app's");
	is_int(upload_get(db, &ann, STR("u_ann"), str_of(u.id), arena, &again), 1, "one's own");
	is_int(upload_save(db, &ann, &again, STR(""), true), ERR_INTERNAL, "a finished one does not grow");
	fault_clear(&f);
	struct upload twin = {.owner = STR("u_bob"), .name = STR("y"), .length = -1};
	is_int(upload(&bob, &twin, sizeof big, CHUNK_BYTES), 0, "the same, cut otherwise");
	is_int(count("SELECT count(*) FROM objects"), 1, "is the same object");
	db_begin(db);
	is_int(upload_take(db, &ann, STR("u_bob"), str_of(u.id), arena, &taken), ERR_NOT_FOUND, "%s", f.message);
	db_rollback(db);
	db_begin(db);
	is_int(upload_take(db, &ann, STR("u_ann"), str_of(u.id), arena, &taken), 0, "taken");
	is_int(upload_take(db, &ann, STR("u_ann"), str_of(u.id), arena, &taken), ERR_NOT_FOUND, "once");
	db_rollback(db);
	is_int(upload_drop(db, &ann, &u), 0, "given up");
	is_int(upload_drop(db, &bob, &twin), 0, "by both");
	is_int(count("SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM chunks)"), 0, "nothing is left");
	is_int(used("files") + used("bytes") + used("rows"), 0, "of what it cost either");
}

static void test_resume(void)
{
	struct upload u = {.owner = STR("u_ann"), .name = STR("x"), .length = MIB + 10}, there;
	char *window = xmalloc(CHUNK_BYTES);
	size_t n;
	is_int(upload_create(db, &ann, &u), 0, "one begins");
	is_int(upload_save(db, &ann, &u, (struct str){big, 1000}, false), 0, "a piece");
	is_int(upload_get(db, &ann, u.owner, str_of(u.id), arena, &there), 1, "later");
	is_int(upload_resume(db, &there, window, &n), 0, "going on");
	ok(n == 1000 && !memcmp(window, big, n), "where it ended");
	is_int(upload_save(db, &ann, &there, (struct str){big, 2000}, false), 0, "another piece");
	is_int(upload_save(db, &ann, &u, (struct str){big, 1500}, false), ERR_CONFLICT, "%s", f.message);
	is_int(upload_save(db, &ann, &there, (struct str){big, CHUNK_BYTES}, false), 0, "to the end of the chunk");
	is_int(upload_save(db, &ann, &there, (struct str){big + CHUNK_BYTES, 10}, true), 0, "and beyond");
	unsigned char hash[HASH_LEN];
	crypt_hash(hash, big, CHUNK_BYTES + 10);
	ok(!memcmp(hash, there.object, HASH_LEN), "the hash went on too");
	is_int(upload_drop(db, &ann, &there), 0, "dropped");
	free(window);
}

static void test_quota(void)
{
	struct upload u = {.owner = STR("u_ann"), .name = STR("x"), .length = -1};
	struct scope tight = ann;
	tight.max_files = 2 * MIB;
	is_int(upload(&tight, &u, sizeof big, CHUNK_BYTES), ERR_QUOTA_EXCEEDED, "%s", f.message);
	is_int(used("files"), 2 * MIB, "up to there it is there");
	is_int(put(&tight, "p", STR("x")), ERR_QUOTA_EXCEEDED, "%s", f.message);
	is_int(upload_drop(db, &tight, &u), 0, "dropping always works");
	is_int(put(&tight, "p", STR("x")), 0, "then there is room");
	is_int(drop(&tight, "p"), 0, "again");
}

static void test_reaping(void)
{
	struct upload u = {.owner = STR("u_ann"), .name = STR("x"), .length = -1}, young = u, mine = {.owner = STR("!request"), .name = STR("x"), .length = -1};
	is_int(upload(&ann, &u, sizeof big, CHUNK_BYTES), 0, "an old one");
	is_int(upload_create(db, &ann, &mine) || upload_save(db, &ann, &mine, STR("half"), false), 0, "a stranger's");
	is_int(upload_drop_all(db, &ann, STR("!request")), 0, "is dropped with its request");
	now_shift(UPLOAD_MS - 1000);
	is_int(upload_create(db, &ann, &young) || upload_save(db, &ann, &young, STR("half"), false), 0, "a young one");
	upload_reap(db);
	is_int(used("rows"), 2, "neither is old enough");
	now_shift(UPLOAD_MS + 1000);
	upload_reap(db);
	is_int(used("rows"), 1, "DSK-06 after a day it is gone");
	is_int(used("files"), 4, "with what it cost");
	is_int(count("SELECT count(*) FROM chunks"), 1, "and its content");
	now_shift(3 * UPLOAD_MS);
	upload_reap(db);
	now_shift(0);
	is_int(count("SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM chunks)") + used("files") + used("rows"), 0, "nothing is left");
}

/* What is large goes a little at a time. */
static void test_garbage(void)
{
	unsigned char body[HASH_LEN] = {1};
	db_begin(db);
	for (int i = 0; i < 40; i++)
		body_put(db, body, i, STR("x"));
	body_drop(db, body);
	db_commit(db);
	is_int(object_reap(db), true, "some");
	int64_t left = count("SELECT count(*) FROM chunks");
	ok(left > 0 && left < 40, "not all at once (%lld left)", (long long)left);
	while (object_reap(db))
		;
	is_int(count("SELECT (SELECT count(*) FROM garbage) + (SELECT count(*) FROM chunks)"), 0, "in the end all");
}

static void test_counts(void)
{
	struct upload u = {.owner = STR("u_ann"), .name = STR("x"), .length = -1};
	put(&ann, "one", STR("1"));
	put(&bob, "two", STR("22"));
	upload_create(db, &ann, &u);
	upload_save(db, &ann, &u, STR("half"), false);
	int64_t before = used("bytes") * 1000000 + used("files") * 1000 + used("rows");
	db_begin(db);
	docs_recount(db, app_id);
	db_commit(db);
	is_int(used("bytes") * 1000000 + used("files") * 1000 + used("rows"), before, "every byte was counted");
	is_int(docs_purge(db, app_id), 0, "purged");
	is_int(count("SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM chunks) + (SELECT count(*) FROM garbage)"), 0, "nothing is left");
}

int main(void)
{
	store = home_make();
	arena = arena_new();
	db = db_borrow(store, &f);
	id_new(app_id);
	id_new(other_id);
	db_run(db, "INSERT INTO apps (id, name, title, source, origin, state, version, rev, purged, created, changed) "
		   "VALUES (?, 'x', 'x', 'x', 'x', 'enabled', 1, 1, 0, 0, 0)", "c", app_id);
	crypt_random(big, sizeof big);
	ann = scope_person(app_id, "u_ann", false);
	bob = scope_person(app_id, "u_bob", false);
	stranger = scope_stranger(app_id);
	other = scope_person(other_id, "u_ann", false);
	struct scope *all[] = {&ann, &bob, &stranger, &other};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		all[i]->max_bytes = all[i]->max_rows = all[i]->max_files = 100 * MIB;
	test_content();
	test_wall();
	test_uploads();
	test_resume();
	test_quota();
	test_reaping();
	test_garbage();
	test_counts();
	db_return(db);
	arena_free(arena);
	home_remove(store);
	return done_testing();
}
