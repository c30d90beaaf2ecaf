/* Identity over a real temporary home, with browsers made of a cookie jar: signing in, the hand-over to apps, tokens,
 * and what hostile pages, links and guessers try. Requests go the gateway's way: who, then a kernel endpoint or the
 * checks before an app. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/log.h"
#include "base/now.h"
#include "base/tree.h"
#include "codec/form.h"
#include "kernel/app.h"
#include "kernel/attempt.h"
#include "kernel/identity.h"
#include "kernel/install.h"
#include "kernel/password.h"
#include "kernel/people.h"
#include "kernel/token.h"
#include "sys/endpoint.h"
#include "sys/sys.h"
#include "tap.h"

#define OS "os.localhost"
#define PASSWORD "correct horse battery"

static struct node node;
static char home[] = "/tmp/fazt-identity-XXXXXX";

/* The last request and its answer. */
static struct req R;
static int E; /* its error */

/* ---- apps ---- */

static struct app *pad, *blog, *diary;

static void remove_from_home(const char *name)
{
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	tree_remove(dir, name);
	close(dir);
}

static struct app *find_app(const char *name)
{
	struct fault f = {0};
	struct db *db = db_borrow(node.store, &f);
	struct app *a = app_by_name(&node, db, str_of(name));
	db_return(db);
	return a;
}

static struct app *make_app(const char *name, const char *visibility)
{
	struct fault f = {0};
	char id[ID_LEN + 1], app_id[ID_LEN + 1], json[200], source[100];
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	snprintf(json, sizeof json, "{\"name\":\"%s\",\"version\":\"1.0\",\"visibility\":\"%s\",\"permissions\":[]}", name,
		 visibility);
	tree_write(dir, "src/app.json", str_of(json), 1000);
	tree_write(dir, "src/api/main.lua", STR("return {}"), 1000);
	close(dir);
	snprintf(source, sizeof source, "%s/src", home);
	if (candidate_begin(&node, str_of(source), STR(""), STR(""), true, id, &f) || install_fetch(&node, id, &f))
		die("%s: %s", name, f.message);
	struct db *db = db_borrow(node.store, &f);
	struct candidate *c = candidate_get(db, R.arena, str_of(id));
	db_return(db);
	if (install_consent(&node, &(struct consent){.id = str_of(id), .hash = str_of(c->package), .by = "owner"}, app_id, &f))
		die("%s: %s", name, f.message);
	remove_from_home("src");
	return find_app(name);
}

/* ---- a browser ---- */

struct cookie_row {
	char host[40], name[40], value[160];
};

struct browser {
	const char *client;
	int n;
	struct cookie_row jar[12];
};

static void store_cookie(struct browser *b, struct str host, struct str set)
{
	struct str rest, value, name = str_cut(str_cut(set, ';', &rest), '=', &value);
	value = str_cut(value, ';', &rest);
	int i = 0;
	while (i < b->n && !(str_is(host, b->jar[i].host) && str_is(name, b->jar[i].name)))
		i++;
	if (i == b->n)
		b->n++;
	snprintf(b->jar[i].host, sizeof b->jar[i].host, "%.*s", STR_FMT(host));
	snprintf(b->jar[i].name, sizeof b->jar[i].name, "%.*s", STR_FMT(name));
	snprintf(b->jar[i].value, sizeof b->jar[i].value, "%.*s", STR_FMT(value));
}

static struct cookie_row *cookie(struct browser *b, const char *host, const char *name)
{
	for (int i = 0; i < b->n; i++)
		if (!strcmp(b->jar[i].host, host) && !strcmp(b->jar[i].name, name) && b->jar[i].value[0])
			return &b->jar[i];
	return NULL;
}

static void header(const char *name, const char *value)
{
	R.header[R.nheaders++] = (struct header){str_of(name), str_of(value)};
}

static void cookie_header(struct browser *b, const char *host)
{
	struct buf all = BUF_INIT;
	for (int i = 0; i < b->n; i++)
		if (!strcmp(b->jar[i].host, host) && b->jar[i].value[0])
			buf_addf(&all, "%s%s=%s", all.len ? "; " : "", b->jar[i].name, b->jar[i].value);
	if (all.len)
		header("cookie", arena_cstr(R.arena, buf_str(&all)));
	buf_release(&all);
}

static const char *answer(const char *name)
{
	for (int i = 0; i < R.res.nheaders; i++)
		if (str_is(R.res.header[i].name, name))
			return R.res.header[i].value.p;
	return NULL;
}

/* What the gateway does, from the site to the error. */
static int run(void)
{
	struct db *db = db_borrow(node.store, &R.fault);
	node_settings(&node, db, R.arena, &R.settings);
	R.epoch = db_epoch(db);
	db_return(db);
	int err = identity_of(&R);
	if (err)
		return err;
	if (str_starts(R.path, "/_fazt/")) {
		const struct endpoint *e = endpoint_find(&R);
		return e ? e->run(&R) : R.fault.err ? R.fault.err : ERR_NOT_FOUND;
	}
	if ((err = identity_check_origin(&R)))
		return err;
	bool anyone = R.open || R.os || R.app->manifest->visibility == VISIBLE_ANYONE;
	if (!anyone && R.who.kind != WHO_IS_USER)
		return identity_demand(&R);
	if (!R.res.status)
		res_set(&R, 200, "text/plain", STR("app"));
	return 0;
}

static void begin(struct browser *b, const char *method, const char *host, const char *target)
{
	app_release(R.app);
	arena_reset(R.arena);
	buf_release(&R.res.body);
	struct arena *a = R.arena;
	R = (struct req){.node = &node, .arena = a, .door = DOOR_HTTP};
	id_new(R.id);
	R.received = now_ms();
	R.method = str_of(arena_strdup(a, method));
	R.host = str_of(arena_strdup(a, host));
	R.target = str_of(arena_strdup(a, target));
	R.path = str_cut(R.target, '?', &R.query);
	R.client = str_of(b->client ? b->client : "127.0.0.1");
	R.os = !strcmp(host, OS);
	struct str rest;
	if (!R.os)
		R.app = find_app(arena_cstr(a, str_cut(R.host, '.', &rest)));
	cookie_header(b, arena_strdup(a, host));
}

static int finish(struct browser *b)
{
	E = run();
	if (E == ERR_UNAUTHORIZED && identity_demand(&R) == 0)
		E = 0;
	if (E)
		R.res.status = err_row(E)->http;
	for (int i = 0; i < R.res.nheaders; i++)
		if (str_is(R.res.header[i].name, "set-cookie"))
			store_cookie(b, R.host, R.res.header[i].value);
	return R.res.status;
}

/* Open an address as a person does. */
static int get(struct browser *b, const char *host, const char *target)
{
	begin(b, "GET", host, target);
	header("accept", "text/html,*/*;q=0.8");
	header("sec-fetch-mode", "navigate");
	header("sec-fetch-dest", "document");
	return finish(b);
}

static int post(struct browser *b, const char *host, const char *target, const char *body)
{
	begin(b, "POST", host, target);
	header("accept", "text/html");
	header("content-type", "application/x-www-form-urlencoded");
	header("origin", arena_printf(R.arena, "http://%s:8080", host));
	header("sec-fetch-site", "same-origin");
	R.body = str_of(arena_strdup(R.arena, body));
	return finish(b);
}

/* Follow a redirect "http://HOST:8080/…" or "/…". */
static int follow(struct browser *b)
{
	char host[64], url[2500];
	const char *to = answer("location");
	if (!to)
		return 0;
	snprintf(url, sizeof url, "%s", to);
	if (url[0] == '/') {
		snprintf(host, sizeof host, "%.*s", STR_FMT(R.host));
		return get(b, host, url);
	}
	struct str path, at, rest;
	str_cut(str_of(url), '/', &rest);
	at = str_cut((struct str){rest.p + 1, rest.n - 1}, '/', &path);
	snprintf(host, sizeof host, "%.*s", STR_FMT(str_cut(at, ':', &rest)));
	return get(b, host, path.p - 1);
}

/* From wherever it stands to the app's own page, at most a few redirects away. */
static int open_app(struct browser *b, const char *host, const char *target)
{
	int status = get(b, host, target);
	for (int i = 0; i < 4 && status == 303; i++)
		status = follow(b);
	return status;
}

/* ---- operations, as the owner's shell ---- */

static struct buf op_out;

static int op(sys_fn *f, const char *one, const char *two, const char *three)
{
	static struct req r;
	const char *args[] = {one, two, three};
	struct call c = {.nargs = 3};
	struct out o = OUT(&op_out);
	r = (struct req){.node = &node, .arena = R.arena, .door = DOOR_SHELL, .who = {.kind = WHO_IS_SHELL, .via = VIA_SHELL}};
	struct db *db = db_borrow(node.store, &r.fault);
	node_settings(&node, db, r.arena, &r.settings);
	db_return(db);
	for (int i = 0; i < 3; i++)
		if (args[i])
			c.arg[i] = (struct arg){.present = true, .s = str_of(args[i]), .i = strtoll(args[i], NULL, 10)};
	buf_clear(&op_out);
	return f(&r, &c, &o);
}

/* The path and query of the link an operation wrote. */
static char *link_of(void)
{
	static char target[200];
	char *at = strstr(op_out.p ? op_out.p : "", "/_fazt/");
	snprintf(target, sizeof target, "%.*s", at ? (int)strcspn(at, "\"") : 0, at ? at : "");
	return target;
}

static char *form_of_link(const char *password)
{
	static char body[300];
	snprintf(body, sizeof body, "code=%s%s%s", strstr(link_of(), "code=") + 5, password ? "&password=" : "", password ? password : "");
	return body;
}

static int sign_in(struct browser *b, const char *name, const char *password)
{
	char body[200];
	snprintf(body, sizeof body, "name=%s&password=%s&next=/", name, password);
	return post(b, OS, "/_fazt/sign-in", body);
}

static const char *csrf_of(struct browser *b)
{
	static char csrf[SECRET_LEN + 1];
	get(b, OS, "/");
	identity_csrf(&R, csrf);
	return csrf;
}

/* ---- the tests ---- */

static struct browser owner = {.client = "10.0.0.1"}, ann = {.client = "10.0.0.2"};

static void test_login_link(void)
{
	struct browser bot = {0};
	is_int(op(op_login_link, NULL, NULL, NULL), 0, "a link for the owner");
	char *form = form_of_link(NULL);
	ok(str_starts(buf_str(&op_out), "\"http://os.localhost:8080/_fazt/login?code="), "built from the settings");
	is_int(get(&bot, OS, link_of()), 200, "a preview looks at it");
	ok(strstr(R.res.body.p, "data-auto") && !bot.n, "and gets a form, not a session");
	is_int(get(&bot, "pad.localhost", link_of()), 404, "not at an app's host");

	begin(&bot, "POST", OS, "/_fazt/login");
	header("content-type", "application/x-www-form-urlencoded");
	header("origin", "http://pad.localhost:8080");
	R.body = str_of(form);
	finish(&bot);
	is_int(E, ERR_BAD_ORIGIN, "another site cannot press the button");

	is_int(post(&owner, OS, "/_fazt/login", form), 303, "the person presses it");
	const char *set = answer("set-cookie");
	ok(set && str_starts(str_of(set), "__Host-os=") && strstr(set, "; Path=/") && strstr(set, "; HttpOnly") &&
		   strstr(set, "; SameSite=Lax") && strstr(set, "; Secure") && !strstr(set, "Domain"),
	   "the cookie: %s", set ? "its attributes" : "none");
	is_int(get(&owner, OS, "/"), 200, "the dashboard");
	ok(R.who.kind == WHO_IS_USER && R.who.owner && R.who.admin && R.who.via == VIA_COOKIE, "knows the owner");
	is_int(post(&bot, OS, "/_fazt/login", form), 404, "the link worked once");
	op(op_login_link, NULL, NULL, NULL);
	now_shift(60 * 60 * 1000);
	is_int(post(&bot, OS, "/_fazt/login", form_of_link(NULL)), 404, "and an hour");
	now_shift(0);
	is_int(get(&bot, OS, "/_fazt/login?code="), 404, "no code");
	is_int(get(&bot, OS, "/_fazt/login?code=%00%ff'--"), 404, "a strange code");
}

static void test_headers(void)
{
	struct browser b = {0};
	is_int(get(&b, OS, "/_fazt/sign-in"), 200, "the sign-in page");
	const char *csp = answer("content-security-policy");
	ok(csp && strstr(csp, "default-src 'none'") && strstr(csp, "frame-ancestors 'none'") && strstr(csp, "base-uri 'none'") &&
		   !strstr(csp, "unsafe") && strstr(csp, "form-action 'self' http://*.localhost:8080"), "its policy: %s", csp);
	is_str(answer("x-content-type-options"), "nosniff", "nosniff");
	is_str(answer("cache-control"), "no-store", "no-store");
	is_str(answer("cross-origin-opener-policy"), "same-origin", "COOP");
	is_str(answer("cross-origin-resource-policy"), "same-origin", "CORP");
	is_str(answer("origin-agent-cluster"), "?1", "Origin-Agent-Cluster");
	is_str(answer("referrer-policy"), "same-origin", "Referrer-Policy");
	ok(!strstr(R.res.body.p, "<style") && !strstr(R.res.body.p, "style=") && !strstr(R.res.body.p, " on"), "nothing inline");
	get(&b, OS, "/_fazt/sign-in?next=/%22%3E%3Cscript%3E");
	ok(!strstr(R.res.body.p, "<script>"), "what a link says is escaped");
	is_int(get(&b, OS, "/_fazt/kernel.css"), 200, "the style sheet");
	is_int(get(&b, "pad.localhost", "/_fazt/kernel.js"), 200, "the script, on every host");
	is_int(get(&b, OS, "/_fazt/jwks.json"), 200, "the keys");
	ok(strstr(R.res.body.p, "\"crv\":\"Ed25519\"") && !strstr(R.res.body.p, "\"d\""), "are public ones");
	is_int(get(&b, OS, "/_fazt/health"), 200, "health");
	is_int(post(&b, OS, "/_fazt/health", ""), 405, "answers only GET");
	is_int(get(&b, OS, "/_fazt/none"), 404, "nothing else is there");
}

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

static void test_invite(void)
{
	struct browser other = {0};
	is_int(op(op_user_add, "Ann", "member", NULL), 0, "an account");
	ok(strstr(op_out.p, "\"pending\":true") && strstr(op_out.p, "/_fazt/invite?code="), "and its invite");
	is_int(op(op_user_add, "ann", NULL, NULL), ERR_CONFLICT, "names are unique in any case");
	is_int(op(op_user_add, "x", NULL, NULL), ERR_BAD_REQUEST, "a name too short");
	is_int(op(op_user_add, " x y", NULL, NULL), ERR_BAD_REQUEST, "a name with a space before it");
	is_int(op(op_user_add, "new\nline", NULL, NULL), ERR_BAD_REQUEST, "a name with a line break");
	is_int(op(op_user_add, "boss", "owner", NULL), ERR_BAD_REQUEST, "there is one owner");
	is_int(op(op_user_invite, "Ann", NULL, NULL), 0, "a fresh invite");
	char first[200];
	snprintf(first, sizeof first, "%s", link_of());
	is_int(op(op_user_invite, "ANN", NULL, NULL), 0, "and another");
	is_int(get(&other, OS, first), 404, "which replaces it");
	is_int(get(&ann, OS, link_of()), 200, "the invite page");
	ok(strstr(R.res.body.p, "<b>Ann</b>") && !strstr(R.res.body.p, "data-auto"), "shows the name and waits");
	is_int(post(&ann, OS, "/_fazt/invite", form_of_link("too short")), 400, "nine characters");
	is_int(post(&ann, OS, "/_fazt/reset", form_of_link("correct+horse+battery")), 404, "it is not a reset");
	is_int(post(&ann, OS, "/_fazt/invite", form_of_link("correct+horse+battery")), 303, "a good password");
	is_int(get(&ann, OS, "/"), 200, "the dashboard");
	ok(R.who.kind == WHO_IS_USER && !R.who.owner && !R.who.admin && !strcmp(R.who.name, "Ann"), "knows Ann");
	is_int(post(&other, OS, "/_fazt/invite", form_of_link("correct+horse+battery")), 404, "the invite worked once");
	is_int(op(op_user_invite, "Ann", NULL, NULL), ERR_CONFLICT, "she needs no invite any more");
	is_int(op(op_user_list, NULL, NULL, NULL), 0, "the list");
	ok(strstr(op_out.p, "{\"name\":\"Ann\",\"role\":\"member\",\"pending\":false") != NULL, "%s", op_out.p);
}

static void test_password(void)
{
	struct browser b = {.client = "10.1.0.1"};
	char before[160], known[8000], unknown[8000];
	is_int(sign_in(&b, "Ann", "correct+horse+battery"), 303, "signing in");
	snprintf(before, sizeof before, "%s", cookie(&b, OS, "__Host-os")->value);
	ok(cookie(&b, OS, "__Host-os-device") != NULL, "leaves a device cookie");
	is_int(sign_in(&b, "aNN", "correct+horse+battery"), 303, "again, in other letters");
	ok(strcmp(before, cookie(&b, OS, "__Host-os")->value), "is a new session");
	snprintf(cookie(&b, OS, "__Host-os")->value, 160, "%s", before);
	get(&b, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "and ends the one before");

	struct browser c = {.client = "10.1.0.2"};
	is_int(sign_in(&c, "Ann", "wrong"), 401, "a wrong password");
	ok(!c.n, "no cookie");
	snprintf(known, sizeof known, "%.*s", (int)R.res.body.len, R.res.body.p);
	is_int(sign_in(&c, "Bob", "wrong"), 401, "an unknown name");
	snprintf(unknown, sizeof unknown, "%.*s", (int)R.res.body.len, R.res.body.p);
	char *at = strstr(unknown, "value=\"Bob\"");
	if (at)
		memcpy(at + 7, "Ann", 3);
	is_str(unknown, known, "the same answer, byte for byte");
	is_int(sign_in(&c, "nobody-took-this-invite", ""), 401, "no password at all");
	op(op_user_add, "Pending", NULL, NULL);
	is_int(sign_in(&c, "Pending", ""), 401, "an account without a password has no empty one");
	is_int(sign_in(&c, "Owner", ""), 401, "nor has the owner");
}

/* Microseconds of work, not of waiting for other programs. */
static int64_t work(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static int64_t time_of(const char *name)
{
	struct browser b = {.client = "10.2.0.1"};
	int64_t from = work();
	sign_in(&b, name, "wrong");
	return work() - from;
}

/* The least of many, in turns, because caches are shared; of more when the machine is busy. */
static void test_equal_times(void)
{
	int64_t known = INT64_MAX, unknown = INT64_MAX, less = 0, more = INT64_MAX;
	for (int i = 0; i < 12 || (i < 60 && more >= less + less / 4); i++) {
		now_shift(i * 2 * THROTTLE_FORGET_MS);
		known = MIN(known, time_of("Ann"));
		unknown = MIN(unknown, time_of("Zoe"));
		less = MIN(known, unknown);
		more = MAX(known, unknown);
	}
	now_shift(0);
	ok(less > 5000 && more < less + less / 4, "known and unknown names take the same time: %lld and %lld us", (long long)known,
	   (long long)unknown);
}

static void test_throttle(void)
{
	struct browser home_device = {.client = "10.3.0.1"};
	char client[40];
	now_shift(2 * THROTTLE_FORGET_MS); /* nothing that was counted before counts now */
	op(op_user_add, "Tom", NULL, NULL);
	is_int(post(&home_device, OS, "/_fazt/invite", form_of_link("correct+horse+battery")), 303, "an account");
	is_int(sign_in(&home_device, "Tom", "correct+horse+battery"), 303, "Tom signs in at home");
	int limited = 0;
	for (int i = 0; i < 40; i++) {
		struct browser far = {.client = client};
		snprintf(client, sizeof client, "192.0.2.%d", i);
		limited += sign_in(&far, "Tom", "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_NAME - 1, "guesses at one name from everywhere are slowed down");
	ok(answer("retry-after") != NULL, "with the time to wait");
	struct browser elsewhere = {.client = "198.51.100.1"};
	is_int(sign_in(&elsewhere, "Tom", "correct+horse+battery"), 429, "even the right password waits, from an unknown browser");
	is_int(sign_in(&home_device, "Tom", "correct+horse+battery"), 303, "but not from Tom's own");
	limited = 0;
	for (int i = 0; i < 40; i++) {
		struct browser far = {.client = client};
		snprintf(client, sizeof client, "192.0.3.%d", i);
		limited += sign_in(&far, "Nobody", "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_NAME - 1, "a name nobody has behaves the same");

	struct browser forger = {.client = "198.51.100.2"};
	snprintf(forger.jar[0].host, sizeof forger.jar[0].host, OS);
	snprintf(forger.jar[0].name, sizeof forger.jar[0].name, "__Host-os-device");
	snprintf(forger.jar[0].value, sizeof forger.jar[0].value, "%s", cookie(&home_device, OS, "__Host-os-device")->value);
	forger.jar[0].value[ID_LEN + 5] ^= 1;
	forger.n = 1;
	while (sign_in(&elsewhere, "Tom", "guess") != 429) /* on a slow machine the wait may be over by now */
		;
	is_int(sign_in(&forger, "Tom", "guess"), 429, "a forged device cookie helps nobody");

	limited = 0;
	for (int i = 0; i < 10; i++)
		limited += sign_in(&home_device, "Tom", "guess") == 429;
	is_int(limited, 10 - ATTEMPTS_FREE_NAME - 1, "a stolen device has no more guesses than a stranger");

	struct browser one = {.client = "203.0.113.1"};
	limited = 0;
	for (int i = 0; i < 40; i++) {
		char name[20];
		snprintf(name, sizeof name, "name-%d", i);
		limited += sign_in(&one, name, "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_CLIENT - 1, "one client trying many names");
	struct browser v6a = {.client = "2001:db8::1"}, v6b = {.client = "2001:db8::2"};
	for (int i = 0; i < 30; i++) {
		char name[20];
		snprintf(name, sizeof name, "six-%d", i);
		sign_in(&v6a, name, "guess");
	}
	is_int(sign_in(&v6b, "six-x", "guess"), 429, "an IPv6 client is its /64");

	int64_t longest = 0;
	for (int i = 0; i < 30; i++) {
		now_shift(2 * THROTTLE_FORGET_MS + 60000 + i * (THROTTLE_MAX_MS + 1000));
		struct browser far = {.client = "192.0.9.9"};
		far.client = client;
		snprintf(client, sizeof client, "192.0.9.%d", i);
		is_int(sign_in(&far, "Tom", "guess"), 401, "the door opens again, time %d", i);
		sign_in(&far, "Tom", "guess");
		longest = MAX(longest, R.retry_after);
	}
	is_int(longest, THROTTLE_MAX_MS / 1000, "and never stays closed for longer than a quarter of an hour");
	now_shift(0);
	is_int(sign_in(&elsewhere, "Tom", "correct+horse+battery"), 303, "a clock that is set back locks nobody out");
}

/* ---- many at once ---- */

#define THREADS 16

static struct str contested;
static atomic_int taken, limited_threads, checked;

static void *take_code(void *unused)
{
	struct fault f = {0};
	struct code c;
	struct arena *a = arena_new();
	struct db *db = db_borrow(node.store, &f);
	int err = db_begin(db);
	if (!err)
		err = code_take(db, a, CODE_LOGIN, contested, now_ms(), &c);
	taken += !(err ? db_rollback(db) : db_commit(db));
	db_return(db);
	arena_free(a);
	return unused;
}

static void *check_password(void *unused)
{
	struct req r = {.node = &node, .arena = arena_new()};
	bool right;
	int err = password_check(&r, NULL, STR("guess"), &right);
	checked += !err && !right;
	limited_threads += err == ERR_RATE_LIMITED && r.retry_after == 1;
	arena_free(r.arena);
	return unused;
}

static void all_at_once(void *(*fn)(void *))
{
	pthread_t thread[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, fn, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void test_at_once(void)
{
	char secret[SECRET_LEN + 1];
	op(op_login_link, NULL, NULL, NULL);
	snprintf(secret, sizeof secret, "%.*s", SECRET_LEN, strstr(link_of(), "code=") + 5);
	contested = str_of(secret);
	all_at_once(take_code);
	is_int(taken, 1, "of many who take a code at once, one gets it");
	all_at_once(check_password);
	ok(limited_threads > 0 && limited_threads < THREADS - PASSWORD_QUEUE && limited_threads + checked == THREADS,
	   "passwords are checked one at a time, %d wait, the others are turned away (%d of %d)", PASSWORD_QUEUE,
	   (int)limited_threads, THREADS);
}

static const char *token_for(const char *user, const char *app, const char *ttl)
{
	static char token[2000];
	token[0] = 0;
	if (!op(op_user_token, user, app, ttl))
		snprintf(token, sizeof token, "%.*s", (int)op_out.len - 2, op_out.p + 1);
	return token;
}

static int with_token(const char *host, const char *method, const char *token)
{
	struct browser b = {0};
	begin(&b, method, host, "/api/x");
	header("authorization", arena_printf(R.arena, "Bearer %s", token));
	return finish(&b);
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

static void test_next(void)
{
	static const char *good[] = {"/", "/apps/pad?x=1", "http://os.localhost:8080/x", "http://pad.localhost:8080/notes?a=b", "/a%20b"};
	static const char *bad[] = {"//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/",
				    "http://pad.localhost:8080.evil.example/", "http://pad.localhost:8080@evil.example/",
				    "http://pad.localhost:8080", "http://pad.localhost/", "https://pad.localhost:8080/",
				    "http://nothere.localhost:8080/", "http://localhost:8080/", "http://pad.localhost:8080//evil.example",
				    "http://pad.localhost:8080/../x", "/../x", "/%2e%2e/x", "javascript:alert(1)", "data:text/html,x",
				    "http:/pad.localhost:8080/", "http:///evil.example", "/a\r\nSet-Cookie: x", "http://pad.localhost:8080/\\x",
				    " /x", "/\t/evil.example", "pad"};
	struct browser b = {.client = "10.9.0.1"};
	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		bool fine = i < ARRAY_LEN(good);
		const char *next = fine ? good[i] : bad[i - ARRAY_LEN(good)];
		struct buf url = BUF_INIT;
		buf_adds(&url, "/_fazt/sign-in?");
		form_add(&url, "next", str_of(next));
		is_int(get(&b, OS, url.p), fine ? 200 : 400, "next, case %zu", i);
		buf_clear(&url);
		form_add(&url, "name", STR("Ann"));
		form_add(&url, "password", STR(PASSWORD));
		form_add(&url, "next", str_of(next));
		struct browser fresh = {.client = "10.9.0.2"};
		is_int(post(&fresh, OS, "/_fazt/sign-in", url.p), fine ? 303 : 400, "posted, case %zu", i);
		if (fine)
			is_str(answer("location"), next, "and followed");
		buf_release(&url);
	}
	is_int(get(&b, "pad.localhost", "/_fazt/sign-in?next=//evil.example"), 400, "at an app");
	is_int(get(&b, "pad.localhost", "/_fazt/sign-in?next=http://blog.localhost:8080/"), 400, "at an app, to another");
	is_int(get(&b, "pad.localhost", "/_fazt/sign-in?next=/x"), 303, "at an app, inside it");
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

static void set(const char *key, const char *value)
{
	struct fault f = {0};
	struct db *db = db_borrow(node.store, &f);
	db_begin(db);
	setting_set(db, str_of(key), str_of(value));
	if (db_commit(db))
		die("%s: %s", key, f.message);
	db_return(db);
}

static void test_insecure(void)
{
	struct browser b = {.client = "10.6.0.1"};
	set("domain", "example.com");
	begin(&b, "GET", OS, "/_fazt/sign-in");
	finish(&b);
	is_int(E, ERR_DENIED, "no sign-in over plain http");
	op(op_login_link, NULL, NULL, NULL);
	begin(&b, "POST", OS, "/_fazt/login");
	header("sec-fetch-site", "same-origin");
	R.body = str_of(form_of_link(NULL));
	finish(&b);
	is_int(E, ERR_DENIED, "by no way");
	set("insecure", "true");
	begin(&b, "POST", OS, "/_fazt/login");
	header("sec-fetch-site", "same-origin");
	R.body = str_of(form_of_link(NULL));
	is_int(finish(&b), 303, "unless the owner says so");
	const char *c = answer("set-cookie");
	ok(c && str_starts(str_of(c), "os=") && !strstr(c, "Secure") && strstr(c, "HttpOnly"), "with a cookie that works there");
	set("scheme", "https");
	set("port", "443");
	get(&b, OS, "/");
	is_int(R.who.kind, WHO_IS_STRANGER, "which https does not take");
	set("scheme", "http");
	set("port", "8080");
	set("domain", "localhost");
	set("insecure", "false");
}

static void make_home(void)
{
	struct fault f = {0};
	struct user u;
	if (!mkdtemp(home) || node_open(&node, home, STORE_CREATE, &f))
		die("no home: %s", f.message);
	log_open(home);
	set("scheme", "http");
	set("port", "8080");
	struct db *db = db_borrow(node.store, &f);
	db_begin(db);
	if (user_create(db, STR("Owner"), ROLE_OWNER, &u) || db_commit(db))
		die("no owner: %s", f.message);
	db_return(db);
}

static void remove_home(void)
{
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + strlen("/tmp/"));
	close(tmp);
}

/* An operation of the person whose browser it is. */
static int op_of(struct browser *b, sys_fn *f, const char *one, const char *two)
{
	const char *args[] = {one, two};
	struct call c = {.nargs = 2};
	struct out o = OUT(&op_out);
	for (int i = 0; i < 2; i++)
		if (args[i])
			c.arg[i] = (struct arg){.present = true, .s = str_of(args[i])};
	get(b, OS, "/");
	buf_clear(&op_out);
	return f(&R, &c, &o);
}

static bool is_signed_in(struct browser *b)
{
	get(b, OS, "/");
	return R.who.kind == WHO_IS_USER;
}

static void test_own_password(void)
{
	struct browser ned = {.client = "10.8.0.1"}, second = {.client = "10.8.0.2"};
	const int64_t from = 9 * THROTTLE_FORGET_MS, later = from + 11 * 60000;
	now_shift(from);
	op(op_user_add, "Ned", NULL, NULL);
	op(op_user_list, NULL, NULL, NULL);
	ok(strstr(op_out.p, "\"Ned\",\"role\":\"member\",\"pending\":true") != NULL, "an account nobody came in by is invited");
	for (int i = 0; i < 2; i++) {
		op(op_login_link, "Ned", NULL, NULL);
		post(i ? &second : &ned, OS, "/_fazt/login", form_of_link(NULL));
	}
	op(op_user_list, NULL, NULL, NULL);
	ok(strstr(op_out.p, "\"Ned\",\"role\":\"member\",\"pending\":false") != NULL, "and no longer when a link was enough");
	op_of(&ned, op_session_show, NULL, NULL);
	ok(strstr(op_out.p, "\"password\":false,\"fresh\":true") != NULL, "a fresh session, without a password");
	is_int(op_of(&ned, op_session_password, "too short", NULL), ERR_BAD_REQUEST, "nine characters");
	is_int(op_of(&ned, op_session_password, "first of Ned", NULL), 0, "a password, just after signing in");
	ok(is_signed_in(&ned), "he stays signed in");
	ok(!is_signed_in(&second), "and is signed out elsewhere");
	is_int(sign_in(&second, "Ned", "first+of+Ned"), 303, "the password opens the door");

	now_shift(later);
	op_of(&ned, op_session_show, NULL, NULL);
	ok(strstr(op_out.p, "\"password\":true,\"fresh\":false") != NULL, "ten minutes later it is not fresh");
	is_int(op_of(&ned, op_session_password, "second of Ned", NULL), ERR_DENIED, "then the present one is wanted");
	is_int(op_of(&ned, op_session_password, "second of Ned", "guessed"), ERR_DENIED, "the right one");
	is_int(op_of(&ned, op_session_password, "second of Ned", "first of Ned"), 0, "with it, it is changed");
	ok(!is_signed_in(&second), "which ends the other session");
	is_int(sign_in(&second, "Ned", "first+of+Ned"), 401, "the old one is wrong now");

	int guesses = 1, err;
	while ((err = op_of(&ned, op_session_password, "third of Ned", "guessed")) == ERR_DENIED && guesses < 20)
		guesses++;
	ok(err == ERR_RATE_LIMITED && R.retry_after > 0, "guesses are slowed down as at the door: after %d", guesses);
	is_int(op_of(&ned, op_session_password, "third of Ned", "second of Ned"), ERR_RATE_LIMITED, "the right one has to wait as well");
	is_int(op(op_session_password, "third of Ned", NULL, NULL), ERR_BAD_REQUEST, "in the shell nobody is signed in");
	now_shift(0);
}

int main(void)
{
	crypt_init();
	R.arena = arena_new();
	make_home();
	pad = make_app("pad", "members");
	blog = make_app("blog", "anyone");
	diary = make_app("diary", "owner");
	test_login_link();
	test_headers();
	test_hand_over();
	test_invite();
	test_password();
	test_equal_times();
	test_at_once();
	test_tokens();
	test_membership();
	test_csrf();
	test_next();
	test_tossing();
	test_warm();
	test_lifetime();
	test_end();
	test_insecure();
	test_throttle();
	test_own_password();
	app_release(R.app);
	app_release(pad);
	app_release(blog);
	app_release(diary);
	buf_release(&op_out);
	buf_release(&R.res.body);
	arena_free(R.arena);
	node_close(&node);
	remove_home();
	return done_testing();
}
