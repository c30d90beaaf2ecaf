#include "config.h"

#include "wire/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "wire/fds.h"

#define FDS 3

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
	int err = fds_send(control_fd, s, sizeof *s, theirs, FDS, true);
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
	(void)fds_send(control_fd, &s, sizeof s, NULL, 0, false);
}

bool spawn_receive(int control_fd, struct spawn *s, struct cell_ends *ends)
{
	int fds[FDS];
	for (;;) {
		ssize_t n = fds_receive(control_fd, s, sizeof *s, fds, FDS);
		if (n == 0 || (n < 0 && errno != EBADMSG))
			return false;
		if (n == sizeof *s && s->yield && fds[0] < 0)
			return true;
		if (n < 0 || fds[0] < 0)
			continue;
		*ends = (struct cell_ends){fds[0], fds[1], fds[2]};
		if (n == sizeof *s && !s->yield)
			return true;
		close_all(fds, FDS);
	}
}
