/* manifest — app.json, parsed once and strictly into a struct. */
#ifndef KERNEL_MANIFEST_H
#define KERNEL_MANIFEST_H

#include "base/arena.h"
#include "codec/rule.h"

enum visibility { VISIBLE_OWNER, VISIBLE_MEMBERS, VISIBLE_ANYONE };

#define MANIFEST_BYTES (64 * KIB)
#define MANIFEST_COLLECTIONS 64
#define MANIFEST_PERMISSIONS 64
#define MANIFEST_OPEN 32

struct manifest {
	const char *name, *title, *version, *description;
	enum visibility visibility;
	int nopen;
	const char **open; /* paths; a trailing * matches any rest */
	int npermissions;
	const char **permission;
	int ncollections;
	struct collection *collection;
	const char *json; /* the text it came from */
};

/* Errors name the key and the fix: ERR_BAD_MANIFEST. */
int manifest_parse(struct str json, struct arena *a, struct manifest **m, struct fault *f);
const struct collection *manifest_collection(const struct manifest *m, struct str name);

#endif
