#include "store/files.h"

#include "base/crypt.h"
#include "base/now.h"
#include "store/object.h"

int package_store(struct db *db, const char *package, int nfiles, int64_t bytes, bool *fresh)
{
	int err = db_run(db, "INSERT INTO packages (hash, nfiles, bytes, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", "ciii",
			 package, (int64_t)nfiles, bytes, now_ms());
	*fresh = !err && db_changes(db) == 1;
	return err;
}

int file_store(struct db *db, const char *package, const char *path, struct str bytes)
{
	unsigned char hash[HASH_LEN];
	crypt_hash(hash, bytes.p, bytes.n);
	int err = object_store(db, hash, bytes);
	return err ? err : db_run(db, "INSERT INTO files (package, path, object, size) VALUES (?, ?, ?, ?)", "ccbi", package, path, hash,
				  (size_t)HASH_LEN, (int64_t)bytes.n);
}

int package_sweep(struct db *db, const char *package)
{
	int err = db_run(db,
			 "DELETE FROM packages WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM versions WHERE package = hash)"
			 " AND NOT EXISTS (SELECT 1 FROM candidates WHERE package = hash)", "c", package);
	if (err || !db_changes(db))
		return err;
	static const char release[] =
		"UPDATE objects SET refs = refs - (SELECT count(*) FROM files WHERE package = ?1 AND object = hash)"
		" WHERE hash IN (SELECT object FROM files WHERE package = ?1)";
	if ((err = db_run(db, release, "c", package)) || (err = db_run(db, "DELETE FROM files WHERE package = ?", "c", package)))
		return err;
	return object_sweep(db);
}

int64_t package_bytes(struct db *db, const char *package, int64_t *nfiles)
{
	*nfiles = db_int(db, 0, "SELECT nfiles FROM packages WHERE hash = ?", "c", package);
	return db_int(db, 0, "SELECT bytes FROM packages WHERE hash = ?", "c", package);
}

int files_list(struct db *db, struct arena *a, const char *package, const char *folder, struct file_row **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, -1, "SELECT nfiles FROM packages WHERE hash = ?", "c", package);
	if (most < 0)
		return -db_fault(db)->err;
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, "SELECT path, size FROM files WHERE package = ?1 AND substr(path, 1, length(?2)) = ?2 ORDER BY path", "cc",
				  package, folder);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most)
			(*list)[n++] = (struct file_row){stmt_dup(s, 0, a), stmt_int(s, 1)};
	return row < 0 ? row : n;
}

bool file_there(struct db *db, const char *package, const char *path)
{
	return db_int(db, 0, "SELECT 1 FROM files WHERE package = ? AND path = ?", "cc", package, path) != 0;
}

int file_load(struct db *db, struct arena *a, const char *package, const char *path, struct str *bytes)
{
	int64_t size = db_int(db, -1, "SELECT size FROM files WHERE package = ? AND path = ?", "cc", package, path);
	if (size < 0)
		return db_fail(db, ERR_NOT_FOUND, "there is no file %s", path);
	char *p = arena_alloc(a, (size_t)size + 1);
	size_t at = 0;
	int row;
	struct stmt *s = db_query(db, "SELECT bytes FROM chunks WHERE object = (SELECT o.body FROM files f JOIN objects o ON o.hash = f.object "
				  "WHERE f.package = ? AND f.path = ?) ORDER BY seq", "cc", package, path);
	if (!s)
		return db_fault(db)->err;
	while ((row = stmt_row(s)) > 0) {
		struct str chunk = stmt_str(s, 0);
		size_t n = MIN(chunk.n, (size_t)size - at);
		memcpy(p + at, chunk.p, n);
		at += n;
	}
	if (row < 0)
		return -row;
	if (at != (size_t)size)
		return db_fail(db, ERR_CORRUPT, "the file %s is not as long as it was", path);
	*bytes = (struct str){p, at};
	return 0;
}

int file_object(struct db *db, const char *package, const char *path, struct object *o)
{
	unsigned char hash[HASH_LEN];
	struct stmt *s = db_query(db, "SELECT object FROM files WHERE package = ? AND path = ?", "cc", package, path);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row <= 0 || stmt_str(s, 0).n != HASH_LEN) {
		if (row > 0)
			stmt_done(s);
		return row < 0 ? -row : db_fail(db, ERR_NOT_FOUND, "There is no file %s in the app.", path);
	}
	memcpy(hash, stmt_str(s, 0).p, HASH_LEN);
	stmt_done(s);
	return object_find(db, hash, o);
}
