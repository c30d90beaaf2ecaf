#include "store/sync.h"

#include <time.h>

void sync_init(struct sync *s)
{
	pthread_condattr_t attr;
	*s = (struct sync){0};
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->done, &attr);
	pthread_condattr_destroy(&attr);
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

static struct timespec from_now(long us)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

void sync_wait(struct sync *s, sqlite3 *sql, bool patient)
{
	struct timespec until = from_now(patient ? SYNC_PATIENCE_US : 0);
	pthread_mutex_lock(&s->mutex);
	uint64_t own = ++s->asked;
	while (s->synced < own) {
		if (s->busy)
			pthread_cond_wait(&s->done, &s->mutex);
		else if (patient)
			patient = !pthread_cond_timedwait(&s->done, &s->mutex, &until);
		else
			sync_for_all(s, sql);
	}
	pthread_mutex_unlock(&s->mutex);
}
