/* sync — commits that reach the disk together.
 *
 * SQLite's synchronous=FULL waits for the disk at each commit, under the write
 * lock. Here a commit releases the lock first and then waits until the WAL is on
 * disk (sync_wait): one thread asks the disk, and all commits that were made
 * before it asked are answered by that. Others may see a row a moment before it is
 * durable, but nobody is told that it was written.
 *
 * The disk answers sooner than the next commit comes, so an app that writes one thing after the other asks it thousands of times a
 * second, and each time costs the machine more than what is written. A commit that is patient waits SYNC_PATIENCE_US for
 * another one to ask, and asks then.
 */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/base.h"

#define SYNC_PATIENCE_US 500

struct sync {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	uint64_t asked, synced; /* commits that wait or waited, and how many of them are on disk */
	bool busy; /* the disk is asked */
};

void sync_init(struct sync *s);
void sync_free(struct sync *s);
/* After a commit on this connection: returns when it is on disk. A disk that fails ends the process: nobody knows what
 * is on it then, and a fresh process reads the truth. */
void sync_wait(struct sync *s, sqlite3 *sql, bool patient);

#endif
