/* spawn — how a worker asks the zygote for a cell, over a SOCK_SEQPACKET socket.
 *
 * One message is one cell: a struct spawn and two descriptors by SCM_RIGHTS, the cell's end of the frame socket
 * and the read end of its leash. There is no answer: a cell that could not be made shows as an end of file on its
 * frame socket.
 */
#ifndef WIRE_SPAWN_H
#define WIRE_SPAWN_H

#include "base/base.h"

struct spawn {
	uint64_t heap; /* bytes, the memory cap of its Lua */
	uint32_t lane, lanes; /* where it runs (base/lane.h) */
};

/* A new cell: *frame_fd is non-blocking, *leash_fd is held until the cell shall die; both are close-on-exec and the
 * caller's to close. 0 or ERR_UNAVAILABLE. Threads may call it at once. */
int zygote_spawn(int control_fd, const struct spawn *s, int *frame_fd, int *leash_fd);

/* The other end: the next message. False when the last worker is gone. */
bool spawn_receive(int control_fd, struct spawn *s, int *frame_fd, int *leash_fd);

#endif
