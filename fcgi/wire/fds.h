/* fds — descriptors that are handed to another process with a message, over a SOCK_SEQPACKET socket: how a worker asks
 * the zygote for a cell and the fetcher for a fetch. Who holds such a socket is who may ask. */
#ifndef WIRE_FDS_H
#define WIRE_FDS_H

#include <sys/types.h>

#include "base/base.h"

#define FDS_MAX 3

/* 0 or ERR_UNAVAILABLE: nobody is there, or (wait false) the other side does not keep up. The descriptors stay the
 * caller's. Threads may call it at once. */
int fds_send(int socket, const void *p, size_t n, const int *fds, int nfds, bool wait);

/* The next message of at most n bytes, with nfds descriptors, which are close-on-exec and the caller's to close, or with none
 * (fds[0] is -1): its length. 0 when the last sender is gone; -1 and errno, which is EBADMSG for one that is not like that. */
ssize_t fds_receive(int socket, void *p, size_t n, int *fds, int nfds);

#endif
