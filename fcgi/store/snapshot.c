#include "store/snapshot.h"

#include "base/now.h"
#include "store/conn.h"
#include "store/object.h"

#define PART_BYTES MIB

bool snapshot_get(struct db *db, const char *app_id, struct snapshot *s)
{
	struct stmt *q = db_query(db, "SELECT version, taken, bytes, rows FROM snapshots WHERE app_id = ?", "c", app_id);
	*s = (struct snapshot){0};
	if (!q || stmt_row(q) != 1)
		return false;
	*s = (struct snapshot){stmt_int(q, 0), stmt_int(q, 1), stmt_int(q, 2), stmt_int(q, 3)};
	stmt_done(q);
	return true;
}

#define HELD "(SELECT object FROM held WHERE app_id = ?)"

static int hold(struct db *db, const char *app_id)
{
	struct stmt *s = scope_kernel(db, app_id, "INSERT INTO held (app_id, object) SELECT DISTINCT app_id, object FROM blobs WHERE app_id = :app");
	int err = s ? stmt_run(s) : db->fault->err;
	return err ? err : db_run(db, "UPDATE objects SET refs = refs + 1 WHERE hash IN " HELD, "c", app_id);
}

static int let_go(struct db *db, const char *app_id)
{
	int err = db_run(db, "UPDATE objects SET refs = refs - 1 WHERE hash IN " HELD, "c", app_id);
	if (!err)
		err = db_run(db, "DELETE FROM held WHERE app_id = ?", "c", app_id);
	return err ? err : object_sweep(db);
}

int snapshot_drop(struct db *db, const char *app_id)
{
	int err = let_go(db, app_id);
	if (!err)
		err = db_run(db, "DELETE FROM snapshot_parts WHERE app_id = ?", "c", app_id);
	return err ? err : db_run(db, "DELETE FROM snapshots WHERE app_id = ?", "c", app_id);
}

static int store_part(struct snapshot_writer *w)
{
	int err = db_run(w->db, "INSERT INTO snapshot_parts (app_id, seq, bytes) VALUES (?, ?, ?)", "cib", w->app_id, w->seq++, w->part.p,
			 w->part.len);
	w->bytes += (int64_t)w->part.len;
	buf_clear(&w->part);
	return err;
}

int snapshot_write(void *writer, struct str bytes)
{
	struct snapshot_writer *w = writer;
	int err = 0;
	while (!err && bytes.n) {
		size_t n = MIN(bytes.n, PART_BYTES - w->part.len);
		buf_add(&w->part, bytes.p, n);
		bytes = (struct str){bytes.p + n, bytes.n - n};
		err = w->part.len == PART_BYTES ? store_part(w) : 0;
	}
	return err;
}

int snapshot_finish(struct snapshot_writer *w, int64_t version, int64_t rows)
{
	int err = w->part.len ? store_part(w) : 0;
	if (!err)
		err = hold(w->db, w->app_id);
	return err ? err : db_run(w->db, "INSERT INTO snapshots (app_id, version, taken, bytes, rows) VALUES (?, ?, ?, ?, ?)", "ciiii",
				  w->app_id, version, now_ms(), w->bytes, rows);
}

void snapshot_release(struct snapshot_writer *w)
{
	buf_release(&w->part);
}

/* The next part into r->part; 1, 0 behind the last, or -ERR_*. */
static int load_part(struct snapshot_reader *r)
{
	struct stmt *q = db_query(r->db, "SELECT bytes FROM snapshot_parts WHERE app_id = ? AND seq = ?", "ci", r->app_id, r->seq++);
	int row = q ? stmt_row(q) : -db_fault(r->db)->err;
	buf_clear(&r->part);
	r->at = 0;
	if (row == 1) {
		buf_addstr(&r->part, stmt_str(q, 0));
		stmt_done(q);
	}
	return row;
}

int snapshot_read(void *reader, char *p, size_t room, size_t *n)
{
	struct snapshot_reader *r = reader;
	*n = 0;
	if (r->at == r->part.len) {
		int row = load_part(r);
		if (row <= 0)
			return -row;
	}
	*n = MIN(room, r->part.len - r->at);
	memcpy(p, r->part.p + r->at, *n);
	r->at += *n;
	return 0;
}
