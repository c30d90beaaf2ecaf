/* Every operation on files and every allocation of the storage path fails in turn, once and for good: each call ends clean, what
 * was acknowledged is there, what was not is not, and the next call works. FAZT_LONG=1 leaves none out. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/id.h"
#include "base/log.h"
#include "base/tree.h"
#include "failing.h"
#include "home.h"
#include "store/blob.h"
#include "store/conn.h"
#include "store/docs.h"
#include "store/kv.h"
#include "store/run.h"
#include "store/setting.h"
#include "store/user.h"
#include "tap.h"

#define POINTS 40 /* of a sweep, where not all are tried */

/* ---- what is done ---- */

static char app_id[ID_LEN + 1], kept[ID_LEN + 1], gone[ID_LEN + 1];
static struct scope ann;
static struct collection notes = {.name = "notes", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER, .nindex = 1, .nunique = 1,
				  .index = {{1, {{"tag", false}}}}, .unique = {{1, {{"slug", false}}}}};
static struct arena *arena;
static struct fault f;

static struct docs docs_of(struct db *db)
{
	return (struct docs){.db = db, .arena = arena, .scope = &ann, .collection = &notes, .scan_rows = 1000};
}

static int insert(struct db *db, const char *doc, char id[ID_LEN + 1])
{
	struct docs d = docs_of(db);
	struct buf out = BUF_INIT;
	int err = docs_insert(&d, str_of(doc), id, &out);
	buf_release(&out);
	return err;
}

static int add_row(struct db *db)
{
	char id[ID_LEN + 1];
	return insert(db, "{\"tag\":\"new\",\"slug\":\"one\"}", id);
}

static int change_row(struct db *db)
{
	struct docs d = docs_of(db);
	struct buf out = BUF_INIT;
	int err = docs_update(&d, str_of(kept), STR("{\"tag\":\"changed\"}"), false, 0, &out);
	buf_release(&out);
	return err;
}

static int read_rows(struct db *db)
{
	struct docs d = docs_of(db);
	struct buf out = BUF_INIT;
	int err = docs_find(&d, STR("{\"tag\":\"stays\"}"), STR_NONE, &out);
	if (!err && !strstr(out.p, "\"slug\":\"s\""))
		err = -1; /* it was there all the time */
	buf_release(&out);
	return err;
}

static int count_up(struct db *db)
{
	struct kv k = {.db = db, .arena = arena, .scope = &ann};
	struct buf out = BUF_INIT;
	int err = kv_incr(&k, STR("n"), 1, &out);
	buf_release(&out);
	return err;
}

static int put_file(struct db *db)
{
	static char bytes[20000];
	struct blobs b = {.db = db, .arena = arena, .scope = &ann};
	struct blob row = {.name = STR("file"), .type = STR("text/plain"), .size = sizeof bytes};
	struct str content = {bytes, sizeof bytes};
	int err = db_begin(db);
	if (err)
		return err;
	crypt_hash(row.hash, bytes, sizeof bytes);
	err = object_store(db, row.hash, content);
	if (!err)
		err = blob_put(&b, &row);
	return err ? db_rollback(db) : db_commit(db);
}

static int delete_row(struct db *db)
{
	struct docs d = docs_of(db);
	return docs_delete(&d, str_of(gone));
}

static int set_setting(struct db *db)
{
	int err = db_begin(db);
	if (err)
		return err;
	err = setting_set(db, STR("heap"), STR("2000000"));
	return err ? db_rollback(db) : db_commit(db);
}

static int give_up(struct db *db)
{
	int err = db_begin(db);
	if (!err)
		err = db_run(db, "INSERT INTO meta (name, number) VALUES ('half', 1)", "");
	if (db_in_transaction(db))
		db_rollback(db);
	return err;
}

static int empty_wal(struct db *db)
{
	return conn_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static int add_another(struct db *db)
{
	char id[ID_LEN + 1];
	return insert(db, "{\"tag\":\"new\",\"slug\":\"two\"}", id);
}

static int add_last(struct db *db)
{
	char id[ID_LEN + 1];
	return insert(db, "{\"tag\":\"new\",\"slug\":\"three\"}", id);
}

/* What is there is seen, or nothing comes of it: neither is it taken for absent, nor is it passed over. */
static int find_person(struct db *db)
{
	struct user u;
	return user_find(db, STR("ann"), &u) ? 0 : db_fail(db, ERR_NOT_FOUND, "There is no account called ann.");
}

static int add_when_none(struct db *db)
{
	int err = db_begin(db);
	if (err)
		return err;
	if (!db_int(db, 0, "SELECT count(*) FROM topics", ""))
		err = db_run(db, "INSERT INTO meta (name, number) VALUES ('wrong', 1)", "");
	return err ? db_rollback(db) : db_commit(db);
}

static int ask_before(struct db *db)
{
	struct arena *a = arena_new();
	char *there = db_text(db, a, "SELECT name FROM limits", "");
	int err = there ? 0 : db_begin(db);
	if (!err && !there) {
		err = db_run(db, "INSERT INTO meta (name, number) VALUES ('wrong', 1)", "");
		err = err ? db_rollback(db) : db_commit(db);
	}
	arena_free(a);
	return err;
}

/* A run and what it started. */
static int cancel(struct db *db)
{
	int err = db_begin(db);
	if (!err)
		err = run_cancel(db, "r_parent");
	return !db_in_transaction(db) ? err : err ? db_rollback(db) : db_commit(db);
}

/* Each with a question whose answer is 1 when it happened and 0 when it did not. */
static const struct deed {
	int (*run)(struct db *db);
	const char *name, *question;
	bool always; /* the answer is 1 whatever came of it */
} steps[] = {
	{add_row, "insert", "SELECT count(*) FROM docs WHERE body LIKE '%\"one\"%' AND k1 IS NOT NULL AND u1 IS NOT NULL"},
	{change_row, "update", "SELECT count(*) FROM docs WHERE body LIKE '%changed%' AND rev = 2"},
	{read_rows, "find", NULL},
	{count_up, "incr", "SELECT count(*) FROM kv"},
	{put_file, "put", "SELECT count(*) FROM blobs JOIN objects ON objects.hash = blobs.object AND refs = 1"},
	{delete_row, "delete", "SELECT 1 - count(*) FROM docs WHERE body LIKE '%\"g\"%'"},
	{set_setting, "set", "SELECT count(*) FROM settings WHERE key = 'heap'"},
	{give_up, "rollback", "SELECT 1 - count(*) FROM meta WHERE name = 'half'", true},
	{empty_wal, "checkpoint", NULL},
	{find_person, "find a person", NULL},
	{add_when_none, "add when there is none", "SELECT 1 - count(*) FROM meta WHERE name = 'wrong'", true},
	{ask_before, "ask before it begins", "SELECT 1 - count(*) FROM meta WHERE name = 'wrong'", true},
	{cancel, "cancel", "SELECT iif(count(*) > 0, count(*) - 2, 0) FROM runs WHERE state = 'cancelled'"},
	{add_another, "insert again", "SELECT count(*) FROM docs WHERE body LIKE '%\"two\"%'"},
};
#define STEPS ((int)ARRAY_LEN(steps))

enum { UNTRIED = -2, BEGUN = -1 };
static struct outcome {
	int opened, result[STEPS], after, unworded;
} *outcome;

/* ---- one run, in a process of its own ---- */

static struct store *open_again(void)
{
	for (int tries = 0; tries < 2; tries++) {
		struct store *s = store_open(home, STORE_SERVE, &f);
		if (s)
			return s;
		outcome->opened = f.err ? f.err : -1;
	}
	failing_calm(); /* for good: there has to be something to go on with */
	return store_open(home, STORE_SERVE, &f);
}

static int run_step(struct store *s, const struct deed *step)
{
	f = (struct fault){0};
	struct db *db = db_borrow(s, &f);
	int err = db ? step->run(db) : f.err;
	outcome->unworded += err > 0 && (f.err != err || !fault_message(&f)[0]);
	outcome->unworded += db && db_in_transaction(db);
	db_return(db);
	return err;
}

NORETURN static void child(void)
{
	struct store *s = open_again();
	if (!s)
		die("it does not open any more: %s", f.message);
	store_durability(s, true);
	for (int i = 0; i < STEPS; i++) {
		outcome->result[i] = BEGUN;
		outcome->result[i] = run_step(s, &steps[i]);
	}
	failing_calm();
	outcome->after = run_step(s, &(struct deed){add_last, NULL, NULL});
	store_close(s);
	_exit(0);
}

/* ---- around it ---- */

static char whole[80]; /* a database to begin with */

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (ssize_t n; (n = read(in, block, sizeof block)) > 0;)
		if (write(out, block, (size_t)n) != n)
			die("%s: %s", to, strerror(errno));
	close(in);
	close(out);
}

static void begin_again(void)
{
	char path[128];
	static const char *const names[] = {"data.db-wal", "data.db-shm", "run/lock"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/data.db", home);
	copy_file(whole, path);
	*outcome = (struct outcome){.after = UNTRIED};
	for (int i = 0; i < STEPS; i++)
		outcome->result[i] = UNTRIED;
}

static int add_run(struct db *db, const char *id, const char *parent)
{
	char made[ID_LEN + 1];
	struct run r = {.id = id, .app_id = app_id, .principal = "app", .parent = parent, .handler = "api/x.lua", .key = "", .state = "queued",
			.input = STR("null"), .priority = 3};
	return run_insert(db, &ann, &r, 5, made);
}

/* Looked for by what is done further on. */
static int prepare(struct db *db)
{
	struct user u;
	int err = db_begin(db);
	if (!err && !(err = user_create(db, STR("ann"), ROLE_OWNER, &u)) && !(err = add_run(db, "r_parent", "")) &&
	    !(err = add_run(db, "r_one", "r_parent")) && !(err = add_run(db, "r_two", "r_one")))
		err = db_run(db, "INSERT INTO limits (app_id, name, value) VALUES (?, 'calls', 1)", "c", app_id);
	return err ? db_rollback(db) : db_commit(db);
}

static void make_whole(void)
{
	char path[128];
	struct store *s = home_make();
	struct db *db = db_borrow(s, &f);
	id_new(app_id);
	ann = scope_person(app_id, "u_ann", false);
	ann.max_bytes = ann.max_rows = ann.max_files = INT64_MAX;
	if (docs_declare(db, app_id, &notes, 1) || insert(db, "{\"tag\":\"stays\",\"slug\":\"s\"}", gone) ||
	    insert(db, "{\"tag\":\"x\",\"slug\":\"k\"}", kept) || insert(db, "{\"tag\":\"x\",\"slug\":\"g\"}", gone) || prepare(db) || empty_wal(db))
		die("%s", f.message);
	db_return(db);
	store_close(s);
	snprintf(path, sizeof path, "%s/data.db", home);
	snprintf(whole, sizeof whole, "%s.whole", home);
	copy_file(path, whole);
}

/* The exit of a process that fails as it should: by itself, or because the store said that it cannot go on. */
static bool ended_well(int status, const char *said)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0;
	return WTERMSIG(status) == SIGABRT && (strstr(said, "fazt: store: out of memory") || strstr(said, "fazt: store: fsync failed"));
}

static bool run_child(char said[4096])
{
	int status, ends[2];
	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		child();
	}
	close(ends[1]);
	size_t at = 0;
	for (ssize_t n; (n = read(ends[0], said + at, 4095 - at)) > 0;)
		at = MIN(at + (size_t)n, (size_t)4000);
	said[at] = 0;
	close(ends[0]);
	waitpid(pid, &status, 0);
	return ended_well(status, said);
}

/* What is wrong with what is there afterwards; NULL: nothing. */
static const char *look(struct db *db)
{
	char *sound = db_text(db, arena, "PRAGMA integrity_check", "");
	if (!sound || strcmp(sound, "ok"))
		return sound ? sound : "it cannot be read";
	int64_t bytes = db_int(db, -1, "SELECT bytes FROM usage", ""), rows = db_int(db, -1, "SELECT rows FROM usage", "");
	for (int i = 0; i < STEPS; i++) {
		int64_t is = steps[i].question ? db_int(db, -1, steps[i].question, "") : 0;
		if (!steps[i].question || outcome->result[i] == BEGUN)
			continue; /* the process ended in the middle of it: all of it, or nothing */
		if (is != (steps[i].always || outcome->result[i] == 0))
			return arena_printf(arena, "%s: %d, but %lld are there", steps[i].name, outcome->result[i], (long long)is);
	}
	if (db_begin(db) || docs_recount(db, app_id))
		return "it cannot be counted";
	const char *wrong = bytes != db_int(db, -1, "SELECT bytes FROM usage", "") || rows != db_int(db, -1, "SELECT rows FROM usage", "") ?
				    "what is there was counted wrongly" : NULL;
	db_rollback(db);
	return wrong;
}

static const char *look_again(void)
{
	struct store *s = store_open(home, STORE_SERVE, &f);
	if (!s)
		return arena_printf(arena, "it does not open: %s", f.message);
	struct db *db = db_borrow(s, &f);
	db->conn->admit = ADMIT_ALL;
	sqlite3_set_authorizer(db->conn->sql, NULL, NULL);
	const char *wrong = look(db);
	db_return(db);
	store_close(s);
	return wrong;
}

static const char *judge(bool well, const char *said, bool for_good)
{
	int failed = outcome->opened != 0;
	if (!well)
		return arena_printf(arena, "it crashed: %.300s", said);
	for (int i = 0; i < STEPS; i++) {
		failed += outcome->result[i] > 0;
		if ((outcome->result[i] == -1 && i == 2 && outcome->after != UNTRIED) || outcome->result[i] == ERR_NOT_FOUND)
			return "a row that is there was not found";
	}
	if (outcome->unworded)
		return "an error without words, or a transaction that was left open";
	if (failed > 1 && !for_good)
		return "the next call failed too";
	if (outcome->after != UNTRIED && outcome->after)
		return "when all is well again it still fails";
	return look_again();
}

static void sweep(enum failing_kind kind, const char *what)
{
	char said[4096];
	begin_again();
	failing_arm(kind, 0, false);
	bool well = run_child(said);
	int64_t n = failing_calm(), step = getenv("FAZT_LONG") ? 1 : MAX(1, n / POINTS);
	const char *wrong = judge(well, said, false);
	ok(!wrong && n > 100, "%lld of them: %s", (long long)n, wrong ? wrong : what);
	for (int for_good = 0; for_good < 2; for_good++) {
		int64_t at = 1, tried = 0, died = 0;
		for (wrong = NULL; !wrong && at <= n; at += step, tried++) {
			begin_again();
			failing_arm(kind, at, for_good);
			well = run_child(said);
			failing_calm();
			died += outcome->after == UNTRIED;
			wrong = judge(well, said, for_good);
			if (!wrong)
				arena_reset(arena);
		}
		ok(!wrong, "%s fail%s: %lld tried, %lld ended the process; %s %lld", what, for_good ? " for good" : " once", (long long)tried,
		   (long long)died, wrong ? wrong : "the last was", (long long)(at - step));
	}
}

int main(void)
{
	failing_install();
	outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arena = arena_new();
	log_open("/nowhere");
	make_whole();
	sweep(FAIL_IO, "operations on files");
	sweep(FAIL_MEMORY, "allocations");
	unlink(whole);
	home_remove(NULL);
	arena_free(arena);
	return done_testing();
}
