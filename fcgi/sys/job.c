/* What apps do by themselves, as their owner sees it. */
#include "base/now.h"
#include "codec/calendar.h"
#include "kernel/clock.h"
#include "store/run.h"
#include "sys/appinfo.h"
#include "sys/sys.h"

#define COMING 10
#define HISTORY_LIMIT 100
#define LIST_MOST 1000
#define DAYS 7
#define SIMULATE_MOST 10000
#define DAYS_MOST 366

/* ---- finding ---- */

/* The app of an argument that may be left out: then NULL. */
static int app_if(struct req *r, struct db *db, const struct arg *arg, const char **app_id)
{
	struct app_row *app = arg->present ? app_named(r, db, arg->s) : NULL;
	*app_id = app ? app->id : NULL;
	return r->fault.err;
}

static int find(struct req *r, struct db *db, const struct call *c, struct job *j)
{
	const struct app_row *app = app_named(r, db, c->arg[0].s);
	if (!app)
		return r->fault.err;
	if (job_get(db, r->arena, app->id, c->arg[1].s, j))
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "%s has no job of that name; see: fazt-admin job list --app %s", app->name, app->name);
}

static void write_app_name(struct req *r, struct db *db, struct out *o, const char *app_id)
{
	struct app_row *app = app_row_by_id(db, r->arena, str_of(app_id));
	out_kcstr(o, "app", app ? app->name : NULL);
}

static void write_moment(struct out *o, const char *key, int64_t at)
{
	out_key(o, key);
	if (at > 0 && at != JOB_NEVER)
		out_int(o, at);
	else
		out_null(o);
}

static int limit_of(struct req *r, const struct arg *arg, int64_t otherwise, int64_t most, const char *what, int64_t *n)
{
	*n = arg->present ? arg->i : otherwise;
	return *n >= 1 && *n <= most ? 0 : fail(r, ERR_BAD_REQUEST, "%s is 1 to %lld.", what, (long long)most);
}

static struct timetable table_of(const struct req *r, const struct job *j)
{
	struct timetable t;
	clock_timetable(j, r->settings.text[SETTING_TIMEZONE], &t);
	return t;
}

/* "2026-11-27T07:00:00+01:00" */
static const char *local_time(struct req *r, const struct timetable *t, int64_t at)
{
	int64_t offset = zone_span(&t->zone, at).offset / MINUTE_MS, away = offset < 0 ? -offset : offset;
	char text[25];
	now_iso(at + offset * MINUTE_MS, text);
	return arena_printf(r->arena, "%.19s%c%02d:%02d", text, offset < 0 ? '-' : '+', (int)(away / 60), (int)(away % 60));
}

/* ---- list ---- */

static bool is_stopped(const struct job *j)
{
	return !strcmp(j->held, HELD_PAUSED) || !strcmp(j->held, HELD_DISABLED) || !strcmp(j->held, HELD_PERMISSION);
}

/* Where it has been held, nothing looked at its next moment since. */
static int64_t coming(const struct timetable *t, const struct job *j)
{
	int64_t now = now_ms();
	return is_stopped(j) ? JOB_NEVER : j->next > now || !strcmp(j->held, "") ? j->next : clock_next(t, now);
}

static void write_job(struct req *r, struct db *db, struct out *o, const struct job *j)
{
	struct timetable t = table_of(r, j);
	out_object(o);
	write_app_name(r, db, o, j->app_id);
	out_kcstr(o, "name", j->name);
	out_kcstr(o, "state", job_runs(db, j) ? "running" : is_stopped(j) ? "paused" : "waiting");
	write_moment(o, "next", coming(&t, j));
	write_moment(o, "last", j->last);
	out_kcstr(o, "last_state", job_state(db, r->arena, j));
	out_kint(o, "missed", j->missed);
	out_kcstr(o, "reason", j->held);
	out_kcstr(o, "schedule", shown_line(r, j->schedule, SHOWN_BYTES));
	out_kcstr(o, "zone", t.zone_name);
	out_kcstr(o, "handler", j->handler);
	out_end(o);
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	const char *app_id;
	struct job *jobs;
	int err = app_if(r, db, &c->arg[0], &app_id), n = err ? 0 : job_rows(db, r->arena, app_id, &jobs);
	out_array(o);
	for (int i = 0; i < n; i++)
		write_job(r, db, o, &jobs[i]);
	out_end(o);
	return err ? err : MAX(-n, 0);
}

int op_job_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

/* ---- next ---- */

static int next(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct job j;
	int err = find(r, db, c, &j);
	if (err)
		return err;
	struct timetable t = table_of(r, &j);
	int64_t at = j.next > now_ms() ? j.next : clock_next(&t, now_ms());
	out_array(o);
	for (int i = 0; i < COMING && at != JOB_NEVER; i++, at = clock_next(&t, at)) {
		out_object(o);
		out_kint(o, "at", at);
		out_kcstr(o, "local", local_time(r, &t, at));
		out_kcstr(o, "zone", t.zone_name);
		out_end(o);
	}
	out_end(o);
	return 0;
}

int op_job_next(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, next);
}

/* ---- simulate ---- */

struct preview {
	struct job *job;
	struct timetable table;
	int64_t at;
};

/* Heaps and the like are for others: there are few jobs, and each look is a comparison. */
static struct preview *earliest(struct preview *p, int n)
{
	struct preview *first = n ? p : NULL;
	for (int i = 1; i < n; i++)
		if (p[i].at < first->at)
			first = &p[i];
	return first;
}

static struct preview *previews(struct req *r, struct job *jobs, int njobs, int *n)
{
	struct preview *p = arena_alloc(r->arena, (size_t)(njobs + 1) * sizeof *p);
	*n = 0;
	for (int i = 0; i < njobs; i++) {
		if (is_stopped(&jobs[i]))
			continue;
		p[*n] = (struct preview){.job = &jobs[i], .table = table_of(r, &jobs[i])};
		p[*n].at = jobs[i].next > now_ms() ? jobs[i].next : clock_next(&p[*n].table, now_ms());
		++*n;
	}
	return p;
}

static void write_preview(struct req *r, struct db *db, struct out *o, const struct preview *p)
{
	out_object(o);
	out_kint(o, "at", p->at);
	out_kcstr(o, "local", local_time(r, &p->table, p->at));
	write_app_name(r, db, o, p->job->app_id);
	out_kcstr(o, "name", p->job->name);
	out_kcstr(o, "handler", p->job->handler);
	out_end(o);
}

static int simulate(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	const char *app_id;
	struct job *jobs;
	int64_t days, limit;
	int n = 0, err = limit_of(r, &c->arg[0], DAYS, DAYS_MOST, "days", &days);
	if (err || (err = limit_of(r, &c->arg[2], LIST_MOST, SIMULATE_MOST, "limit", &limit)) || (err = app_if(r, db, &c->arg[1], &app_id)))
		return err;
	int njobs = job_rows(db, r->arena, app_id, &jobs);
	struct preview *first, *all = previews(r, jobs, MAX(njobs, 0), &n);
	int64_t until = now_ms() + days * DAY_MS;
	out_array(o);
	for (int64_t i = 0; i < limit && (first = earliest(all, n)) && first->at <= until; i++) {
		write_preview(r, db, o, first);
		first->at = clock_next(&first->table, first->at);
	}
	out_end(o);
	return MAX(-njobs, 0);
}

int op_job_simulate(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, simulate);
}

/* ---- history ---- */

static void write_firing(struct req *r, struct db *db, struct out *o, const struct firing *f)
{
	out_object(o);
	write_app_name(r, db, o, f->app_id);
	out_kcstr(o, "name", f->job);
	out_kint(o, "due", f->due);
	out_kint(o, "at", f->at);
	out_kcstr(o, "state", !*f->run ? "missed" : f->state ? f->state : "forgotten");
	out_kcstr(o, "run", *f->run ? f->run : NULL);
	out_kcstr(o, "reason", f->reason);
	out_kint(o, "times", f->times);
	out_kint(o, "until", f->until);
	out_end(o);
}

static int history(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	const char *app_id;
	struct firing *list;
	int64_t limit;
	int err = limit_of(r, &c->arg[2], HISTORY_LIMIT, LIST_MOST, "limit", &limit);
	if (err || (err = app_if(r, db, &c->arg[0], &app_id)))
		return err;
	int n = firing_rows(db, r->arena, app_id, c->arg[1].present ? arena_cstr(r->arena, c->arg[1].s) : NULL, limit, &list);
	out_array(o);
	for (int i = 0; i < n; i++)
		write_firing(r, db, o, &list[i]);
	out_end(o);
	return MAX(-n, 0);
}

int op_job_history(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, history);
}

/* ---- the owner's hand ---- */

static int run(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct job j;
	char id[ID_LEN + 1];
	int err = find(r, db, c, &j);
	if (!err)
		err = clock_fire_now(r->node, db, &j, id);
	if (err)
		return err;
	out_object(o);
	out_kcstr(o, "run", id);
	out_end(o);
	return 0;
}

int op_job_run(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, run);
}

static int set_pause(struct req *r, struct db *db, const struct call *c, struct out *o, bool pause)
{
	struct job j;
	int err = find(r, db, c, &j);
	out_null(o);
	return err ? err : job_pause(db, j.app_id, j.name, pause);
}

static int pause_job(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return set_pause(r, db, c, o, true);
}

static int resume_job(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	return set_pause(r, db, c, o, false);
}

int op_job_pause(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, pause_job);
}

int op_job_resume(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, resume_job);
}
