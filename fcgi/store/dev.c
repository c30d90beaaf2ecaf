#include "store/dev.h"

#include "base/now.h"

struct dev_row *dev_get(struct db *db, struct arena *a, const char *app_id, int64_t now)
{
	struct dev_row *d = NULL;
	struct stmt *s = db_query(db, "SELECT until, problem FROM dev WHERE app_id = ? AND until > ? AND until <= ?", "cii", app_id, now,
				  now + 2 * LEASE_MOST_MS);
	if (s && stmt_row(s) > 0) {
		d = NEW(a, struct dev_row);
		*d = (struct dev_row){stmt_int(s, 0), stmt_dup(s, 1, a)};
		stmt_done(s);
	}
	return d;
}

int dev_lease(struct db *db, const char *app_id, int64_t until, struct str problem)
{
	return db_run(db,
		      "INSERT INTO dev (app_id, until, problem) VALUES (?, ?, ?)"
		      " ON CONFLICT (app_id) DO UPDATE SET until = excluded.until, problem = excluded.problem", "cis", app_id, until, problem);
}

int dev_end(struct db *db, const char *app_id)
{
	return db_run(db, "DELETE FROM dev WHERE app_id = ?", "c", app_id);
}

int dev_solved(struct db *db, const char *app_id)
{
	return db_run(db, "UPDATE dev SET problem = '' WHERE app_id = ?", "c", app_id);
}

/* ---- pieces ---- */

int piece_store(struct db *db, const unsigned char object[HASH_LEN], int64_t at, struct str bytes)
{
	return db_run(db,
		      "INSERT INTO pieces (object, at, bytes, pushed) VALUES (?, ?, ?, ?)"
		      " ON CONFLICT (object, at) DO UPDATE SET bytes = excluded.bytes, pushed = excluded.pushed",
		      "bibi", object, (size_t)HASH_LEN, at, bytes.p, bytes.n, now_ms());
}

int pieces_bound(struct db *db)
{
	int64_t all = db_int(db, 0, "SELECT coalesce(sum(length(bytes) + ?), 0) FROM pieces", "i", (int64_t)PIECE_COST);
	return all <= PIECES_BYTES ? 0 : db_fail(db, ERR_TOO_LARGE, "unfinished pushes hold %lld MB already; try again in an hour",
						 (long long)(PIECES_BYTES / MIB));
}

int pieces_reap(struct db *db, int64_t before)
{
	return db_run(db, "DELETE FROM pieces WHERE pushed < ?", "i", before);
}

int pieces_drop(struct db *db, const unsigned char object[HASH_LEN])
{
	return db_run(db, "DELETE FROM pieces WHERE object = ?", "b", object, (size_t)HASH_LEN);
}

/* The rows of a statement (where it belongs, bytes), one behind the other. Whether that is the file, its hash tells. */
static int join(struct db *db, const char *sql, const char *app, const unsigned char object[HASH_LEN], struct buf *b)
{
	int row;
	struct stmt *s = db_query(db, sql, "bc", object, (size_t)HASH_LEN, app);
	if (!s)
		return db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		buf_addstr(b, stmt_str(s, 0));
	return MAX(-row, 0);
}

static bool is_object(const struct buf *b, const unsigned char object[HASH_LEN])
{
	unsigned char sum[HASH_LEN];
	crypt_hash(sum, b->p, b->len);
	return !b->full && !memcmp(sum, object, HASH_LEN);
}

int pieces_join(struct db *db, struct arena *a, const char *app, const unsigned char object[HASH_LEN], struct str *bytes, bool *found)
{
	static const char *const places[] = {
		"SELECT c.bytes FROM objects o JOIN chunks c ON c.object = o.body WHERE o.hash = ?1"
		" AND EXISTS (SELECT 1 FROM files f WHERE f.object = ?1 AND f.package IN ("
		"SELECT v.package FROM versions v JOIN apps p ON p.id = v.app_id WHERE p.name = ?2 AND p.state <> 'removed' UNION ALL "
		"SELECT package FROM candidates WHERE name = ?2 UNION ALL "
		"SELECT n.package FROM candidates n JOIN apps p ON p.id = n.for_app WHERE p.name = ?2 AND p.state <> 'removed')) ORDER BY c.seq",
		"SELECT bytes FROM pieces WHERE object = ?1 AND ?2 <> '' ORDER BY at",
	};
	struct buf b = BUF_MAX((size_t)PIECES_BYTES);
	int err = 0;
	*found = false;
	for (size_t i = 0; !err && !*found && i < ARRAY_LEN(places); i++) {
		buf_clear(&b);
		err = join(db, places[i], app, object, &b);
		*found = !err && is_object(&b, object);
	}
	if (*found)
		*bytes = arena_str(a, buf_str(&b));
	buf_release(&b);
	return err;
}
