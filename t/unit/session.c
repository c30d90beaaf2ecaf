/* Sessions and tokens: the hand-over to apps, what each is good for and how it ends, and what hostile pages try with
 * those of others. */
#include <unistd.h>

#include "../identity/browser.h"
#include "base/now.h"
#include "kernel/attempt.h"
#include "kernel/identity.h"
#include "kernel/people.h"
#include "kernel/token.h"
#include "tap.h"

static struct browser owner = {.client = "10.0.0.1"}, ann = {.client = "10.0.0.2"};

static void test_hand_over(void)
{
	char code[200], public_id[27];
	struct browser thief = {0};
	is_int(get(&owner, "pad.localhost", "/notes?tag=a%20b"), 303, "an app's page sends its stranger to the dashboard");
	ok(str_starts(str_of(answer("location")), "http://os.localhost:8080/_fazt/hand-over?app=pad&challenge="), "%s", answer("location"));
	ok(str_starts(str_of(answer("set-cookie")), "__Host-fazt-nonce="), "with a nonce");
	is_int(follow(&owner), 303, "which hands over");
	ok(str_starts(str_of(answer("location")), "http://pad.localhost:8080/_fazt/enter?code="), "%s", answer("location"));
	snprintf(code, sizeof code, "%s", strstr(answer("location"), "/_fazt/"));
	is_int(follow(&owner), 303, "the app's host takes the code");
	is_str(answer("location"), "/notes?tag=a%20b", "and goes on where it began");
	ok(cookie(&owner, "pad.localhost", "__Host-fazt") && !cookie(&owner, "pad.localhost", "__Host-os"), "with a session of its own");
	ok(!cookie(&owner, "pad.localhost", "__Host-fazt-nonce"), "the nonce is gone");
	is_int(follow(&owner), 200, "in");
	ok(R.who.owner && !strncmp(R.who.public_id, "u_", 2) && strlen(R.who.public_id) == 26, "as the owner, under a public id");
	memcpy(public_id, R.who.public_id, sizeof public_id);
	open_app(&owner, "blog.localhost", "/");
	get(&owner, "blog.localhost", "/_fazt/sign-in");
	while (R.res.status == 303 && follow(&owner) != 200)
		;
	ok(R.who.kind == WHO_IS_USER && strcmp(R.who.public_id, public_id), "another app knows another id");

	is_int(get(&thief, "pad.localhost", code), 400, "the code again, in another browser");
	get(&owner, "pad.localhost", code);
	is_str(answer("location"), "/", "the code again, in the same browser: in already");

	/* a fresh code, stolen on the way: the thief's browser has another nonce, and the code is spent */
	struct browser victim = owner;
	cookie(&victim, "pad.localhost", "__Host-fazt")->value[0] = 0;
	get(&victim, "pad.localhost", "/");
	follow(&victim);
	snprintf(code, sizeof code, "%s", strstr(answer("location"), "/_fazt/"));
	get(&thief, "pad.localhost", "/");
	is_int(get(&thief, "pad.localhost", code), 400, "a stolen code does not fit the thief's nonce");
	ok(!cookie(&thief, "pad.localhost", "__Host-fazt"), "no session");
	is_int(get(&victim, "pad.localhost", code), 400, "and is spent");

	get(&victim, "pad.localhost", "/");
	follow(&victim);
	snprintf(code, sizeof code, "%s", strstr(answer("location"), "/_fazt/"));
	cookie(&victim, "blog.localhost", "__Host-fazt")->value[0] = 0;
	is_int(get(&victim, "blog.localhost", code), 400, "a code for one app is none for another");

	get(&victim, "pad.localhost", "/");
	follow(&victim);
	snprintf(code, sizeof code, "%s", strstr(answer("location"), "/_fazt/"));
	now_shift(61 * 1000);
	is_int(get(&victim, "pad.localhost", code), 400, "a code older than a minute");
	now_shift(0);

	get(&victim, "pad.localhost", "/");
	follow(&victim);
	snprintf(code, sizeof code, "%s", strstr(answer("location"), "/_fazt/"));
	struct cookie_row *nonce = cookie(&victim, "pad.localhost", "__Host-fazt-nonce");
	nonce->value[3] ^= 1;
	is_int(get(&victim, "pad.localhost", code), 400, "a tampered nonce");

	is_int(get(&owner, OS, "/_fazt/hand-over?app=pad&challenge=short&next=/"), 400, "a challenge that is none");
	const char *c = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	char url[300];
	snprintf(url, sizeof url, "/_fazt/hand-over?app=nothere&challenge=%s&next=/", c);
	is_int(get(&owner, OS, url), 404, "an app that is not there");
	snprintf(url, sizeof url, "/_fazt/hand-over?app=pad&challenge=%s&next=//evil.example", c);
	is_int(get(&owner, OS, url), 400, "a hand-over to elsewhere");
	snprintf(url, sizeof url, "/_fazt/hand-over?app=pad&challenge=%s&next=/", c);
	begin(&owner, "GET", OS, url);
	header("sec-fetch-dest", "iframe");
	is_int(finish(&owner), 400, "a hand-over in a frame");
	is_int(get(&thief, OS, url), 303, "a stranger signs in first");
	ok(str_starts(str_of(answer("location")), "/_fazt/sign-in?next=%2F_fazt%2Fhand-over%3Fapp%3Dpad"), "and comes back");

	begin(&thief, "GET", "pad.localhost", "/");
	header("accept", "application/json");
	is_int(finish(&thief), 401, "a program gets 401 instead");
	begin(&thief, "POST", "pad.localhost", "/");
	header("accept", "text/html");
	header("origin", "http://pad.localhost:8080");
	is_int(finish(&thief), 401, "so does a form");
}

static void test_tokens(void)
{
	char token[2000];
	snprintf(token, sizeof token, "%s", token_for("Ann", "pad", NULL));
	is_int(with_token("pad.localhost", "GET", token), 200, "a token opens its app");
	ok(R.who.via == VIA_BEARER && !strcmp(R.who.name, "Ann") && R.who.public_id[0] == 'u', "as its person");
	is_int(with_token("pad.localhost", "GET", token), 200, "and again, from memory");
	is_int(with_token("pad.localhost", "POST", token), 200, "writes need no Origin with a token");
	is_int(with_token("blog.localhost", "GET", token), 401, "no other app");
	is_int(with_token(OS, "GET", token), 401, "not the dashboard");
	is_int(with_token("pad.localhost", "GET", "garbage"), 401, "garbage");
	is_int(with_token("pad.localhost", "GET", ""), 401, "nothing");
	is_int(with_token("blog.localhost", "GET", "x.y.z"), 401, "a bad token is refused where strangers may come, too");

	struct browser b = {0};
	char target[2200];
	snprintf(target, sizeof target, "/api/x?token=%s", token);
	is_int(get(&b, "pad.localhost", target), 400, "a token in the address");
	is_int(get(&b, "pad.localhost", "/?access_token=1"), 400, "by the name of RFC 6750");
	is_int(get(&b, "blog.localhost", "/?token=shared-link"), 200, "an app's own word for its own things is fine");

	begin(&b, "GET", "pad.localhost", "/");
	header("accept", "text/html");
	header("authorization", "Bearer x.y.z");
	is_int(finish(&b), 401, "a bad token is not sent to sign in");
	begin(&b, "GET", "blog.localhost", "/");
	header("authorization", "Basic dXNlcjpwYXNz");
	is_int(finish(&b), 200, "another scheme is the app's business");

	now_shift(3601 * 1000);
	is_int(with_token("pad.localhost", "GET", token), 401, "a token lasts an hour");
	now_shift(0);
	is_int(op(op_user_token, "Ann", "pad", "0"), ERR_BAD_REQUEST, "not zero seconds");
	is_int(op(op_user_token, "Ann", "nothere", NULL), ERR_NOT_FOUND, "an app that is not there");
	is_int(op(op_user_token, "Nobody", "pad", NULL), ERR_NOT_FOUND, "a person who is not there");
	is_int(op(op_user_token, "Ann", "diary", NULL), ERR_DENIED, "an app that is the owner's alone");
	ok(token_for("Pending", "pad", NULL)[0], "somebody invited may have one");

	/* what the signature does not save: claims of another node, of another person, of another time */
	struct jwt_key key;
	token_key(&node, &key);
	struct jwt t = {STR("http://os.localhost:8080"), STR("u_000000000000000000000000"), str_of(pad->id), STR("1"),
			now_ms() / 1000 + 60, now_ms() / 1000, 1};
	struct buf forged = BUF_INIT;
	jwt_sign(&forged, &t, &key);
	is_int(with_token("pad.localhost", "GET", forged.p), 401, "a person this app does not know");
	buf_release(&forged);
}

static void test_membership(void)
{
	is_int(open_app(&ann, "pad.localhost", "/"), 200, "a member's app opens");
	is_int(open_app(&ann, "diary.localhost", "/"), 404, "the owner's own app is not there for others");
	is_int(open_app(&owner, "diary.localhost", "/"), 200, "and opens for the owner");
	is_int(op(op_user_role, "Ann", "admin", "pad"), 0, "Ann becomes admin of one app");
	get(&ann, "pad.localhost", "/");
	ok(R.who.admin && !R.who.owner, "at once");
	get(&ann, OS, "/");
	ok(!R.who.admin, "and there alone");
	is_int(op(op_user_role, "Ann", "member", "diary"), 0, "Ann may open the diary");
	is_int(open_app(&ann, "diary.localhost", "/"), 200, "it opens");
	is_int(op(op_user_role, "Ann", "none", "pad"), 0, "Ann is nobody in pad");
	is_int(get(&ann, "pad.localhost", "/"), 404, "it is not there for her");
	is_int(with_token("pad.localhost", "GET", token_for("Owner", "pad", NULL)), 200, "while it is for others");
	is_int(op(op_user_token, "Ann", "pad", NULL), ERR_DENIED, "no token either");
	is_int(op(op_user_role, "Ann", "none", "blog"), 0, "nobody in a public app");
	is_int(open_app(&ann, "blog.localhost", "/"), 200, "is a stranger there");
	is_int(R.who.kind, WHO_IS_STRANGER, "with no name");

	struct arena *a = arena_new();
	struct person *list;
	struct db *db = db_borrow(node.store, NULL);
	is_int(app_people(&node, db, pad, a, &list), 2, "the people of pad: the owner and Pending");
	ok(list[0].admin != list[1].admin, "one of them an admin");
	struct person *p = app_person(&node, db, pad, str_of(list[0].public_id), a);
	ok(p && !strcmp(p->user_id, list[0].user_id), "by public id");
	ok(!app_person(&node, db, blog, str_of(list[0].public_id), a), "which is nobody's in another app");
	db_return(db);
	arena_free(a);
	op(op_user_role, "Ann", "member", "pad");
	op(op_user_role, "Ann", "member", "blog");

	is_int(op(op_user_role, "Owner", "member", NULL), ERR_DENIED, "the owner cannot be demoted");
	is_int(op(op_user_role, "Owner", "none", "pad"), ERR_DENIED, "nor shut out of an app");
	is_int(op(op_user_remove, "Owner", NULL, NULL), ERR_DENIED, "nor removed");
	is_int(op(op_user_role, "Ann", "owner", NULL), ERR_BAD_REQUEST, "and nobody becomes one");
	is_int(op(op_user_role, "Ann", "none", NULL), ERR_BAD_REQUEST, "none is a role in an app");
}

/* Origin × Sec-Fetch-Site × method, at an app and at the dashboard. NULL: not sent. */
static void test_csrf(void)
{
	static const struct {
		const char *origin, *site;
		bool app, os; /* admitted; at the dashboard with the session's token */
	} row[] = {
		{"own", "same-origin", true, true},
		{"own", NULL, true, true},
		{NULL, "same-origin", true, true},
		{NULL, NULL, false, false},
		{NULL, "same-site", false, false},
		{NULL, "cross-site", false, false},
		{NULL, "none", false, false},
		{"null", "cross-site", false, false},
		{"null", "same-origin", false, false},
		{"null", NULL, false, false},
		{"own", "same-site", false, false},
		{"own", "cross-site", false, false},
		{"http://blog.localhost:8080", "same-site", false, false},
		{"http://blog.localhost:8080", NULL, false, false},
		{"https://evil.example", "cross-site", false, false},
		{"http://pad.localhost:8080.evil.example", NULL, false, false},
		{"http://pad.localhost", NULL, false, false},
		{"https://pad.localhost:8080", NULL, false, false},
		{"http://PAD.localhost:8080", NULL, false, false},
		{"", NULL, false, false},
	};
	static const char *methods[] = {"POST", "PUT", "PATCH", "DELETE"};
	char csrf[SECRET_LEN + 1];
	snprintf(csrf, sizeof csrf, "%s", csrf_of(&ann));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
			for (int os = 0; os < 2; os++) {
				const char *host = os ? OS : "pad.localhost";
				begin(&ann, methods[m], host, "/x");
				const char *own = arena_printf(R.arena, "http://%s:8080", host);
				if (row[i].origin)
					header("origin", strcmp(row[i].origin, "own") ? row[i].origin : own);
				if (row[i].site)
					header("sec-fetch-site", row[i].site);
				if (os)
					header("x-csrf-token", csrf);
				finish(&ann);
				bool want = os ? row[i].os : row[i].app;
				is_int(E, want ? 0 : ERR_BAD_ORIGIN, "%s at %s, Origin %s, Sec-Fetch-Site %s", methods[m], host,
				       row[i].origin ? row[i].origin : "-", row[i].site ? row[i].site : "-");
			}
		}
		begin(&ann, "GET", "pad.localhost", "/x");
		header("origin", "https://evil.example");
		header("sec-fetch-site", "cross-site");
		is_int(finish(&ann), 200, "reading is safe");
	}

	is_int(post(&ann, OS, "/x", ""), 403, "at the dashboard no session without its token");
	is_int(post(&ann, OS, "/x", "csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 403, "another token");
	char body[100];
	snprintf(body, sizeof body, "csrf=%s", csrf);
	is_int(post(&ann, OS, "/x", body), 200, "the token in the form");
	snprintf(body, sizeof body, "csrf=%s", csrf_of(&owner));
	is_int(post(&ann, OS, "/x", body), 403, "another session's token");
	begin(&ann, "POST", "pad.localhost", "/hook");
	R.open = true;
	header("origin", "https://elsewhere.example");
	is_int(finish(&ann), 200, "an open path takes posts from anywhere");
	is_int(R.who.kind, WHO_IS_STRANGER, "without an identity");
	struct browser stranger = {0};
	begin(&stranger, "POST", "blog.localhost", "/x");
	header("origin", "https://evil.example");
	finish(&stranger);
	is_int(E, ERR_BAD_ORIGIN, "strangers' forms are checked, too");
	is_int(post(&ann, OS, "/_fazt/sign-out", ""), 403, "nobody else's page signs anyone out");
}

static void test_tossing(void)
{
	struct browser b = {0};
	snprintf(b.jar[0].host, sizeof b.jar[0].host, OS);
	snprintf(b.jar[0].name, sizeof b.jar[0].name, "os");
	snprintf(b.jar[0].value, sizeof b.jar[0].value, "%s", cookie(&ann, OS, "__Host-os")->value);
	b.n = 1;
	get(&b, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "a session under the name without a prefix counts for nothing");
	b = ann;
	memmove(&b.jar[1], &b.jar[0], sizeof b.jar - sizeof b.jar[0]);
	b.n = MIN(b.n + 1, (int)ARRAY_LEN(b.jar));
	snprintf(b.jar[0].name, sizeof b.jar[0].name, "os");
	snprintf(b.jar[0].host, sizeof b.jar[0].host, OS);
	snprintf(b.jar[0].value, sizeof b.jar[0].value, "tossed");
	get(&b, OS, "/");
	ok(R.who.kind == WHO_IS_USER, "and does not disturb the real one");
	begin(&ann, "GET", "blog.localhost", "/");
	R.nheaders = 0;
	header("cookie", arena_printf(R.arena, "__Host-fazt=%s", cookie(&ann, "pad.localhost", "__Host-fazt")->value));
	finish(&ann);
	is_int(R.who.kind, WHO_IS_STRANGER, "one app's session is nothing at another");
	begin(&ann, "GET", OS, "/");
	R.nheaders = 0;
	header("cookie", arena_printf(R.arena, "__Host-os=%s", cookie(&ann, "pad.localhost", "__Host-fazt")->value));
	finish(&ann);
	is_int(R.who.kind, WHO_IS_STRANGER, "nor at the dashboard");
}

/* Tokens of the node, for programs: good for its operations at the dashboard's host, and nowhere else. */
static void test_programs(void)
{
	char program[100];
	struct browser b = {0};
	is_int(op(op_token_add, "ci", NULL, "3600"), 0, "a program's token");
	snprintf(program, sizeof program, "%.*s", (int)op_out.len - 2, op_out.p + 1);
	begin(&b, "GET", OS, "/_fazt/api/app.list");
	header("authorization", arena_printf(R.arena, "bEaReR  %s ", program));
	is_int(identify(), 0, "is taken for operations, its scheme in any case");
	ok(R.who.kind == WHO_IS_TOKEN && !R.who.owner && !R.who.admin && !strcmp(R.who.name, "ci"), "as a program, which is nobody");
	is_int(with_token(OS, "GET", program), 401, "not for pages of the dashboard");
	is_int(with_token("pad.localhost", "GET", program), 401, "not at an app");
	ok(strstr(R.fault.message, "http://os.localhost:8080") != NULL, "which says where it is good: %s", R.fault.message);
	is_int(get(&b, "blog.localhost", arena_printf(R.arena, "/?t=%s", program)), 400, "and never in an address");
	is_int(get(&b, "blog.localhost", "/?t=fazt_short"), 200, "what only begins like one is fine");
	is_int(get(&b, "blog.localhost", "/?t=eyJhbGciOiJFZERTQSJ9.e30.AAAA"), 400, "nor is a token of a person, under any name");
	is_int(get(&b, "blog.localhost", "/?t=eyJhbGciOiJFZERTQSJ9.e30"), 200, "what has two parts is none");
	is_int(get(&b, "blog.localhost", "/?t=eyJhbGciOiJFZERTQSJ9"), 200, "nor has one");

	now_shift(2 * 3600 * 1000);
	begin(&b, "GET", OS, "/_fazt/api/app.list");
	header("authorization", arena_printf(R.arena, "Bearer %s", program));
	is_int(identify(), ERR_UNAUTHORIZED, "it ends when it was said to: %s", R.fault.message);
	clock_hold(0);
	int err = 0, tries = 0;
	b.client = "10.4.0.9";
	for (; tries < 60 && err != ERR_RATE_LIMITED; tries++) {
		begin(&b, "GET", OS, "/_fazt/api/app.list");
		header("authorization", "Bearer fazt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		err = identify();
	}
	is_int(tries, ATTEMPTS_FREE_CLIENT + 2, "guesses are slowed down");
	begin(&b, "GET", OS, "/_fazt/api/app.list");
	header("authorization", arena_printf(R.arena, "Bearer %s", program));
	is_int(identify(), 0, "one that is good never has to wait");
	clock_go();
	op(op_token_remove, "ci", NULL, NULL);
	begin(&b, "GET", OS, "/_fazt/api/app.list");
	header("authorization", arena_printf(R.arena, "Bearer %s", program));
	ok(identify() && R.who.kind == WHO_IS_STRANGER, "one that was removed is none");
}

/* Before each write of a request that takes long: is it still who it was? */
static void test_still(void)
{
	struct browser b = {.client = "10.4.0.1"};
	char body[100];
	sign_in(&b, "Ann", "correct+horse+battery");
	open_app(&b, "pad.localhost", "/");
	struct browser same = b;
	begin(&b, "GET", "pad.localhost", "/");
	is_int(finish(&b), 200, "a request");
	is_int(identity_still(&R), 0, "is of who it was");
	op(op_user_role, "Ann", "admin", "pad");
	is_int(identity_still(&R), 0, "and still is, when something about her changed");
	ok(R.who.admin, "which is known then");
	op(op_user_role, "Ann", "member", "pad");
	const int64_t epoch = R.epoch;
	snprintf(body, sizeof body, "csrf=%s", csrf_of(&same));
	post(&same, OS, "/_fazt/sign-out", body);
	begin(&b, "GET", "pad.localhost", "/");
	R.who = (struct principal){.kind = WHO_IS_USER, .via = VIA_COOKIE};
	R.epoch = epoch;
	is_int(identity_still(&R), ERR_UNAUTHORIZED, "not when she signed out meanwhile: %s", R.fault.message);
	begin(&b, "GET", "blog.localhost", "/");
	finish(&b);
	is_int(identity_still(&R), 0, "a stranger stays one");
}

/* Who the shell says it is. */
static void test_become(void)
{
	struct browser b = {0};
	begin(&b, "GET", "pad.localhost", "/");
	R.door = DOOR_SHELL;
	is_int(identity_become(&R, STR("aNN")), 0, "the shell may be anybody");
	ok(!strcmp(R.who.name, "Ann") && R.who.via == VIA_SHELL && R.who.public_id[0] == 'u', "at an app");
	is_int(identity_of(&R) | identity_still(&R) | identity_check_origin(&R), 0, "and nobody asks again");
	is_int(identity_become(&R, STR_NONE), 0, "without a name");
	ok(R.who.owner, "it is the owner");
	is_int(identity_become(&R, STR("Nobody")), ERR_NOT_FOUND, "whom there is not, it cannot be: %s", R.fault.message);
	begin(&b, "GET", "diary.localhost", "/");
	op(op_user_role, "Ann", "none", "diary");
	is_int(identity_become(&R, STR("Ann")), ERR_NOT_FOUND, "nor anybody where they may not come");
	begin(&b, "GET", OS, "/");
	is_int(identity_become(&R, STR("Ann")), 0, "the dashboard is everybody's");
	ok(!R.who.public_id[0] && !R.who.admin, "by no public id");
}

static const char *user_json(void)
{
	static struct buf b;
	struct out o = OUT(&b);
	buf_clear(&b);
	identity_user(&R, &o);
	return b.p;
}

static void test_shown(void)
{
	struct browser b = {0};
	get(&ann, "pad.localhost", "/");
	is_str(user_json(), arena_printf(R.arena, "{\"id\":\"%s\",\"name\":\"Ann\",\"role\":\"member\"}", R.who.public_id),
	       "what an app sees of Ann");
	get(&owner, "pad.localhost", "/");
	ok(strstr(user_json(), "\"role\":\"admin\"") && !strstr(user_json(), R.who.user_id), "and of the owner, never the id that all apps share");
	get(&b, "blog.localhost", "/");
	is_str(user_json(), "null", "of a stranger nothing");
}

/* Who is sent to sign in: a person before a page. Programs, scripts and frames are told 401. */
static void test_demand(void)
{
	static const struct {
		const char *method, *accept, *mode, *dest;
		int status;
	} row[] = {
		{"GET", "text/html", "navigate", "document", 303},
		{"GET", "text/html", NULL, NULL, 303},
		{"GET", "application/xhtml+xml, text/html;q=0.9", "navigate", NULL, 303},
		{"GET", "text/html", "cors", "empty", 401},
		{"GET", "text/html", "navigate", "iframe", 401},
		{"GET", "*/*", NULL, NULL, 401},
		{"GET", NULL, NULL, NULL, 401},
		{"HEAD", "text/html", NULL, NULL, 401},
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct browser b = {0};
		begin(&b, row[i].method, "pad.localhost", "/x");
		if (row[i].accept)
			header("accept", row[i].accept);
		if (row[i].mode)
			header("sec-fetch-mode", row[i].mode);
		if (row[i].dest)
			header("sec-fetch-dest", row[i].dest);
		is_int(finish(&b), row[i].status, "%s, Accept %s, %s to %s", row[i].method, row[i].accept ? row[i].accept : "-",
		       row[i].mode ? row[i].mode : "-", row[i].dest ? row[i].dest : "-");
	}
	struct browser b = {0};
	begin(&b, "GET", "pad.localhost", "//evil.example");
	header("accept", "text/html");
	finish(&b);
	ok(answer("location") && strstr(answer("location"), "next=%2F") && !strstr(answer("location"), "evil"),
	   "what is no path of this host is not come back to");
	char nonce[160];
	snprintf(nonce, sizeof nonce, "%s", cookie(&b, "pad.localhost", "__Host-fazt-nonce")->value);
	begin(&b, "GET", "pad.localhost", "/y");
	header("accept", "text/html");
	R.own_domain = true;
	finish(&b);
	ok(strstr(answer("location"), "&host=pad.localhost&") != NULL, "a host of its own is named: %s", answer("location"));
	is_str(cookie(&b, "pad.localhost", "__Host-fazt-nonce")->value, nonce, "and tabs on their way share a nonce");
}

/* With every connection taken, a query would wait for ever. */
static void test_warm(void)
{
	struct db *all[STORE_CONNECTIONS];
	get(&ann, "pad.localhost", "/");
	int64_t epoch = R.epoch;
	struct settings settings = R.settings;
	begin(&ann, "GET", "pad.localhost", "/");
	struct arena *keep = arena_new();
	struct db *db = db_borrow(node.store, NULL);
	node_settings(&node, db, keep, &settings);
	db_return(db);
	R.settings = settings;
	R.epoch = epoch;
	for (int i = 0; i < STORE_CONNECTIONS; i++)
		all[i] = db_borrow(node.store, NULL);
	alarm(10);
	ok(!identity_of(&R) && R.who.kind == WHO_IS_USER, "a warm request asks the database nothing");
	alarm(0);
	for (int i = 0; i < STORE_CONNECTIONS; i++)
		db_return(all[i]);
	arena_free(keep);
}

static void test_lifetime(void)
{
	struct browser b = ann;
	for (int day = 1; day <= 60; day += 20) {
		now_shift(day * 24ll * 3600 * 1000);
		get(&b, OS, "/");
		ok(R.who.kind == WHO_IS_USER, "a session that is used lives on: day %d", day);
	}
	now_shift(120 * 24ll * 3600 * 1000);
	get(&b, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "one that is not used for a month ends");
	now_shift(0);
}

static void test_end(void)
{
	struct browser two = {.client = "10.5.0.1"};
	char token[2000], body[100];
	is_int(sign_in(&two, "Ann", "correct+horse+battery"), 303, "Ann signs in somewhere else");
	open_app(&two, "pad.localhost", "/");
	snprintf(body, sizeof body, "csrf=%s", csrf_of(&two));
	is_int(post(&two, OS, "/_fazt/sign-out", body), 200, "and out");
	ok(!cookie(&two, OS, "__Host-os"), "the cookie is gone");
	is_int(get(&two, "pad.localhost", "/"), 303, "and with it the app's session");
	is_int(get(&ann, "pad.localhost", "/"), 200, "not that of her other browser");

	is_int(post(&ann, "pad.localhost", "/_fazt/sign-out", ""), 200, "signing out of one app");
	get(&ann, OS, "/");
	ok(R.who.kind == WHO_IS_USER, "leaves the dashboard");
	open_app(&ann, "pad.localhost", "/");

	snprintf(token, sizeof token, "%s", token_for("Ann", "pad", NULL));
	is_int(with_token("pad.localhost", "GET", token), 200, "a token, in use");
	sign_in(&two, "Ann", "correct+horse+battery");
	open_app(&two, "pad.localhost", "/");
	char handover[200];
	cookie(&ann, "pad.localhost", "__Host-fazt")->value[0] = 0;
	get(&ann, "pad.localhost", "/");
	follow(&ann);
	snprintf(handover, sizeof handover, "%s", strstr(answer("location"), "/_fazt/"));
	snprintf(body, sizeof body, "everywhere=1&csrf=%s", csrf_of(&two));
	is_int(post(&two, OS, "/_fazt/sign-out", body), 200, "signing out everywhere");
	get(&ann, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "ends the dashboard's sessions");
	is_int(get(&ann, "pad.localhost", handover), 400, "codes on their way");
	is_int(get(&two, "pad.localhost", "/"), 303, "the apps' sessions");
	is_int(with_token("pad.localhost", "GET", token), 401, "and tokens");

	is_int(sign_in(&ann, "Ann", "correct+horse+battery"), 303, "Ann signs in again");
	is_int(op(op_user_reset, "Ann", NULL, NULL), 0, "the owner resets her password");
	get(&ann, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "which signs her out");
	is_int(sign_in(&ann, "Ann", "correct+horse+battery"), 401, "the old one is no good");
	op(op_user_reset, "Ann", NULL, NULL);
	is_int(post(&ann, OS, "/_fazt/reset", form_of_link("another+horse+battery")), 303, "the link takes a new one");
	is_int(sign_in(&two, "Ann", "another+horse+battery"), 303, "which is good");

	open_app(&ann, "pad.localhost", "/");
	snprintf(token, sizeof token, "%s", token_for("Ann", "pad", NULL));
	is_int(op(op_user_remove, "Ann", NULL, NULL), 0, "Ann is removed");
	get(&ann, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "no session");
	is_int(get(&ann, "pad.localhost", "/"), 303, "in no app");
	is_int(with_token("pad.localhost", "GET", token), 401, "no token");
	is_int(sign_in(&ann, "Ann", "another+horse+battery"), 401, "no way in");
}

static int64_t count_rows(const char *sql, const char *id)
{
	struct db *db = db_borrow(node.store, NULL);
	int64_t n = db_int(db, -1, sql, "c", id);
	db_return(db);
	return n;
}

static void add_sessions(const char *user_id, int n)
{
	struct db *db = db_borrow(node.store, NULL);
	db_begin(db);
	for (int i = 0; i < n; i++) {
		struct session s = {.expires = now_ms() + 1000000};
		snprintf(s.user_id, sizeof s.user_id, "%s", user_id);
		crypt_random(s.hash, sizeof s.hash);
		is_int(session_create(db, &s, now_ms() + 1 + i), 0, "a session begins");
	}
	db_commit(db);
	db_return(db);
}

/* A browser that forgets its cookies makes sessions without end: what there is of them has a bound, and the last one works. */
static void test_many(void)
{
	struct browser many = {0};
	char user_id[ID_LEN + 1], target[300];
	join(&many, "Many");
	for (int i = 0; i < SESSIONS_OF_APP + 5; i++) {
		struct cookie_row *c = cookie(&many, "pad.localhost", "__Host-fazt");
		if (c)
			c->value[0] = 0;
		open_app(&many, "pad.localhost", "/");
	}
	snprintf(user_id, sizeof user_id, "%s", R.who.user_id);
	is_int(get(&many, "pad.localhost", "/"), 200, "the last session is good");
	is_int(count_rows("SELECT count(*) FROM sessions WHERE app_id <> '' AND user_id = ?", user_id), SESSIONS_OF_APP, "an app has so many below one browser");
	snprintf(target, sizeof target, "/_fazt/hand-over?app=pad&challenge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&next=/");
	for (int i = 0; i < CODES_OF_PERSON + 5; i++)
		get(&many, OS, target);
	is_int(R.res.status, 303, "a code is made");
	is_int(count_rows("SELECT count(*) FROM codes WHERE user_id = ?", user_id), CODES_OF_PERSON, "so many are on their way");
	add_sessions(user_id, SESSIONS_OF_PERSON);
	is_int(count_rows("SELECT count(*) FROM sessions WHERE app_id = '' AND user_id = ?", user_id), SESSIONS_OF_PERSON, "a person is signed in so often");
	ok(!is_signed_in(&many), "the first one has ended");
	is_int(count_rows("SELECT count(*) FROM sessions WHERE app_id <> '' AND user_id = ?", user_id), 0, "… with those below it");
	is_int(get(&many, "pad.localhost", "/"), 303, "… at once");
}

/* What is very long is not carried along. */
static void test_next(void)
{
	struct browser b = {0};
	char target[6000] = "/page?q=";
	memset(target + strlen(target), 'x', 5000);
	get(&b, "pad.localhost", target);
	const char *next = strstr(answer("location"), "&next=");
	is_str(next ? next : "", "&next=%2Fpage", "of a long address the path is where to go on");
	target[5] = 'x';
	get(&b, "pad.localhost", target);
	next = strstr(answer("location"), "&next=");
	is_str(next ? next : "", "&next=%2F", "… or the front page");
}

int main(void)
{
	identity_setup();
	enter(&owner);
	join(&ann, "Ann");
	op(op_user_add, "Pending", NULL, NULL);
	test_hand_over();
	test_tokens();
	test_membership();
	test_csrf();
	test_tossing();
	test_programs();
	test_still();
	test_become();
	test_shown();
	test_demand();
	test_warm();
	test_lifetime();
	test_many();
	test_next();
	test_end();
	identity_teardown();
	return done_testing();
}
