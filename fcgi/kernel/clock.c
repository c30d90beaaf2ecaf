#include "kernel/clock.h"

#include "base/crypt.h"
#include "base/now.h"
#include "codec/calendar.h"
#include "kernel/app.h"
#include "store/run.h"

#define COUNT_MOST 10000               /* moments that are looked at one by one; of more the middle is left out, */
#define RING (JOB_MOST + 1)          /* those that get a run, and the last one that does not */
#define COUNT_TAIL_MS (2 * 3600000ll) /* up to here before now */

/* ---- when ---- */

/* Rows say what the manifest's checks admitted; a name of a zone may be gone with another tzdata. */
void clock_timetable(const struct job *j, const char *owners_zone, struct timetable *t)
{
	struct fault none = {0};
	t->zone_name = *j->zone ? j->zone : owners_zone;
	if (!zone_find(str_of(t->zone_name), &t->zone)) {
		t->zone_name = "UTC";
		zone_find(STR("UTC"), &t->zone);
	}
	if (cron_parse(str_of(j->schedule), &t->cron, &none))
		t->cron = (struct cron){.every = CRON_EVERY_MS};
}

int64_t clock_next(const struct timetable *t, int64_t after)
{
	int64_t at = cron_next(&t->cron, after, &t->zone);
	return at < 0 ? JOB_NEVER : at;
}

/* The same each time, and another one for each job. */
static int64_t delay_of(const struct job *j, const struct timetable *t, int64_t jitter)
{
	unsigned char hash[HASH_LEN];
	struct hashing h;
	int64_t second = j->next == JOB_NEVER ? JOB_NEVER : clock_next(t, j->next);
	if (jitter < 0)
		jitter = second == JOB_NEVER ? CLOCK_SPREAD_MS : MIN((second - j->next) / 100, (int64_t)CLOCK_SPREAD_MS);
	crypt_hash_init(&h);
	crypt_hash_add(&h, j->app_id, strlen(j->app_id));
	crypt_hash_add(&h, j->name, strlen(j->name));
	crypt_hash_end(&h, hash);
	return (int64_t)((uint32_t)hash[0] | (uint32_t)hash[1] << 8 | (uint32_t)hash[2] << 16) % (jitter + 1);
}

static void set_next(struct job *j, int64_t next)
{
	j->next = next;
	j->due = next == JOB_NEVER ? JOB_NEVER : next + j->delay;
}

/* ---- the jobs of a version ---- */

int clock_admits(const struct settings *s, const struct manifest *m, struct fault *f)
{
	struct cron c;
	long long least = s->number[SETTING_JOB_SECONDS];
	for (int i = 0; i < m->ncron; i++)
		if (!cron_parse(str_of(m->cron[i].schedule), &c, f) && cron_interval(&c) < 1000 * least)
			return fault(f, ERR_BAD_MANIFEST, "app.json: cron[%d].schedule: \"%s\" is more often than every %lld seconds; write @every %llds, or let apps: "
				     "fazt-admin setting set job.seconds N", i, m->cron[i].schedule, least, least);
	return 0;
}

static struct job job_of(const char *app_id, const struct cron_entry *c, const char *owners_zone)
{
	struct timetable t;
	struct job j = {.app_id = app_id, .name = c->name, .schedule = c->schedule, .zone = c->tz ? c->tz : "", .handler = c->handler,
			.input = str_of(c->input ? c->input : "null"), .overlap = c->overlap, .catchup = c->catchup, .most = c->most};
	clock_timetable(&j, owners_zone, &t);
	j.next = clock_next(&t, now_ms());
	j.delay = delay_of(&j, &t, c->jitter);
	set_next(&j, j.next);
	return j;
}

int clock_declare(struct node *n, struct db *db, struct arena *a, const char *app_id, const struct manifest *m)
{
	struct settings s;
	int err = node_settings(n, db, a, &s);
	if (!err)
		err = job_begin(db, app_id);
	for (int i = 0; !err && i < m->ncron; i++) {
		struct job j = job_of(app_id, &m->cron[i], s.text[SETTING_TIMEZONE]);
		err = job_keep(db, &j);
	}
	return err ? err : job_rest(db, app_id);
}

/* The zone, or the clock, is another one now: the next moment of a job is looked for anew. */
static int renew(struct db *db, struct job *j, const struct timetable *t, int64_t now)
{
	bool waits = j->due != JOB_NEVER || !*j->held;
	set_next(j, clock_next(t, now));
	j->due = waits ? j->due : JOB_NEVER;
	return job_put(db, j);
}

int clock_rezone(struct db *db, struct arena *a, const char *zone)
{
	struct job *list;
	struct timetable t;
	int n = job_rows(db, a, NULL, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		struct job *j = &list[i];
		if (*j->zone || j->next <= now_ms()) /* whoever looks at it now goes on by the new zone */
			continue;
		clock_timetable(j, zone, &t);
		err = renew(db, j, &t, now_ms());
	}
	db_ring(db);
	return err;
}

int clock_set_back(struct db *db, struct arena *a, const char *zone, int64_t now)
{
	struct job *list;
	struct timetable t;
	int n = job_rows(db, a, NULL, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		clock_timetable(&list[i], zone, &t);
		if (list[i].next > clock_next(&t, now + DAY_MS))
			err = renew(db, &list[i], &t, now);
	}
	return err;
}

/* ---- one job that is due ---- */

struct firing_now {
	struct node *node;
	struct db *db;
	struct arena *arena;
	struct app *app;
	struct job *job;
	int64_t now;
	struct timetable table;
	int64_t n, moment[RING], next; /* moments that have come: how many, the last of them, and the one behind */
};

/* The i-th of them; of very many the last ones only. */
static int64_t moment(const struct firing_now *f, int64_t i)
{
	return f->moment[i % RING];
}

static void find_moments(struct firing_now *f, int64_t until)
{
	int64_t at = f->job->next;
	for (f->n = 0; at <= until; at = clock_next(&f->table, at)) {
		f->moment[f->n++ % RING] = at;
		if (f->n == COUNT_MOST)
			at = MAX(at, until - COUNT_TAIL_MS);
	}
	f->next = at;
}

/* The first n of what has come are missed. */
static int miss(struct firing_now *f, int64_t n, const char *reason)
{
	return n <= 0 ? 0 : firing_missed(f->db, f->job, f->job->next, moment(f, n - 1), n, reason);
}

static int wait_until(struct firing_now *f, const char *held, int64_t due)
{
	f->job->held = held;
	f->job->due = due;
	return job_put(f->db, f->job);
}

static int go_on(struct firing_now *f, int64_t next)
{
	f->job->held = "";
	set_next(f->job, next);
	return job_put(f->db, f->job);
}

static bool is_released(const struct job *j)
{
	return !strcmp(j->held, HELD_DISABLED) || !strcmp(j->held, HELD_PERMISSION) || !strcmp(j->held, HELD_PAUSED);
}

/* A run of it, and its row of the ledger. */
static int insert(struct db *db, const struct app *app, const struct job *j, int64_t at, const char *reason, char id[ID_LEN + 1])
{
	char fresh[ID_LEN + 1];
	struct scope sc = scope_stranger(app->id);
	sc.max_bytes = app->limit[BUDGET_APP_BYTES];
	sc.max_rows = app->limit[BUDGET_APP_ROWS];
	id_new(fresh);
	struct run run = {.id = fresh, .app_id = app->id, .version = app->version, .principal = "app", .parent = "", .handler = j->handler, .key = "",
			  .state = "queued", .input = j->input, .priority = RUN_FOREGROUND - 1, .retries = RUN_RETRIES, .backoff = RUN_BACKOFF_MS,
			  .due = now_ms(), .job = j->name, .moment = at};
	int err = run_insert(db, &sc, &run, app->limit[BUDGET_APP_RUNS], id);
	return err ? err : firing_add(db, j, at, id, reason);
}

/* The same as a part of the transaction: where the app has no room for another run there is nothing of it, and all else goes on. */
static int try_insert(struct firing_now *f, int64_t at, char id[ID_LEN + 1])
{
	struct fault why = {0};
	db_enter(f->db);
	struct db *part = db_borrow(f->node->store, &why);
	int err = db_begin(part);
	if (!err)
		err = insert(part, f->app, f->job, at, "", id);
	err = err ? db_rollback(part) : db_commit(part);
	db_return(part);
	db_leave(f->db);
	return err == ERR_RATE_LIMITED || err == ERR_QUOTA_EXCEEDED ? err : err ? db_fail(f->db, err, "%s", why.message) : 0;
}

/* For the i-th of the moments. Those behind it wait for its end, whatever comes meanwhile. */
static int start(struct firing_now *f, int64_t i)
{
	char id[ID_LEN + 1];
	int64_t at = moment(f, i);
	int err = try_insert(f, at, id);
	bool full = err == ERR_RATE_LIMITED || err == ERR_QUOTA_EXCEEDED;
	if (full) {
		err = firing_missed(f->db, f->job, at, at, 1, "full");
	} else if (!err) {
		f->job->run = arena_strdup(f->arena, id);
		f->job->last = at;
	}
	if (err || i + 1 == f->n)
		return err ? err : go_on(f, f->next);
	f->job->next = moment(f, i + 1);
	return wait_until(f, HELD_OVERLAP, full || f->job->overlap == OVERLAP_ALLOW ? f->now : JOB_NEVER);
}

static bool is_waiting(const struct job *j)
{
	return !strcmp(j->held, HELD_OVERLAP);
}

/* It still runs: what has come waits for it, or is left out. */
static int busy(struct firing_now *f)
{
	if (f->job->overlap == OVERLAP_QUEUE || is_waiting(f->job))
		return wait_until(f, HELD_OVERLAP, JOB_NEVER);
	int err = miss(f, f->n, HELD_OVERLAP);
	return err ? err : go_on(f, f->next);
}

/* How many of the moments get a run. */
static int64_t wanted(const struct firing_now *f)
{
	if (is_waiting(f->job) || f->job->catchup == CATCHUP_ALL)
		return MIN(f->n, f->job->most);
	bool late = moment(f, f->n - 1) + f->job->delay < f->now - CLOCK_LATE_MS;
	return f->job->catchup == CATCHUP_NONE && late ? 0 : 1;
}

static const char *why_late(const struct job *j)
{
	return *j->held ? j->held : "off";
}

static int fire(struct firing_now *f)
{
	struct job *j = f->job;
	clock_timetable(j, f->app->zone, &f->table);
	find_moments(f, f->now - j->delay);
	if (f->app->suspended > f->now && f->n)
		return wait_until(f, HELD_SUSPENDED, f->app->suspended);
	if (!f->n)
		return go_on(f, f->next);
	if (j->overlap != OVERLAP_ALLOW && job_runs(f->db, j))
		return busy(f);
	int64_t left_out = f->n - wanted(f);
	int err = miss(f, left_out, why_late(j));
	if (err)
		return err;
	return left_out < f->n ? start(f, left_out) : go_on(f, f->next);
}

/* The owner's wish held it until now: nothing of that time is made up for. */
static int let_go(struct firing_now *f)
{
	clock_timetable(f->job, f->app->zone, &f->table);
	find_moments(f, f->now);
	int err = miss(f, f->n, f->job->held);
	return err ? err : go_on(f, f->next);
}

/* It cannot be read just now, and is none of the others' business. */
static int look_later(struct firing_now *f)
{
	db_forgive(f->db);
	return wait_until(f, f->job->held, f->now + CLOCK_LATE_MS);
}

static int fire_of(struct node *n, struct db *db, struct arena *a, struct job *j, int64_t now)
{
	fault_clear(db_fault(db));
	struct app *app = app_by_id(n, db, str_of(j->app_id));
	struct firing_now f = {.node = n, .db = db, .arena = a, .app = app, .job = j, .now = now};
	int err;
	if (!app && db_fault(db)->err)
		err = look_later(&f);
	else if (!app || app->state == APP_DISABLED || !app_granted(app, "schedule"))
		err = wait_until(&f, app && app->state != APP_DISABLED ? HELD_PERMISSION : HELD_DISABLED, JOB_NEVER);
	else
		err = is_released(j) ? let_go(&f) : fire(&f);
	app_release(app);
	return err;
}

int clock_fire(struct node *n, struct db *db, int64_t now)
{
	struct job j;
	struct arena *a = arena_new();
	int got = job_claim(db, a, now, &j), err = got > 0 ? fire_of(n, db, a, &j, now) : 0;
	arena_free(a);
	return err ? -err : got;
}

int clock_fire_now(struct node *n, struct db *db, struct job *j, char run_id[ID_LEN + 1])
{
	struct app *app = app_by_id(n, db, str_of(j->app_id));
	int err = app ? 0 : db_fail(db, ERR_NOT_FOUND, "The app is gone.");
	if (!err && app->state == APP_DISABLED)
		err = db_fail(db, ERR_APP_DISABLED, "%s is switched off; switch it on with: fazt-admin app enable %s", app->title, app->name);
	else if (!err && !app_granted(app, "schedule"))
		err = db_fail(db, ERR_PERMISSION_DENIED, "%s may not wake by itself; allow it with: fazt-admin app grant %s schedule", app->title, app->name);
	else if (!err && j->overlap != OVERLAP_ALLOW && job_runs(db, j))
		err = db_fail(db, ERR_CONFLICT, "%s is running; it is run %s.", j->name, j->run);
	if (!err)
		err = insert(db, app, j, now_ms(), BY_HAND, run_id);
	if (!err) {
		j->run = run_id;
		j->last = now_ms();
		err = job_put(db, j);
	}
	app_release(app);
	return err;
}
