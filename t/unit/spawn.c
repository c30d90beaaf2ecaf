#include "wire/spawn.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "wire/fds.h"

static int control[2];

static void begin(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control))
		die("no socket pair");
}

static void finish(void)
{
	close(control[0]);
	close(control[1]);
}

static int open_files(void)
{
	int n = 0;
	for (int fd = 0; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void send_message(const void *p, size_t n, int nfds)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[4] = {null, null, null, null};
	ok(!fds_send(control[0], p, n, fds, nfds, false), "a message of %d bytes and %d descriptors", (int)n, nfds);
	close(null);
}

static void a_cell(void)
{
	struct spawn s = {.heap = 1 << 24, .lane = 1, .lanes = 2}, got;
	struct cell_ends ends;
	int to, from, leash;
	char c = 0;
	begin();
	ok(!zygote_spawn(control[0], &s, &to, &from, &leash), "a cell is asked for");
	ok(spawn_receive(control[1], &got, &ends), "and the zygote hears of it");
	ok(got.heap == s.heap && got.lane == 1 && got.lanes == 2 && !got.yield, "with all that was said");
	ok(write(to, "a", 1) == 1 && read(ends.in, &c, 1) == 1 && c == 'a', "what is written to it arrives");
	ok(write(ends.out, "b", 1) == 1 && read(from, &c, 1) == 1 && c == 'b', "what it writes comes back");
	ok(fcntl(to, F_GETFD) & FD_CLOEXEC && fcntl(from, F_GETFD) & FD_CLOEXEC && fcntl(leash, F_GETFD) & FD_CLOEXEC, "no end is left to other programs");
	close(leash);
	ok(read(ends.leash, &c, 1) == 0, "and the leash can be dropped");
	close(to), close(from), close(ends.in), close(ends.out), close(ends.leash);
	zygote_yield(control[0], 42, true);
	ok(spawn_receive(control[1], &got, &ends) && got.yield == 42 && got.back, "a cell that shall give way is no new one");
	finish();
}

/* What no worker sends is passed over, and no descriptor of it stays. */
static void nonsense(void)
{
	struct spawn s = {.heap = 1}, yield = {.yield = 7}, got;
	struct cell_ends ends;
	begin();
	int before = open_files();
	send_message("x", 1, 0);
	send_message("x", 1, 3);
	send_message(&s, sizeof s, 0);
	send_message(&s, sizeof s, 1);
	send_message(&s, sizeof s, 4);
	send_message(&s, sizeof s - 1, 3);
	send_message(&yield, sizeof yield, 3);
	send_message(&yield, sizeof yield, 0);
	ok(spawn_receive(control[1], &got, &ends) && got.yield == 7, "the first that makes sense is taken");
	is_int(open_files(), before, "nothing of the others is left");
	send_message(&s, sizeof s, 3);
	ok(spawn_receive(control[1], &got, &ends) && got.heap == 1, "and the next");
	close(ends.in), close(ends.out), close(ends.leash);
	close(control[0]);
	ok(!spawn_receive(control[1], &got, &ends), "nobody is left who could ask");
	ok(!spawn_receive(-1, &got, &ends), "no socket at all");
	close(control[1]);
}

static void refused(void)
{
	struct spawn s = {.heap = 1};
	struct rlimit old, few;
	int to, from, leash;
	begin();
	int before = open_files();
	close(control[1]);
	is_int(zygote_spawn(control[0], &s, &to, &from, &leash), ERR_UNAVAILABLE, "a zygote that is gone starts nothing");
	is_int(open_files(), before - 1, "and nothing stays open");
	getrlimit(RLIMIT_NOFILE, &old);
	for (int spare = 0; spare < 6; spare++) {
		int highest = open("/dev/null", O_RDONLY);
		few = old;
		few.rlim_cur = (rlim_t)(highest + spare);
		close(highest);
		setrlimit(RLIMIT_NOFILE, &few);
		int err = zygote_spawn(control[0], &s, &to, &from, &leash);
		setrlimit(RLIMIT_NOFILE, &old);
		ok(err == ERR_UNAVAILABLE && open_files() == before - 1, "with %d descriptors left neither", spare);
	}
	zygote_yield(control[0], 1, false);
	ok(1, "one that shall give way does not, and that is all");
	close(control[0]);
}

int main(void)
{
	a_cell();
	nonsense();
	refused();
	return done_testing();
}
