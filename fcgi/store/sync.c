#define _GNU_SOURCE /* pthread_cond_clockwait */

#include "store/sync.h"

#include "base/now.h"

void sync_init(struct sync *s)
{
	*s = (struct sync){0};
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->done, NULL);
}

void sync_free(struct sync *s)
{
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->mutex);
}

/* A WAL that was begun anew meanwhile was synced before that, when it was copied back. */
static void sync_wal(sqlite3 *sql)
{
	sqlite3_file *wal = NULL;
	if (sqlite3_file_control(sql, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) || !wal || !wal->pMethods ||
	    wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY))
		die("store: fsync failed");
}

static void sync_for_all(struct sync *s, sqlite3 *sql)
{
	uint64_t upto = s->asked;
	s->busy = true;
	pthread_mutex_unlock(&s->mutex);
	sync_wal(sql);
	pthread_mutex_lock(&s->mutex);
	s->busy = false;
	s->synced = upto;
	pthread_cond_broadcast(&s->done);
}

void sync_wait(struct sync *s, sqlite3 *sql, bool patient)
{
	struct timespec until = patient ? mono_at(mono_us() + SYNC_PATIENCE_US) : (struct timespec){0};
	pthread_mutex_lock(&s->mutex);
	uint64_t own = ++s->asked;
	while (s->synced < own) {
		if (s->busy)
			pthread_cond_wait(&s->done, &s->mutex);
		else if (patient)
			patient = !pthread_cond_clockwait(&s->done, &s->mutex, CLOCK_MONOTONIC, &until);
		else
			sync_for_all(s, sql);
	}
	pthread_mutex_unlock(&s->mutex);
}
