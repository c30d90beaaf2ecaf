#include "../cell/worker.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/now.h"
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
	a = cell_request(&c, &r, NULL, 1000);
	ok(a->r.status == 201 && strstr(a->body.p, "\"id\":\"7\"") && strstr(a->body.p, "\"q\":\"a b\"") &&
		   strstr(a->body.p, "\"list\":[]") && strstr(a->body.p, "\"null\":null") && strstr(a->body.p, "\"user\":\"Ann\""),
	   "parameters, query, lists, null and the user: %s", a->body.p);
	ok(a->r.nheaders == 1 && str_is(a->r.type, "application/problem+json"), "headers, and a content type of its own");
	r = request("POST", "/echo");
	r.body = STR("{\"a\":\"x\"}");
	r.nheaders = 2;
	r.header[0] = (struct wire_header){STR("Content-Type"), STR("t/x")};
	r.header[1] = (struct wire_header){STR("Cookie"), STR("b=1; c=\"2\"")};
	is_body(cell_request(&c, &r, NULL, 1000), "xt/x29", "body, json, headers and cookies");
	r.body = STR("{\"a\":");
	is_int(cell_request(&c, &r, NULL, 1000)->code, ERR_BAD_REQUEST, "a body that is not JSON is the client's fault");
	r = request("POST", "/form");
	r.body = STR("a=x+y%21&b=");
	is_int(cell_request(&c, &r, NULL, 1000)->code, ERR_UNSUPPORTED_TYPE, "a form without its content type");
	r.nheaders = 1;
	r.header[0] = (struct wire_header){STR("content-type"), STR("application/x-www-form-urlencoded; charset=utf-8")};
	is_body(cell_request(&c, &r, NULL, 1000), "x y!", "a form");
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
	a = cell_request(&c, &r, NULL, 1000);
	ok(a->r.status == 405 && str_is(a->r.header[0].value, "GET, HEAD"), "a route with another method is 405 with Allow");
	r = request("HEAD", "/");
	is_body(cell_request(&c, &r, NULL, 1000), "<h1>hello</h1>", "GET answers HEAD");
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
	is_body(cell_request(&c, &r, echo, 1000), "[[{\"q\":{\"a\":1},\"row\":\"storage.docs.find\"}],\"next\"]", "a call, and its page");
	r = request("GET", "/app");
	ok(strstr(cell_request(&c, &r, echo, 1000)->body.p, "\"as_app\":true") != NULL, "a call as the app");
	is_str((a = cell_get(&c, "/log"))->log.p, "0:a\t1\tnil\n1:careful\n", "print and log");
	is_body(cell_get(&c, "/env"), "value", "the settings");
	cell_free(&c);
}

int main(void)
{
	zygote_start();
	test_hello();
	zygote_stop();
	return done_testing();
}
