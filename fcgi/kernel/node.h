/* node — this machine's Fazt: its home, its database, its settings. One per process. */
#ifndef KERNEL_NODE_H
#define KERNEL_NODE_H

#include "store/setting.h"

struct app_cache; /* kernel/app */
struct pool;      /* gate/pool */
struct meters;    /* kernel/meter */
struct mock;      /* kernel/mock */
struct settings_cache;

struct node {
	const char *home; /* absolute */
	struct store *store;
	struct app_cache *apps;
	struct pool *pool; /* set by gate/pool; NULL in processes that run no apps */
	struct settings_cache *settings;
	struct meters *meters; /* NULL: nothing is counted */
	int fetcher;       /* the control socket of a process that fetches (gate/fetch), or one of these: */
#define FETCHER_NONE (-1)
#define FETCHER_OWN (-2) /* one is started when something is to be fetched */
	struct mock *mock; /* in a trial: what other servers answer; NULL: there are none, or real ones */
	bool trial;        /* a throw-away one (gate/trial): nothing leaves it */
	int lane;          /* which of them this one is */
	int workers;       /* processes that share the capacity table */
};

int node_open(struct node *n, const char *home, enum store_mode mode, struct fault *f);
void node_close(struct node *n);

/* The settings of the newest epoch, cached; valid until the arena's reset (a copy is made in it). */
int node_settings(struct node *n, struct db *db, struct arena *a, struct settings *s);

/* "http://os.localhost:8080": the port is left out where it is the scheme's own. name NULL: the domain itself. */
char *node_origin(const struct settings *s, struct arena *a, const char *name);
/* The same for a host that is not below the domain. */
char *node_host_origin(const struct settings *s, struct arena *a, const char *host);

#endif
