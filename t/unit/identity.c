/* Identity on a disk that fails: every statement behind a request fails in turn. The answer is the right one or says that
 * something is wrong here; nobody is let in, taken for a stranger, or told that a password is wrong because a row could not be
 * read. When the disk works again, so does the same request. */
#define FAILING_STATEMENTS
#include "../identity/browser.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/now.h"
#include "failing.h"
#include "kernel/identity.h"
#include "tap.h"

#define HOUR (60 * 60 * 1000)

static struct browser owner = {.client = "10.0.0.1"}, ann = {.client = "10.0.0.2"}, other;
static char token[2000], program[100], form[300];

/* ---- a hash of passwords that costs nothing, in place of base/crypt's: hundreds of them are asked for ---- */

void __wrap_crypt_password_hash(char out[PASSWORD_HASH_LEN], struct str password);
bool __wrap_crypt_password_check(const char *hash, struct str password);

void __wrap_crypt_password_hash(char out[PASSWORD_HASH_LEN], struct str password)
{
	snprintf(out, PASSWORD_HASH_LEN, "plain:%.*s", STR_FMT(password));
}

bool __wrap_crypt_password_check(const char *hash, struct str password)
{
	char same[PASSWORD_HASH_LEN];
	__wrap_crypt_password_hash(same, password);
	return !strcmp(hash, same);
}

/* ---- what is asked ---- */

/* 200 for the one it should be only. */
static int for_whom(int status, enum principal_kind kind, const char *name)
{
	return status == 200 && (R.who.kind != kind || strcmp(R.who.name, name)) ? 401 : status;
}

static int dashboard(void)
{
	return for_whom(get(&ann, OS, "/"), WHO_IS_USER, "Ann");
}

static int app(void)
{
	return for_whom(get(&ann, "pad.localhost", "/"), WHO_IS_USER, "Ann");
}

static int app_by_token(void)
{
	return for_whom(with_token("pad.localhost", "GET", token), WHO_IS_USER, "Ann");
}

static int by_program(void)
{
	begin(&other, "GET", OS, "/_fazt/api/app.list");
	header("authorization", arena_printf(R.arena, "Bearer %s", program));
	int err = identify();
	return for_whom(err ? err_row(err)->http : 200, WHO_IS_TOKEN, "ci");
}

static int by_no_program(void)
{
	begin(&other, "GET", OS, "/_fazt/api/app.list");
	header("authorization", "Bearer fazt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	int err = identify();
	return err ? err_row(err)->http : 200;
}

static int by_password(void)
{
	return sign_in(&other, "Ann", "correct+horse+battery");
}

static int by_wrong_password(void)
{
	return sign_in(&other, "Ann", "guess");
}

static int by_link(void)
{
	return post(&other, OS, "/_fazt/login", form);
}

static int hand_over(void)
{
	int status = get(&other, "pad.localhost", "/");
	for (int i = 0; i < 3 && status == 303; i++)
		status = follow(&other);
	return for_whom(status, WHO_IS_USER, "Ann");
}

static int sign_out(void)
{
	return post(&other, OS, "/_fazt/sign-out", form);
}

static int change_password(void)
{
	int err = op_of(&other, op_session_password, PASSWORD, PASSWORD);
	return err ? err_row(err)->http : 200;
}

/* ---- and before ---- */

static void as_ann(void)
{
	other = (struct browser){.client = "10.0.0.3"};
	sign_in(&other, "Ann", "correct+horse+battery");
}

static void with_form(void)
{
	as_ann();
	snprintf(form, sizeof form, "csrf=%s", csrf_of(&other));
}

static void with_link(void)
{
	other = (struct browser){.client = "10.0.0.3"};
	op(op_login_link, "Ann", NULL, NULL);
	snprintf(form, sizeof form, "%s", form_of_link(NULL));
}

static void as_nobody(void)
{
	other = (struct browser){.client = "10.0.0.3"};
}

/* So that it has to wait now. */
static void after_guesses(void)
{
	as_nobody();
	clock_hold(0);
	while (sign_in(&other, "Ann", "guess") != 429)
		;
}

static const struct way {
	int (*run)(void);
	void (*before)(void);
	int status;
	const char *name;
} ways[] = {
	{dashboard, NULL, 200, "a session at the dashboard"},
	{app, NULL, 200, "a session at an app"},
	{app_by_token, NULL, 200, "a token"},
	{by_program, NULL, 200, "a program's token"},
	{by_no_program, as_nobody, 401, "one that is none"},
	{by_password, as_nobody, 303, "the right password"},
	{by_wrong_password, as_nobody, 401, "a wrong one"},
	{by_wrong_password, after_guesses, 429, "one guess too many"},
	{by_link, with_link, 303, "a link"},
	{hand_over, as_ann, 200, "on to an app"},
	{sign_out, with_form, 200, "signing out"},
	{change_password, as_ann, 200, "another password"},
};

/* ---- around it ---- */

/* Nothing is remembered of who anybody is, nor of guesses; what is about the node and its apps is. */
static void prepare(const struct way *way)
{
	struct browser stranger = {.client = "10.0.0.9"};
	struct fault f = {0};
	clock_go();
	struct db *db = db_borrow(node.store, &f);
	if (db_begin(db) || db_run(db, "DELETE FROM throttle", "") || db_commit(db))
		die("guesses cannot be forgotten: %s", f.message);
	db_return(db);
	if (way->before)
		way->before();
	set("port", "8080");
	get(&stranger, OS, "/");
	get(&stranger, "pad.localhost", "/");
}

static void fail_everywhere(const struct way *way)
{
	int64_t at = 0, failed = 0, reached;
	int status, again = 0;
	const char *wrong = NULL;
	do {
		prepare(way);
		failing_arm(FAIL_STATEMENT, ++at, false);
		status = way->run();
		reached = failing_calm();
		failed += status >= 500;
		if (status != way->status && status < 500)
			wrong = arena_printf(R.arena, "%d and not %d: %s", status, way->status, fault_message(&R.fault));
		if (!wrong && status >= 500 && way->run != by_link) /* a link may be spent */
			again = way->run() != way->status;
		if (again)
			wrong = arena_printf(R.arena, "it does not work again: %d %s", R.res.status, fault_message(&R.fault));
	} while (!wrong && reached >= at);
	ok(!wrong && failed > 0, "%s: %lld statements fail, %lld times it does; at %lld: %s", way->name, (long long)at - 1,
	   (long long)failed, (long long)at, wrong ? wrong : "works");
}

/* A session notes once an hour that it is used. Where that cannot be written, nobody is signed out. */
static void test_full(void)
{
	int served = 0, failed = 0;
	int64_t at = 0, reached;
	do {
		prepare(&ways[0]);
		now_shift(2 * HOUR);
		failing_arm(FAIL_STATEMENT, ++at, true);
		int status = dashboard();
		reached = failing_calm();
		served += status == 200 && !R.fault.err && reached >= at;
		failed += status >= 500;
		if (status != 200 && status < 500)
			ok(0, "statement %lld: %d", (long long)at, status);
		now_shift(0);
	} while (reached >= at);
	ok(served > 0 && failed > 0, "a disk that cannot be written to signs nobody out: %d served, %d could not be read", served, failed);
}

int main(void)
{
	failing_install();
	identity_setup();
	log_open("/nowhere");
	enter(&owner);
	join(&ann, "Ann");
	open_app(&ann, "pad.localhost", "/");
	snprintf(token, sizeof token, "%s", token_for("Ann", "pad", NULL));
	op(op_token_add, "ci", NULL, NULL);
	snprintf(program, sizeof program, "%.*s", (int)op_out.len - 2, op_out.p + 1);
	test_full();
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		fail_everywhere(&ways[i]);
	identity_teardown();
	return done_testing();
}
