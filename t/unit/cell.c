#include "../cell/worker.h"

#include <poll.h>
#include <unistd.h>

#include "base/id.h"
#include "base/now.h"
#include "cell/heap.h"
#include "codec/json.h"
#include "tap.h"
#include "wire/syscall.h"

static struct cell start(const char *script, size_t heap)
{
	char path[256];
	struct cell c = cell_new(heap);
	cell_file(&c, "api/pristine.lua", test_file("t/cell/pristine.lua"));
	snprintf(path, sizeof path, "t/cell/%s.lua", script);
	cell_file(&c, "api/main.lua", test_file(path));
	return c;
}

static struct wire_request request(const char *method, const char *path)
{
	return (struct wire_request){.method = str_of(method), .path = str_of(path), .body = STR(""), .id = STR("req1"),
				     .trigger = STR("http"), .now = 1700000000123};
}

static void is_body(const struct answer *a, const char *want, const char *what)
{
	is_str(a->type == FRAME_RESPONSE ? (a->body.p ? a->body.p : "") : a->type == FRAME_ERROR ? a->message.p : "(no answer)", want, "%s", what);
}

static int echo(const struct call *c, struct buf *result)
{
	const struct syscall *row = syscall_row(c->row);
	if (row->returns == RETURNS_PAGE)
		buf_addf(result, "{\"items\":[{\"row\":\"%s\",\"q\":%.*s}],\"cursor\":\"next\"}", row->name, STR_FMT(c->arg[1].s));
	else
		buf_addf(result, "{\"row\":\"%s\",\"as_app\":%s}", row->name, c->as_app ? "true" : "false");
	return 0;
}

static void test_hello(void)
{
	struct cell c = start("hello", 0);
	struct answer *a = cell_load(&c, "{\"env\":{\"NAME\":\"value\"},\"app\":{}}");
	is_int(a->type, FRAME_READY, "an app loads");
	if (a->type != FRAME_READY)
		return;
	ok(strstr(a->message.p, "[\"GET\",\"/json/:id\"]") != NULL, "READY lists its routes");

	a = cell_get(&c, "/");
	is_body(a, "<h1>hello</h1>", "a string is HTML");
	ok(str_is(a->r.type, "text/html; charset=utf-8"), "and says so");
	struct wire_request r = request("GET", "/json/7");
	r.query = STR("q=a%20b");
	r.user = STR("{\"id\":\"u1\",\"name\":\"Ann\",\"role\":\"member\"}");
	a = cell_request(&c, &r, NULL, CELL_PATIENCE_MS);
	ok(a->r.status == 201 && strstr(a->body.p, "\"id\":\"7\"") && strstr(a->body.p, "\"q\":\"a b\"") &&
		   strstr(a->body.p, "\"list\":[]") && strstr(a->body.p, "\"null\":null") && strstr(a->body.p, "\"user\":\"Ann\""),
	   "parameters, query, lists, null and the user: %s", a->body.p);
	ok(a->r.nheaders == 1 && str_is(a->r.type, "application/problem+json"), "headers, and a content type of its own");
	r = request("POST", "/echo");
	r.body = STR("{\"a\":\"x\"}");
	r.nheaders = 2;
	r.header[0] = (struct wire_header){STR("Content-Type"), STR("t/x")};
	r.header[1] = (struct wire_header){STR("Cookie"), STR("b=1; c=\"2\"")};
	is_body(cell_request(&c, &r, NULL, CELL_PATIENCE_MS), "xt/x29", "body, json, headers and cookies");
	r.body = STR("{\"a\":");
	is_int(cell_request(&c, &r, NULL, CELL_PATIENCE_MS)->code, ERR_BAD_REQUEST, "a body that is not JSON is the client's fault");
	r = request("POST", "/form");
	r.body = STR("a=x+y%21&b=");
	is_int(cell_request(&c, &r, NULL, CELL_PATIENCE_MS)->code, ERR_UNSUPPORTED_TYPE, "a form without its content type");
	r.nheaders = 1;
	r.header[0] = (struct wire_header){STR("content-type"), STR("application/x-www-form-urlencoded; charset=utf-8")};
	is_body(cell_request(&c, &r, NULL, CELL_PATIENCE_MS), "x y!", "a form");
	is_body(cell_get(&c, "/count"), "1", "a module variable");
	is_body(cell_get(&c, "/count"), "1", "is what it was in the next request");
	a = cell_get(&c, "/files/a/b.txt");
	ok(a->r.kind == BODY_FILE && str_is(a->r.body, "a/b.txt"), "the rest of a path, and a file");
	a = cell_get(&c, "/files/index");
	ok(a->r.kind == BODY_BLOB && str_is(a->r.body, "index"), "a literal goes before the rest, and a blob");
	a = cell_get(&c, "/go");
	ok(a->r.status == 303 && str_is(a->r.header[0].value, "/else"), "a redirect");
	is_int(cell_get(&c, "/nothing")->code, ERR_NOT_FOUND, "nil is 404");
	is_int(cell_get(&c, "/nowhere")->code, ERR_NOT_FOUND, "no route is 404");
	r = request("POST", "/count");
	a = cell_request(&c, &r, NULL, CELL_PATIENCE_MS);
	ok(a->r.status == 405 && str_is(a->r.header[0].value, "GET, HEAD"), "a route with another method is 405 with Allow");
	r = request("HEAD", "/");
	is_body(cell_request(&c, &r, NULL, CELL_PATIENCE_MS), "<h1>hello</h1>", "GET answers HEAD");
	a = cell_get(&c, "/boom");
	ok(a->code == ERR_APP_ERROR && str_is(a->message, "api/main.lua:19: boom") && str_starts(a->traceback, "stack traceback"),
	   "an error with file and line");
	a = cell_get(&c, "/fail");
	ok(a->code == ERR_CONFLICT && str_is(a->message, "too late"), "an error with a code");
	a = cell_get(&c, "/big");
	ok(a->body.len == 3000000 && a->body.p[2999999] == 'x', "a response of several frames: type %d code %d %.*s", (int)a->type, a->code, STR_FMT(a->message));
	struct buf first = BUF_INIT;
	buf_addstr(&first, buf_str(&cell_get(&c, "/now")->body));
	ok(str_starts(buf_str(&first), "2023-11-141700000000123"), "time is that of the request: %s", first.p);
	is_body(cell_get(&c, "/now"), first.p, "and so is chance");
	buf_release(&first);
	r = request("GET", "/call");
	is_body(cell_request(&c, &r, echo, CELL_PATIENCE_MS), "[[{\"q\":{\"a\":1},\"row\":\"storage.docs.find\"}],\"next\"]", "a call, and its page");
	r = request("GET", "/app");
	ok(strstr(cell_request(&c, &r, echo, CELL_PATIENCE_MS)->body.p, "\"as_app\":true") != NULL, "a call as the app");
	is_str((a = cell_get(&c, "/log"))->log.p, "0:a\t1\tnil\n1:careful\n", "print and log");
	is_body(cell_get(&c, "/env"), "value", "the settings");
	cell_free(&c);
}

/* Drop the leash: how long until the cell is gone, in ms, or -1 when it is still there after a second. */
static int64_t kill_time(struct cell *c)
{
	char byte;
	int64_t began = mono_ms();
	close(c->leash);
	c->leash = -1;
	struct pollfd p = {.fd = c->from, .events = POLLIN};
	return poll(&p, 1, 1000) == 1 && read(c->from, &byte, 1) <= 0 ? mono_ms() - began : -1;
}

static const char *outcome(const struct answer *a)
{
	if (a->type == FRAME_RESPONSE)
		return a->body.p;
	return a->type == FRAME_ERROR ? err_row(a->code)->code : a->type == 0 ? "gone" : "killed";
}

/* One route of a script of attacks: does it end as its path says, and is the next request pristine? */
static void attack(struct cell *c, const char *script, const char *path, const char *fingerprint)
{
	struct str rest, want = str_cut((struct str){path + 8, strlen(path) - 8}, '/', &rest);
	struct wire_request r = request("GET", path);
	bool deadly = str_is(want, "killed");
	struct answer *a = cell_request(c, &r, echo, deadly ? 250 : CELL_PATIENCE_MS);
	bool as_said = ok(str_is(want, outcome(a)), "%s: %.*s is %.*s", script, STR_FMT(rest), STR_FMT(want));
	if (!as_said)
		printf("# got %.200s %.*s\n", outcome(a), STR_FMT(a->message));
	if (deadly) {
		int64_t ms = kill_time(c);
		ok(ms >= 0 && ms <= 1000, "the leash ends it in %d ms", (int)ms);
	}
	if (deadly || (a->type != FRAME_RESPONSE && a->type != FRAME_ERROR)) {
		cell_free(c);
		*c = start(script, 0);
		cell_load(c, "{}");
	} else {
		a = cell_get(c, "/pristine");
		if (a->type != FRAME_RESPONSE || strcmp(a->body.p, fingerprint))
			ok(0, "%s: the request after %.*s is not pristine: %.300s %.*s %.*s", script, STR_FMT(rest), outcome(a), STR_FMT(a->message), STR_FMT(a->traceback));
	}
}

static void test_attacks(const char *script)
{
	struct cell c = start(script, 0);
	struct answer *a = cell_load(&c, "{}");
	struct json_lex l;
	if (!ok(a->type == FRAME_READY, "%s loads", script)) {
		printf("# %.*s\n", STR_FMT(a->message));
		return;
	}
	char *list = strndup(a->message.p, a->message.n);
	a = cell_get(&c, "/pristine");
	char *fingerprint = xstrdup(a->type == FRAME_RESPONSE ? a->body.p : "");
	json_lex_init(&l, str_of(list), 8);
	for (enum json_tok t; (t = json_next(&l)) != JSON_END && t != JSON_ERROR;) {
		char path[300];
		snprintf(path, sizeof path, "%.*s", STR_FMT(l.text));
		if (t == JSON_STRING && str_starts(l.text, "/expect/"))
			attack(&c, script, path, fingerprint);
	}
	free(list);
	free(fingerprint);
	cell_free(&c);
}

/* Users take turns on one cell while one of them attacks everything an app can reach. */
static void test_turns(void)
{
	struct cell c = start("state", 0);
	int bad = 0;
	cell_load(&c, "{}");
	char *fingerprint = xstrdup(cell_get(&c, "/pristine")->body.p);
	for (int i = 0; i < 10000; i++) {
		struct wire_request r = request("GET", i % 2 ? "/look" : "/attack");
		r.user = i % 4 ? STR("{\"id\":\"u1\",\"name\":\"ann\"}") : STR("{\"id\":\"u2\",\"name\":\"bob\"}");
		struct answer *a = cell_request(&c, &r, NULL, CELL_PATIENCE_MS);
		const char *want = i % 2 ? "00nil" : i % 4 ? "11ann" : "11bob";
		bad += a->type != FRAME_RESPONSE || strcmp(a->body.p, want);
		if (bad == 1)
			printf("# %s instead of %s\n", outcome(a), want);
		if (i % 100 == 1)
			bad += strcmp(cell_get(&c, "/pristine")->body.p, fingerprint) != 0;
	}
	is_int(bad, 0, "RLS-07 10,000 requests by turns, and none saw another");
	free(fingerprint);
	cell_free(&c);
}

static const struct {
	const char *what, *path, *text, *message;
	int err;
} broken[] = {
	{"a syntax error", "api/other.lua", "local x = = 1", "api/other.lua:1:", ERR_APP_ERROR},
	{"compiled Lua", "api/main.lua", "\x1BLua", "api/main.lua is compiled Lua", ERR_BINARY_CHUNK},
	{"no main", "api/other.lua", "return {}", "there is no api/main.lua", ERR_APP_ERROR},
	{"a failing main", "api/main.lua", "error('no')", "api/main.lua:1: no", ERR_APP_ERROR},
	{"routes that are a string", "api/main.lua", "return 'x'", "api/main.lua must return", ERR_APP_ERROR},
	{"a route without a path", "api/main.lua", "return {GET=print}", "api/main.lua: the route \"GET\"", ERR_APP_ERROR},
	{"a route without a method", "api/main.lua", "return {['/x']=print}", "api/main.lua: the route \"/x\"", ERR_APP_ERROR},
	{"a route without a function", "api/main.lua", "return {['GET /x']=1}", "api/main.lua: the route \"GET /x\" has no function", ERR_APP_ERROR},
	{"the same route twice", "api/main.lua", "return {['GET /:a']=print, ['GET /:b']=print}", "api/main.lua: the routes", ERR_APP_ERROR},
	{"something behind *rest", "api/main.lua", "return {['GET /*a/b']=print}", "api/main.lua: the route", ERR_APP_ERROR},
	{"a call while loading", "api/main.lua", "require('fazt').storage.docs.get('a', 'b')", "storage.docs.get does not work", ERR_NOT_AT_LOAD},
	{"a module that requires itself", "api/main.lua", "require 'main'", "api/main.lua requires itself", ERR_APP_ERROR},
	{"a bomb", "api/main.lua", "local t = {} while true do t = {t} end", "", ERR_APP_MEMORY},
};

static void test_broken(void)
{
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct cell c = cell_new(0);
		cell_file(&c, broken[i].path, str_of(broken[i].text));
		struct answer *a = cell_load(&c, "{}");
		ok(a->type == FRAME_ERROR && a->code == broken[i].err && str_starts(a->message, broken[i].message),
		   "%s: %.*s", broken[i].what, STR_FMT(a->message));
		cell_free(&c);
	}
}

static void test_limits(void)
{
	struct cell c = cell_new(0);
	cell_send(&c, FRAME_REQUEST, STR("x"));
	is_int(cell_load(&c, "{}")->type, 0, "a request before START ends the cell");
	cell_free(&c);
	c = start("hello", 0);
	cell_load(&c, "{}");
	ok(kill_time(&c) >= 0, "the leash ends an idle cell");
	cell_free(&c);
	c = start("memory", HEAP_MIN);
	is_int(cell_load(&c, "{}")->type, FRAME_READY, "an app fits in the least heap");
	struct wire_request r = request("GET", "/expect/app_memory/strings");
	is_int(cell_request(&c, &r, NULL, CELL_PATIENCE_MS)->code, ERR_APP_MEMORY, "and is bounded by it");
	cell_free(&c);
	c = start("state", 1);
	is_int(cell_load(&c, "{}")->type, FRAME_READY, "a heap of one byte is brought into range");
	cell_free(&c);
}

/* A kernel of two rows, which remembers what it was asked to commit. */
static struct buf batch;
static int commits, conflicts;

static int answer_commit(const struct call *c, struct buf *result)
{
	buf_clear(&batch);
	buf_addstr(&batch, c->arg[0].s);
	commits++;
	if (conflicts && conflicts--)
		return buf_adds(result, "changed"), ERR_CONFLICT;
	buf_adds(result, "{\"results\":[{\"id\":\"a\",\"title\":\"new\",\"rev\":4},{\"id\":\"real\",\"title\":\"made\",\"rev\":1},null,null]}");
	return 0;
}

static int answer_sdk(const struct call *c, struct buf *result)
{
	if (c->row == SYSCALL_storage_commit)
		return answer_commit(c, result);
	if (c->row == SYSCALL_docs_insert)
		buf_addf(result, "{\"as_app\":%s}", c->as_app ? "true" : "false");
	else if (str_is(c->arg[1].s, "a"))
		buf_adds(result, "{\"id\":\"a\",\"rev\":3,\"title\":\"old\",\"gone\":1}");
	else if (str_is(c->arg[1].s, "b"))
		buf_adds(result, "{\"id\":\"b\",\"rev\":7}");
	else if (str_is(c->arg[1].s, "spent"))
		return ERR_SYSCALL_LIMIT;
	else
		buf_adds(result, "null");
	return 0;
}

static struct answer *sdk(struct cell *c, const char *path)
{
	struct wire_request r = request("GET", path);
	return cell_request(c, &r, answer_sdk, CELL_PATIENCE_MS);
}

static const char wanted_batch[] =
	"{\"reads\":[{\"as_app\":false,\"collection\":\"notes\",\"id\":\"a\",\"rev\":3},{\"as_app\":false,\"collection\":\"notes\",\"id\":\"b\",\"rev\":7}],"
	"\"writes\":[{\"as_app\":false,\"changes\":{\"gone\":null,\"title\":\"new\"},\"collection\":\"notes\",\"id\":\"a\",\"op\":\"update\"},"
	"{\"as_app\":false,\"collection\":\"notes\",\"doc\":{\"title\":\"made\"},\"op\":\"insert\",\"ref\":\"R\"},"
	"{\"as_app\":false,\"collection\":\"lines\",\"doc\":{\"parent\":\"R\",\"text\":\"below\"},\"op\":\"insert\",\"ref\":\"R\"},"
	"{\"as_app\":false,\"collection\":\"notes\",\"id\":\"b\",\"op\":\"delete\"}]}";

/* Ids are made by chance: R stands for each. */
static void hide_ids(struct buf *b)
{
	struct buf to = BUF_INIT;
	for (size_t i = 0; i < b->len; i++) {
		bool id = b->p[i] == '"' && b->len - i > ID_LEN + 1 && id_valid((struct str){b->p + i + 1, ID_LEN});
		buf_adds(&to, id ? "\"R" : "");
		i += id ? ID_LEN : 0;
		if (!id)
			buf_addc(&to, b->p[i]);
	}
	buf_release(b);
	*b = to;
}

static void test_tx(struct cell *c)
{
	is_body(sdk(c, "/tx"),
		"{\"kept\":{\"id\":\"a\",\"rev\":3,\"title\":\"new\"},\"made\":{\"id\":\"real\",\"rev\":1,\"title\":\"made\"},"
		"\"result\":\"oldnewnilmade\",\"runs\":1,\"second\":\"nil\"}", "a transaction reads what it wrote");
	hide_ids(&batch);
	is_str(batch.p, wanted_batch, "and is one batch");
	conflicts = 2, commits = 0;
	ok(strstr(sdk(c, "/tx")->body.p, "\"runs\":3") && commits == 3, "on conflict it runs again");
	conflicts = 9, commits = 0;
	is_int(sdk(c, "/tx")->code, ERR_CONFLICT, "and then gives up");
	is_int(commits, 5, "after five times");
	conflicts = commits = 0;
	ok(strstr(sdk(c, "/tx-read")->body.p, "\"old\"") && !commits, "one read needs no commit");
	is_int(sdk(c, "/tx-absent")->code, ERR_NOT_FOUND, "a row that is not there cannot be changed");
	is_int(sdk(c, "/tx-nested")->code, ERR_BAD_REQUEST, "transactions do not nest");
	is_int(sdk(c, "/tx-kv")->code, ERR_BAD_REQUEST, "keys do not take part");
	is_body(sdk(c, "/tx-after-error"), "ok", "an error leaves the transaction");
	is_int(commits, 0, "without a commit");
	is_body(sdk(c, "/tx-yield"), "ok", "one does not yield out of it");
	is_body(sdk(c, "/tx-coroutine"), "ok", "RLS-18 nor stays in it when a coroutine fails there");
	is_int(commits, 0, "RLS-18 without a commit");
	struct answer *deep = sdk(c, "/tx-deep");
	ok(strstr(deep->message.p, "within") && strstr(deep->traceback.p, "upvalue 'deep'"), "an error inside is told with where it was: %.*s", STR_FMT(deep->traceback));
	is_int(sdk(c, "/tx-memory")->code, ERR_APP_MEMORY, "and that memory ran out, as that");
	is_body(sdk(c, "/as-app-tx"), "ok", "as_app in a transaction");
	ok(strstr(batch.p, "[{\"as_app\":true,") && strstr(batch.p, "{\"as_app\":false,"), "marks its writes: %s", batch.p);
}

static void test_sdk(void)
{
	struct cell c = start("sdk", 0);
	cell_file(&c, "api/jobs/mail.lua", STR("return function(req) require('fazt').storage.kv.set(req.trigger, req.input) end"));
	cell_load(&c, "{}");
	test_tx(&c);
	is_body(sdk(&c, "/as-app"), "false true false false true false false", "as_app holds as long as its function, whatever happens");
	is_int(sdk(&c, "/as-app-left")->code, ERR_APP_ERROR, "a request ends inside as_app");
	ok(str_starts(buf_str(&sdk(&c, "/as-app")->body), "false"), "and the next begins as the person");
	struct answer *a = sdk(&c, "/spent");
	ok(a->type == FRAME_ERROR && a->code == ERR_SYSCALL_LIMIT, "a spent budget is not for pcall to swallow");
	is_body(sdk(&c, "/json"), "{\"a\":[1,2.5,-3,1000,9007199254740993,\"\xC3\xA9\\n\"],\"b\":{},\"c\":[],\"d\":null,\"e\":true}{}[][1,2]\"x\"0.1", "JSON");
	is_body(sdk(&c, "/crypto"), "ba7816bf 5031fe3d true false 9 false", "crypto");
	is_body(sdk(&c, "/date"), "1970-01-01 00:0016999200003180.0", "dates are UTC");
	is_body(sdk(&c, "/random"), "ok", "random numbers are in range");
	struct wire_request r = request("POST", "api/jobs/mail.lua");
	r.trigger = STR("queue");
	r.body = STR("{\"a\":1}");
	is_int(cell_request(&c, &r, answer_sdk, CELL_PATIENCE_MS)->type, FRAME_RESPONSE, "a job is the file that its path names");
	cell_free(&c);
}

int main(void)
{
	zygote_start();
	test_hello();
	test_sdk();
	test_broken();
	test_limits();
	test_attacks("sandbox");
	test_attacks("cpu");
	test_attacks("memory");
	test_attacks("modules");
	test_turns();
	zygote_stop();
	return done_testing();
}
