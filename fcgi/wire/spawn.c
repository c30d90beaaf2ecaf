#include "config.h"

#include "wire/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 2

union fd_message {
	struct cmsghdr head; /* for alignment */
	char bytes[CMSG_SPACE(FDS * sizeof(int))];
};

static struct msghdr message(struct iovec *iov, union fd_message *m)
{
	return (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_control = m->bytes, .msg_controllen = sizeof m->bytes};
}

static int send_spawn(int control_fd, const struct spawn *s, const int fds[FDS])
{
	union fd_message m = {0};
	struct iovec iov = {(void *)s, sizeof *s};
	struct msghdr msg = message(&iov, &m);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(FDS * sizeof(int));
	memcpy(CMSG_DATA(c), fds, FDS * sizeof(int));
	ssize_t n;
	do
		n = sendmsg(control_fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof *s ? 0 : ERR_UNAVAILABLE;
}

int zygote_spawn(int control_fd, const struct spawn *s, int *frame_fd, int *leash_fd)
{
	int frame[2], leash[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, frame))
		return ERR_UNAVAILABLE;
	if (pipe2(leash, O_CLOEXEC)) {
		close(frame[0]);
		close(frame[1]);
		return ERR_UNAVAILABLE;
	}
	int err = send_spawn(control_fd, s, (int[FDS]){frame[1], leash[0]});
	close(frame[1]);
	close(leash[0]);
	*frame_fd = frame[0];
	*leash_fd = leash[1];
	if (!err && !fcntl(frame[0], F_SETFL, O_NONBLOCK))
		return 0;
	close(frame[0]);
	close(leash[1]);
	return ERR_UNAVAILABLE;
}

/* The descriptors of a message: as many as expected, or they are closed again. */
static bool take_fds(struct msghdr *msg, int fds[FDS])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return false;
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	for (size_t i = 0; i < n && n != FDS; i++)
		close(fds[i]);
	return n == FDS;
}

bool spawn_receive(int control_fd, struct spawn *s, int *frame_fd, int *leash_fd)
{
	for (;;) {
		union fd_message m;
		int fds[FDS];
		struct iovec iov = {s, sizeof *s};
		struct msghdr msg = message(&iov, &m);
		ssize_t n = recvmsg(control_fd, &msg, MSG_CMSG_CLOEXEC);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n < 0 || !take_fds(&msg, fds))
			continue;
		*frame_fd = fds[0];
		*leash_fd = fds[1];
		if (n == sizeof *s)
			return true;
		close(fds[0]);
		close(fds[1]);
	}
}
