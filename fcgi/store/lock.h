/* lock — the one lock writers of data.db take, shared by every process of the node, and the checkpointing of its WAL.
 *
 * A process-shared robust mutex in home/run/lock: the one who waits is woken in
 * microseconds, where SQLite's own busy handler polls and starves. A holder that
 * dies leaves it to the next one; nothing needs repair, since SQLite rolls back
 * what was not committed. The page carries the boot id, because a page left
 * locked by a power cut would hang for ever.
 *
 * The page also repeats meta.epoch, so that asking whether anything changed costs no query.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "base/base.h"

struct lock;

struct lock *lock_open(const char *home, struct fault *f);
void lock_close(struct lock *l);

int lock_take(struct lock *l, int64_t ms, struct fault *f); /* ERR_UNAVAILABLE when it takes longer */
void lock_release(struct lock *l);                          /* by the thread that took it */

/* The epoch last committed, or 0 when only the database knows: it is forgotten before a commit that changes it and noted
 * after it, both under the lock, so a writer that dies in between leaves 0 and nobody ever sees a stale one. */
int64_t lock_epoch(struct lock *l);
void lock_note_epoch(struct lock *l, int64_t epoch);

/* The bell of the node: store_ring in store/db.h. */
uint32_t lock_rung(struct lock *l);
void lock_ring(struct lock *l);
void lock_await(struct lock *l, uint32_t rung, int64_t ms);

/* Checkpointing is for one at a time and nobody waits for it: false when someone is at it. pages is the length of the
 * WAL; true when it has grown by so many since the last checkpoint, and then lock_maintained tells how long it was. */
bool lock_maintain(struct lock *l, uint32_t pages, uint32_t grown);
void lock_maintained(struct lock *l, uint32_t pages);

/* Who reads for an app makes way, for so many ms: whoever asked may die and never say that it is over, with 0. */
void lock_hurry(struct lock *l, int64_t ms);
bool lock_hurries(struct lock *l);

#endif
