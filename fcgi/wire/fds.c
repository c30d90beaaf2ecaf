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

int fds_send(int socket, const void *p, size_t n, const int *fds, int nfds, bool wait)
{
	union fd_message m = {0};
	struct iovec iov = {(void *)p, n};
	size_t bytes = (size_t)nfds * sizeof(int);
	struct msghdr msg = message(&iov, &m, CMSG_SPACE(bytes));
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(c), fds, bytes);
	ssize_t sent;
	do
		sent = sendmsg(socket, &msg, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n ? 0 : ERR_UNAVAILABLE;
}

/* The descriptors of a message: as many as expected, or they are closed again. */
static bool take_fds(struct msghdr *msg, int *fds, int nfds)
{
	int there[FDS_MAX];
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return false;
	int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(there, CMSG_DATA(c), (size_t)n * sizeof(int));
	for (int i = 0; i < n && n != nfds; i++)
		close(there[i]);
	if (n == nfds)
		memcpy(fds, there, (size_t)n * sizeof(int));
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
