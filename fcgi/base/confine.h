/* confine — what a cell does to itself before it reads the first byte of an app.
 *
 * An own uid when started as root, no new privileges, no core dump, no ptrace, resource limits, landlock without a
 * single rule where the kernel has it, and a list of system calls that a computation needs; any other ends the
 * process. What is left are three descriptors: the pipes that frames come by and go by, and the leash.
 *
 * The leash is the read end of a pipe whose other end only the worker holds. Once it closes, because the worker wants
 * that or because it died, the kernel kills the cell: across uids, without its help, whatever it is doing.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include "base/base.h"

#define CONFINE_IN_FD 3
#define CONFINE_OUT_FD 4
#define CONFINE_LEASH_FD 5

/* Once, before the first fork: builds the filter. */
void confine_prepare(void);
/* In the child, first: these three get their numbers, every other descriptor is closed or /dev/null. */
void confine_descriptors(int in_fd, int out_fd, int leash_fd);
/* In the child, last: memory is what the process may still allocate on top of what it has; number chooses the uid.
 * Returns only when everything holds and the leash is still held. */
void confine(size_t memory, unsigned number);
/* The process that fetches, in itself, once everything it needs is loaded: its own uid when started as root, no new
 * privileges, no files but those a resolver and TLS read, no program but itself. It does need the network. */
void confine_fetcher(void);
/* Does this build filter system calls? Without that only the node's own apps may run. */
bool confine_complete(void);
int confine_landlock(void); /* the version of landlock that the kernel has; 0: none */

#endif
