/* package — the files of an app in memory, checked, before they become a version.
 *
 *     struct package *p = package_new();
 *     err = package_folder(p, "api", f);                    // by whoever reads the source, folder by folder
 *     err = package_file(p, "api/main.lua", bytes, f);
 *     err = package_finish(p, builtin, f);                  // the manifest, what must be there, the hash
 *     …
 *     package_free(p);
 *
 * Every budget is kept here, so that no source has to: entries, depth, length of
 * paths, bytes. Nothing is written anywhere and nothing is run; a file named
 * .gitattributes or .gitmodules is a file like any other.
 */
#ifndef KERNEL_PACKAGE_H
#define KERNEL_PACKAGE_H

#include "base/crypt.h"
#include "kernel/manifest.h"
#include "kernel/node.h"

#define PACKAGE_ENTRIES 2000
#define PACKAGE_BYTES (20u * MIB)
#define PACKAGE_LUA (256 * KIB)
#define PACKAGE_HASH_LEN (2 * HASH_LEN)
#define COMMIT_LEN 64

struct package_file {
	const char *path;
	struct str bytes;
};

struct package {
	struct arena *arena;
	int nentries;
	size_t bytes;
	int nfiles;
	struct package_file *file; /* in order of path once finished */
	char commit[COMMIT_LEN + 1]; /* of the repository it was read from, or empty */
	struct manifest *manifest;
	char hash[PACKAGE_HASH_LEN + 1]; /* over all paths and bytes: what is consented to */
	struct buf folds; /* private */
};

struct package *package_new(void);
void package_free(struct package *p); /* NULL is fine */

/* ERR_BAD_PATH with the path shown, ERR_MANIFEST_LIMITS. bytes are copied. */
int package_folder(struct package *p, struct str path, struct fault *f);
int package_file(struct package *p, struct str path, struct str bytes, struct fault *f);
/* The same for a source without folders: those that a path names are entries too. */
int package_place(struct package *p, struct str path, struct str bytes, struct fault *f);
/* Also ERR_BAD_PACKAGE, ERR_BINARY_CHUNK and the manifest's errors. */
int package_finish(struct package *p, bool builtin, struct fault *f);

/* A finished one into the database, in a transaction. */
int package_save(struct db *db, const struct package *p);
/* All of one that is there, as an empty p; finished. */
int package_stored(struct db *db, const char *hash, struct package *p);
/* The manifest of one that is there, in the arena. */
int package_manifest(struct db *db, struct arena *a, const char *hash, struct manifest **m);

const struct package_file *package_find(const struct package *p, const char *path);

/* Does its Lua compile? Set by gate/, which starts a cell on the files and reports READY or the cell's error. NULL in
 * programs without cells: nothing is checked. */
extern int (*package_check)(struct node *n, const struct package *p, struct fault *f);

/* What does its code do with several people's rows (gate/probe.h)? Set by gate/; NULL where nobody reads the outcome before
 * they consent: nothing is tried. */
extern int (*package_try)(struct node *n, const struct package *p, struct buf *report, struct fault *f);

#endif
