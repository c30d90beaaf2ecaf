/* Commits that reach the disk together: a patient one waits for others, and goes with one that is not. */
#include <pthread.h>
#include <unistd.h>

#include "base/now.h"
#include "store/sync.h"
#include "tap.h"

#define COMMITS 20
#define TRIES 20

static char path[64];
static struct sync sync_;

/* In memory, so that nobody waits for a disk. */
static sqlite3 *open_here(void)
{
	sqlite3 *sql = NULL;
	if (sqlite3_open(path, &sql) || sqlite3_exec(sql, "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a)", NULL, NULL, NULL))
		die("%s: %s", path, sqlite3_errmsg(sql));
	return sql;
}

static void remove_all(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char file[80];
		snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
		remove(file);
	}
}

/* The µs that so many answers take, at best. */
static int64_t fastest(sqlite3 *sql, bool patient)
{
	int64_t best = INT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		int64_t began = mono_us();
		for (int n = 0; n < COMMITS; n++)
			sync_wait(&sync_, sql, patient);
		best = MIN(best, mono_us() - began);
	}
	return best;
}

static bool over;  /* atomic */
static int others; /* atomic: answers the other thread had */

static void *keep_asking(void *patient)
{
	sqlite3 *sql = open_here();
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		sync_wait(&sync_, sql, patient != NULL);
		__atomic_fetch_add(&others, 1, __ATOMIC_RELAXED);
	}
	sqlite3_close(sql);
	return NULL;
}

static bool other_had(int n)
{
	return __atomic_load_n(&others, __ATOMIC_RELAXED) >= n;
}

static pthread_t begin_other(bool patient)
{
	pthread_t thread;
	over = false;
	others = 0;
	if (pthread_create(&thread, NULL, keep_asking, patient ? &over : NULL))
		die("no thread");
	while (!other_had(1))
		usleep(100);
	return thread;
}

static void end_other(pthread_t thread)
{
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

/* The µs of one answer, on average over so many of the other thread. */
static int64_t average_beside(sqlite3 *sql, int n)
{
	int64_t began = mono_us(), answers = 0;
	for (int had = __atomic_load_n(&others, __ATOMIC_RELAXED); !other_had(had + n); answers++)
		sync_wait(&sync_, sql, false);
	return (mono_us() - began) / MAX(answers, 1);
}

int main(void)
{
	snprintf(path, sizeof path, "/dev/shm/fazt-sync-%d", (int)getpid());
	sqlite3 *sql = open_here();
	sync_init(&sync_);
	int64_t least = (int64_t)COMMITS * SYNC_PATIENCE_US;
	int64_t hurried = fastest(sql, false), patient = fastest(sql, true);
	ok(patient >= least, "a patient commit waits for others: %d take %lld us", COMMITS, (long long)patient);
	ok(hurried < patient, "… and one that is not does not: %lld us", (long long)hurried);
	is_int(sync_.asked, sync_.synced, "all are on disk");
	pthread_t other = begin_other(false);
	int64_t beside = fastest(sql, true);
	ok(beside < least, "a patient one goes with one that is not: %lld us", (long long)beside);
	end_other(other);
	other = begin_other(true);
	beside = average_beside(sql, 20);
	ok(beside < SYNC_PATIENCE_US / 2, "one that is not patient does not wait beside one that is: %lld us each", (long long)beside);
	end_other(other);
	is_int(sync_.asked, sync_.synced, "all are on disk again");
	sync_free(&sync_);
	sqlite3_close(sql);
	remove_all();
	return done_testing();
}
