#define _GNU_SOURCE /* gettid */

#include "gate/turns.h"

#include <unistd.h>

#include "base/now.h"
#include "base/tick.h"
#include "base/turn.h"
#include "kernel/threads.h"
#include "store/db.h"

#define SEATS (THREADS + 8) /* those that serve, and those that work through runs */

#define get(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define set(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* ---- who is beside whom ---- */

/* The two apps that had a turn last, and when. A race costs a moment's precision. */
static struct {
	const struct meter *meter;
	int64_t at;
} recent[2];

void turns_note(const struct meter *m)
{
	if (get(&recent[0].meter) != m) {
		set(&recent[1].at, get(&recent[0].at));
		set(&recent[1].meter, get(&recent[0].meter));
		set(&recent[0].meter, m);
	}
	set(&recent[0].at, mono_ms());
}

void turns_forget(void)
{
	set(&recent[0].meter, NULL);
	set(&recent[1].meter, NULL);
}

bool turns_crowded(const struct meter *m)
{
	const int other = get(&recent[0].meter) == m;
	return get(&recent[other].meter) && mono_ms() - get(&recent[other].at) < TURNS_COMPANY_MS && meter_above(m, METER_HEAVY_MS);
}

static bool company(void)
{
	return turns_crowded(get(&recent[0].meter)) || turns_crowded(get(&recent[1].meter));
}

/* ---- threads ---- */

/* A thread and its turn. That of one that waits is also changed by another thread; a race costs one request its turn. */
static struct seat {
	pid_t thread;
	bool waits;
	enum turn turn;
} seats[SEATS];
static int taken; /* seats */
static __thread struct seat *own;

static void take(struct seat *s, enum turn t)
{
	if (get(&s->turn) == t)
		return;
	set(&s->turn, t);
	turn_take(s->thread, t);
}

static enum turn others(void)
{
	return company() ? TURN_FIRST : TURN_IN_ORDER;
}

void turns_join(void)
{
	int n = own ? SEATS : __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	if (n >= SEATS)
		return;
	seats[n] = (struct seat){.thread = gettid(), .turn = TURN_IN_ORDER};
	own = &seats[n];
	turns_wait();
}

void turns_work(const struct meter *m)
{
	if (!own)
		return;
	bool later = turns_crowded(m);
	db_patient(later);
	set(&own->waits, false);
	take(own, later ? TURN_LATER : others());
}

void turns_go_on(const struct meter *m)
{
	if (own && !get(&own->waits))
		turns_work(m);
}

void turns_wait(void)
{
	if (!own || get(&own->waits))
		return;
	db_patient(false);
	take(own, others());
	set(&own->waits, true);
}

/* Threads are made when there is company for the first time: many a node never has it. */
static void tick_for_company(void)
{
	static bool started;
	if (!company())
		return;
	if (!started)
		tick_start(company);
	started = true;
	tick_again();
}

void turns_look(void)
{
	int n = MIN(get(&taken), SEATS);
	enum turn t = n ? others() : TURN_IN_ORDER;
	tick_for_company();
	for (int i = 0; i < n; i++)
		if (get(&seats[i].waits))
			take(&seats[i], t);
}
