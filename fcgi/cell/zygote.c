#include "cell/zygote.h"

#include <lua.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/crypt.h"
#include "base/lane.h"
#include "base/oom.h"
#include "base/turn.h"
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

static void prepare(void)
{
	setenv("TZ", "UTC0", 1); /* and read now: a cell has no files */
	tzset();
	grow_stack();
	oom_volunteer(OOM_SOON);
	crypt_init();
	confine_prepare();
	run_prepare();
}

NORETURN static void become_cell(const struct spawn *s, const struct cell_ends *ends, unsigned number)
{
	lane_enter(s->lane, s->lanes);
	confine_descriptors(ends->in, ends->out, ends->leash);
	run_born(CONFINE_OUT_FD);
	run_limit((size_t)s->heap);
	confine(2 * (size_t)s->heap + SLACK, number);
	cell_run(CONFINE_IN_FD, CONFINE_OUT_FD);
}

/* lua_ident is the library's own, where LUA_RELEASE is that of the headers at build time. */
const char *zygote_lua(void)
{
	static char version[16];
	const char *at = strstr(lua_ident, "Lua 5.");
	snprintf(version, sizeof version, "%.*s", at ? (int)strspn(at + 4, "0123456789.") : 0, at ? at + 4 : "");
	return version;
}

/* Cells are of this process's group, so whoever speaks on the socket can slow down nothing else. */
static void give_way(pid_t cell, bool back)
{
	if (!geteuid() && cell > 0 && cell != getpid() && getpgid(cell) == getpgrp())
		turn_take(cell, back ? TURN_IN_ORDER : TURN_LAST);
}

void zygote_run(int control_fd)
{
	struct cell_ends ends;
	struct spawn s;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	prepare();
	for (unsigned number = 0; spawn_receive(control_fd, &s, &ends); number++) {
		if (s.yield) {
			give_way((pid_t)s.yield, s.back);
			continue;
		}
		if (!fork())
			become_cell(&s, &ends, number);
		close(ends.in);
		close(ends.out);
		close(ends.leash);
	}
	_exit(0);
}
