/* rule — who may read, add and change the rows of a collection, as the manifest declares it.
 *
 * This is the declaration only. What it means for a row is compiled to SQL in
 * one place, store/scope.
 */
#ifndef CODEC_RULE_H
#define CODEC_RULE_H

#include "base/text.h"

/* Each includes those above it. The numbers are compared, so their order is the model. */
enum who {
	WHO_OWNER = 1,   /* the person who added the row */
	WHO_SHARED = 2,  /* whoever its owner shares that row with */
	WHO_ADMINS = 3,  /* the app's admins, and the app's own jobs */
	WHO_MEMBERS = 4, /* everyone invited to the app */
	WHO_ANYONE = 5,  /* strangers too */
};

const char *who_name(enum who w);
enum who who_by_name(struct str s); /* 0: no such word */

#define INDEX_FIELDS 4
#define PATH_NAMES 8         /* of a field's path, "a.b.c": what is new has no more; what was installed before that bound may */
#define COLLECTION_INDEXES 4 /* slots k1…k4 */
#define COLLECTION_UNIQUES 2 /* slots u1, u2 */
#define COLLECTION_DEPTH 4   /* a chain of parents is at most this long */

/* A declared index or sort order: fields with their direction. Fields are dotted paths into the
 * document or one of the reserved columns id owner parent created updated rev. */
struct key_spec {
	int n;
	struct key_field {
		const char *path;
		bool desc;
	} field[INDEX_FIELDS];
};

bool path_too_long(struct str path);

struct collection {
	const char *name;
	enum who read, add, change;
	const struct collection *parent; /* NULL: top level */
	int nindex, nunique;
	struct key_spec index[COLLECTION_INDEXES];
	struct key_spec unique[COLLECTION_UNIQUES];
};

/* The rule of a collection that no manifest declares: owner, members, owner. */
struct collection collection_default(const char *name);

#endif
