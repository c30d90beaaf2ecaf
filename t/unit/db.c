/* The database file itself: making it, refusing it, transactions, the lock that survives its holder. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/now.h"
#include "kernel/home.h"
#include "kernel/node.h"
#include "store/conn.h"
#include "tap.h"

static char home[64];
static struct fault f;

static void make_home(void)
{
	snprintf(home, sizeof home, "/tmp/fazt-db-XXXXXX");
	ok(mkdtemp(home) != NULL, "a home");
}

static void remove_home(void)
{
	static const char *const names[] = {"data.db", "data.db-wal", "data.db-shm", "run/lock", "run/ballast", "run", ""};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		remove(path);
	}
}

static void test_open(void)
{
	struct stat st;
	char path[128];
	ok(!store_open(home, STORE_SERVE, &f) && f.err == ERR_NOT_FOUND, "no database: %s", f.message);
	struct store *s = store_open(home, STORE_CREATE, &f);
	if (!ok(s != NULL, "created: %s", f.message))
		return;
	snprintf(path, sizeof path, "%s/data.db", home);
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "data.db is 0600");
	unsigned char secret[KEY_LEN];
	memcpy(secret, store_secret(s), KEY_LEN);
	store_close(s);
	s = store_open(home, STORE_CREATE, &f);
	ok(s && !memcmp(secret, store_secret(s), KEY_LEN), "creating it again keeps the node's secret");
	store_close(s);
}

static void test_statements(struct store *s)
{
	struct arena *a = arena_new();
	struct db *db = db_borrow(s, &f);
	is_int(db_begin(db), 0, "begin");
	is_int(db_run(db, "INSERT INTO settings (key, value) VALUES (?, ?)", "cs", "a", STR("1")), 0, "insert");
	is_int(db_changes(db), 1, "one row");
	is_int(db_run(db, "INSERT INTO settings (key, value) VALUES (?, ?)", "cs", "a", STR("2")), ERR_CONFLICT, "a constraint is a conflict");
	is_int(db_commit(db), 0, "commit");
	is_str(db_text(db, a, "SELECT value FROM settings WHERE key = ?", "c", "a"), "1", "read back");
	is_int(db_int(db, 7, "SELECT value FROM settings WHERE key = 'none'", ""), 7, "no row gives the default");
	is_int(db_run(db, "SELECT ?", ""), ERR_INTERNAL, "a missing value is refused");
	ok(!strstr(f.message, "SELECT"), "and the message shows no SQL");
	db_forgive(db);
	struct stmt *one = db_query(db, "SELECT key FROM settings", ""), *two = db_query(db, "SELECT key FROM settings", "");
	ok(one && two && one != two && stmt_row(one) == 1 && stmt_row(two) == 1, "one text, two readers");
	db_begin(db);
	db_run(db, "DELETE FROM settings", "");
	db_return(db);
	db = db_borrow(s, &f);
	is_int(db_int(db, 0, "SELECT count(*) FROM settings", ""), 1, "what was left open is rolled back");
	int64_t epoch = db_epoch(db);
	db_begin(db), db_touch(db), db_commit(db);
	is_int(db_epoch(db), epoch + 1, "touch bumps the epoch");
	db_return(db);
	arena_free(a);
}

/* Every statement the guard must refuse on a serving connection. */
static const char *const forbidden[] = {
	"SELECT * FROM docs", "SELECT count(*) FROM docs", "SELECT 1 FROM DOCS", "SELECT body FROM \"Docs\"",
	"SELECT body FROM main.[dOCS]", "WITH docs AS (SELECT * FROM main.docs) SELECT * FROM docs",
	"WITH x(b) AS (SELECT body FROM docs) SELECT b FROM x", "SELECT (SELECT max(body) FROM docs)",
	"SELECT key FROM settings UNION SELECT body FROM docs", "SELECT * FROM shares", "SELECT value FROM kv",
	"INSERT INTO settings SELECT id, body FROM docs", "UPDATE docs SET owner = 'x'", "DELETE FROM docs",
	"DELETE FROM `docs` WHERE 0", "INSERT INTO shares VALUES ('a', 'b', 'c', 'd', 1)",
	"UPDATE settings SET value = (SELECT body FROM docs)", "SELECT * FROM sqlite_schema", "SELECT * FROM sqlite_master",
	"SELECT * FROM pragma_table_info('docs')", "PRAGMA user_version", "PRAGMA writable_schema = 1", "ATTACH ':memory:' AS x",
	"CREATE TABLE x (a)", "CREATE TEMP VIEW docs2 AS SELECT * FROM docs", "CREATE VIEW v AS SELECT * FROM docs",
	"DROP TABLE settings", "ALTER TABLE docs RENAME TO open", "SELECT load_extension('x')", "VACUUM INTO '/tmp/x'",
	"REINDEX", "ANALYZE", "SELECT 1 FROM settings JOIN docs", "SELECT 1 WHERE EXISTS (SELECT 1 FROM docs)",
	"CREATE TRIGGER t AFTER INSERT ON settings BEGIN DELETE FROM docs; END",
};

static void test_wall(struct store *s)
{
	struct db *db = db_borrow(s, &f);
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		is_int(db_run(db, forbidden[i], ""), ERR_INTERNAL, "refused: %s", forbidden[i]);
	is_int(db_run(db, "SELECT 1 FROM settings JOIN usage JOIN slots", ""), 0, "control tables are open");
	db_forgive(db);
	db_return(db);
}

/* What could not be read is answered like what is not there, and nothing comes of it. */
static void test_unread(struct store *s)
{
	static const char unreadable[] = "SELECT count(*) FROM docs", add[] = "INSERT INTO settings (key, value) VALUES ('wrong', '1')";
	struct db *db = db_borrow(s, &f);
	db_begin(db);
	is_int(db_int(db, 7, unreadable, ""), 7, "what cannot be read has the default");
	is_int(db_run(db, add, ""), 0, "what is concluded from it");
	is_int(db_commit(db), ERR_INTERNAL, "… is not committed");
	is_int(db_int(db, 0, "SELECT count(*) FROM settings WHERE key = 'wrong'", ""), 0, "… and not there");
	is_int(db_fail(db, ERR_NOT_FOUND, "There is no such thing."), ERR_INTERNAL, "nobody says that there is no such thing");
	fault_clear(&f);
	db_int(db, 7, unreadable, "");
	is_int(db_begin(db), ERR_INTERNAL, "nothing is begun behind it");
	is_int(db_begin(db), 0, "… once");
	db_int(db, 7, unreadable, "");
	db_forgive(db);
	is_int(db_commit(db), 0, "who can do without it says so");
	is_int(db_fail(db, ERR_NOT_FOUND, "There is no such thing."), ERR_NOT_FOUND, "… and what is not there is not there");
	db_return(db);
	db_begin(db = db_borrow(s, &f));
	db_enter(db);
	struct db *part = db_borrow(s, &f);
	db_begin(part);
	db_int(part, 7, unreadable, "");
	is_int(db_commit(part), ERR_INTERNAL, "a part of a transaction fails by itself");
	db_return(part);
	db_leave(db);
	is_int(db_commit(db), 0, "… and alone");
	fault_clear(&f);
	db_return(db);
}

static void test_settings(struct store *s)
{
	struct arena *a = arena_new();
	struct settings set;
	struct db *db = db_borrow(s, &f);
	is_int(setting_set(db, STR("domian"), STR("x")), ERR_NOT_FOUND, "unknown: %s", f.message);
	ok(strstr(f.message, "\"domain\"") != NULL, "and the nearest is named");
	is_int(setting_set(db, STR("port"), STR("eighty")), ERR_BAD_REQUEST, "%s", f.message);
	is_int(setting_set(db, STR("durability"), STR("maybe")), ERR_BAD_REQUEST, "%s", f.message);
	is_int(setting_set(db, STR("port"), STR("8080")), 0, "set");
	is_int(settings_load(db, a, &set), 0, "load");
	is_int(set.number[SETTING_PORT], 8080, "the stored one");
	is_str(set.text[SETTING_DOMAIN], "localhost", "the default");
	is_str(node_origin(&set, a, "os"), "https://os.localhost:8080", "origin");
	db_return(db);
	arena_free(a);
}

/* A child that has taken the write lock and changed something. */
static pid_t holder(void)
{
	int tell[2];
	char byte;
	ok(!pipe(tell), "pipe");
	pid_t child = fork();
	if (!child) {
		struct store *s = store_open(home, STORE_SERVE, &f);
		struct db *db = db_borrow(s, &f);
		if (!db_begin(db) && !db_run(db, "DELETE FROM meta", "") && write(tell[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ok(read(tell[0], &byte, 1) == 1, "the child is inside a transaction");
	close(tell[0]);
	close(tell[1]);
	return child;
}

static void kill_holder(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* It is killed in the middle of its transaction. */
static void test_dead_holder(void)
{
	kill_holder(holder());
	struct store *s = store_open(home, STORE_SERVE, &f);
	struct db *db = db_borrow(s, &f);
	is_int(db_begin(db), 0, "the lock of a dead holder is free");
	ok(db_epoch(db) > 0, "and what it did is undone");
	is_int(db_commit(db), 0, "commit");
	db_return(db);
	store_close(s);
}

/* Eight threads here and eight in another process, with four connections each, all add to one number. */
#define WRITERS 8
#define ADDS 100

static void *writer(void *arg)
{
	struct fault mine = {0};
	for (int i = 0; i < ADDS; i++) {
		struct db *db = db_borrow(arg, &mine);
		if (!db || db_begin(db) || db_run(db, "UPDATE meta SET number = number + 1 WHERE name = 'sum'", "") || db_commit(db))
			die("writer: %s", mine.message);
		db_return(db);
	}
	return NULL;
}

static void write_all(void)
{
	pthread_t thread[WRITERS];
	struct store *s = store_open(home, STORE_SERVE, &f);
	store_durability(s, false);
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&thread[i], NULL, writer, s);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	store_close(s);
}

static void test_writers(void)
{
	struct store *s = store_open(home, STORE_SERVE, &f);
	struct db *db = db_borrow(s, &f);
	db_run(db, "INSERT INTO meta (name, number) VALUES ('sum', 0)", "");
	db_return(db);
	store_close(s);
	pid_t child = fork();
	write_all();
	if (!child)
		_exit(0);
	int status;
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "the other process is done");
	s = store_open(home, STORE_SERVE, &f);
	db = db_borrow(s, &f);
	is_int(db_int(db, 0, "SELECT number FROM meta WHERE name = 'sum'", ""), 2 * WRITERS * ADDS, "no addition is lost");
	db_return(db);
	store_close(s);
}

/* While somebody holds the write lock, those who wait for it are many more than there are connections. */
static int waiting, ended;

static void *late_writer(void *arg)
{
	struct fault mine = {0};
	struct db *db = db_borrow(arg, &mine);
	bool there = db && db_int(db, 0, "SELECT number FROM meta WHERE name = 'sum'", "");
	__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	if (!there || db_begin(db) || db_run(db, "UPDATE meta SET number = number + 1 WHERE name = 'sum'", "") || db_commit(db))
		die("late writer: %s", mine.message);
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	db_return(db);
	return NULL;
}

static void test_readers(void)
{
	pthread_t thread[WRITERS];
	struct store *s = store_open(home, STORE_SERVE, &f);
	pid_t child = holder();
	fault_clear(&f);
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&thread[i], NULL, late_writer, s);
	for (int i = 0; i < 500 && __atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < WRITERS; i++)
		usleep(10000);
	is_int(waiting, WRITERS, "each of them has had a connection, and waits");
	usleep(50000);
	struct db *db = db_borrow(s, &f);
	is_int(db_int(db, 0, "SELECT number FROM meta WHERE name = 'sum'", ""), 2 * WRITERS * ADDS, "REL-14 others read meanwhile");
	is_int(db_begin_now(db), ERR_UNAVAILABLE, "… and who need not write now is told so at once");
	is_int(db_fault(db)->err, 0, "… without a word");
	is_int(ended, 0, "… before any of those could write");
	db_return(db);
	kill_holder(child);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	db = db_borrow(s, &f);
	is_int(db_int(db, 0, "SELECT number FROM meta WHERE name = 'sum'", ""), 2 * WRITERS * ADDS + WRITERS, "then they all write");
	is_int(db_begin_now(db), 0, "… and so does who asks when nobody does");
	is_int(db_commit(db), 0, "commit");
	db_return(db);
	store_close(s);
}

/* All connections are with those who read, and somebody who waited for the write lock has it: nobody waits for the readers. */
static void test_writer_first(void)
{
	pthread_t thread;
	struct db *reader[STORE_CONNECTIONS];
	struct store *s = store_open(home, STORE_SERVE, &f);
	pid_t child = holder();
	waiting = ended = 0;
	pthread_create(&thread, NULL, late_writer, s);
	for (int i = 0; i < 500 && !__atomic_load_n(&waiting, __ATOMIC_SEQ_CST); i++)
		usleep(10000);
	usleep(50000);
	for (int i = 0; i < STORE_CONNECTIONS; i++)
		reader[i] = db_borrow(s, &f);
	kill_holder(child);
	for (int i = 0; i < 500 && !__atomic_load_n(&ended, __ATOMIC_SEQ_CST); i++)
		usleep(10000);
	is_int(ended, 1, "who has the write lock waits for no reader");
	for (int i = 0; i < STORE_CONNECTIONS; i++)
		db_return(reader[i]);
	pthread_join(thread, NULL);
	store_close(s);
}

/* Somebody reads what was there before 70 MB were written: the WAL cannot begin anew, and no writer waits for that. */
#define WRITE_MB 70

static void test_old_reader(void)
{
	struct fault quiet = {0};
	struct store *s = store_open(home, STORE_SERVE, &f);
	struct db *reader = db_borrow(s, &f), *db = db_borrow(s, &quiet);
	store_durability(s, false);
	int64_t longest = 0;
	ok(!db_look(reader) && db_int(reader, 0, "SELECT number FROM meta WHERE name = 'sum'", ""), "somebody reads, for a while");
	for (int i = 0; i < WRITE_MB; i++) {
		int64_t began = mono_ms();
		if (db_begin(db) || db_run(db, "INSERT INTO meta (name, bytes) VALUES ('old' || ?, zeroblob(1000000))", "i", (int64_t)i) || db_commit(db))
			die("old reader: %s", quiet.message);
		longest = MAX(longest, mono_ms() - began);
	}
	ok(longest < 2500, "… and of %d who write 1 MB each none waits for that (%d ms at most)", WRITE_MB, (int)longest);
	ok(db_int(reader, 0, "SELECT count(*) FROM meta WHERE name LIKE 'old%'", "") == 0 && !f.err, "… and who looks at one moment goes on doing so");
	db_look_end(reader);
	ok(!db_begin(db) && !db_run(db, "DELETE FROM meta WHERE name LIKE 'old%'", "") && !db_commit(db), "it is cleaned up");
	db_return(reader);
	db_return(db);
	store_close(s);
}

/* Apps read one after the other, each for as long as it may, while 1 MB is written again and again: there is always one that reads. */
#define APP_READERS 3
#define APP_MB 300
static int readers_end, made_way;

static void *app_reader(void *arg)
{
	while (!__atomic_load_n(&readers_end, __ATOMIC_SEQ_CST)) {
		struct fault mine = {0};
		struct db *db = db_borrow(arg, &mine);
		db_read_begin(db, 0);
		db_int(db, 0, "WITH RECURSIVE n (i) AS (SELECT number FROM meta WHERE name = 'sum' UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", "");
		db_read_end(db);
		__atomic_add_fetch(&made_way, mine.err == ERR_UNAVAILABLE, __ATOMIC_SEQ_CST);
		db_return(db);
	}
	return NULL;
}

static void write_again(struct db *db, int64_t *longest)
{
	int64_t began = mono_ms();
	if (db_begin(db) || db_run(db, "INSERT INTO meta (name, bytes) VALUES ('again', randomblob(1000000)) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes", "") ||
	    db_commit(db))
		die("app readers: %s", db_fault(db)->message);
	*longest = MAX(*longest, mono_ms() - began);
}

static off_t wal_bytes(void)
{
	struct stat st;
	char path[128];
	snprintf(path, sizeof path, "%s/data.db-wal", home);
	return stat(path, &st) ? 0 : st.st_size;
}

static void test_app_readers(void)
{
	struct fault quiet = {0};
	struct store *s = store_open(home, STORE_SERVE, &f);
	struct db *db = db_borrow(s, &quiet);
	pthread_t thread[APP_READERS];
	int64_t longest = 0;
	off_t most = 0;
	store_durability(s, false);
	db_checkpoint(db);
	for (int i = 0; i < APP_READERS; i++) {
		pthread_create(&thread[i], NULL, app_reader, s);
		usleep(300000);
	}
	for (int i = 0; i < APP_MB; i++) {
		write_again(db, &longest);
		most = MAX(most, wal_bytes());
	}
	__atomic_store_n(&readers_end, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < APP_READERS; i++)
		pthread_join(thread[i], NULL);
	ok(most < 160 * (off_t)MIB, "somebody always reads for an app, %d MB are written, and the WAL had %d MB at most", APP_MB, (int)(most >> 20));
	ok(longest < 2500, "… nobody who writes waits for long (%d ms at most)", (int)longest);
	ok(made_way > 0, "… and %d who read made way", made_way);
	for (int i = 0; i < 90; i++)
		write_again(db, &longest);
	ok(wal_bytes() <= 65 * (off_t)MIB, "the WAL is cut off when it begins anew (%d MB)", (int)(wal_bytes() >> 20));
	ok(!db_begin(db) && !db_run(db, "DELETE FROM meta WHERE name = 'again'", "") && !db_commit(db), "it is cleaned up");
	db_return(db);
	store_close(s);
}

/* A page left locked by another boot. */
static void test_other_boot(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/run/lock", home);
	int fd = open(path, O_WRONLY);
	char junk[200];
	memset(junk, 'x', sizeof junk);
	ok(fd >= 0 && pwrite(fd, junk, sizeof junk, 0) == sizeof junk, "a lock of another boot");
	close(fd);
	struct store *s = store_open(home, STORE_SERVE, &f);
	struct db *db = db_borrow(s, &f);
	is_int(db_begin(db), 0, "is made anew");
	db_commit(db);
	db_return(db);
	store_close(s);
}

static void sneak(const char *sql)
{
	char path[128];
	sqlite3 *raw;
	snprintf(path, sizeof path, "%s/data.db", home);
	sqlite3_open(path, &raw);
	ok(!sqlite3_exec(raw, sql, NULL, NULL, NULL), "outside: %s", sql);
	sqlite3_close(raw);
}

static void test_migrations(void)
{
	sneak("UPDATE migrations SET hash = 'x' || hash WHERE number = 1");
	ok(!store_open(home, STORE_SERVE, &f) && f.err == ERR_CORRUPT, "a changed migration: %s", f.message);
	sneak("UPDATE migrations SET hash = substr(hash, 2) WHERE number = 1");
	sneak("INSERT INTO migrations VALUES (9999, '9999-future.sql', 'x', 0)");
	ok(!store_open(home, STORE_SERVE, &f) && f.err == ERR_FUTURE, "the future: %s", f.message);
	ok(!store_open(home, STORE_MIGRATE, &f) && f.err == ERR_FUTURE, "the future is not migrated");
	sneak("DELETE FROM migrations WHERE number = 9999");
	sneak("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)");
	ok(!store_open(home, STORE_SERVE, &f) && f.err == ERR_UNAVAILABLE, "pending: %s", f.message);
}

static void test_damaged(void)
{
	char path[128], junk[4096];
	memset(junk, 'x', sizeof junk);
	snprintf(path, sizeof path, "%s/data.db", home);
	int fd = open(path, O_WRONLY | O_TRUNC);
	ok(fd >= 0 && write(fd, junk, sizeof junk) == sizeof junk, "damage");
	close(fd);
	ok(!store_open(home, STORE_SERVE, &f) && f.err == ERR_CORRUPT, "a damaged file: %s", f.message);
}

/* Past a thousand pages someone checkpoints, and the WAL starts anew. */
static void test_checkpoint(struct store *s)
{
	char path[128];
	struct stat st;
	store_durability(s, false);
	struct db *db = db_borrow(s, &f);
	for (int i = 0; i < 4000; i++) {
		char text[3000];
		memset(text, 'a' + i % 26, sizeof text);
		db_begin(db);
		db_run(db, "INSERT INTO settings (key, value) VALUES ('big', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		       "s", (struct str){text, sizeof text});
		db_commit(db);
	}
	db_return(db);
	snprintf(path, sizeof path, "%s/data.db-wal", home);
	ok(!stat(path, &st) && st.st_size < 8 * (off_t)MIB, "the WAL stays small: %lld", (long long)st.st_size);
}

static void test_network(void)
{
	is_str(home_network(0x6969), "NFS", "CFG-05 a home on NFS is known");
	is_str(home_network((int32_t)0xFF534D42), "CIFS", "CFG-05 … and on CIFS, whose number is negative where a word has 32 bits");
	ok(!home_network(0xEF53) && !home_network(0x01021994), "CFG-05 … but a disk of this machine is none");
}

int main(void)
{
	test_network();
	crypt_init();
	make_home();
	test_open();
	struct store *s = store_open(home, STORE_SERVE, &f);
	test_statements(s);
	test_wall(s);
	test_unread(s);
	test_settings(s);
	test_checkpoint(s);
	store_close(s);
	test_dead_holder();
	test_writers();
	test_readers();
	test_writer_first();
	test_old_reader();
	test_app_readers();
	test_other_boot();
	test_migrations();
	test_damaged();
	remove_home();
	return done_testing();
}
