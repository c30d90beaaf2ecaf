#include "kernel/meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/now.h"
#include "tap.h"

#define SECOND 1000
#define LIMIT 60000 /* of a minute */

static char dir[] = "/tmp/fazt-meter-XXXXXX";

static void wait_ms(int64_t ms)
{
	now_shift(now_shifted() + ms);
}

static bool about(double got, double want)
{
	return got > want - 0.02 && got < want + 0.02;
}

static void rates(struct meters *all)
{
	struct meter *m = meter_of(all, "one");
	ok(meter_share(m, BUDGET_APP_CPU) == 0 && !meter_wait(m, BUDGET_APP_CPU), "who has used nothing need not wait");
	meter_add(m, BUDGET_APP_CPU, LIMIT, LIMIT / 10);
	ok(about(meter_share(m, BUDGET_APP_CPU), 0.1), "a tenth");
	ok(!meter_share(m, BUDGET_APP_LOG) && !meter_share(meter_of(all, "two"), BUDGET_APP_CPU), "of this budget and this app alone");
	wait_ms(3 * SECOND);
	ok(about(meter_share(m, BUDGET_APP_CPU), 0.05), "three seconds give half of it back");
	wait_ms(30 * SECOND);
	ok(meter_share(m, BUDGET_APP_CPU) == 0, "and there is never more than all of it");
	meter_add(m, BUDGET_APP_CPU, LIMIT, LIMIT);
	meter_add(m, BUDGET_APP_CPU, LIMIT, 1000);
	int64_t wait = meter_wait(m, BUDGET_APP_CPU);
	ok(wait > 800 && wait <= 1001, "a second too much is a second to wait: %d ms", (int)wait);
	wait_ms(wait);
	ok(!meter_wait(m, BUDGET_APP_CPU), "and then it may");
	meter_add(m, BUDGET_APP_CPU, LIMIT, 1e15);
	ok(meter_wait(m, BUDGET_APP_CPU) <= 60 * SECOND + 1, "however much it was, the wait is a minute at most");
	meter_add(m, BUDGET_APP_CPU, LIMIT, -1e15);
	meter_add(m, BUDGET_APP_CPU, LIMIT, 0);
	ok(meter_wait(m, BUDGET_APP_CPU) > 58 * SECOND, "nothing is given back by using less than nothing");
	meter_reset(m, BUDGET_APP_CPU);
	ok(!meter_share(m, BUDGET_APP_CPU), "another limit begins anew");
	meter_add(m, BUDGET_APP_CPU, 0, 1);
	ok(meter_wait(m, BUDGET_APP_CPU) >= 0 && about(meter_share(m, BUDGET_APP_CPU), 1), "who may use nothing has used all of it with the first");
	meter_reset(m, BUDGET_APP_CPU);
	meter_add(m, BUDGET_APP_EGRESS, 1 << 30, 1 << 29);
	wait_ms(6 * 3600 * SECOND);
	ok(about(meter_share(m, BUDGET_APP_EGRESS), 0.25), "that of a day takes a day");
}

static void clocks(struct meters *all)
{
	struct meter *m = meter_of(all, "clock");
	meter_add(m, BUDGET_APP_CPU, LIMIT, LIMIT / 2);
	wait_ms(-3600 * SECOND);
	ok(!meter_wait(m, BUDGET_APP_CPU), "a clock that is set back locks nobody out");
	ok(meter_killed(m) == false, "nor does it count against anybody");
	wait_ms(3600 * SECOND);
	ok(meter_share(m, BUDGET_APP_CPU) <= 0.5, "and nothing was won by setting it forward again");
}

static void ends(struct meters *all)
{
	struct meter *m = meter_of(all, "killed");
	for (int i = 0; i < 4; i++)
		ok(!meter_killed(m), "kill %d is one more", i + 1);
	ok(meter_killed(m), "the fifth in a minute is one too many");
	for (int i = 0; i < 4; i++)
		meter_killed(m);
	meter_forgive(m);
	ok(!meter_killed(m), "forgiven, it counts from nothing");
	for (int i = 0; i < 3; i++)
		meter_killed(m);
	wait_ms(61 * SECOND);
	ok(!meter_killed(m), "so it does a minute later");
}

static void words(struct meters *all)
{
	struct meter *m = meter_of(all, "words");
	ok(meter_tell(m, BUDGET_APP_CPU, false) && !meter_tell(m, BUDGET_APP_CPU, false), "the owner is told once");
	ok(meter_tell(m, BUDGET_APP_CPU, true), "… of each percent");
	wait_ms(3600 * SECOND);
	ok(meter_tell(m, BUDGET_APP_CPU, false), "and again an hour later");
	ok(meter_dropped(m, BUDGET_APP_LOG) == 0, "nothing was dropped");
	meter_drop(m, BUDGET_APP_LOG);
	meter_drop(m, BUDGET_APP_LOG);
	is_int(meter_dropped(m, BUDGET_APP_LOG), 2, "two lines were");
	is_int(meter_dropped(m, BUDGET_APP_LOG), 0, "and that is said once");
	ok(!meter_above(m, 0), "it does not work");
	meter_work(m, 100000);
	ok(meter_above(m, METER_HEAVY_MS) && !meter_above(m, METER_BUSY_MS), "a tenth of a second is more than its neighbours have");
	meter_work(m, 400000);
	ok(meter_above(m, METER_BUSY_MS), "half of one is much");
	wait_ms(6 * SECOND);
	ok(!meter_above(m, METER_HEAVY_MS), "a moment later it is forgotten");
}

static void nobody(struct meters *all)
{
	ok(!meter_of(NULL, "x") && !meter_of(all, ""), "no table and no app: no meter");
	meter_add(NULL, BUDGET_APP_CPU, 1, 1);
	meter_reset(NULL, BUDGET_APP_CPU);
	meter_drop(NULL, BUDGET_APP_LOG);
	meter_work(NULL, 1);
	meter_forgive(NULL);
	ok(!meter_share(NULL, BUDGET_APP_CPU) && !meter_wait(NULL, BUDGET_APP_CPU) && !meter_dropped(NULL, BUDGET_APP_LOG) && !meter_above(NULL, 0) &&
	   !meter_killed(NULL) && !meter_tell(NULL, BUDGET_APP_CPU, true), "which has used nothing");
	struct fault f = {0};
	ok(!meters_open("/nonexistent", &f) && f.err, "where nothing can be written there is none: %s", fault_message(&f));
	meters_close(NULL);
}

/* ---- one table for all processes and threads ---- */

#define THREADS 8
#define TIMES 1000

static void *add_many(void *all)
{
	for (int i = 0; i < TIMES; i++)
		meter_add(meter_of(all, "shared"), BUDGET_APP_LOG, THREADS * TIMES * 4, 1);
	return NULL;
}

static void shared(struct meters *all)
{
	pthread_t thread[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, add_many, all);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	double share = meter_share(meter_of(all, "shared"), BUDGET_APP_LOG);
	ok(share > 0.15 && share <= 0.26, "no thread loses another one's count: %.3f", share);
	pid_t pid = fork();
	if (!pid) {
		struct meters *own = meters_open(dir, NULL);
		meter_drop(meter_of(own, "process"), BUDGET_APP_LOG);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	is_int(meter_dropped(meter_of(all, "process"), BUDGET_APP_LOG), 1, "processes share it");
}

static void crowd(struct meters *all)
{
	char id[32];
	struct meter *m = meter_of(all, "old");
	meter_add(m, BUDGET_APP_CPU, LIMIT, LIMIT);
	for (int i = 0; i < 4 * METER_APPS; i++) {
		snprintf(id, sizeof id, "app-%d", i);
		wait_ms(1);
		meter_drop(meter_of(all, id), BUDGET_APP_LOG);
	}
	ok(meter_dropped(meter_of(all, id), BUDGET_APP_LOG) == 1, "the newest of four thousand is counted");
	ok(meter_share(meter_of(all, "old"), BUDGET_APP_CPU) <= 1, "one that nobody used may have made room");
}

int main(void)
{
	char run[128];
	if (!mkdtemp(dir))
		die("%s", dir);
	snprintf(run, sizeof run, "%s/run", dir);
	mkdir(run, 0700);
	struct meters *all = meters_open(dir, NULL);
	ok(all != NULL, "a table");
	rates(all);
	clocks(all);
	ends(all);
	words(all);
	nobody(all);
	shared(all);
	crowd(all);
	meters_close(all);
	all = meters_open(dir, NULL);
	ok(all != NULL, "and again");
	meters_close(all);
	snprintf(run, sizeof run, "%s/run/meter", dir);
	ok(!truncate(run, 16), "somebody cuts the file");
	all = meters_open(dir, NULL);
	ok(all && !meter_share(meter_of(all, "one"), BUDGET_APP_EGRESS), "a file that was cut is one of zeros");
	meters_close(all);
	remove(run);
	snprintf(run, sizeof run, "%s/run", dir);
	remove(run);
	remove(dir);
	return done_testing();
}
