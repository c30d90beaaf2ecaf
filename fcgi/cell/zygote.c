#include "cell/zygote.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/crypt.h"
#include "base/lane.h"
#include "cell/run.h"
#include "wire/spawn.h"

#define STACK_BYTES (8 * MIB) /* 200 nested C calls of Lua need more than 256 KB */
#define SLACK (64 * MIB)      /* address space for what a cell allocates besides its heap and snapshot */

static void grow_stack(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_STACK, &r) || r.rlim_cur >= STACK_BYTES)
		return;
	r.rlim_cur = MIN((rlim_t)STACK_BYTES, r.rlim_max);
	setrlimit(RLIMIT_STACK, &r);
}

void zygote_prepare(void)
{
	setenv("TZ", "UTC0", 1); /* and read now: a cell has no files */
	tzset();
	grow_stack();
	crypt_init();
	confine_prepare();
	run_prepare();
}

void zygote_become(int frame_fd, int leash_fd, size_t heap, unsigned number)
{
	confine_descriptors(frame_fd, leash_fd);
	run_limit(heap);
	confine(2 * heap + SLACK, number);
	cell_run(CONFINE_FRAME_FD);
}

void zygote_run(int control_fd)
{
	int frame, leash;
	struct spawn s;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	zygote_prepare();
	for (unsigned number = 0; spawn_receive(control_fd, &s, &frame, &leash); number++) {
		if (!fork()) {
			lane_enter(s.lane, s.lanes);
			zygote_become(frame, leash, (size_t)s.heap, number);
		}
		close(frame);
		close(leash);
	}
	_exit(0);
}
