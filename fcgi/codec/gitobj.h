/* gitobj — what `git cat-file --batch` writes, and the tree objects in it (gitformat-pack, git-cat-file(1)). */
#ifndef CODEC_GITOBJ_H
#define CODEC_GITOBJ_H

#include "base/text.h"

#define OID_TEXT 64 /* hex digits of the longest name: SHA-256; SHA-1 has 40 */

enum git_type { GIT_BLOB, GIT_TREE, GIT_COMMIT, GIT_TAG };

struct git_header {
	bool missing; /* nothing else is set */
	char oid[OID_TEXT + 1];
	enum git_type type;
	int64_t size;
};

/* The line in front of an object, without its newline: "OID TYPE SIZE", or "NAME missing" (or ambiguous). False: neither. */
bool git_header_parse(struct str line, struct git_header *h);

enum git_mode { GIT_FILE = 0100644, GIT_PROGRAM = 0100755, GIT_FOLDER = 040000, GIT_LINK = 0120000, GIT_MODULE = 0160000 };

struct git_entry {
	unsigned mode; /* as written: compare with enum git_mode */
	struct str name; /* any bytes but NUL and / ; never empty */
	char oid[OID_TEXT + 1];
};

/* Cut the next entry off a raw tree whose names have oid_bytes bytes (20 or 32). 1 an entry, 0 the end, -1 not a tree. */
int git_tree_next(struct str *tree, size_t oid_bytes, struct git_entry *e);

#endif
