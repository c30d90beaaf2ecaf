#include "config.h"

#include "wire/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 3

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

static void close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

int zygote_spawn(int control_fd, const struct spawn *s, int *to, int *from, int *leash)
{
	int pipes[FDS][2], ours[FDS], theirs[FDS]; /* to the cell, from it, its leash */
	for (int i = 0; i < FDS; i++) {
		if (pipe2(pipes[i], O_CLOEXEC)) {
			close_all(ours, i);
			close_all(theirs, i);
			return ERR_UNAVAILABLE;
		}
		ours[i] = pipes[i][i != 1];
		theirs[i] = pipes[i][i == 1];
	}
	int err = send_spawn(control_fd, s, theirs);
	close_all(theirs, FDS);
	if (err)
		close_all(ours, FDS);
	*to = ours[0];
	*from = ours[1];
	*leash = ours[2];
	return err;
}

void zygote_yield(int control_fd, int pid, bool back)
{
	struct spawn s = {.yield = (uint32_t)pid, .back = back};
	while (send(control_fd, &s, sizeof s, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR)
		;
}

/* The descriptors of a message: as many as expected, or they are closed again. */
static bool take_fds(struct msghdr *msg, int fds[FDS])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return false;
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	if (n != FDS)
		close_all(fds, (int)n);
	return n == FDS;
}

bool spawn_receive(int control_fd, struct spawn *s, struct cell_ends *ends)
{
	for (;;) {
		union fd_message m;
		int fds[FDS];
		struct iovec iov = {s, sizeof *s};
		struct msghdr msg = message(&iov, &m);
		ssize_t n = recvmsg(control_fd, &msg, MSG_CMSG_CLOEXEC);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n == sizeof *s && s->yield && !msg.msg_controllen)
			return true;
		if (n < 0 || !take_fds(&msg, fds))
			continue;
		*ends = (struct cell_ends){fds[0], fds[1], fds[2]};
		if (n == sizeof *s && !s->yield)
			return true;
		close_all(fds, FDS);
	}
}
