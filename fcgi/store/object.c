#include "store/object.h"

#define SWEPT 16 /* chunks that go in one transaction */

int body_put(struct db *db, const unsigned char body[HASH_LEN], int64_t seq, struct str bytes)
{
	static const char put[] = "INSERT INTO chunks (object, seq, bytes) VALUES (?, ?, ?) "
				  "ON CONFLICT (object, seq) DO UPDATE SET bytes = excluded.bytes";
	return db_run(db, put, "bib", body, (size_t)HASH_LEN, seq, bytes.p, bytes.n);
}

int body_drop(struct db *db, const unsigned char body[HASH_LEN])
{
	return db_run(db, "INSERT INTO garbage (body) VALUES (?) ON CONFLICT DO NOTHING", "b", body, (size_t)HASH_LEN);
}

/* One reference more. *fresh: there was none before. */
static int refer(struct db *db, const unsigned char hash[HASH_LEN], const unsigned char body[HASH_LEN], int64_t size, bool *fresh)
{
	int err = db_run(db, "UPDATE objects SET refs = refs + 1 WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
	*fresh = !err && !db_changes(db);
	return !*fresh ? err : db_run(db, "INSERT INTO objects (hash, size, body, refs) VALUES (?, ?, ?, 1)", "bib", hash, (size_t)HASH_LEN, size,
				      body, (size_t)HASH_LEN);
}

int object_store(struct db *db, const unsigned char hash[HASH_LEN], struct str bytes)
{
	bool fresh;
	int err = refer(db, hash, hash, (int64_t)bytes.n, &fresh);
	if (!err && fresh) /* a body of that key may wait for the reaper */
		err = db_run(db, "DELETE FROM garbage WHERE body = ?", "b", hash, (size_t)HASH_LEN);
	for (int64_t seq = 0; !err && fresh && bytes.n; seq++) {
		size_t n = MIN(bytes.n, (size_t)CHUNK_BYTES);
		err = body_put(db, hash, seq, (struct str){bytes.p, n});
		bytes.p += n;
		bytes.n -= n;
	}
	return err;
}

int object_adopt(struct db *db, const unsigned char hash[HASH_LEN], const unsigned char body[HASH_LEN], int64_t size)
{
	bool fresh;
	int err = refer(db, hash, body, size, &fresh);
	return err || fresh ? err : body_drop(db, body);
}

int object_release(struct db *db, const unsigned char hash[HASH_LEN])
{
	return db_run(db, "UPDATE objects SET refs = refs - 1 WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
}

int object_share(struct db *db, const unsigned char hash[HASH_LEN], struct object *o)
{
	int err = object_find(db, hash, o);
	return err ? err : db_run(db, "UPDATE objects SET refs = refs + 1 WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
}

/* ---- what nobody refers to ---- */

/* Some chunks of some bodies, and the bodies that have none left: never more work than that, however much waits. */
#define SOME "(SELECT body FROM garbage ORDER BY body LIMIT ?1)"

static int sweep_chunks(struct db *db)
{
	static const char chunks[] = "DELETE FROM chunks WHERE rowid IN (SELECT c.rowid FROM " SOME " g CROSS JOIN chunks c ON c.object = g.body LIMIT ?1)";
	static const char bodies[] = "DELETE FROM garbage WHERE body IN " SOME " AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.object = garbage.body)";
	int err = db_run(db, chunks, "i", (int64_t)SWEPT);
	return err ? err : db_run(db, bodies, "i", (int64_t)SWEPT);
}

int object_sweep(struct db *db)
{
	int err = db_run(db, "INSERT INTO garbage (body) SELECT body FROM objects WHERE refs <= 0 ON CONFLICT DO NOTHING", "");
	if (!err)
		err = db_run(db, "DELETE FROM objects WHERE refs <= 0", "");
	return err ? err : sweep_chunks(db);
}

bool object_reap(struct db *db)
{
	if (!db_int(db, 0, "SELECT 1 FROM garbage LIMIT 1", "") || db_begin(db))
		return false;
	int err = sweep_chunks(db);
	return !(err ? db_rollback(db) : db_commit(db));
}

/* ---- reading ---- */

int object_find(struct db *db, const unsigned char hash[HASH_LEN], struct object *o)
{
	struct stmt *s = db_query(db, "SELECT body, size FROM objects WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row < 0)
		return -row;
	if (!row || stmt_str(s, 0).n != HASH_LEN) {
		if (row)
			stmt_done(s);
		return db_fail(db, ERR_CORRUPT, "Content that a row names is not there.");
	}
	memcpy(o->hash, hash, HASH_LEN);
	memcpy(o->body, stmt_str(s, 0).p, HASH_LEN);
	o->size = stmt_int(s, 1);
	stmt_done(s);
	return 0;
}

bool object_gone(struct db *db, const unsigned char hash[HASH_LEN])
{
	return !db_int(db, -1, "SELECT count(*) FROM objects WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
}

int body_chunk(struct db *db, const unsigned char body[HASH_LEN], int64_t seq, struct stmt **s, struct str *bytes)
{
	*s = db_query(db, "SELECT bytes FROM chunks WHERE object = ? AND seq = ?", "bi", body, (size_t)HASH_LEN, seq);
	int row = *s ? stmt_row(*s) : -db_fault(db)->err;
	if (row < 0)
		return -row;
	if (!row)
		return db_fail(db, ERR_CORRUPT, "Content is not as long as it was.");
	*bytes = stmt_str(*s, 0);
	return 0;
}
