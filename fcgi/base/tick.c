#define _GNU_SOURCE /* CPU_SET */

#include "base/tick.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/turn.h"

#define EVERY_NS 1000000
#define LATE_NS 1000 /* how much later the timer may be; without a word Linux takes 50 µs */
#define STACK (64 * 1024)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t again = PTHREAD_COND_INITIALIZER;
static bool (*is_needed)(void);

static void stay_on(int cpu)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)sched_setaffinity(0, sizeof one, &one);
}

static void *run(void *cpu)
{
	const struct timespec t = {.tv_nsec = EVERY_NS};
	stay_on((int)(intptr_t)cpu);
	turn_take(0, TURN_AT_ONCE);
	prctl(PR_SET_TIMERSLACK, LATE_NS);
	prctl(PR_SET_NAME, "tick");
	for (;;) {
		while (is_needed())
			nanosleep(&t, NULL);
		pthread_mutex_lock(&mutex);
		pthread_cond_wait(&again, &mutex);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void start_on(int cpu, const pthread_attr_t *attr)
{
	pthread_t thread;
	if (!pthread_create(&thread, attr, run, (void *)(intptr_t)cpu))
		pthread_detach(thread);
}

void tick_start(bool (*needed)(void))
{
	cpu_set_t mine;
	pthread_attr_t attr;
	is_needed = needed;
	if (sched_getaffinity(0, sizeof mine, &mine) || pthread_attr_init(&attr))
		return;
	pthread_attr_setstacksize(&attr, STACK);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &mine))
			start_on(cpu, &attr);
	pthread_attr_destroy(&attr);
}

void tick_again(void)
{
	pthread_cond_broadcast(&again);
}
