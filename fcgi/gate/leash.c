#include "gate/leash.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "base/now.h"
#include "gate/turns.h"
#include "wire/spawn.h"

#define YIELD_US 50000 /* a cell that has had less in all its life is not the one that keeps a processor busy */
#define CALM_LOOKS 50 /* looks without a deadline before the watcher goes to sleep */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and the descriptors in it */
static struct leash *all;
static sem_t wake;
static int asleep; /* atomic */

static void cut(struct leash *l)
{
	if (l->fd >= 0 && __atomic_load_n(&l->yielded, __ATOMIC_RELAXED))
		zygote_yield(l->control, l->pid, true);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* What the process has used so far, or -1 when it is gone. Anybody may ask that of any process. */
static int64_t clock_us(int pid)
{
	clockid_t id;
	struct timespec t;
	if (!pid || clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		return -1;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#define get(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define set(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)

/* A cell that gives way to everything is ended once it need not any more, so that is for those that would keep at it. */
static bool must_yield(const struct leash *l)
{
	return turns_crowded(l->meter) && meter_above(l->meter, METER_BUSY_MS);
}

/* With the lock held: its clock, with what is new on it paid for; -1 when it is gone. */
static int64_t pay(struct leash *l)
{
	int64_t clock = clock_us(get(&l->pid));
	if (clock < 0)
		return -1;
	meter_add(l->meter, BUDGET_APP_CPU, l->budget, (double)(clock - l->billed) / 1000);
	meter_work(l->meter, clock - l->billed);
	l->billed = clock;
	set(&l->looked, mono_ms());
	return clock;
}

/* A cell in its turn. */
static void look_at_clock(struct leash *l)
{
	int64_t clock = pay(l), began = get(&l->began);
	if (clock < 0)
		return;
	if (began < 0)
		set(&l->began, began = clock);
	if (clock - began > get(&l->most)) {
		set(&l->spent, true);
		cut(l);
	} else if (!get(&l->yielded) && clock > YIELD_US && must_yield(l)) {
		set(&l->yielded, true);
		zygote_yield(l->control, get(&l->pid), false);
	}
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
		else if (deadline && l->fd >= 0)
			look_at_clock(l);
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
		turns_look();
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
	*l = (struct leash){.fd = fd, .began = -1, .next = all, .at = &all};
	if (all)
		all->at = &l->next;
	all = l;
	pthread_mutex_unlock(&lock);
}

void leash_bill(struct leash *l, int control, struct meter *m, int64_t budget)
{
	l->control = control;
	l->meter = m;
	l->budget = budget;
}

void leash_know(struct leash *l, int pid)
{
	set(&l->pid, pid);
}

void leash_until(struct leash *l, int64_t deadline, int64_t most)
{
	if (deadline)
		turns_note(l->meter);
	set(&l->most, most * 1000);
	set(&l->began, -1);
	if (deadline)
		set(&l->spent, false); /* that turn was another one: whoever finds its cell dead tries again */
	__atomic_store_n(&l->deadline, deadline, __ATOMIC_SEQ_CST);
	if (deadline && __atomic_exchange_n(&asleep, 0, __ATOMIC_SEQ_CST))
		sem_post(&wake);
}

bool leash_spent(const struct leash *l)
{
	return get(&l->spent);
}

bool leash_settle(struct leash *l)
{
	if (get(&l->spent))
		return false; /* ended when its answer was on its way */
	if (mono_ms() - get(&l->looked) < LEASH_WORTH_MS)
		return true;
	pthread_mutex_lock(&lock);
	pay(l);
	pthread_mutex_unlock(&lock);
	return !get(&l->yielded) || must_yield(l);
}

void leash_drop(struct leash *l)
{
	pthread_mutex_lock(&lock);
	pay(l);
	cut(l);
	*l->at = l->next;
	if (l->next)
		l->next->at = l->at;
	pthread_mutex_unlock(&lock);
}
