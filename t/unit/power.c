/* The power fails while four threads write through the real store: what was acknowledged is there, nothing is half there,
 * and the database opens and is sound. FAZT_CUTS says how often (100; 1,000 in the long run). The same with disks and
 * settings that lie, to see that the test can fail.
 *
 * Each thread has variables of its own, as rows, keys, files, sessions and the version of an app; the value of each is
 * the number of the step that wrote it last. So after a cut it is the last acknowledged one, or that of the step that was
 * under way, and nothing else.
 */
#include "base/id.h"
#include "base/tree.h"
#include "power.h"
#include "store/apps.h"
#include "store/blob.h"
#include "store/conn.h"
#include "store/docs.h"
#include "store/files.h"
#include "store/health.h"
#include "store/kv.h"
#include "store/session.h"
#include "tap.h"

#define WRITERS 4
#define ROWS 6
#define KEYS 3
#define FILES 3
#define GENERATION 12 /* cuts until life goes on from what one of them left */

enum { ROW, KEY = ROW + ROWS, PAIR = KEY + KEYS, FILE_ = PAIR + 1, SESSION = FILE_ + FILES, APP, VARIABLES };

/* What a thread knows. 0: it is not there. */
struct ledger {
	int acked[VARIABLES];
	int variable, value; /* under way; variable -1: nothing is */
};

struct writer {
	int number;
	pthread_t thread;
	struct fault f;
	struct arena *arena;
	struct scope scope;
	char id[ROWS + 2][ID_LEN + 1];
	char app_id[ID_LEN + 1];
	unsigned char session[HASH_LEN];
	int step;
	struct ledger ledger;
};

static char top[64], live[100], dead[100];
static struct store *store;
static struct writer writers[WRITERS];
static struct ledger at_cut[WRITERS];
static pthread_mutex_t ledgers = PTHREAD_MUTEX_INITIALIZER;
static bool stopping;
static char app_id[ID_LEN + 1], user_id[WRITERS][ID_LEN + 1];
static struct collection things = {.name = "things", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER};
static char noise[400 * KIB];

/* ---- steps: one transaction each ---- */

struct step {
	struct writer *w;
	struct db *db;
	int slot, value;
};

static struct docs docs_of(const struct step *s)
{
	return (struct docs){.db = s->db, .arena = s->w->arena, .scope = &s->w->scope, .collection = &things, .scan_rows = 100000};
}

static struct str document(const struct step *s, const char *kind)
{
	return str_of(arena_printf(s->w->arena, "{\"k\":\"%s%d.%d\",\"v\":%d,\"x\":\"%.*s\"}", kind, s->w->number, s->slot, s->value,
				   (int)(random() % 3000), noise));
}

/* Every fifth time it goes. */
static int write_row(const struct step *s, const char *kind, char *id)
{
	struct docs d = docs_of(s);
	struct buf out = BUF_INIT;
	int err = !s->value ? docs_delete(&d, str_of(id)) : *id ? docs_update(&d, str_of(id), document(s, kind), true, 0, &out)
							       : docs_insert(&d, document(s, kind), id, &out);
	if (!s->value)
		*id = 0;
	buf_release(&out);
	return err;
}

static int step_row(const struct step *s)
{
	return write_row(s, "row", s->w->id[s->slot]);
}

static int step_key(const struct step *s)
{
	struct kv k = {.db = s->db, .arena = s->w->arena, .scope = &s->w->scope};
	return kv_set(&k, str_of(arena_printf(s->w->arena, "key%d.%d", s->w->number, s->slot)),
		      str_of(arena_printf(s->w->arena, "%d", s->value)), 0);
}

static int finish(struct db *db, int err)
{
	return err ? db_rollback(db) : db_commit(db);
}

static int step_pair(const struct step *s)
{
	int err = db_begin(s->db);
	if (err)
		return err;
	err = write_row(s, "left", s->w->id[ROWS]);
	return finish(s->db, err ? err : write_row(s, "right", s->w->id[ROWS + 1]));
}

static struct str content(int number, int value)
{
	size_t n = (size_t)(value % 7 ? value * 37 % 9000 + 1 : value * 997 % (int)(sizeof noise - 2000) + 1);
	return (struct str){noise + (number * 500 + value) % 2000, n};
}

static int step_file(const struct step *s)
{
	struct blobs b = {.db = s->db, .arena = s->w->arena, .scope = &s->w->scope};
	struct str bytes = content(s->w->number, s->value);
	struct blob row = {.name = str_of(arena_printf(s->w->arena, "file%d.%d", s->w->number, s->slot)), .size = (int64_t)bytes.n,
			   .type = str_of(arena_printf(s->w->arena, "x/%d", s->value))};
	int err = db_begin(s->db);
	if (err)
		return err;
	crypt_hash(row.hash, bytes.p, bytes.n);
	err = object_store(s->db, row.hash, bytes);
	return finish(s->db, err ? err : blob_put(&b, &row));
}

/* A new one takes the place of the one before. */
static int step_session(const struct step *s)
{
	struct session new = {.expires = INT64_MAX};
	int err = db_begin(s->db);
	if (err)
		return err;
	crypt_random(new.hash, HASH_LEN);
	memcpy(new.user_id, user_id[s->w->number], sizeof new.user_id);
	err = session_end(s->db, s->w->session);
	err = finish(s->db, err ? err : session_create(s->db, &new, s->value));
	memcpy(s->w->session, new.hash, HASH_LEN);
	return err;
}

/* The switch to a new version of an app, with its package. */
static int step_app(const struct step *s)
{
	bool fresh;
	int64_t version;
	const char *package = arena_printf(s->w->arena, "package%d.%d", s->w->number, s->value);
	int err = db_begin(s->db);
	if (err)
		return err;
	struct app_row *app = app_row_by_id(s->db, s->w->arena, str_of(s->w->app_id));
	err = app ? package_store(s->db, package, 2, 0, &fresh) : ERR_NOT_FOUND;
	if (!err)
		err = file_store(s->db, package, "app.json", str_of(package));
	if (!err)
		err = file_store(s->db, package, "public/x", content(s->w->number, s->value));
	if (!err) {
		app->title = package;
		err = app_advance(s->db, app, package, "", &version);
	}
	return finish(s->db, err);
}

static const struct {
	int first, n;
	int (*run)(const struct step *s);
} kinds[] = {{ROW, ROWS, step_row}, {KEY, KEYS, step_key}, {PAIR, 1, step_pair}, {FILE_, FILES, step_file}, {SESSION, 1, step_session}, {APP, 1, step_app}};

static void take_step(struct writer *w)
{
	size_t kind = (size_t)random() % ARRAY_LEN(kinds);
	struct step s = {.w = w, .slot = (int)(random() % kinds[kind].n), .value = ++w->step};
	int variable = kinds[kind].first + s.slot;
	if (kind == 0 && random() % 5 == 0 && w->ledger.acked[variable])
		s.value = 0;
	pthread_mutex_lock(&ledgers);
	w->ledger.variable = variable;
	w->ledger.value = s.value;
	pthread_mutex_unlock(&ledgers);
	if (!(s.db = db_borrow(store, &w->f)))
		die("step %d: %s", variable, w->f.message);
	struct writer before = *w;
	while (kinds[kind].run(&s)) {
		if (w->f.err != ERR_UNAVAILABLE) /* the world stood still for long */
			die("step %d: %s", variable, w->f.message);
		memcpy(w->id, before.id, sizeof w->id);
		memcpy(w->session, before.session, sizeof w->session);
		fault_clear(&w->f);
	}
	db_return(s.db);
	pthread_mutex_lock(&ledgers);
	w->ledger.acked[variable] = s.value;
	w->ledger.variable = -1;
	pthread_mutex_unlock(&ledgers);
	arena_reset(w->arena);
}

static void *write_forever(void *arg)
{
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED))
		take_step(arg);
	return NULL;
}

/* ---- the cut ---- */

static void snapshot(void)
{
	pthread_mutex_lock(&ledgers);
	for (int i = 0; i < WRITERS; i++)
		at_cut[i] = writers[i].ledger;
	pthread_mutex_unlock(&ledgers);
	power_cut(dead);
}

struct verdict {
	int lost;    /* acknowledged, and not there */
	int damaged; /* half there, or not sound */
	char what[200];
};

static void damaged(void *arg, const char *what)
{
	struct verdict *v = arg;
	v->damaged++;
	if (!*v->what)
		snprintf(v->what, sizeof v->what, "%.190s", what);
}

/* The value of a variable in the database; 0: it is not there, -1: there is more than one. */
static int value_of(struct db *db, const char *sql, const char *key)
{
	struct stmt *s = stmt_get(db, sql, ADMIT_ALL);
	int value = 0, n = 0;
	if (!s)
		return -1;
	stmt_bind_str(s, ":key", str_of(key));
	while (stmt_row(s) > 0) {
		value = (int)stmt_int(s, 0);
		n++;
	}
	return n > 1 ? -1 : value;
}

static const char row_sql[] = "SELECT json_extract(body, '$.v') FROM docs WHERE json_extract(body, '$.k') = :key";

static int read_variable(struct db *db, struct arena *a, int w, int variable)
{
	const char *key = NULL, *sql = row_sql;
	if (variable < KEY) {
		key = arena_printf(a, "row%d.%d", w, variable);
	} else if (variable < PAIR) {
		key = arena_printf(a, "key%d.%d", w, variable - KEY);
		sql = "SELECT value FROM kv WHERE key = :key";
	} else if (variable < FILE_) {
		int left = value_of(db, row_sql, arena_printf(a, "left%d.0", w));
		return left == value_of(db, row_sql, arena_printf(a, "right%d.0", w)) ? left : -1;
	} else if (variable < SESSION) {
		key = arena_printf(a, "file%d.%d", w, variable - FILE_);
		sql = "SELECT substr(type, 3) FROM blobs WHERE name = :key";
	} else if (variable == SESSION) {
		key = user_id[w];
		sql = "SELECT created FROM sessions WHERE user_id = :key";
	} else {
		key = writers[w].app_id;
		sql = "SELECT substr(a.title, 10) FROM apps a JOIN versions v ON v.app_id = a.id AND v.version = a.version "
		      "WHERE a.id = :key AND v.package = a.title";
	}
	return value_of(db, sql, key);
}

static void check_variable(struct db *db, struct arena *a, int w, int variable, struct verdict *v)
{
	const struct ledger *l = &at_cut[w];
	int is = read_variable(db, a, w, variable);
	bool same = is == l->acked[variable] || (l->variable == variable && is == l->value);
	if (is < 0)
		damaged(v, arena_printf(a, "variable %d of writer %d is half there", variable, w));
	else if (!same && !v->lost++ && !*v->what)
		snprintf(v->what, sizeof v->what, "variable %d of writer %d is %d, not %d", variable, w, is, l->acked[variable]);
}

static struct verdict look(const char *home, struct store **opened)
{
	static const enum health parts[] = {HEALTH_PAGES, HEALTH_DANGLING, HEALTH_USAGE, HEALTH_REFERENCES, HEALTH_CONTENT, HEALTH_ORPHANS};
	struct verdict v = {0};
	struct fault f = {0};
	struct arena *a = arena_new();
	*opened = store_open(home, STORE_SERVE, &f);
	struct db *db = *opened ? db_borrow(*opened, &f) : NULL;
	if (!db)
		damaged(&v, f.message);
	for (size_t i = 0; db && i < ARRAY_LEN(parts); i++)
		if (health_look(db, parts[i], damaged, &v))
			damaged(&v, f.message);
	for (int w = 0; db && w < WRITERS; w++)
		for (int k = 0; k < VARIABLES; k++)
			check_variable(db, a, w, k, &v);
	db_return(db);
	arena_free(a);
	return v;
}

/* ---- generations ---- */

static void remove_folder(const char *path)
{
	tree_remove(AT_FDCWD, path);
}

static void start(void)
{
	stopping = false;
	for (int i = 0; i < WRITERS; i++)
		if (pthread_create(&writers[i].thread, NULL, write_forever, &writers[i]))
			die("no thread");
}

static void stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	power_resume();
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	store_close(store);
}

/* The ids of what the rows are called, as a program that starts anew would look them up. */
static void learn_rows(struct db *db, struct writer *w)
{
	for (int i = 0; i < ROWS + 2; i++) {
		const char *key = arena_printf(w->arena, i < ROWS ? "row%d.%d" : i == ROWS ? "left%d.0" : "right%d.0", w->number, i);
		struct stmt *s = stmt_get(db, "SELECT id FROM docs WHERE json_extract(body, '$.k') = :key", ADMIT_ALL);
		stmt_bind_str(s, ":key", str_of(key));
		w->id[i][0] = 0;
		if (stmt_row(s) == 1) {
			snprintf(w->id[i], sizeof w->id[i], "%.*s", STR_FMT(stmt_str(s, 0)));
			stmt_done(s);
		}
	}
}

static void learn(struct db *db, struct writer *w)
{
	learn_rows(db, w);
	for (int k = 0; k < VARIABLES; k++)
		w->ledger.acked[k] = read_variable(db, w->arena, w->number, k);
	w->ledger.variable = -1;
	struct stmt *s = db_query(db, "SELECT hash FROM sessions WHERE user_id = ?", "c", user_id[w->number]);
	if (stmt_row(s) == 1) {
		memcpy(w->session, stmt_str(s, 0).p, HASH_LEN);
		stmt_done(s);
	}
	arena_reset(w->arena);
}

/* Life goes on in the folder `dead`, which is what the machine found. */
static void go_on(bool full, enum lie lie)
{
	struct fault f = {0};
	remove_folder(live);
	if (rename(dead, live) || mkdir(dead, 0700))
		die("cannot rename %s", dead);
	power_watch(live, lie);
	store = store_open(live, STORE_SERVE, &f);
	struct db *db = store ? db_borrow(store, &f) : NULL;
	if (!db)
		die("%s", f.message);
	store_durability(store, full);
	for (int i = 0; i < WRITERS; i++)
		learn(db, &writers[i]);
	db_return(db);
	start();
}

static void make_home(void)
{
	struct fault f = {0};
	remove_folder(live);
	mkdir(live, 0700);
	power_watch("", HONEST);
	store = store_open(live, STORE_CREATE, &f);
	struct db *db = db_borrow(store, &f);
	id_new(app_id);
	int err = db_begin(db);
	for (int i = 0; i < WRITERS && !err; i++) {
		struct writer *w = &writers[i];
		struct user u;
		char *name = arena_printf(w->arena, "writer%d", i);
		id_new(w->app_id);
		w->scope = scope_person(app_id, "u_writer", false);
		w->scope.max_bytes = w->scope.max_rows = w->scope.max_files = INT64_MAX;
		err = user_create(db, str_of(name), i ? ROLE_MEMBER : ROLE_OWNER, &u);
		memcpy(user_id[i], u.id, sizeof u.id);
		if (!err)
			err = app_insert(db, &(struct app_row){.id = w->app_id, .name = name, .title = "", .source = "", .origin = ""});
		if (!err && !i)
			err = app_insert(db, &(struct app_row){.id = app_id, .name = "things", .title = "", .source = "", .origin = ""});
	}
	if (err || db_run(db, "UPDATE apps SET state = 'removed' WHERE id = ?", "c", app_id) || db_commit(db))
		die("%s", f.message);
	for (int i = 0; i < WRITERS; i++) {
		struct step s = {.w = &writers[i], .db = db, .value = 0};
		writers[i].ledger = (struct ledger){.variable = -1};
		if (step_app(&s) || step_session(&s))
			die("%s", f.message);
	}
	db_return(db);
	store_close(store);
	remove_folder(dead);
	if (rename(live, dead))
		die("cannot rename %s", live);
}

/* What came of so many cuts. */
static struct verdict storm(const char *name, int cuts, bool full, enum lie lie)
{
	struct verdict sum = {0};
	int64_t before = power.ops, checkpoints = power.checkpoints;
	make_home();
	go_on(full, lie);
	for (int i = 1; i <= cuts; i++) {
		struct store *found;
		power_run(1 + random() % (random() % 4 ? 150 : 2000)); /* also in the middle of checkpoints */
		struct verdict v = look(dead, &found);
		store_close(found);
		if ((v.lost || v.damaged) && !*sum.what)
			snprintf(sum.what, sizeof sum.what, "cut %d: %.180s", i, v.what);
		sum.lost += v.lost;
		sum.damaged += v.damaged;
		bool sound = !v.lost && !v.damaged;
		if (i % GENERATION == 0 && sound) {
			stop();
			go_on(full, lie);
			continue;
		}
		remove_folder(dead);
		mkdir(dead, 0700);
	}
	stop();
	printf("# %s: %d cuts, %lld changes, %lld checkpoints, %d lost, %d damaged%s%s\n", name, cuts, (long long)(power.ops - before),
	       (long long)(power.checkpoints - checkpoints), sum.lost, sum.damaged,
	       *sum.what ? "; " : "", sum.what);
	return sum;
}

/* The same with a disk that lies, until it shows: chance decides which cut hits what was not there yet. */
static struct verdict storm_on_a_liar(const char *name, int cuts, enum lie lie)
{
	struct verdict v = {0};
	for (int i = 0; i < 6 && !(lie == IGNORES_ALL_SYNCS ? v.damaged : v.lost); i++)
		v = storm(name, cuts, true, lie);
	return v;
}

static void notices(void)
{
	struct verdict v = storm_on_a_liar("full on a disk that ignores what store/sync asks", 25, IGNORES_DATA_SYNCS);
	ok(v.lost > 0, "this test notices a sync that is missing");
	v = storm_on_a_liar("full on a disk that ignores every sync", 50, IGNORES_ALL_SYNCS);
	ok(v.damaged > 0, "and damage");
}

int main(void)
{
	const char *asked = getenv("FAZT_CUTS"), *seed = getenv("FAZT_SEED");
	int cuts = asked ? (int)strtol(asked, NULL, 10) : getenv("FAZT_LONG") ? 1000 : 100;
	crypt_init();
	srandom(seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid());
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)('a' + random() % 26);
	snprintf(top, sizeof top, "%s/fazt-power-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(top))
		die("no folder");
	snprintf(live, sizeof live, "%s/live", top);
	snprintf(dead, sizeof dead, "%s/dead", top);
	for (int i = 0; i < WRITERS; i++) {
		writers[i].number = i;
		writers[i].arena = arena_new();
	}
	power_install(snapshot);
	struct verdict v = storm("durability full", cuts, true, HONEST);
	is_int(v.lost, 0, "after %d power cuts no acknowledged write is lost", cuts);
	is_int(v.damaged, 0, "and nothing is half there, or not sound");
	v = storm("durability normal", MAX(cuts / 4, 25), false, HONEST);
	is_int(v.damaged, 0, "with durability normal nothing is damaged either");
	ok(v.lost > 0, "but what was acknowledged a moment before may be lost");
	if (!getenv("FAZT_SANITIZED")) /* about this test, and slow there */
		notices();
	remove_folder(top);
	return done_testing();
}
