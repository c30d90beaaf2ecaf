#define _GNU_SOURCE /* CPU_SET */

#include "base/lane.h"

#include <sched.h>

unsigned lane_count(void)
{
	cpu_set_t all;
	return sched_getaffinity(0, sizeof all, &all) ? 0 : (unsigned)CPU_COUNT(&all);
}

void lane_enter(unsigned lane, unsigned lanes)
{
	cpu_set_t all, mine;
	unsigned seen = 0;
	CPU_ZERO(&mine);
	if (!lanes || sched_getaffinity(0, sizeof all, &all) || (unsigned)CPU_COUNT(&all) < lanes)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && seen++ % lanes == lane)
			CPU_SET(cpu, &mine);
	(void)sched_setaffinity(0, sizeof mine, &mine);
}
