#include "wire/fds.h"
#include "wire/spawn.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

/* Messages as a worker that was taken over might send them to the zygote: of any length, with any number of descriptors. What
 * is taken is whole, and no descriptor is left. Of each piece of the input the first two bytes are length and descriptors. */

#define FDS_MOST 8

static void send_message(int to, const uint8_t *p, size_t n, unsigned fds)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))];
	} m = {0};
	struct iovec iov = {(void *)p, n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (fds) {
		msg.msg_control = m.bytes;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(fds * sizeof(int))};
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &to, sizeof to);
	}
	if (n)
		(void)!sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	struct spawn s;
	struct cell_ends cell;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 0;
	int before = lowest_free();
	for (int i = 0; size >= 2 && i < 8; i++) {
		size_t n = MIN((size_t)data[0], size - 2);
		send_message(ends[0], data + 2, n, data[1] % (FDS_MOST + 1));
		data += 2 + n;
		size -= 2 + n;
	}
	shutdown(ends[0], SHUT_WR);
	while (spawn_receive(ends[1], &s, &cell)) {
		if (s.yield)
			continue;
		MUST(cell.in > ends[1] && cell.out > ends[1] && cell.leash > ends[1]);
		close(cell.in);
		close(cell.out);
		close(cell.leash);
	}
	MUST(lowest_free() == before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
