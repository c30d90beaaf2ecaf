/* The ways in: links, invites, passwords, over which address, and where they lead. */
#include <sys/stat.h>
#include <unistd.h>

#include "../identity/browser.h"
#include "base/now.h"
#include "codec/form.h"
#include "kernel/cookie.h"
#include "kernel/identity.h"
#include "kernel/password.h"
#include "store/throttle.h"
#include "tap.h"

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

/* Characters are counted, not bytes; bytes have a bound; what is no text is none. */
static void test_choices(void)
{
	static char form[4000], text[3100];
	struct browser b = {.client = "10.1.0.3"};
	op(op_user_add, "Lea", NULL, NULL);
	const char *link = arena_strdup(R.arena, form_of_link(NULL));
	char invite[200];
	snprintf(invite, sizeof invite, "%s", link);
	snprintf(form, sizeof form, "%s&password=%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC%%C3%%BC", invite);
	is_int(post(&b, OS, "/_fazt/invite", form), 400, "nine characters of two bytes");
	snprintf(form, sizeof form, "%s&password=%%FF%%FEpassword123", invite);
	is_int(post(&b, OS, "/_fazt/invite", form), 400, "bytes that are no text");
	memset(text, 'x', 1025);
	snprintf(form, sizeof form, "%s&password=%s", invite, text);
	is_int(post(&b, OS, "/_fazt/invite", form), 400, "1,025 bytes");
	form[strlen(form) - 1] = 0;
	is_int(post(&b, OS, "/_fazt/invite", form), 303, "1,024");
	snprintf(form, sizeof form, "name=Lea&password=%s", text);
	is_int(post(&b, OS, "/_fazt/sign-in", form), 401, "one more is another password, whatever it begins with");
	form[strlen(form) - 1] = 0;
	is_int(post(&b, OS, "/_fazt/sign-in", form), 303, "the password itself");
	memset(text, 'n', 300);
	text[300] = 0;
	snprintf(form, sizeof form, "name=%s&password=guess", text);
	is_int(post(&b, OS, "/_fazt/sign-in", form), 401, "a name of 300 letters is nobody's");
}

/* The lock that all processes share cannot be opened: nobody comes in, and nobody has to wait for those who did not. */
static void test_lock(void)
{
	struct browser b = {.client = "10.1.0.4"};
	const char *lock = arena_printf(R.arena, "%s/run/password.lock", node.home);
	char path[200];
	snprintf(path, sizeof path, "%s", lock);
	unlink(path);
	ok(!mkdir(path, 0700), "something else stands where the lock should");
	for (int i = 0; i < PASSWORD_QUEUE + 3; i++)
		if (sign_in(&b, i % 4 ? arena_printf(R.arena, "name-%d", i) : "Ann", "correct+horse+battery") != 500)
			ok(0, "not 500 but %d", R.res.status);
	ok(E == ERR_INTERNAL && strstr(R.fault.message, "run/password.lock"), "it is said: %s", R.fault.message);
	ok(!b.n, "without a session");
	rmdir(path);
	clock_hold(2 * THROTTLE_FORGET_MS);
	is_int(sign_in(&b, "Ann", "correct+horse+battery"), 303, "and over when it can be opened");
	clock_go();
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

static void test_insecure(void)
{
	struct browser b = {.client = "10.6.0.1"};
	static const char *const ours[] = {"os", "OS", "fazt", "__Host-fazt", "__hOST-os", "fazt-nonce", "__Host-os-device"};
	static const char *const theirs[] = {"osx", "__Host-", "__Host-theme", "__Secure-os", "", "faz"};
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		ok(cookie_reserved(str_of(ours[i])), "no app gets %s", ours[i]);
	for (size_t i = 0; i < ARRAY_LEN(theirs); i++)
		ok(!cookie_reserved(str_of(theirs[i])), "\"%s\" is an app's business", theirs[i]);
	set("domain", "fazt.localhost");
	begin(&b, "GET", OS, "/_fazt/sign-in");
	is_int(finish(&b), 200, "browsers trust what is below localhost");
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

static void test_own_password(void)
{
	struct browser ned = {.client = "10.8.0.1"}, second = {.client = "10.8.0.2"};
	const int64_t from = 9 * THROTTLE_FORGET_MS, later = from + 11 * 60000;
	clock_hold(from);
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

	clock_hold(later);
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
	clock_go();
}

int main(void)
{
	identity_setup();
	test_login_link();
	test_headers();
	test_invite();
	test_password();
	test_choices();
	test_lock();
	test_next();
	test_insecure();
	test_own_password();
	identity_teardown();
	return done_testing();
}
