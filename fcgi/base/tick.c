#include "base/tick.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/lane.h"
#include "base/turn.h"

#define EVERY_NS 1000000
#define LATE_NS 1000 /* how much later the timer may be; without a word Linux takes 50 µs */
#define STACK (64 * 1024)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t again = PTHREAD_COND_INITIALIZER;
static bool (*is_needed)(void);
static unsigned lanes; /* of one processor each */

static void *run(void *lane)
{
	const struct timespec t = {.tv_nsec = EVERY_NS};
	lane_enter((unsigned)(uintptr_t)lane, lanes);
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

static void start_on(unsigned lane, const pthread_attr_t *attr)
{
	pthread_t thread;
	if (!pthread_create(&thread, attr, run, (void *)(uintptr_t)lane))
		pthread_detach(thread);
}

void tick_start(bool (*needed)(void))
{
	pthread_attr_t attr;
	is_needed = needed;
	lanes = lane_count();
	if (pthread_attr_init(&attr))
		return;
	pthread_attr_setstacksize(&attr, STACK);
	for (unsigned lane = 0; lane < lanes; lane++)
		start_on(lane, &attr);
	pthread_attr_destroy(&attr);
}

void tick_again(void)
{
	pthread_cond_broadcast(&again);
}
