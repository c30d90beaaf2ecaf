/* Runs as rows: who gets which, once; what a part of a transaction that failed leaves behind; questions and their one answer. */
#include "base/now.h"
#include "home.h"
#include "store/apps.h"
#include "store/decision.h"
#include "store/run.h"
#include "tap.h"

static struct db *db;
static struct arena *arena;
static struct fault f;
static struct scope sc;
static char app_id[ID_LEN + 1];

static const char *add(const char *key, int64_t priority, int64_t due)
{
	char id[ID_LEN + 1], fresh[ID_LEN + 1];
	id_new(fresh);
	struct run r = {.id = fresh, .app_id = app_id, .version = 1, .principal = "", .parent = "", .handler = "api/x.lua", .key = key, .state = "queued",
			.input = STR("null"), .priority = priority, .due = due};
	db_begin(db);
	int err = run_insert(db, &sc, &r, 5, id);
	err ? db_rollback(db) : db_commit(db);
	return err ? NULL : arena_strdup(arena, id);
}

static const char *last = "";

static bool take(int64_t now, struct run *r)
{
	db_begin(db);
	int got = run_claim(db, arena, now, now + 100, "", last, 1, r);
	db_commit(db);
	return got == 1;
}

static int write_as(const struct run *r, int64_t steps)
{
	fault_clear(&f);
	db_begin(db);
	int err = run_wrote(db, &sc, r->id, r->claim, steps, 10, STR_NONE);
	return err ? db_rollback(db) : db_commit(db);
}

static int end(const struct run *r)
{
	fault_clear(&f);
	db_begin(db);
	int err = run_end(db, r->id, r->claim, "done", STR("1"), 0, "");
	return err ? db_rollback(db) : db_commit(db);
}

static void test_claims(void)
{
	struct run r, again;
	const char *late = add("", 3, 2000), *low = add("", 1, 900), *first = add("", 3, 1000);
	ok(take(1500, &r) && !strcmp(r.id, first), "what matters more comes first");
	ok(take(1500, &again) && !strcmp(again.id, low), "then what matters less");
	ok(!take(1500, &again), "what is not due is nobody's");
	ok(take(1600, &again) && again.claim == 2, "a lease that ended gives the run to the next one");
	ok(take(1601, &again) && again.claim == 2, "… and so the other");
	ok(write_as(&r, 1) == ERR_STALE, "who lost it writes nothing");
	ok(end(&r) == ERR_STALE, "… nor ends it");
	ok(run_next(db, "", 1) < 2000 && run_next(db, app_id, 1) == RUN_NEVER, "the next one is known, also without those of an app");
	while (take(5000, &again))
		ok(!end(&again), "a run ends");
	ok(late != NULL, "the later one too");
}

/* Whoever worked on it and is gone counts as a failure of it, until it gets somewhere. */
static void test_deaths(void)
{
	struct run r;
	int64_t now = now_ms() + 1000;
	add("", 3, 1);
	ok(take(now, &r) && !r.attempt, "a run is taken up");
	ok(take(now += 200, &r) && r.attempt == 1 && take(now += 200, &r) && r.attempt == 2, "each worker that died is an attempt that failed");
	ok(!write_as(&r, 1) && take(now += 200, &r) && r.attempt == 1, "… since it last got anywhere");
	db_begin(db);
	ok(!run_hand_over(db, r.id, r.claim), "it is left");
	db_commit(db);
	ok(take(now, &r) && r.attempt == 1, "… which is no failure");
	ok(!end(&r), "it ends");
}

static int put_off(const struct run *r)
{
	db_begin(db);
	int err = run_postpone(db, r->id, r->claim, 3000, 0, ERR_APP_DISABLED, "off");
	err = err ? err : run_hold(db, r->id);
	return err ? db_rollback(db) : db_commit(db);
}

static int set_state(const char *state)
{
	db_begin(db);
	int err = app_state(db, app_id, state);
	return err ? db_rollback(db) : db_commit(db);
}

/* It was taken up while its app was disabled; perhaps the app is enabled again when that is written down. */
static void test_holding(void)
{
	struct run r;
	char before[ID_LEN + 1];
	memcpy(before, app_id, sizeof before);
	id_new(app_id);
	struct app_row app = {.id = app_id, .name = "held", .title = "", .source = "", .origin = ""};
	db_begin(db);
	ok(!app_insert(db, &app) && !db_commit(db), "an app");
	add("", 3, 1);
	ok(take(10, &r) && !put_off(&r) && run_next(db, "", 1) == 3000, "a run whose app was enabled meanwhile is tried again");
	ok(!set_state("disabled") && take(now_ms(), &r) && !put_off(&r) && run_next(db, "", 1) == RUN_NEVER, "a run of a disabled app is held");
	ok(!set_state("enabled") && take(now_ms(), &r) && !end(&r), "… until the app is enabled");
	memcpy(app_id, before, sizeof before);
}

/* What waits for the end of a suspension goes on when the owner ends it; what is over budget waits all the same. */
static void test_putting_off(void)
{
	static const int whys[] = {ERR_APP_SUSPENDED, ERR_OVER_BUDGET};
	struct run r;
	for (int i = 0; i < 2; i++) {
		int64_t later = now_ms() + 1000000;
		add("", 3, 1);
		db_begin(db);
		ok(!run_put_off(db, app_id, later, whys[i]) && !app_state(db, app_id, "enabled") && !db_commit(db), "an app is enabled");
		ok((run_next(db, "", 1) < later) == !i, i ? "what is over budget waits" : "what was put off for a suspension is due");
		ok(take(later, &r) && !end(&r), "it ends");
	}
}

/* However much one app has due, the others have every other turn. */
static void test_turns(void)
{
	char mine[ID_LEN + 1], other[ID_LEN + 1];
	struct run r;
	memcpy(mine, app_id, sizeof mine);
	id_new(other);
	for (int i = 0; i < 4; i++)
		add("", 5, i);
	memcpy(app_id, other, sizeof other);
	const char *late = add("", 1, 50), *later = add("", 3, 60);
	memcpy(app_id, mine, sizeof mine);
	int order[6] = {0}, n = 0;
	for (last = ""; n < 6 && take(100, &r); last = arena_strdup(arena, r.app_id)) {
		order[n++] = !strcmp(r.id, late) ? 1 : !strcmp(r.id, later) ? 3 : 0;
		ok(!end(&r), "one of six ends");
	}
	ok(n == 6 && order[1] == 3 && order[3] == 1 && !order[0] && !order[2] && !order[4], "apps take turns, and each begins with what matters most to it");
	last = "";
}

static void test_pruning(void)
{
	struct run r;
	for (int i = 0; i < 5; i++) {
		add("", 3, 0);
		ok(take(1, &r) && !end(&r), "one more that ended");
	}
	db_begin(db);
	ok(run_prune(db, 0, 3) > 0, "all but the last few are forgotten");
	ok(db_int(db, -1, "SELECT count(*) FROM runs WHERE ended > 0 AND app_id = ?", "c", app_id) == 3, "… which stay");
	ok(run_prune(db, 0, 3) == 0, "… and nothing else goes");
	ok(run_prune(db, INT64_MAX, 3) >= 3 && !db_int(db, -1, "SELECT count(*) FROM runs WHERE ended > 0 AND app_id = ?", "c", app_id), "what ended long ago is forgotten, however few they are");
	db_commit(db);
}

static void test_keys(void)
{
	struct run r;
	const char *one = add("k", 3, 0), *two = add("k", 3, 0);
	ok(one && two && !strcmp(one, two), "one run for one key");
	ok(take(1, &r) && !end(&r), "it ends");
	const char *three = add("k", 3, 0);
	ok(three && strcmp(one, three), "then there is another");
	for (int i = 0; i < 4; i++)
		ok(add("", 3, 0) != NULL, "one more");
	fault_clear(&f);
	ok(!add("", 3, 0) && f.err == ERR_RATE_LIMITED, "there are no more than the app may have");
	while (take(1, &r))
		end(&r);
}

/* A run that waits for the end of that one. */
static void joins(const char *id, const char *whom)
{
	db_begin(db);
	db_run(db, "UPDATE runs SET state = 'waiting', awaits = ? WHERE id = ?", "cc", whom, id);
	db_commit(db);
}

static void test_lines(void)
{
	struct run r;
	const char *a = add("", 3, 0), *b = add("", 3, 0), *c = add("", 3, 0);
	ok(run_line(db, b, a, 9) == 1 && !run_line(db, a, a, 9), "nobody waits: but for itself a run may wait for any");
	joins(a, b);
	joins(b, c);
	ok(!run_line(db, a, c, 9) && !run_line(db, b, c, 9), "who would close a circle is known, near or far behind");
	ok(run_line(db, a, "another", 9) == 3 && run_line(db, a, "another", 2) == 2, "… and how long the line is, up to most");
	joins(c, a);
	ok(run_line(db, a, "another", 9) == 9, "a circle of before has an end, too");
	ok(take(1, &r) && !strcmp(r.id, a) && run_line(db, c, b, 9) == 2, "who works has yet to ask again");
	do
		end(&r);
	while (take(1, &r));
}

static bool event_is(const char *run, const char *names, const char *expected)
{
	struct buf b = BUF_INIT;
	int err = event_take(db, &sc, run, str_of(names), &b);
	bool same = !err && (expected ? b.len && str_is(buf_str(&b), expected) : !b.len);
	buf_release(&b);
	return same;
}

/* What signals carry is the app's: it counts, and there is an end to it. */
static void test_room(const char *id)
{
	static char text[60000];
	struct str data = {text, sizeof text};
	int64_t before = run_bytes(db, id);
	int n = 0;
	struct scope poor = sc;
	memset(text, '1', sizeof text);
	while (!event_add(db, &sc, id, STR("never"), data))
		n++;
	ok(n == RUN_EVENTS_BYTES / sizeof text && f.err == ERR_RATE_LIMITED, "DSK-01: signals that nobody waits for are bounded by what they carry");
	ok(run_bytes(db, id) > before + n * (int64_t)sizeof text, "DSK-01: and count with their run");
	fault_clear(&f);
	poor.max_bytes = 1000;
	ok(event_add(db, &poor, id, STR("never"), STR("1")) == ERR_QUOTA_EXCEEDED, "DSK-01: under the quota of the app");
	fault_clear(&f);
}

static void test_events(void)
{
	const char *id = add("", 3, RUN_NEVER - 1);
	int64_t before = run_bytes(db, id);
	db_begin(db);
	event_add(db, &sc, id, STR("b"), STR("1"));
	event_add(db, &sc, id, STR("ab"), STR("2"));
	ok(event_is(id, "[\"a\",\"c\"]", NULL), "an event of another name is none");
	ok(event_is(id, "[\"ab\",\"b\"]", "{\"event\":\"b\",\"data\":1}"), "the oldest comes first");
	ok(event_is(id, "\"ab\"", "{\"event\":\"ab\",\"data\":2}"), "each is taken once");
	ok(event_is(id, "\"ab\"", NULL), "then there is none");
	ok(run_bytes(db, id) == before, "and the run comes to what it did before");
	test_room(id);
	db_commit(db);
}

/* What a handler does inside the transaction of its step: its own transactions are parts. */
static void test_parts(struct store *s)
{
	struct fault inner_fault = {0};
	const char *id = add("", 3, RUN_NEVER - 1);
	db_begin(db);
	db_run(db, "UPDATE runs SET note = 'outer' WHERE id = ?", "c", id);
	db_enter(db);
	struct db *inner = db_borrow(s, &inner_fault);
	ok(inner == db, "inside, the connection is the one that is held");
	db_begin(inner);
	db_run(inner, "UPDATE runs SET note = 'lost', error = 'lost' WHERE id = ?", "c", id);
	db_return(inner);
	inner = db_borrow(s, &inner_fault);
	db_begin(inner);
	db_run(inner, "UPDATE runs SET code = 'kept' WHERE id = ?", "c", id);
	db_commit(inner);
	db_return(inner);
	db_leave(db);
	ok(db_in_transaction(db), "the whole is still under way");
	db_commit(db);
	struct run r;
	ok(run_get(db, arena, str_of(id), &r) && !strcmp(r.note, "outer") && !strcmp(r.error, "") && !strcmp(r.code, "kept"), "a part that was left open is undone alone");
}

static struct decision question(const char *reason)
{
	return (struct decision){.app_id = app_id, .version = 1, .run_id = "r", .reason = reason, .data = STR("{}")};
}

/* A run that is in the middle of a call that waits for this. */
static const char *waits_for(const char *id)
{
	struct step s = {.name = "halt", .shown = STR(""), .result = str_of(id), .began = 1};
	const char *run = add("", 3, RUN_NEVER - 1);
	db_begin(db);
	db_run(db, "UPDATE runs SET awaits = ? WHERE id = ?", "cc", id, run);
	step_put(db, run, &s);
	db_commit(db);
	return run;
}

static const char *state_of(const char *id)
{
	struct decision d;
	return decision_get(db, arena, str_of(id), &d) ? d.state : "none";
}

#define is_state(id, state, ...) ok(!strcmp(state_of(id), state), __VA_ARGS__)

static void test_decisions(void)
{
	char one[ID_LEN + 1], two[ID_LEN + 1], seen[DECISION_SHOWN + 1], now[DECISION_SHOWN + 1];
	struct decision d, q = question("may I?");
	ok(!decision_ask(db, &q, one) && !decision_ask(db, &q, two) && !strcmp(one, two), "those who ask the same are one question");
	const char *first = waits_for(one);
	ok(decision_get(db, arena, str_of(one), &d) && d.count == 1, "… that knows how many wait");
	decision_shown(&d, seen);
	const char *second = waits_for(one);
	decision_get(db, arena, str_of(one), &d);
	decision_shown(&d, now);
	ok(d.count == 2 && decision_seen(&d, str_of(seen)) && d.count == 1 && decision_seen(&d, str_of(now)) && d.count == 2,
	   "another one does not make it another question, and how many were shown is known");
	ok(!decision_seen(&d, STR("")) && !decision_seen(&d, (struct str){now, DECISION_HASH}) &&
	   !decision_seen(&d, str_of(arena_printf(arena, "%.*s.-1", DECISION_HASH, now))) && !decision_seen(&d, str_of(arena_printf(arena, "%c%s", *now == '0' ? '1' : '0', now + 1))),
	   "what is no hash of it is none");
	db_begin(db);
	ok(!decision_leave(db, first, "stale") && !run_cancel(db, first), "one waits no more");
	is_state(one, "pending", "… the other still does");
	ok(!decision_end(db, one, "approved", "owner", STR_NONE, STR("{}")), "the first answer counts");
	ok(decision_end(db, one, "denied", "owner", STR_NONE, STR("{}")) == ERR_CONFLICT, "HLT-03: the second does not");
	fault_clear(&f);
	ok(!decision_applied(db, one, NULL) && !decision_anew(db), "it was acted upon, and the database is restored");
	is_state(one, "pending", "HLT-08: after a restore it is asked anew, and the old answer is void");
	ok(!run_cancel(db, second), "nobody waits any more");
	is_state(one, "stale", "… and nobody is asked");
	db_commit(db);
}

static const char *awaited(const char *run)
{
	struct run r;
	return run_get(db, arena, str_of(run), &r) ? r.awaits : "";
}

/* A yes for two of three: the one that came last waits for another, and whoever works on it just now has lost it. */
static void test_rest(void)
{
	struct run r;
	struct step s;
	char id[ID_LEN + 1];
	struct decision d, q = question("all of you?");
	const char *run[3];
	db_run(db, "UPDATE runs SET state = 'cancelled', due = NULL, ended = 1 WHERE ended = 0", ""); /* of before: an app has five */
	ok(!decision_ask(db, &q, id), "a question");
	for (int i = 0; i < 3; i++)
		run[i] = waits_for(id);
	db_run(db, "UPDATE runs SET due = 0 WHERE id = ?", "c", run[2]);
	ok(take(1, &r) && !strcmp(r.id, run[2]), "one is looked at just now");
	db_begin(db);
	ok(!decision_rest(db, id, 3) && !strcmp(awaited(run[2]), id), "for all of them nothing changes");
	ok(!decision_rest(db, id, 2) && !decision_end(db, id, "approved", "owner", STR_NONE, STR_NONE), "a yes for two");
	db_commit(db);
	const char *rest = arena_strdup(arena, awaited(run[2]));
	ok(!strcmp(awaited(run[0]), id) && !strcmp(awaited(run[1]), id) && strcmp(rest, id), "the first two have it");
	ok(decision_get(db, arena, str_of(rest), &d) && d.count == 1 && !strcmp(d.state, "pending") && !strcmp(d.reason, q.reason) && !strcmp(d.run_id, run[2]),
	   "the third asks again");
	ok(step_get(db, arena, run[2], 0, &s) && str_is(s.result, rest), "… and will look there");
	ok(write_as(&r, 1) == ERR_STALE, "… whoever works on it now cannot write down the answer to another");
	db_begin(db);
	for (int i = 0; i < 3; i++)
		run_cancel(db, run[i]);
	db_commit(db);
	is_state(rest, "stale", "nobody waits any more");
}

/* What an app asked is kept as long as the run that asked it first, and no longer than somebody waits. */
static void test_forgetting(void)
{
	struct run r;
	char id[ID_LEN + 1];
	struct decision q = question("for how long?");
	const char *run = add("", 3, 0);
	q.run_id = run;
	ok(!decision_ask(db, &q, id) && take(1, &r) && !strcmp(r.id, run), "a run asks");
	const char *other = waits_for(id);
	db_begin(db);
	ok(!decision_end(db, id, "denied", "owner", STR_NONE, STR_NONE), "it is answered");
	db_commit(db);
	end(&r);
	db_begin(db);
	run_prune(db, INT64_MAX, 1000);
	is_state(id, "denied", "DSK-01: what another run waits for stays");
	run_cancel(db, other);
	ok(!decision_forget(db, app_id, run), "nobody waits");
	is_state(id, "none", "DSK-01: a question goes with the run that asked it");
	db_commit(db);
}

/* A candidate that is ready, for an app at version 1. */
static const char *package(const char *about, const char *asked_by)
{
	char *id = arena_alloc(arena, ID_LEN + 1);
	id_new(id);
	struct candidate c = {.id = id, .source = "s", .origin = "o", .name = "", .for_app = about, .asked_by = asked_by, .base = 1};
	ok(!candidate_insert(db, &c) && !candidate_package(db, id, "h", "", "o") && !candidate_ready(db, id, "why"), "a package waits");
	return id;
}

static int64_t counted(const char *table)
{
	return db_int(db, -1, arena_printf(arena, "SELECT count(*) FROM %s", table), "");
}

/* More versions than one keeps: each goes with its package, and one that was taken back is nothing to go back to. */
static void test_versions(void)
{
	char id[ID_LEN + 1];
	struct app_row app = {.id = id, .name = "versions", .title = "", .source = "", .origin = ""};
	int64_t version, before = counted("packages");
	id_new(id);
	db_begin(db);
	ok(!app_insert(db, &app), "an app");
	for (int i = 1; i <= 40; i++) {
		const char *hash = arena_printf(arena, "v%d", i);
		db_run(db, "INSERT INTO packages (hash, nfiles, bytes, created) VALUES (?, 0, 0, 0)", "c", hash);
		db_run(db, "INSERT INTO versions (app_id, version, package, commit_id, installed) VALUES (?, ?, ?, '', 1)", "cic", id, (int64_t)i, hash);
	}
	app.version = 40;
	ok(!app_advance(db, &app, "v41", "", &version) && version == 41, "another version serves");
	ok(counted("packages") == before + 1 && version_package(db, arena, id, 40), "of forty packages the one before is left");
	ok(app_previous(db, id, 41) == 40, "… which one may go back to");
	ok(!app_point(db, id, 40, "") && app_previous(db, id, 42) == 40, "what was taken back is not before the next");
	db_commit(db);
}

static void test_packages(void)
{
	char target[ID_LEN + 1], one[DECISION_SHOWN + 1];
	struct decision d, q = question("and this?");
	struct app_row app = {.id = target, .name = "target", .title = "", .source = "", .origin = ""};
	int64_t version;
	id_new(target);
	db_begin(db);
	ok(!app_insert(db, &app) && !app_advance(db, &app, "p1", "", &version) && version == 1, "an app");
	app.version = 1;
	const char *id = package(target, "");
	ok(decision_get(db, arena, str_of(id), &d) && d.base == 1 && !strcmp(d.reason, "why") && !strcmp(d.what, "h"), "a package is decided on for a version");
	decision_shown(&d, one);
	ok(!strcmp(one, "h"), "… under its own hash");
	ok(!app_advance(db, &app, "p2", "", &version), "another version serves");
	is_state(id, "stale", "then there is nothing to decide");
	ok(!candidate_get(db, arena, str_of(id)), "… and the package is gone");
	int proposed = 0, err = 0;
	for (; !err && proposed <= 2 * CANDIDATES_APP; proposed++) {
		struct candidate c = {.id = arena_printf(arena, "other%021d", proposed), .source = "", .origin = "", .name = "", .for_app = target, .asked_by = "y", .base = 2};
		err = candidate_insert(db, &c);
	}
	ok(err == ERR_TOO_LARGE && proposed == CANDIDATES_APP + 1, "apps propose so many things for one app");
	fault_clear(&f);
	package(target, "");
	const char *proposals[PROPOSALS_APP];
	for (int i = 0; i < PROPOSALS_APP; i++)
		proposals[i] = package("", app_id);
	ok(decision_room(db, app_id, true) == ERR_RATE_LIMITED, "an app has so many proposals at once");
	ok(!decision_room(db, app_id, false) && !decision_ask(db, &q, one), "… and may still ask");
	fault_clear(&f);
	ok(!candidate_delete(db, proposals[0], "denied"), "one is thrown away");
	is_state(proposals[0], "denied", "… which is a no");
	ok(!candidates_reap(db, INT64_MAX) && candidate_get(db, arena, str_of(proposals[1])), "what an app proposes waits as long as it says");
	ok(!decision_end(db, proposals[1], "approved", "owner", STR_NONE, STR_NONE) && !decision_applied(db, proposals[1], "7"), "one is taken");
	ok(decision_get(db, arena, str_of(proposals[1]), &d) && str_is(d.answer, "7") && !strcmp(d.state, "applied"), "… and says what it became");
	ok(!decision_void_app(db, app_id), "the app is gone");
	is_state(proposals[2], "stale", "… with what it proposed");
	is_state(one, "stale", "… and asked");
	is_state(proposals[1], "applied", "… not with what was decided");
	db_commit(db);
}

int main(void)
{
	struct store *s = home_make();
	arena = arena_new();
	id_new(app_id);
	db = db_borrow(s, &f);
	sc = scope_stranger(app_id);
	sc.max_bytes = sc.max_rows = INT64_MAX;
	test_claims();
	test_deaths();
	test_holding();
	test_putting_off();
	test_turns();
	test_pruning();
	test_keys();
	test_lines();
	test_events();
	test_parts(s);
	test_decisions();
	test_rest();
	test_forgetting();
	test_packages();
	test_versions();
	db_return(db);
	arena_free(arena);
	home_remove(s);
	return done_testing();
}
