#include "kernel/node.h"

#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "kernel/app.h"
#include "kernel/home.h"
#include "kernel/meter.h"

/* The settings of the newest epoch anyone asked for. Readers copy, so nobody holds a line of it. */
struct settings_cache {
	pthread_mutex_t mutex;
	int64_t epoch; /* 0: nothing loaded */
	struct arena *arena;
	struct settings settings;
};

static void copy(const struct settings *from, struct arena *a, struct settings *to)
{
	*to = *from;
	for (int i = 0; i < SETTING_COUNT; i++)
		to->text[i] = arena_strdup(a, from->text[i]);
}

static int refresh(struct node *n, struct settings_cache *c, struct db *db, int64_t epoch)
{
	arena_reset(c->arena);
	c->epoch = 0;
	int err = settings_load(db, c->arena, &c->settings);
	if (err)
		return err;
	c->epoch = epoch;
	store_durability(n->store, strcmp(c->settings.text[SETTING_DURABILITY], "normal") != 0);
	return 0;
}

int node_settings(struct node *n, struct db *db, struct arena *a, struct settings *s)
{
	struct settings_cache *c = n->settings;
	int64_t epoch = db_epoch(db);
	pthread_mutex_lock(&c->mutex);
	int err = c->epoch == epoch && epoch ? 0 : refresh(n, c, db, epoch);
	if (!err)
		copy(&c->settings, a, s);
	pthread_mutex_unlock(&c->mutex);
	return err;
}

static struct settings_cache *cache_new(void)
{
	struct settings_cache *c = xcalloc(1, sizeof *c);
	pthread_mutex_init(&c->mutex, NULL);
	c->arena = arena_new();
	return c;
}

static int settings_first(struct node *n, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	if (!db)
		return f->err;
	int err = refresh(n, n->settings, db, db_epoch(db));
	db_return(db);
	return err;
}

/* Absolute, and otherwise as it was given: a link to a home is how a deep one gets the short path that sockets need. */
static char *absolute(const char *path)
{
	char here[PATH_MAX];
	if (*path == '/' || !getcwd(here, sizeof here))
		return xstrdup(path);
	struct buf b = BUF_INIT;
	buf_addf(&b, "%s/%s", here, path);
	return buf_detach(&b, NULL);
}

int node_open(struct node *n, const char *home, enum store_mode mode, struct fault *f)
{
	struct fault here = {0};
	f = f ? f : &here;
	*n = (struct node){.workers = 1, .fetcher = FETCHER_NONE};
	if (mode != STORE_CREATE && home_check(home, f))
		return f->err;
	n->store = store_open(home, mode, f);
	if (!n->store)
		return f->err;
	n->home = absolute(home);
	n->settings = cache_new();
	n->apps = app_cache_new();
	n->meters = meters_open(n->home, f);
	int err = n->meters ? settings_first(n, f) : f->err;
	if (err)
		node_close(n);
	return err;
}

void node_close(struct node *n)
{
	app_cache_free(n->apps);
	meters_close(n->meters);
	store_close(n->store);
	free((char *)n->home);
	if (n->settings) {
		arena_free(n->settings->arena);
		pthread_mutex_destroy(&n->settings->mutex);
		free(n->settings);
	}
	*n = (struct node){0};
}

char *node_origin(const struct settings *s, struct arena *a, const char *name)
{
	return settings_origin(s, a, name);
}

char *node_host_origin(const struct settings *s, struct arena *a, const char *host)
{
	return settings_host_origin(s, a, host);
}
