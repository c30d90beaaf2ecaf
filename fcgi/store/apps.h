/* apps — rows of installed apps, their versions, their grants, and the candidates that may become one.
 *
 * Writers are called inside a transaction; each change of what a request would
 * see bumps the app's rev and touches the epoch with it.
 */
#ifndef STORE_APPS_H
#define STORE_APPS_H

#include "store/db.h"

#define NAME_REST_MS (90 * 86400000ll) /* a removed app's name may return from the same origin only */
#define CANDIDATES_MAX 100             /* at once of those the owner fetches, and as many of those apps propose; */
#define CANDIDATES_APP 10              /* and as upgrades of one app */
#define CANDIDATES_FAILED 20           /* that one app proposed in vain */
#define CANDIDATE_MS 86400000ll        /* a candidate nobody decided on is forgotten */

struct app_row {
	const char *id, *name, *title, *source, *origin, *state;
	int64_t version, rev, created, changed;
	bool purged;
	int64_t paused;    /* until then it answers 503 */
	int64_t suspended; /* and until then, because it had to be ended again and again */
	int64_t migrated;  /* so many migrations its rows have been through */
	const char *package, *commit; /* of the version that serves */
	int64_t installed;
};

/* NULL when there is none; look at the fault when that matters. Everything lives in the arena. */
struct app_row *app_row_by_name(struct db *db, struct arena *a, struct str name); /* installed ones */
struct app_row *app_row_by_id(struct db *db, struct arena *a, struct str id);     /* installed ones */
/* The youngest removed one of that name. */
struct app_row *app_row_removed(struct db *db, struct arena *a, struct str name);
/* All installed ones in order of name; their number, or -ERR_*. */
int app_rows(struct db *db, struct arena *a, struct app_row **list);

/* What a cache compares to know whether its copy still holds: 0 when there is no such app. */
int64_t app_rev(struct db *db, const char *id);

/* What the kernel knows about it changed: its rev is bumped, and the epoch with it. */
int app_changed(struct db *db, const char *id);

int app_insert(struct db *db, const struct app_row *app); /* version 0: advance it next */
int app_revive(struct db *db, const struct app_row *app); /* a removed one, with its data */
int app_source(struct db *db, const char *id, const char *source, const char *origin);
/* A new version of the app, which serves from now on; older ones than the previous are dropped. *version is its number. */
int app_advance(struct db *db, const struct app_row *app, const char *package, const char *commit, int64_t *version);
/* The version before the one that serves, or 0; none that was taken back by pointing to an older one. */
int64_t app_previous(struct db *db, const char *id, int64_t version);
/* Switch the pointer; title is that of the version's manifest. It starts afresh: no pause, no suspension. */
int app_point(struct db *db, const char *id, int64_t version, const char *title);
/* Answer 503 until this moment, which goes by unless somebody pushes it on; 0: no longer. Pointing the app to a version
 * ends it too. */
#define PAUSE_MOST_MS 300000 /* nobody pauses for as long: the clock was set back since */
int app_pause(struct db *db, const char *id, int64_t until);
/* On or off; a suspension ends with either. */
int app_state(struct db *db, const char *id, const char *state);
/* Let it alone for a minute, or when that happened lately for twice as long as then. *until is when that is over; 0: it is
 * suspended already. */
#define SUSPENSION_MS 60000
#define SUSPENSION_MAX_MS (64 * SUSPENSION_MS)
int app_suspend(struct db *db, const char *id, int64_t *until);
int64_t app_suspended(struct db *db, const char *id); /* until then */
/* Drop versions, candidates, grants, settings and tokens and free the name; the row stays for NAME_REST_MS and for its data. */
int app_forget(struct db *db, const char *id, bool purged);

const char *version_package(struct db *db, struct arena *a, const char *id, int64_t version);

struct grant {
	const char *permission;
	const char *about; /* the id of the app it is about, when it was given; empty for those about none */
};
int grants_list(struct db *db, struct arena *a, const char *app_id, struct grant **list); /* number, or -ERR_* */
int grant_add(struct db *db, const char *app_id, const char *permission, const char *about); /* again: about this one now */
int grant_remove(struct db *db, const char *app_id, const char *permission);

/* What the app stores, counted with its rows. */
enum usage { USAGE_BYTES, USAGE_ROWS, USAGE_FILES };
int64_t app_usage(struct db *db, const char *app_id, enum usage what);

/* Data migrations: the names of those the app's rows need not go through any more, one a row in column 0. NULL: fault
 * set. */
struct stmt *applied_query(struct db *db, const char *app_id);
bool applied_is(struct db *db, const char *app_id, const char *name);
int applied_add(struct db *db, const char *app_id, const char *name);
int applied_clear(struct db *db, const char *app_id);

struct candidate {
	const char *id, *state, *progress, *source, *origin, *name, *for_app, *package, *commit, *reason, *code, *error, *rehearsal;
	const char *trial; /* JSON, or empty */
	bool local;
	int64_t created, changed;
	/* of what an app proposes: who, in which run, for the app at which version, its reason, until when; else empty and 0 */
	const char *asked_by, *run_id, *words;
	int64_t base, expires;
};

struct candidate *candidate_get(struct db *db, struct arena *a, struct str id);
int candidate_rows(struct db *db, struct arena *a, struct candidate **list); /* oldest first; number, or -ERR_* */
int candidate_insert(struct db *db, const struct candidate *c);
int candidate_progress(struct db *db, const char *id, const char *progress);
int candidate_tried(struct db *db, const char *id, struct str trial);
/* Its package is stored, and is looked into. */
int candidate_package(struct db *db, const char *id, const char *package, const char *commit, const char *origin);
int candidate_rehearsed(struct db *db, const char *id, const char *rehearsal);
int candidate_ready(struct db *db, const char *id, const char *reason); /* it waits for the owner: a decision under the same id */
/* While it is being fetched. Whoever proposed it is woken; then its package is gone. */
int candidate_failed(struct db *db, const char *id, const char *code, const char *error);
int candidate_installed(struct db *db, const char *id, const char *app_id);
/* The one that is the very same proposal, in the arena, or NULL: it waits until expires now. */
char *candidate_same(struct db *db, struct arena *a, const struct candidate *c);
/* With its package, when nothing else has it; a decision on it that is pending has come to that end (denied, expired, stale). */
int candidate_delete(struct db *db, const char *id, const char *end);
int candidate_drop(struct db *db, const char *id); /* the decision was made; one that is installed stays */
int candidates_reap(struct db *db, int64_t before);

#endif
