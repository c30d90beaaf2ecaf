/* spawn — how a worker asks the zygote for a cell, over a SOCK_SEQPACKET socket.
 *
 * One message is one cell: a struct spawn and three descriptors by SCM_RIGHTS, the cell's ends of the two pipes that
 * frames go through and the read end of its leash. There is no answer: a cell that could not be made shows as an end of file on its
 * pipe. A message with yield and no descriptors asks that a cell there is gives way to every other process.
 */
#ifndef WIRE_SPAWN_H
#define WIRE_SPAWN_H

#include "base/base.h"

struct spawn {
	uint64_t heap; /* bytes, the memory cap of its Lua */
	uint32_t lane, lanes; /* where it runs (base/lane.h) */
	uint32_t yield;       /* the pid of a cell that has had the processor for long; 0: this asks for a new one */
	uint32_t back;        /* … that shall be as all others again */
};

/* A new cell: frames for it are written to *to and frames of it read from *from; *leash is held until the cell shall
 * die. All are close-on-exec and the caller's to close. 0 or ERR_UNAVAILABLE. Threads may call it at once.
 *
 * Pipes, not a socketpair: half the system calls, because a read that blocks on a socket is woken for nothing when the
 * peer takes what was written before, and would need a poll in front of it. */
int zygote_spawn(int control_fd, const struct spawn *s, int *to, int *from, int *leash);

/* From now on that cell, a child of the zygote, runs when nothing else wants to; or (back) as every other. Only the zygote
 * may order that, because cells have users of their own; one that is not root does not. Who ends a cell that gave way takes
 * that back first: a process that dies holds locks that every fork waits for. */
void zygote_yield(int control_fd, int pid, bool back);

/* The other end: the next message. False when the last worker is gone. */
struct cell_ends {
	int in, out, leash; /* read, write, and the leash it is on; none where s->yield is set */
};
bool spawn_receive(int control_fd, struct spawn *s, struct cell_ends *ends);

#endif
