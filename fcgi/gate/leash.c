#include "gate/leash.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/now.h"

#define CALM_LOOKS 50 /* looks without a deadline before the watcher goes to sleep */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and the descriptors in it */
static struct leash *all;
static sem_t wake;
static int asleep; /* atomic */

static void cut(struct leash *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Cut what is overdue; is there any deadline? */
static bool look(void)
{
	bool any = false;
	int64_t now = mono_ms();
	pthread_mutex_lock(&lock);
	for (struct leash *l = all; l; l = l->next) {
		int64_t deadline = __atomic_load_n(&l->deadline, __ATOMIC_SEQ_CST);
		any |= deadline != 0;
		if (deadline && deadline <= now)
			cut(l);
	}
	pthread_mutex_unlock(&lock);
	return any;
}

/* Whoever sets a deadline after the last look sees that we are asleep. */
static void sleep_until_woken(void)
{
	__atomic_store_n(&asleep, 1, __ATOMIC_SEQ_CST);
	if (!look())
		while (sem_wait(&wake))
			;
	__atomic_store_n(&asleep, 0, __ATOMIC_SEQ_CST);
}

static void *watch(void *unused UNUSED)
{
	for (int calm = 0;;) {
		usleep(LEASH_LOOK_MS * 1000);
		calm = look() ? 0 : calm + 1;
		if (calm < CALM_LOOKS)
			continue;
		sleep_until_woken();
		calm = 0;
	}
	return NULL;
}

static void start_watcher(void)
{
	pthread_t thread;
	sem_init(&wake, 0, 0);
	if (pthread_create(&thread, NULL, watch, NULL) || pthread_detach(thread))
		die("cannot start a thread");
}

void leash_take(struct leash *l, int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_watcher);
	pthread_mutex_lock(&lock);
	*l = (struct leash){.fd = fd, .next = all, .at = &all};
	if (all)
		all->at = &l->next;
	all = l;
	pthread_mutex_unlock(&lock);
}

void leash_until(struct leash *l, int64_t deadline)
{
	__atomic_store_n(&l->deadline, deadline, __ATOMIC_SEQ_CST);
	if (deadline && __atomic_exchange_n(&asleep, 0, __ATOMIC_SEQ_CST))
		sem_post(&wake);
}

void leash_drop(struct leash *l)
{
	pthread_mutex_lock(&lock);
	cut(l);
	*l->at = l->next;
	if (l->next)
		l->next->at = l->at;
	pthread_mutex_unlock(&lock);
}
