/* runner — who works on runs that are due.
 *
 * runner_once takes up one run and goes on with it until it ends or waits. A worker has two threads that do nothing else
 * (runner_start): they sleep until the next is due or somebody rings (store_await), and a third pushes on the leases of
 * those at work. They also make runs of the jobs that are due (kernel/clock). What is in the background is the first
 * thread's alone, so neither many jobs at midnight nor long ones keep waiting what people began. Nobody leads; a worker that dies delays its runs by the lease.
 */
#ifndef GATE_RUNNER_H
#define GATE_RUNNER_H

#include "kernel/node.h"

#define RUNNERS 2

/* False: nothing is due. For programs that have no such threads: tick, and an app's tests. */
bool runner_once(struct node *n);
int64_t runner_next(struct node *n); /* when there is something to do for it; RUN_NEVER */
void runner_start(struct node *n);
void runner_stop(void);    /* no more are taken up */
void runner_give_up(void); /* what is at work may be taken up elsewhere, at once: this process ends */

#endif
