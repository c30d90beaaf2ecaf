/* app — an installed cartridge as the kernel sees it, cached per epoch.
 *
 * A struct app is immutable and reference-counted: a request keeps the one it
 * began with, while an upgrade or a revoked grant makes the next request load
 * another.
 */
#ifndef KERNEL_APP_H
#define KERNEL_APP_H

#include "base/id.h"
#include "kernel/budget.h"
#include "kernel/manifest.h"
#include "kernel/node.h"
#include "store/apps.h"

/* The content security policy of everything an app serves, by the kernel or by nginx. An app's own one is sent as a
 * second, so it can only tighten. */
#define APP_CSP                                                                                                 \
	"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "   \
	"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
/* The same for the dashboard, which nobody may frame. */
#define OS_CSP "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
#define app_csp(os) ((os) ? OS_CSP : APP_CSP)

enum app_state { APP_ENABLED, APP_DISABLED };

struct app_file {
	struct str path; /* api/main.lua */
	struct str text;
};

struct app_secret {
	const char *name, *host; /* HOST[:PORT], over https */
	struct str header, value; /* the header that goes there */
};

struct app {
	int refs; /* atomic */
	char id[ID_LEN + 1];
	char name[64];
	char title[129];
	enum app_state state;
	int64_t version; /* counts up with every installed version of this app */
	char package[65]; /* hash of its files */
	char commit[65];
	int64_t installed; /* when this version was */
	int64_t rev;       /* of its row: a copy with the newest rev is the truth */
	int64_t epoch; /* at which it was loaded */
	const struct manifest *manifest; /* rules, visibility, open, … of the current version */
	int nfiles;
	struct app_file *file; /* what a cell loads */
	bool migrates;         /* no app to serve: its files are data migrations, in the order in which they run */
	int64_t paused;        /* until then it answers 503, because its rows are being migrated */
	int64_t suspended;     /* and until then, because it had to be ended again and again */
	int64_t migrated;      /* its rows have been through so many migrations */
	int npublic;
	const char **public;   /* paths of the public files, "public/index.html", in byte order */
	int ngrants;
	struct grant *grant; /* granted and still asked for: "storage", "net:api.example.com:443" */
	struct str env;     /* what the owner told it, of what it still asks for: a JSON object for its cells */
	int nsecrets;
	struct app_secret *secret; /* … and what is for one host alone, which its cells never see */
	int64_t limit[BUDGET_COUNT], usual[BUDGET_COUNT]; /* what it may use; what every app may */
	uint32_t own_limits;  /* a bit for each that it was given for itself */
	char zone[65];      /* the owner's */
	struct arena *arena;
};

/* Is this file of a package for the cell? */
bool app_loads(struct str path);

/* By its name (its address) or its id. NULL and no fault when there is none. */
struct app *app_by_name(struct node *n, struct db *db, struct str name);
struct app *app_by_id(struct node *n, struct db *db, struct str id);
/* By a host of its own (store/host). */
struct app *app_by_host(struct node *n, struct db *db, struct str host);
/* The same app with the code of another of its versions: what it may do and which rules there are is a matter of today.
 * NULL and no fault: that version is gone. */
struct app *app_of_version(struct db *db, struct app *now, int64_t version);
void app_release(struct app *a); /* NULL is fine */

/* The cache of a node; made by node_open. */
struct app_cache *app_cache_new(void);
void app_cache_free(struct app_cache *c);

/* One file of the version, in the arena: "public/index.html". ERR_NOT_FOUND. */
int app_file_load(struct db *db, const struct app *a, const char *path, struct arena *arena, struct str *bytes);

/* Is this, "public/index.html", one of its public files? */
bool app_has_public(const struct app *a, const char *path);

/* The grant of a permission, or NULL. */
const struct grant *app_grant(const struct app *a, const char *permission);
bool app_granted(const struct app *a, const char *permission);
/* Was it granted, or, of one that stands for several ("net", "mail"), any of them? */
bool app_holds(const struct app *a, const char *permission);
/* May it exchange data with that host? The exact "net:HOST[:PORT]", or "net:http://HOST[:PORT]" for plain http. */
bool app_reaches(const struct app *a, const char *scheme, const char *host, int port);
/* A secret of that name, or NULL. */
const struct app_secret *app_secret(const struct app *a, struct str name);
/* The rule of a collection: the declared one, or the default under that name (in the arena). NULL: not a name. */
const struct collection *app_collection(const struct app *a, struct str name, struct arena *arena);

/* The people of an app, as it may see them. */
struct person {
	char public_id[27];
	char user_id[27];
	char name[65];
	bool admin;
};
/* By public id; NULL when the app has no such person. The result lives in the arena. */
struct person *app_person(struct node *n, struct db *db, const struct app *a, struct str public_id, struct arena *arena);
/* Everyone; returns the number, or -ERR_*, *list in the arena. */
int app_people(struct node *n, struct db *db, const struct app *a, struct arena *arena, struct person **list);

/* The id under which an app knows a user: keyed hash of both. */
void app_public_id(struct node *n, const char *app_id, const char *user_id, char out[27]);

#endif
