/* Jobs as rows: who gets which, what holds them, what is written down; and that ten thousand which sleep are looked at by one step
 * of an index. */
#include <time.h>

#include "base/now.h"
#include "home.h"
#include "store/apps.h"
#include "store/job.h"
#include "store/run.h"
#include "tap.h"

static struct db *db;
static struct arena *arena;
static struct fault f;
static char app_id[ID_LEN + 1];

static struct job sample(const char *name, int64_t due)
{
	return (struct job){.app_id = app_id, .name = name, .schedule = "@daily", .zone = "", .handler = "api/x.lua", .held = "", .run = "", .input = STR("null"),
			    .most = 3, .next = due, .due = due};
}

static int keep(const char *name, int64_t due)
{
	struct job j = sample(name, due);
	return job_keep(db, &j);
}

static struct job look(const char *name)
{
	struct job j = {0};
	job_get(db, arena, app_id, str_of(name), &j);
	return j;
}

static int make_app(void)
{
	struct app_row app = {.id = app_id, .name = "jobs", .title = "Jobs", .source = "", .origin = ""};
	id_new(app_id);
	int err = app_insert(db, &app);
	return err ? err : grant_add(db, app_id, "schedule", "");
}

static void test_claims(void)
{
	struct job j;
	ok(!job_begin(db, app_id) && !keep("late", 2000) && !keep("early", 1000) && !job_rest(db, app_id), "an app has jobs");
	is_int(job_next(db), 1000, "the next one is known");
	is_int(job_claim(db, arena, 999, &j), 0, "what is not due is nobody's");
	ok(job_claim(db, arena, 5000, &j) == 1 && !strcmp(j.name, "early"), "the first that is due is claimed");
	is_int(job_next(db), 2000, "… and nobody else's until it is due again");
	j.next = j.due = 3000;
	ok(!job_put(db, &j) && look("early").due == 3000, "then it is");
	ok(job_claim(db, arena, 2500, &j) == 1 && !strcmp(j.name, "late"), "the other one comes next");
	j.due = j.next = JOB_NEVER;
	ok(!job_put(db, &j) && look("late").due == JOB_NEVER && job_next(db) == 3000, "what never fires is not due");
}

static void test_versions(void)
{
	struct job j = look("early");
	j.last = 1000;
	j.run = "r";
	job_put(db, &j);
	job_begin(db, app_id);
	keep("early", 7000);
	keep("new", 8000);
	job_rest(db, app_id);
	ok(look("early").next == 3000 && look("early").last == 1000, "what stays keeps its moment and its past");
	ok(look("new").due == 8000 && !look("late").name, "what is new comes, what is gone goes");
	j = sample("early", 9000);
	j.schedule = "@hourly";
	job_begin(db, app_id);
	job_keep(db, &j);
	job_rest(db, app_id);
	ok(look("early").next == 9000 && look("early").due == 9000, "another schedule has another moment");
	ok(!look("new").name, "and the others are gone");
}

static void test_held(void)
{
	app_state(db, app_id, "disabled");
	ok(look("early").due == JOB_NEVER && !strcmp(look("early").held, HELD_DISABLED), "SCH-07: jobs of an app that is off are not due");
	grant_remove(db, app_id, "schedule");
	app_state(db, app_id, "enabled");
	ok(look("early").due == JOB_NEVER, "… nor without the permission");
	job_begin(db, app_id);
	keep("early", 9500);
	keep("fresh", 9500);
	job_rest(db, app_id);
	ok(look("early").due == JOB_NEVER && !strcmp(look("fresh").held, HELD_PERMISSION), "… nor with another version");
	grant_add(db, app_id, "schedule", "");
	ok(look("early").due <= now_ms() && !strcmp(look("early").held, HELD_DISABLED), "let go, it is due at once, and says what held it");
	job_pause(db, app_id, "fresh", true);
	grant_add(db, app_id, "schedule", "");
	ok(look("fresh").due == JOB_NEVER && !strcmp(look("fresh").held, HELD_PAUSED), "a paused one rests whatever happens to the app");
	grant_remove(db, app_id, "schedule");
	job_pause(db, app_id, "fresh", false);
	ok(look("fresh").due == JOB_NEVER && !strcmp(look("fresh").held, HELD_PERMISSION), "and does not begin to fire without the permission");
	grant_add(db, app_id, "schedule", "");
	struct job j = look("early");
	j.held = HELD_OVERLAP;
	j.run = "the run";
	j.due = JOB_NEVER;
	db_run(db, "UPDATE jobs SET due = NULL", "");
	job_put(db, &j);
	ok(!job_ended(db, "") && !job_ended(db, "another run") && look("early").due == JOB_NEVER, "one that waits for its run is not due");
	ok(!job_ended(db, "the run") && look("early").due <= now_ms(), "… until that has ended");
}

static void test_ledger(void)
{
	struct job j = look("early");
	struct firing *list;
	firing_missed(db, &j, 10, 30, 3, "off");
	firing_missed(db, &j, 40, 50, 2, "off");
	is_int(firing_rows(db, arena, app_id, "early", 10, &list), 1, "what is missed for one reason is one row");
	ok(list[0].due == 10 && list[0].until == 50 && list[0].times == 5 && list[0].run[0] == 0, "… from the first to the last");
	firing_missed(db, &j, 60, 60, 1, "overlap");
	firing_add(db, &j, 70, "a run", "");
	firing_missed(db, &j, 80, 80, 1, "overlap");
	is_int(firing_rows(db, arena, app_id, NULL, 10, &list), 4, "another reason, or a run between, is another");
	ok(list[0].due == 80 && list[1].due == 70 && !strcmp(list[1].run, "a run") && !list[1].state, "the youngest comes first");
	is_int(look("early").missed, 7, "and all are counted");
	is_int(firing_rows(db, arena, NULL, NULL, 2, &list), 2, "no more than one asks for");
	is_int(firing_prune(db, 0, 3), 1, "the ledger keeps so many of an app");
	is_int(firing_prune(db, now_ms() + 1, 3), 3, "… for so long");
	firing_add(db, &j, 70, "a run", "");
	ok(!job_forget(db, app_id, false) && !look("early").name && firing_rows(db, arena, app_id, NULL, 9, &list) == 1, "a removed app has no jobs, and a past");
	ok(!job_forget(db, app_id, true) && firing_rows(db, arena, app_id, NULL, 9, &list) == 0, "purged, it has none");
}

static int64_t cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* Of the processor: what else runs on this machine does not count. */
static int64_t time_of(int times)
{
	int64_t began = cpu_us(), sum = 0;
	for (int i = 0; i < times; i++)
		sum += job_next(db);
	return sum ? cpu_us() - began : -1;
}

static void test_many(void)
{
	char plan[300] = "";
	struct stmt *s;
	keep("first", 1000);
	int64_t few = time_of(2000);
	for (int i = 0; i < 10000; i++) {
		char name[20];
		snprintf(name, sizeof name, "job%d", i);
		keep(name, 5000 + i);
	}
	int64_t many = time_of(2000);
	ok(many < 5 * few + 2000, "10,000 jobs are looked at as quickly as one: %lld µs, %lld µs", (long long)many, (long long)few);
	s = db_query(db, "EXPLAIN QUERY PLAN UPDATE jobs SET due = NULL WHERE (app_id, name) = (SELECT app_id, name FROM jobs WHERE due <= ? ORDER BY due LIMIT 1)", "i", (int64_t)1);
	while (s && stmt_row(s) == 1)
		snprintf(plan + strlen(plan), sizeof plan - strlen(plan), "%.*s; ", STR_FMT(stmt_str(s, 3)));
	ok(strstr(plan, "jobs_due") && !strstr(plan, "SCAN"), "and claimed by an index: %s", plan);
}

int main(void)
{
	struct store *s = home_make();
	arena = arena_new();
	db = db_borrow(s, &f);
	db_begin(db);
	ok(!make_app(), "an app that may wake by itself");
	test_claims();
	test_versions();
	test_held();
	test_ledger();
	test_many();
	ok(!f.err, "nothing went wrong %s", f.message);
	db_commit(db);
	db_return(db);
	arena_free(arena);
	home_remove(s);
	return done_testing();
}
