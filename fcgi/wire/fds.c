#include "config.h"

#include "wire/fds.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union fd_message {
	struct cmsghdr head; /* for alignment */
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static struct msghdr message(struct iovec *iov, union fd_message *m, size_t room)
{
	return (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_control = m->bytes, .msg_controllen = room};
}

static void put_fds(struct cmsghdr *c, const int *fds, size_t bytes)
{
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(c), fds, bytes);
}

int fds_send(int socket, const void *p, size_t n, const int *fds, int nfds, bool wait)
{
	union fd_message m = {0};
	struct iovec iov = {(void *)p, n};
	size_t bytes = (size_t)nfds * sizeof(int);
	struct msghdr msg = message(&iov, &m, nfds ? CMSG_SPACE(bytes) : 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c)
		put_fds(c, fds, bytes);
	ssize_t sent;
	do
		sent = sendmsg(socket, &msg, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n ? 0 : ERR_UNAVAILABLE;
}

/* The descriptors of a message: none, or as many as expected, or they are closed again. The control bytes are aligned, so
 * there may be room for more of them. */
static bool take_fds(struct msghdr *msg, int *fds, int nfds)
{
	int all[sizeof(union fd_message) / sizeof(int)];
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	fds[0] = -1;
	if (!c)
		return true;
	if (c->cmsg_type != SCM_RIGHTS)
		return false;
	int n = (int)MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), ARRAY_LEN(all));
	memcpy(all, CMSG_DATA(c), (size_t)n * sizeof(int));
	for (int i = 0; i < n && n != nfds; i++)
		close(all[i]);
	if (n == nfds)
		memcpy(fds, all, (size_t)n * sizeof(int));
	return n == nfds;
}

ssize_t fds_receive(int socket, void *p, size_t n, int *fds, int nfds)
{
	union fd_message m;
	struct iovec iov = {p, n};
	struct msghdr msg = message(&iov, &m, sizeof m.bytes);
	ssize_t got;
	do
		got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0 || take_fds(&msg, fds, nfds))
		return got;
	errno = EBADMSG;
	return -1;
}
