/* Commits that reach the disk together: a patient one waits for others, and goes with one that is not. */
#include <pthread.h>
#include <unistd.h>

#include "base/now.h"
#include "store/sync.h"
#include "tap.h"

#define COMMITS 20
#define TRIES 5

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

static bool over; /* atomic */

static void *keep_asking(void *patient)
{
	sqlite3 *sql = open_here();
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		sync_wait(&sync_, sql, patient != NULL);
	sqlite3_close(sql);
	return NULL;
}

static int64_t fastest_beside(sqlite3 *sql, bool patient, bool other_patient)
{
	pthread_t thread;
	over = false;
	if (pthread_create(&thread, NULL, keep_asking, other_patient ? &over : NULL))
		die("no thread");
	int64_t us = fastest(sql, patient);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	return us;
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
	int64_t beside = fastest_beside(sql, true, false);
	ok(beside < least, "a patient one goes with one that is not: %lld us", (long long)beside);
	beside = fastest_beside(sql, false, true);
	ok(beside < least, "one that is not patient does not wait beside one that is: %lld us", (long long)beside);
	is_int(sync_.asked, sync_.synced, "all are on disk again");
	sync_free(&sync_);
	sqlite3_close(sql);
	remove_all();
	return done_testing();
}
