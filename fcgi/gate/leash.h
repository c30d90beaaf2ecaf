/* leash — what ends a cell whose time is up, while the thread that talks to it is blocked in a read.
 *
 * A leash is the write end of a pipe: once it is closed the kernel kills the cell (base/confine.h), and whoever waits
 * for the cell reads an end of file. One thread of the process looks at the deadlines of all leashes every
 * LEASH_LOOK_MS, and sleeps for good when none has one. So no read and no write of a conversation needs a time-out of
 * its own: a call of an app costs the worker one read and one write.
 *
 * The same look reads the clock of each cell that runs just then, from the system and not from the cell, and puts what
 * it shows on the app's bill (kernel/meter). A cell that has taken the processor time it may in one turn is ended too.
 * One of an app that keeps the processor busy (METER_BUSY_MS), that has its share in it, gives way to everything else on the machine,
 * while another one is beside it (gate/turns, wire/spawn.h: zygote_yield). It does so as long as it lives, and
 * that is until a turn of it ends while this is not so any more.
 */
#ifndef GATE_LEASH_H
#define GATE_LEASH_H

#include "kernel/meter.h"

#define LEASH_LOOK_MS 20
#define LEASH_WORTH_MS 20 /* between two looks of whoever gives a cell back */

struct leash {
	int fd;           /* -1: dropped */
	int64_t deadline; /* mono_ms; 0: none. Atomic */
	int pid;          /* 0: not known, so its clock is not looked at. Atomic */
	int control;      /* the zygote's socket */
	struct meter *meter;   /* the app's, NULL: nobody counts; */
	int64_t budget;        /* and what it may use in a minute, ms */
	int64_t most;          /* µs of processor time in this turn. Atomic */
	int64_t began;         /* its clock at the first look of this turn; -1: there was none. Atomic */
	int64_t billed, looked; /* its clock at the last look, whenever that was, and mono_ms. Under the lock of all leashes */
	bool spent, yielded;   /* it was ended for its processor time; it gives way. Atomic */
	struct leash *next, **at;
};

/* The leash does not move in memory between leash_take and leash_drop. fd becomes the leash's to close; -1 is none. */
void leash_take(struct leash *l, int fd);
/* Whose time it is, and how to make it give way: the zygote's socket. */
void leash_bill(struct leash *l, int control, struct meter *m, int64_t budget);
void leash_know(struct leash *l, int pid);
/* A turn begins: until deadline, and most ms of processor time. 0: it ends, and the cell may wait as long as it likes. */
void leash_until(struct leash *l, int64_t deadline, int64_t most);
/* After a turn: look at its clock, where that is worth a system call. False: let it end now. */
bool leash_settle(struct leash *l);
bool leash_spent(const struct leash *l);
void leash_drop(struct leash *l); /* the cell dies, if it has not yet; once, from one thread */

#endif
