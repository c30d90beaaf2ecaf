/* manifest — app.json, parsed once and strictly into a struct.
 *
 * Every key is a row of a table in manifest.c; what is not there is refused with
 * the nearest key that is. Keys of features that come later are checked all the
 * same, so that a package that installs today means the same tomorrow.
 */
#ifndef KERNEL_MANIFEST_H
#define KERNEL_MANIFEST_H

#include "base/arena.h"
#include "codec/rule.h"
#include "store/job.h"

enum visibility { VISIBLE_OWNER, VISIBLE_MEMBERS, VISIBLE_ANYONE };

#define MANIFEST_BYTES (64 * KIB)
#define MANIFEST_COLLECTIONS 64
#define MANIFEST_PERMISSIONS 64
#define MANIFEST_OPEN 32
#define MANIFEST_CRON 20
#define MANIFEST_CRON_INPUT (4 * KIB)
#define MANIFEST_CRON_MOST 10     /* where the job does not say how many */
#define MANIFEST_CRON_JITTER 3600 /* seconds */
#define MANIFEST_EXPORTS 32
#define MANIFEST_IMPORTS 32
#define MANIFEST_ENV 64

enum at_upgrade { RUNS_FINISH, RUNS_FOLLOW }; /* runs under way: end on the version they began on, or go on with the new one */

struct cron_entry {
	const char *name;
	const char *schedule; /* codec/cron.h */
	const char *tz;       /* NULL: the owner's; else zone_find knows it */
	const char *handler;  /* api/….lua */
	const char *input;    /* JSON; NULL: null */
	enum overlap overlap;
	enum catchup catchup;
	int most;             /* firings that are made up for, or wait for the one that runs */
	int64_t jitter;       /* ms by which it may begin later; -1: as kernel/clock likes */
};

struct import {
	const char *app, *collection;
};

struct env_entry {
	const char *name; /* [A-Z][A-Z0-9_]{0,63} */
	const char *description;
	bool required, secret;
	const char *host;   /* HOST[:PORT] that alone gets to see it, in a header (fazt.http, over https); or NULL */
	const char *header; /* the name of that header; NULL: Authorization, as a bearer token */
};

struct manifest {
	const char *name, *title, *version, *description; /* title: the name where it is absent; the last two may be NULL */
	const char *fazt;                                 /* the kernel it asks for, or NULL */
	enum visibility visibility;
	int nopen;
	const char **open; /* paths; a trailing * matches any rest */
	int npermissions;
	const char **permission; /* imports included */
	int ncollections;
	struct collection *collection;
	enum at_upgrade runs;
	int ncron;
	struct cron_entry *cron;
	int nexports;
	const char **export; /* collections other apps may import */
	int nimports;
	struct import *import;
	int nenv;
	struct env_entry *env;
	const char *json; /* the text it came from */
};

/* Errors name the key and the fix: ERR_BAD_MANIFEST. Everything lives in the arena. */
int manifest_parse(struct str json, struct arena *a, struct manifest **m, struct fault *f);
const struct collection *manifest_collection(const struct manifest *m, struct str name);
const struct env_entry *manifest_env(const struct manifest *m, struct str name); /* NULL: it does not ask for that */
bool manifest_asks(const struct manifest *m, struct str permission);
const char *visibility_name(enum visibility v);

/* May an app be called that? Names that mean something to mail, browsers, people or Fazt are for built-in apps only.
 * ERR_BAD_MANIFEST for the form, ERR_RESERVED_NAME. */
int manifest_name(struct str name, bool builtin, struct fault *f);
/* Has no field of an index or a unique more than PATH_NAMES names? For packages that come in: one that is there already goes on. */
int manifest_paths(const struct manifest *m, struct fault *f);

#endif
