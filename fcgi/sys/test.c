#include "sys/test.h"

#include "base/now.h"
#include "kernel/app.h"
#include "kernel/home.h"
#include "kernel/identity.h"
#include "kernel/mock.h"
#include "store/decision.h"
#include "store/run.h"
#include "sys/ntfy_ask.h"

#define STEPS_MOST 10000 /* of one advance; what is left comes all at once */
#define CENTURY_S 3155760000.0
#define SHOWN_MOST 1000

sys_fn *test_pipeline;
bool (*test_run)(struct node *n);
int64_t (*test_next)(struct node *n);

int sys_test_request(struct req *r, const struct call *c, struct out *o)
{
	return test_pipeline ? test_pipeline(r, c, o) : fail(r, ERR_PERMISSION_DENIED, NULL);
}

int sys_test_person(struct req *r, const struct call *c, struct out *o)
{
	struct user u;
	char public_id[PUBLIC_ID_LEN + 1];
	int role = c->arg[1].present ? role_by_name(c->arg[1].s) : ROLE_MEMBER;
	if (role != ROLE_MEMBER && role != ROLE_ADMIN)
		return fail(r, ERR_BAD_REQUEST, "a role is \"member\" or \"admin\"");
	int err = home_person(r->node, c->arg[0].s, (enum role)role, &u, &r->fault);
	if (err)
		return err;
	app_public_id(r->node, r->app->id, u.id, public_id);
	out_object(o);
	out_kcstr(o, "id", public_id);
	out_kcstr(o, "name", u.name);
	out_kcstr(o, "role", u.role >= ROLE_ADMIN ? "admin" : "member");
	out_end(o);
	return 0;
}

int sys_test_become(struct req *r, const struct call *c, struct out *o)
{
	out_null(o);
	r->who = (struct principal){.kind = c->arg[0].present ? WHO_IS_STRANGER : WHO_IS_APP};
	return !c->arg[0].present || str_is(c->arg[0].s, "nobody") ? 0 : identity_become(r, c->arg[0].s);
}

int sys_test_env(struct req *r, const struct call *c, struct out *o)
{
	struct call set = *c;
	set.nargs = 3;
	set.arg[0] = (struct arg){.present = true, .s = str_of(r->app->name)};
	set.arg[1] = c->arg[0];
	set.arg[2] = c->arg[1];
	return op_app_env_set(r, &set, o);
}

static bool oldest(struct req *r, struct db *db, struct decision *d)
{
	struct decision *list;
	for (int n = decision_rows(db, r->arena, true, &list); n-- > 0;)
		if (!strcmp(list[n].app_id, r->app->id) && !strcmp(list[n].kind, "halt"))
			return decision_get(db, r->arena, str_of(list[n].id), d);
	return false;
}

static int answer(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct decision d;
	if (!oldest(r, db, &d))
		return fail(r, ERR_NOT_FOUND, "Nothing waits for an answer; t.advance(0) lets a run go on until it asks.");
	out_object(o);
	out_kcstr(o, "reason", d.reason);
	out_kraw(o, "data", d.data);
	out_end(o);
	return decision_end(db, d.id, c->arg[0].b ? "approved" : "denied", "owner", c->arg[2].s,
			    c->arg[1].present ? c->arg[1].s : d.data);
}

int sys_test_answer(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, answer);
}

static void move_to(int64_t moment)
{
	now_shift(now_shifted() + MAX(0, moment - now_ms()));
}

/* Each run may take its own time, so the test's is asked for before each; its cell is ended then, whatever we answer. */
static bool has_time(const struct req *r)
{
	return mono_ms() < r->deadline;
}

/* From one moment at which something is due to the next, so that each run sees its own time. */
static int live_until(struct req *r, int64_t moment)
{
	int64_t next;
	for (int i = 0; i < STEPS_MOST && has_time(r) && (next = test_next(r->node)) <= moment; i++) {
		move_to(next);
		test_run(r->node);
	}
	move_to(moment);
	for (int i = 0; i < STEPS_MOST && has_time(r) && test_run(r->node); i++)
		;
	return has_time(r) ? 0 : fail(r, ERR_APP_TIMEOUT, NULL);
}

int sys_test_server(struct req *r, const struct call *c, struct out *o)
{
	out_null(o);
	mock_answers(r->node, c->arg[0].s);
	return 0;
}

int sys_test_sent(struct req *r, const struct call *c UNUSED, struct out *o)
{
	mock_sent(r->node, o);
	return 0;
}

int sys_test_advance(struct req *r, const struct call *c, struct out *o)
{
	double seconds = c->arg[0].n;
	if (seconds < 0 || seconds > CENTURY_S)
		return fail(r, ERR_BAD_REQUEST, "the clock goes forward, by at most a century");
	int err = test_run && c->arg[0].present ? live_until(r, now_ms() + (int64_t)(seconds * 1000)) : 0;
	out_int(o, now_ms());
	return err;
}

static int mails(struct req *r, struct db *db, const struct call *c UNUSED, struct out *o)
{
	struct str *said = arena_alloc(r->arena, SHOWN_MOST * sizeof *said);
	int n = 0, row = 0;
	struct run run;
	struct stmt *s = run_query(db, r->app->id, NULL, SHOWN_MOST);
	while (s && (row = stmt_row(s)) == 1)
		if (run_get(db, r->arena, arena_str(r->arena, stmt_str(s, 0)), &run) && !strcmp(run.handler, RUN_MAIL))
			said[n++] = run.input;
	out_array(o);
	while (n)
		out_raw(o, said[--n]);
	out_end(o);
	return s ? -row : r->fault.err;
}

int sys_test_mails(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, mails);
}

static int own_topics(struct req *r, struct db *db, struct str own[MESSAGE_TOPICS])
{
	struct topic *all;
	int found = 0, n = topic_list(db, r->arena, &all);
	for (int i = 0; i < n && found < MESSAGE_TOPICS; i++)
		if (!strcmp(all[i].app_id, r->app->id))
			own[found++] = str_of(all[i].name);
	return n < 0 ? n : found;
}

static int notifications(struct req *r, struct db *db, const struct call *c UNUSED, struct out *o)
{
	struct str own[MESSAGE_TOPICS];
	struct message_since all = {0};
	struct message m;
	int row = 0, n = own_topics(r, db, own);
	struct stmt *s = n < 0 ? NULL : message_query(db, own, n, &all, true, now_ms(), SHOWN_MOST);
	out_array(o);
	while (s && (row = stmt_row(s)) == 1) {
		message_read(s, &m);
		ask_message(o, r->arena, &m);
	}
	out_end(o);
	return s ? -row : r->fault.err;
}

int sys_test_notifications(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, notifications);
}
