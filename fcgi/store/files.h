/* files — the files of packages; their content is in store/object.
 *
 * A package is named by the hash of everything in it, so storing it twice stores
 * it once. Nothing refers to a package but versions and candidates; whoever
 * drops one of those calls package_sweep in the same transaction, and what
 * nobody refers to any more is gone with it.
 */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "store/object.h"

struct file_row {
	const char *path;
	int64_t size;
};

/* In a transaction. package_store is true when the package was not there before: its files are to be added. */
int package_store(struct db *db, const char *package, int nfiles, int64_t bytes, bool *fresh);
int file_store(struct db *db, const char *package, const char *path, struct str bytes);
int package_sweep(struct db *db, const char *package);

int64_t package_bytes(struct db *db, const char *package, int64_t *nfiles);
/* The files below a folder ("api/"; "" for all) in order of path; their number, or -ERR_*. *list in the arena. */
int files_list(struct db *db, struct arena *a, const char *package, const char *folder, struct file_row **list);
bool file_there(struct db *db, const char *package, const char *path);
/* The bytes of one file, in the arena and NUL-terminated. ERR_NOT_FOUND. */
int file_load(struct db *db, struct arena *a, const char *package, const char *path, struct str *bytes);
/* Where its content is, for answering with it. ERR_NOT_FOUND. */
int file_object(struct db *db, const char *package, const char *path, struct object *o);

#endif
