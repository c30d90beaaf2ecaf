#include "kernel/journal.h"

#include "base/now.h"
#include "base/visible.h"
#include "kernel/app.h"

/* Invariant: recorded steps are in the database, pending ones follow them, and seq is their number unless steps are being
 * answered from the journal. Whatever ends a segment early throws pending away. */

#define FLUSH_BYTES (256 * KIB) /* so much may wait in memory */

const char *journal_principal(const struct req *r, bool as_app)
{
	return as_app || r->who.kind == WHO_IS_APP ? "app" : r->who.kind == WHO_IS_USER ? r->who.user_id : "";
}

void journal_open(struct req *r, const struct run *run)
{
	struct journal *j = NEW(r->arena, struct journal);
	*j = (struct journal){.arena = r->arena, .scope = scope_stranger(r->app ? r->app->id : run->app_id)};
	j->scope.max_bytes = r->app ? r->app->limit[BUDGET_APP_BYTES] : INT64_MAX;
	j->scope.max_rows = r->app ? r->app->limit[BUDGET_APP_ROWS] : INT64_MAX;
	if (run) {
		j->run = *run;
		j->request = run->request;
		j->recorded = run->steps;
	}
	r->journal = j;
}

void journal_guard(const struct req *r, struct db *db)
{
	if (r->app && !(r->journal && r->journal->run.id))
		db_write_for(db, r->app->id, r->app->migrated);
}

int journal_needed(struct req *r, const char *what)
{
	if (r->journal && r->journal->run.id)
		return 0;
	return fail(r, ERR_BAD_REQUEST, "%s works in a run only; start one with fazt.queue.", what);
}

int journal_suspend(struct req *r, int64_t due, const char *awaits, const char *ticket)
{
	struct journal *j = r->journal;
	j->due = due;
	j->awaits = arena_strdup(j->arena, awaits);
	j->ticket = ticket ? arena_strdup(j->arena, ticket) : NULL;
	return ERR_SUSPENDED;
}

/* The cell leaves, whatever its code would like to catch. */
static int leave(struct req *r, enum left why)
{
	r->journal->left = why;
	r->journal->why = r->fault;
	return ERR_SUSPENDED;
}

static int broken(struct req *r, int err, const char *fmt, ...) PRINTF(3, 4);
static int broken(struct req *r, int err, const char *fmt, ...)
{
	char text[FAULT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail(r, err, "%s", text);
	return leave(r, LEFT_BROKEN);
}

/* A transaction of the journal failed: code that went on would be one step ahead of what is written. */
static int failed(struct req *r, int err)
{
	return !err ? 0 : leave(r, err == ERR_STALE ? LEFT_LOST : err == ERR_QUOTA_EXCEEDED ? LEFT_BROKEN : LEFT_FAILED);
}

/* ---- writing ---- */

static void pend(struct journal *j, const struct step *s)
{
	if (j->npending == j->room) {
		int room = j->room ? 2 * j->room : 16;
		struct step *more = arena_alloc(j->arena, (size_t)room * sizeof *more);
		memcpy(more, j->pending ? j->pending : more, (size_t)j->npending * sizeof *more);
		j->pending = more;
		j->room = room;
	}
	struct step *p = &j->pending[j->npending++];
	*p = *s;
	p->name = arena_strdup(j->arena, s->name);
	p->shown = arena_str(j->arena, s->shown);
	p->result = arena_str(j->arena, s->result);
	j->bytes += step_bytes(p);
	if (!j->run.id && j->bytes > JOURNAL_REQUEST)
		j->full = true;
	j->npending -= j->full;
}

/* What a step adds that is written now; one that waited has its row. */
static int64_t added(const struct journal *j, const struct step *s, bool again)
{
	int64_t waited = again && s->ended && j->ticket ? (int64_t)strlen(j->ticket) : 0;
	return !s ? 0 : !again ? step_bytes(s) : s->ended ? (int64_t)s->result.n - waited : 0;
}

/* Is what the cell was sent still to be kept? Time, chance and ids hang on it, from the first effect on. */
static bool unkept(const struct journal *j)
{
	return j->request.n && !j->run.request.n;
}

/* Inside a transaction: pending, and one more (NULL: none), become rows. */
static int put_all(struct req *r, struct db *db, const struct step *last, bool again)
{
	struct journal *j = r->journal;
	int64_t steps = j->recorded + j->npending + (last && !again), bytes = j->bytes + added(j, last, again);
	struct str request = unkept(j) ? j->request : STR_NONE;
	int err = run_wrote(db, &j->scope, j->run.id, j->run.claim, steps, bytes, request);
	for (int i = 0; !err && i < j->npending; i++)
		err = step_put(db, j->run.id, &j->pending[i]);
	if (!err && last)
		err = step_put(db, j->run.id, last);
	if (!err && bytes && run_bytes(db, j->run.id) > r->settings.number[SETTING_RUN_BYTES])
		err = db_fail(db, ERR_QUOTA_EXCEEDED, "The journal of one run has at most %lld KB; do less in each run.",
			      (long long)(r->settings.number[SETTING_RUN_BYTES] / KIB));
	return err;
}

/* The transaction was committed. */
static void recorded(struct journal *j, const struct step *last, bool again)
{
	j->recorded += j->npending + (last && !again);
	j->run.request = j->request;
	j->npending = 0;
	j->bytes = 0;
}

/* pending and last, alone. */
static int flush(struct req *r, const struct step *last, bool again)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = db_begin(db);
	if (!err)
		err = put_all(r, db, last, again);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	if (!err)
		recorded(r->journal, last, again);
	return failed(r, err);
}

/* ---- the result of a step ---- */

static void note(struct req *r, struct step *s, int err, struct out *o, size_t from)
{
	s->ended = r->journal->moment = now_ms();
	s->err = err;
	if (err)
		s->result = arena_str(r->journal->arena, str_of(fault_message(&r->fault)));
	else
		s->result = (struct str){o->buf->p ? o->buf->p + from : "", o->buf->len - from};
}

/* A step that changed nothing: it waits for one that does. */
static int remember(struct req *r, struct step *s)
{
	struct journal *j = r->journal;
	struct fault kept = r->fault;
	int err = s->err;
	if (!j->full)
		pend(j, s);
	j->seq++;
	if (j->run.id && j->bytes > FLUSH_BYTES && (err = flush(r, NULL, false)))
		return err;
	r->fault = kept;
	return s->err;
}

static int read_step(struct req *r, struct step *s, journal_fn *fn, void *arg, struct out *o)
{
	size_t from = o->buf->len;
	int err = fn(r, arg, o);
	note(r, s, err, o, from);
	return remember(r, s);
}

/* fn inside the transaction that was begun. */
static int call_inside(struct req *r, struct db *db, journal_fn *fn, void *arg, struct out *o)
{
	db_enter(db);
	int err = fn(r, arg, o);
	db_leave(db);
	return err;
}

/* fn and its step in one transaction. */
static int write_both(struct req *r, struct step *s, journal_fn *fn, void *arg, struct out *o, bool *refused)
{
	size_t from = o->buf->len;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = db_begin(db);
	if (!err) {
		err = call_inside(r, db, fn, arg, o);
		*refused = err;
		note(r, s, err, o, from);
	}
	if (!err)
		err = put_all(r, db, s, false);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

static int write_step(struct req *r, struct step *s, journal_fn *fn, void *arg, struct out *o)
{
	struct journal *j = r->journal;
	bool refused = false;
	if (!j->run.id)
		return read_step(r, s, fn, arg, o);
	int err = write_both(r, s, fn, arg, o, &refused);
	if (refused)
		return remember(r, s);
	if (err)
		return failed(r, err);
	recorded(j, s, false);
	j->seq++;
	return 0;
}

/* The key is the same however often it is tried; what led here is on disk first. One that failed is tried again by the next
 * attempt, unless code caught the error and went on. */
static int external_step(struct req *r, struct step *s, journal_fn *fn, void *arg, struct out *o)
{
	struct journal *j = r->journal;
	size_t from = o->buf->len;
	if (!j->run.id)
		return read_step(r, s, fn, arg, o);
	int err = j->npending || unkept(j) ? flush(r, NULL, false) : 0;
	if (err)
		return err;
	snprintf(r->once, sizeof r->once, "%s-%lld", j->run.id, (long long)s->seq);
	err = fn(r, arg, o);
	r->once[0] = 0;
	note(r, s, err, o, from);
	if (err)
		return remember(r, s);
	if ((err = flush(r, s, false)))
		return err;
	j->seq++;
	return 0;
}

/* ---- waiting ---- */

/* The request becomes a run under its own id, claimed by whoever serves it. */
static int born(struct req *r, struct db *db)
{
	struct journal *j = r->journal;
	char id[ID_LEN + 1];
	j->run = (struct run){.id = r->id, .app_id = r->app->id, .version = r->app->version, .principal = journal_principal(r, false), .parent = "", .handler = "",
			      .key = "", .state = "running", .input = STR("null"), .request = j->request, .priority = 3, .claim = 1,
			      .due = now_ms() + r->settings.number[SETTING_RUN_LEASE]};
	return run_insert(db, &j->scope, &j->run, r->app->limit[BUDGET_APP_RUNS], id);
}

/* What a step that waits leaves for whoever goes on: the ticket, in the place of a result. */
static int park(struct req *r, struct db *db, struct step *s, bool again)
{
	struct journal *j = r->journal;
	s->ended = 0;
	s->err = 0;
	s->result = j->ticket ? str_of(j->ticket) : STR("");
	int err = put_all(r, db, s, again);
	return err ? err : run_park(db, j->run.id, j->run.claim, j->due, j->awaits);
}

/* One that is refused at once is no step yet: like a write that was, it is made again by the next attempt, unless code caught
 * the error and went on. */
static int try_to_wait(struct req *r, struct step *s, bool again, journal_fn *fn, void *arg, struct out *o, bool *waits, bool *refused)
{
	struct journal *j = r->journal;
	size_t from = o->buf->len;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	journal_guard(r, db);
	int err = db_begin(db);
	if (!err) {
		err = call_inside(r, db, fn, arg, o);
		*waits = err == ERR_SUSPENDED;
		*refused = err && !*waits && !again;
		note(r, s, *waits ? 0 : err, o, from);
	}
	if (*waits) {
		err = j->run.id ? 0 : born(r, db);
		if (!err)
			err = park(r, db, s, again);
	} else if (!*refused && (!err || j->run.id)) {
		err = put_all(r, db, s, again);
	}
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

static int suspend_step(struct req *r, struct step *s, bool again, journal_fn *fn, void *arg, struct out *o)
{
	struct journal *j = r->journal;
	bool waits = false, refused = false, request = !j->run.id;
	if (request && (j->full || !j->request.n))
		return fail(r, ERR_TOO_LARGE, "A request that halts has at most %u KB of body and results behind it; queue a run for it.",
			    JOURNAL_REQUEST / KIB);
	int err = try_to_wait(r, s, again, fn, arg, o, &waits, &refused);
	if (request && err) { /* what its code may catch, and halt later */
		j->run = (struct run){0};
		note(r, s, err, o, 0);
	}
	if (refused || (request && err))
		return remember(r, s);
	if (err)
		return failed(r, err);
	recorded(j, s, again);
	j->seq++;
	return waits ? leave(r, LEFT_PARKED) : s->err;
}

/* ---- a call ---- */

static int differs(struct req *r, const struct step *was, const struct step *s)
{
	return broken(r, ERR_CONFLICT, "Step %lld was %s %s before and is %s %s now: the code took another way, so the run cannot be gone on with.",
		      (long long)s->seq, was->name, visible(r->arena, was->shown, 120), s->name, visible(r->arena, s->shown, 120));
}

/* The step of the journal at this place: 1 found and the same, 0 none, or -ERR_*. */
static int find(struct req *r, const struct step *s, struct step *was)
{
	struct journal *j = r->journal;
	if (j->seq >= j->recorded)
		return 0;
	struct db *db = db_borrow(r->node->store, &r->fault);
	bool found = db && step_get(db, r->arena, j->run.id, s->seq, was);
	db_return(db);
	if (!found)
		return -(r->fault.err ? r->fault.err : broken(r, ERR_INTERNAL, "Step %lld of the journal is missing.", (long long)s->seq));
	if (strcmp(was->name, s->name) || memcmp(was->args, s->args, sizeof s->args))
		return -differs(r, was, s);
	return 1;
}

static int replay(struct req *r, const struct step *was, struct out *o)
{
	r->journal->seq++;
	r->journal->moment = was->ended;
	if (was->err)
		return fail(r, was->err, "%.*s", STR_FMT(was->result));
	buf_addstr(o->buf, was->result);
	return 0;
}

static int within(struct req *r, enum journal_kind kind, const struct step *s, journal_fn *fn, void *arg, struct out *o)
{
	struct journal *j = r->journal;
	int err;
	if (kind == JOURNAL_WRITE || kind == JOURNAL_SUSPEND)
		return fail(r, ERR_BAD_REQUEST, "%s does not work inside fazt.step; call it before or behind.", s->name);
	if (kind == JOURNAL_EXTERNAL && j->run.id && (j->npending || unkept(j)) && (err = flush(r, NULL, false)))
		return err;
	if (kind == JOURNAL_EXTERNAL && j->run.id)
		snprintf(r->once, sizeof r->once, "%s-%lld.%d", j->run.id, (long long)j->seq, j->externals++);
	err = fn(r, arg, o);
	r->once[0] = 0;
	return err;
}

/* A run that does not end by itself ends at so many steps. */
static int one_too_many(struct req *r)
{
	const struct journal *j = r->journal;
	int64_t most = r->settings.number[SETTING_RUN_STEPS];
	if (!j->run.id || j->seq < most)
		return 0;
	return broken(r, ERR_SYSCALL_LIMIT, "A run has at most %lld steps; let it queue another one for what is left.", (long long)most);
}

int journal_call(struct req *r, enum journal_kind kind, struct step *s, journal_fn *fn, void *arg, struct out *o)
{
	struct journal *j = r->journal;
	struct step was;
	int err;
	if (j->left)
		return ERR_SUSPENDED;
	if (j->inside)
		return within(r, kind, s, fn, arg, o);
	s->seq = j->seq;
	s->began = j->began = now_ms();
	j->ticket = NULL;
	int found = find(r, s, &was);
	if (found < 0)
		return -found;
	if (found && was.ended)
		return replay(r, &was, o);
	if (found) {
		s->began = j->began = was.began;
		j->ticket = arena_cstr(j->arena, was.result);
	}
	if (!found && (err = one_too_many(r)))
		return err;
	switch (kind) {
	case JOURNAL_READ: return read_step(r, s, fn, arg, o);
	case JOURNAL_WRITE: return write_step(r, s, fn, arg, o);
	case JOURNAL_EXTERNAL: return external_step(r, s, fn, arg, o);
	case JOURNAL_SUSPEND: return suspend_step(r, s, found, fn, arg, o);
	}
	return fail(r, ERR_INTERNAL, NULL);
}

/* ---- fazt.step ---- */

int journal_look(struct req *r, struct step *s, struct out *o, bool *known)
{
	struct journal *j = r->journal;
	struct step was;
	*known = false;
	if (j->left)
		return ERR_SUSPENDED;
	if (j->inside)
		return fail(r, ERR_BAD_REQUEST, "A step does not run inside another.");
	s->seq = j->seq;
	int found = find(r, s, &was), err = found ? 0 : one_too_many(r);
	if (err)
		return err;
	*known = found > 0;
	j->inside = !found;
	j->externals = 0;
	j->began = now_ms();
	return found > 0 ? replay(r, &was, o) : -found;
}

int journal_keep(struct req *r, struct step *s, struct str result, struct out *o)
{
	struct journal *j = r->journal;
	if (j->left)
		return ERR_SUSPENDED;
	j->inside = false;
	s->seq = j->seq;
	s->began = j->began;
	s->ended = now_ms();
	s->result = result;
	buf_addstr(o->buf, result);
	if (!j->run.id)
		return remember(r, s);
	int err = flush(r, s, false);
	j->seq += !err;
	return err;
}

int journal_drop(struct req *r, struct step *s)
{
	struct journal *j = r->journal;
	if (j->left)
		return ERR_SUSPENDED;
	j->inside = false;
	s->seq = j->seq;
	s->began = j->began;
	s->ended = now_ms();
	return remember(r, s);
}

int journal_end(struct req *r, const char *state, struct str result, int why, const char *error)
{
	struct journal *j = r->journal;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = db_begin(db);
	if (!err && !why && (j->npending || j->bytes)) {
		j->request = STR_NONE; /* it begins no more */
		err = put_all(r, db, NULL, false);
	}
	if (!err)
		err = run_end(db, j->run.id, j->run.claim, state, result, why, error);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}
