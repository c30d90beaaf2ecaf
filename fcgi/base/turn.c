#include "base/turn.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

/* How long it wants to work at a time, in ns; Linux takes 0.1 to 100 ms, and 0 is its own choice (sched_setattr(2)). Whoever wants
 * less goes before whoever wants more. */
static const struct {
	uint32_t policy;
	uint64_t piece;
} turn[] = {
	[TURN_IN_ORDER] = {SCHED_BATCH, 0},
	[TURN_AT_ONCE] = {SCHED_NORMAL, 100000},
	[TURN_FIRST] = {SCHED_NORMAL, 200000},
	[TURN_LATER] = {SCHED_BATCH, 100000000},
	[TURN_LAST] = {SCHED_IDLE, 0},
};

void turn_take(pid_t pid, enum turn t)
{
	struct sched_attr a = {.size = SCHED_ATTR_SIZE_VER0, .sched_policy = turn[t].policy, .sched_runtime = turn[t].piece,
			       .sched_nice = getpriority(PRIO_PROCESS, (id_t)pid)};
	(void)syscall(SYS_sched_setattr, pid, &a, 0);
}
