#include "kernel/app.h"

#include <pthread.h>

#include "base/crypt.h"
#include "base/out.h"
#include "codec/entry.h"
#include "kernel/grant.h"
#include "store/env.h"
#include "store/files.h"
#include "store/host.h"

/* The cache keeps one copy of each app that was asked for lately. A copy is checked once per epoch, by the rev of its row
 * and the limits it carries, so that somebody's signing in does not make every app be read again. The lock is held
 * for look-ups only; two threads that miss at once both load, and the later copy stays. */

#define CACHED 64

struct slot {
	struct app *app; /* one reference */
	int64_t checked; /* the epoch at which it was last seen to be true */
	int64_t used;    /* counts up; the smallest goes first */
};

struct app_cache {
	pthread_mutex_t mutex;
	int64_t clock;
	struct slot slot[CACHED];
};

struct app_cache *app_cache_new(void)
{
	struct app_cache *c = xcalloc(1, sizeof *c);
	pthread_mutex_init(&c->mutex, NULL);
	return c;
}

void app_cache_free(struct app_cache *c)
{
	if (!c)
		return;
	for (int i = 0; i < CACHED; i++)
		app_release(c->slot[i].app);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}

static struct app *keep(struct app *a)
{
	__atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
	return a;
}

void app_release(struct app *a)
{
	if (a && !__atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL))
		arena_free(a->arena);
}

static void release(void *app)
{
	app_release(app);
}

/* ---- loading ---- */

bool app_loads(struct str path)
{
	return entry_is_code(path) || entry_is_view(path);
}

static int load_files(struct app *a, struct db *db)
{
	struct file_row *list;
	int n = files_list(db, a->arena, a->package, "", &list), err = MAX(-n, 0);
	a->file = arena_alloc(a->arena, (size_t)(MAX(n, 0) + 1) * sizeof *a->file);
	for (int i = 0; !err && i < n; i++) {
		struct app_file *f = &a->file[a->nfiles];
		f->path = str_of(list[i].path);
		if (!app_loads(f->path))
			continue;
		err = file_load(db, a->arena, a->package, list[i].path, &f->text);
		a->nfiles += !err;
	}
	return err;
}

static int load_public(struct app *a, struct db *db)
{
	struct file_row *list;
	int n = files_list(db, a->arena, a->package, "public/", &list);
	a->public = arena_alloc(a->arena, (size_t)(MAX(n, 0) + 1) * sizeof *a->public);
	for (int i = 0; i < n; i++)
		a->public[a->npublic++] = list[i].path;
	return MAX(-n, 0);
}

static int by_bytes(const void *key, const void *path)
{
	return strcmp(key, *(const char *const *)path);
}

bool app_has_public(const struct app *a, const char *path)
{
	return bsearch(path, a->public, (size_t)a->npublic, sizeof *a->public, by_bytes) != NULL;
}

static int load_grants(struct app *a, struct db *db)
{
	struct grant *list;
	int n = grants_list(db, a->arena, a->id, &list);
	a->grant = list;
	for (int i = 0; i < n; i++)
		if (manifest_asks(a->manifest, str_of(list[i].permission)))
			a->grant[a->ngrants++] = list[i];
	return MAX(-n, 0);
}

static void add_secret(struct app *a, const struct env_entry *e, struct str value)
{
	a->secret[a->nsecrets++] = (struct app_secret){
		.name = e->name, .host = e->host, .header = e->header ? str_of(e->header) : STR("Authorization"),
		.value = e->header ? value : str_of(arena_printf(a->arena, "Bearer %.*s", STR_FMT(value)))};
}

/* Values of names that the version which serves does not ask for stay where they are, and so do those that were meant for
 * another host, or for the app itself. */
static int load_env(struct app *a, struct db *db)
{
	struct env_value *list;
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	int n = env_list(db, a->arena, a->id, &list);
	a->secret = arena_alloc(a->arena, sizeof *a->secret * (size_t)(MAX(n, 0) + 1));
	out_object(&o);
	for (int i = 0; i < n; i++) {
		const struct env_entry *e = manifest_env(a->manifest, str_of(list[i].name));
		if (!e || !list[i].value.p || strcmp(e->host ? e->host : "", list[i].host))
			continue;
		if (e->host)
			add_secret(a, e, list[i].value);
		else
			out_kstr(&o, list[i].name, list[i].value);
	}
	out_end(&o);
	a->env = arena_str(a->arena, buf_str(&b));
	crypt_wipe(b.p, b.cap);
	buf_release(&b);
	return MAX(-n, 0);
}

const struct app_secret *app_secret(const struct app *a, struct str name)
{
	for (int i = 0; i < a->nsecrets; i++)
		if (str_is(name, a->secret[i].name))
			return &a->secret[i];
	return NULL;
}

static int load_manifest(struct app *a, struct db *db)
{
	struct str json;
	struct manifest *m;
	int err = file_load(db, a->arena, a->package, "app.json", &json);
	if (!err)
		err = manifest_parse(json, a->arena, &m, db_fault(db));
	if (!err)
		a->manifest = m;
	return err;
}

static void copy_row(struct app *a, const struct app_row *row, const struct settings *s, int64_t epoch)
{
	snprintf(a->id, sizeof a->id, "%s", row->id);
	snprintf(a->name, sizeof a->name, "%s", row->name);
	snprintf(a->title, sizeof a->title, "%s", row->title);
	snprintf(a->package, sizeof a->package, "%s", row->package ? row->package : "");
	snprintf(a->commit, sizeof a->commit, "%s", row->commit ? row->commit : "");
	a->state = strcmp(row->state, "enabled") ? APP_DISABLED : APP_ENABLED;
	a->version = row->version;
	a->installed = row->installed;
	a->rev = row->rev;
	a->paused = row->paused;
	a->epoch = epoch;
	a->suspended = row->suspended;
	a->migrated = row->migrated;
	budget_usual(s, a->usual);
	snprintf(a->zone, sizeof a->zone, "%s", s->text[SETTING_TIMEZONE]);
}

static struct app *load(struct db *db, const struct app_row *row, const struct settings *s, int64_t epoch)
{
	struct arena *arena = arena_new();
	struct app *a = NEW(arena, struct app);
	*a = (struct app){.refs = 1, .arena = arena};
	copy_row(a, row, s, epoch);
	int err = load_manifest(a, db);
	if (!err)
		err = budget_load(db, a->id, s, a->limit, &a->own_limits);
	if (!err)
		err = load_grants(a, db);
	if (!err)
		err = load_env(a, db);
	if (!err)
		err = load_files(a, db);
	if (!err)
		err = load_public(a, db);
	if (!err)
		return a;
	app_release(a);
	return NULL;
}

struct app *app_of_version(struct db *db, struct app *now, int64_t version)
{
	if (version == now->version)
		return keep(now);
	struct arena *arena = arena_new();
	struct app *a = NEW(arena, struct app);
	const char *package = version_package(db, arena, now->id, version);
	*a = *now; /* what it points to stays where it is for as long as `now` is kept */
	a->refs = 1;
	a->arena = arena;
	a->version = version;
	a->nfiles = 0;
	arena_defer(arena, release, keep(now));
	if (package)
		snprintf(a->package, sizeof a->package, "%s", package);
	if (package && !load_files(a, db))
		return a;
	app_release(a);
	return NULL;
}

/* ---- the cache ---- */

/* A name may have the form of an id, so the two are never compared with one another. */
enum by { BY_NAME, BY_ID };

static struct slot *slot_find(struct app_cache *c, struct str key, enum by by)
{
	for (int i = 0; i < CACHED; i++) {
		const struct app *a = c->slot[i].app;
		if (a && str_is(key, by == BY_ID ? a->id : a->name))
			return &c->slot[i];
	}
	return NULL;
}

static struct app *cached(struct app_cache *c, struct str key, enum by by, int64_t epoch)
{
	pthread_mutex_lock(&c->mutex);
	struct slot *s = slot_find(c, key, by);
	struct app *a = s && s->checked == epoch ? keep(s->app) : NULL;
	if (a)
		s->used = ++c->clock;
	pthread_mutex_unlock(&c->mutex);
	return a;
}

static bool still_true(const struct app *a, const struct app_row *row, const struct settings *s)
{
	int64_t usual[BUDGET_COUNT];
	budget_usual(s, usual);
	return !strcmp(a->id, row->id) && a->rev == row->rev && !memcmp(a->usual, usual, sizeof usual) &&
	       !strcmp(a->zone, s->text[SETTING_TIMEZONE]);
}

static struct app *confirmed(struct app_cache *c, const struct app_row *row, const struct settings *s, int64_t epoch)
{
	struct app *a = NULL;
	pthread_mutex_lock(&c->mutex);
	struct slot *slot = slot_find(c, str_of(row->id), BY_ID);
	if (slot && still_true(slot->app, row, s)) {
		slot->checked = epoch;
		a = keep(slot->app);
	}
	pthread_mutex_unlock(&c->mutex);
	return a;
}

static struct slot *oldest(struct app_cache *c)
{
	struct slot *s = &c->slot[0];
	for (int i = 1; i < CACHED; i++)
		if (c->slot[i].used < s->used)
			s = &c->slot[i];
	return s;
}

static void put(struct app_cache *c, struct app *a, int64_t epoch)
{
	struct app *old[3] = {NULL};
	int n = 0;
	pthread_mutex_lock(&c->mutex);
	for (struct slot *s; (s = slot_find(c, str_of(a->id), BY_ID)) || (s = slot_find(c, str_of(a->name), BY_NAME)); *s = (struct slot){0})
		old[n++] = s->app; /* at most one of each */
	struct slot *s = oldest(c);
	old[n] = s->app;
	*s = (struct slot){keep(a), epoch, ++c->clock};
	pthread_mutex_unlock(&c->mutex);
	for (int i = 0; i <= n; i++)
		app_release(old[i]);
}

/* The epoch is read before the row: a change in between is seen at the next request, never missed. */
static struct app *get(struct node *n, struct db *db, struct str key, enum by by)
{
	int64_t epoch = db_epoch(db);
	struct app *a = cached(n->apps, key, by, epoch);
	if (a)
		return a;
	struct settings s;
	struct arena *scratch = arena_new();
	struct app_row *row = by == BY_ID ? app_row_by_id(db, scratch, key) : app_row_by_name(db, scratch, key);
	if (row && !node_settings(n, db, scratch, &s)) {
		a = confirmed(n->apps, row, &s, epoch);
		if (!a && (a = load(db, row, &s, epoch)))
			put(n->apps, a, epoch);
	}
	arena_free(scratch);
	return a;
}

struct app *app_by_name(struct node *n, struct db *db, struct str name)
{
	return get(n, db, name, BY_NAME);
}

struct app *app_by_id(struct node *n, struct db *db, struct str id)
{
	return get(n, db, id, BY_ID);
}

struct app *app_by_host(struct node *n, struct db *db, struct str host)
{
	struct arena *a = arena_new();
	const char *id = host_app(db, a, host);
	struct app *app = id ? app_by_id(n, db, str_of(id)) : NULL;
	arena_free(a);
	return app;
}

/* ---- questions ---- */

const struct grant *app_grant(const struct app *a, const char *permission)
{
	for (int i = 0; i < a->ngrants; i++)
		if (!strcmp(a->grant[i].permission, permission))
			return &a->grant[i];
	return NULL;
}

bool app_granted(const struct app *a, const char *permission)
{
	return app_grant(a, permission) != NULL;
}

bool app_holds(const struct app *a, const char *permission)
{
	const struct grant_row *row = grant_row(str_of(permission));
	size_t n = strlen(permission);
	bool granted = app_granted(a, permission), parts = !row || row->parameter;
	for (int i = 0; !granted && parts && i < a->ngrants; i++)
		granted = str_starts(str_of(a->grant[i].permission), permission) && a->grant[i].permission[n] == ':';
	return granted;
}

bool app_reaches(const struct app *a, const char *scheme, const char *host, int port)
{
	bool plain = !strcmp(scheme, "http");
	char text[320];
	int n = snprintf(text, sizeof text, "net:%s%s", plain ? "http://" : "", host);
	if (n < 0 || (size_t)n + 7 > sizeof text || (!plain && strcmp(scheme, "https")))
		return false;
	if (port == (plain ? 80 : 443) && app_granted(a, text))
		return true;
	snprintf(text + n, sizeof text - (size_t)n, ":%d", port);
	return app_granted(a, text);
}

const struct collection *app_collection(const struct app *a, struct str name, struct arena *arena)
{
	if (!text_name(name))
		return NULL;
	const struct collection *declared = manifest_collection(a->manifest, name);
	if (declared)
		return declared;
	struct collection *c = NEW(arena, struct collection);
	*c = collection_default(arena_cstr(arena, name));
	return c;
}

int app_file_load(struct db *db, const struct app *a, const char *path, struct arena *arena, struct str *bytes)
{
	return file_load(db, arena, a->package, path, bytes);
}
