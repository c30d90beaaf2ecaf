#include "cell/run.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/now.h"
#include "cell/bindings.h"
#include "cell/env.h"
#include "cell/frozen.h"
#include "cell/heap.h"
#include "cell/json.h"
#include "cell/link.h"
#include "cell/markdown.h"
#include "cell/migration.h"
#include "cell/raise.h"
#include "cell/request.h"
#include "cell/response.h"
#include "cell/sdk.h"
#include "cell/testing.h"
#include "codec/entry.h"
#include "wire/syscall.h"

/* The C side of a cell holds nothing of a request once it has ended: the heap is restored, the buffers are wiped,
 * what statics remain belong to the app. Lua runs in protected calls only; leaving early is a longjmp to serve(),
 * which is sound because the heap, where all of Lua's own state lies, is put back right after. */

#define STACK_WIPED (32 * KIB)

static struct heap *heap;
static lua_State *L;
static jmp_buf leave;
static struct str config; /* of START, while the app loads */
static bool migrating; /* it has migrations instead of an app: it never stops loading, as far as calls are concerned */
static bool testing;      /* it is a file of tests that serves, not the app */

void run_exit(void)
{
	_exit(0);
}

void run_born(int out_fd)
{
	struct buf b = BUF_INIT;
	size_t at = frame_begin(&b, FRAME_BORN, 0, 0);
	put_u32(&b, (uint32_t)getpid());
	frame_end(&b, at);
	if (write(out_fd, b.p, b.len) != (ssize_t)b.len)
		_exit(1);
	buf_release(&b);
}

void run_leave(int err, struct str message)
{
	raise_set(err, "%.*s", STR_FMT(message));
	longjmp(leave, 1);
}

static int panic(lua_State *state UNUSED)
{
	_exit(1); /* an error outside every protected call: nothing can be said any more */
}

/* fn in a protected call; 0, or raise_failure says what happened. */
static int protect(lua_CFunction fn)
{
	raise_clear();
	lua_settop(L, 0);
	lua_pushcfunction(L, raise_note);
	lua_pushcfunction(L, fn);
	int status = lua_pcall(L, 0, 0, 1);
	if (status)
		raise_status(status);
	lua_settop(L, 0);
	return status ? raise_failure.err : 0; /* the handler also saw what load() caught */
}

static void send_failure(void)
{
	struct buf *b = link_begin(FRAME_ERROR, 0, (unsigned)raise_failure.err);
	put_str(b, str_of(raise_failure.message));
	put_str(b, str_of(raise_failure.traceback));
	link_send();
}

/* The base VM. */

static int open_base(lua_State *state UNUSED)
{
	raise_open(L);
	json_open(L);
	request_open(L);
	env_open(L);
	sdk_open(L);
	return 0;
}

void run_prepare(void)
{
	syscall_init();
	link_init();
	markdown_init();
	heap = heap_new();
	L = lua_newstate(heap_alloc, heap);
	if (!L)
		die("no Lua state");
	lua_atpanic(L, panic);
	bindings_loading();
	if (protect(open_base))
		die("the base VM does not load: %s", raise_failure.message);
	lua_gc(L, LUA_GCCOLLECT);
}

void run_limit(size_t bytes)
{
	unsigned char seed[KEY_LEN];
	heap_limit(heap, bytes);
	crypt_random(seed, sizeof seed); /* for what the app does while it loads */
	frozen_set(now_ms(), seed);
}

/* Loading. */

static struct frame file; /* the FILE frame being compiled */

static int compile_file(lua_State *state UNUSED)
{
	struct wire w = {.left = file.payload};
	struct str path = get_str(&w), text = get_str(&w);
	bool other = (str_starts(path, "t/") || str_starts(path, "migrations/")) && str_ends(path, ".lua");
	if (!w.bad && (entry_is_code(path) || other))
		env_compile(L, path, text);
	else if (!w.bad && entry_is_view(path))
		sdk_view(L, path, text);
	return 0;
}

static void set_env(void)
{
	struct str values;
	if (!json_member(config, STR("env"), &values))
		return;
	env_require(L, STR("fazt"));
	json_decode(L, values, JSON_ITEMS, "the settings of the app");
	lua_setfield(L, -2, "env");
	lua_pop(L, 1);
}

static void set_zone(void)
{
	struct str zone;
	if (json_member(config, STR("zone"), &zone) && zone.n > 2)
		sdk_zone(L, (struct str){zone.p + 1, zone.n - 2}); /* names have no escapes */
}

static int run_main(lua_State *state UNUSED)
{
	struct str test;
	set_env();
	set_zone();
	sdk_views(L);
	testing = json_member(config, STR("test"), &test);
	if (testing) {
		testing_load(L, (struct str){test.p + 1, test.n - 2}); /* the kernel's own path, without escapes */
		return 0;
	}
	env_require(L, STR("api/main.lua"));
	routes_load(L);
	return 0;
}

static int run_migrations(lua_State *state UNUSED)
{
	struct str paths;
	json_member(config, STR("migrations"), &paths);
	migration_load(L, paths);
	return 0;
}

/* Is this cell for an upgrade's migrations, and not for an app? */
static bool migrates(void)
{
	struct str paths;
	return json_member(config, STR("migrations"), &paths);
}

/* The garbage collector is incremental and begins its first cycle when half the cap is used: a normal request never
 * gets there, so marking never dirties the snapshot. A negative step sets the debt. */
static void delay_collector(void)
{
	lua_gc(L, LUA_GCINC, 100, 0, 0);
	lua_gc(L, LUA_GCCOLLECT);
	int half = (int)(heap_size(heap) / 2 / KIB), used = lua_gc(L, LUA_GCCOUNT);
	if (used < half)
		lua_gc(L, LUA_GCSTEP, used - half);
	lua_gc(L, LUA_GCINC, 200, 0, 0);
}

static void take_snapshot(void)
{
	lua_settop(L, 0);
	delay_collector();
	heap_snapshot(heap);
}

static void send_ready(void)
{
	struct buf text = BUF_INIT;
	struct out o = OUT(&text);
	out_object(&o);
	out_key(&o, testing ? "tests" : "routes");
	if (migrating)
		out_null(&o);
	else if (testing)
		testing_list(L, &o);
	else
		routes_list(&o);
	out_end(&o);
	put_str(link_begin(FRAME_READY, 0, 0), buf_str(&text));
	link_send();
	buf_release(&text);
}

/* An app that does not load is told why, and has had its cell. */
NORETURN static void fail_load(void)
{
	send_failure();
	run_exit();
}

static void load(void)
{
	for (;;) {
		struct frame f = link_receive();
		if (f.type == FRAME_FILE) {
			file = f;
			if (protect(compile_file))
				fail_load();
		} else if (f.type == FRAME_START) {
			struct wire w = {.left = f.payload};
			config = get_str(&w);
			break;
		} else {
			run_exit();
		}
	}
	migrating = migrates();
	if (protect(migrating ? run_migrations : run_main))
		fail_load();
	take_snapshot();
	send_ready();
	link_wipe();
}

/* Serving. */

static void serve_http(void)
{
	struct route_match m;
	route_find(&m, request()->method, request()->path);
	if (m.handler == ROUTE_METHOD)
		return response_send_allow(m.allow);
	if (m.handler == ROUTE_NONE)
		raise_str(L, ERR_NOT_FOUND, STR_NONE);
	route_push(L, m.handler);
	request_push(L, &m);
	lua_call(L, 1, 1);
	response_send(L, -1);
}

/* A job, a schedule or an event: the path is that of a file which returns the handler. */
static void serve_job(void)
{
	struct route_match none = {0};
	env_require(L, request()->path);
	request_push(L, &none);
	lua_call(L, 1, 1);
	link_text_drop(0);
	response_send_text(json_encode(L, -1, MIB, false));
}

static void serve_test(void)
{
	testing_run(L, request()->path);
	response_send_done();
}

static int serve_protected(lua_State *state UNUSED)
{
	if (migrating)
		migration_serve(L);
	else if (testing)
		serve_test();
	else if (str_is(request()->trigger, "http"))
		serve_http();
	else
		serve_job();
	return 0;
}

/* The strings that C functions of Lua had on the stack. */
static void wipe_stack(void)
{
	char deep[STACK_WIPED];
	crypt_wipe(deep, sizeof deep);
}

static void clean_up(void)
{
	static const unsigned char none[KEY_LEN];
	if (link_waiting())
		run_exit();
	heap_restore(heap);
	request_end();
	link_wipe();
	frozen_set(0, none);
	crypt_wipe(&raise_failure, sizeof raise_failure);
	wipe_stack();
}

static void serve(struct frame f)
{
	if (f.type != FRAME_REQUEST || !request_begin(f.payload))
		run_exit();
	frozen_set(request()->now, request()->seed);
	if (!migrating)
		bindings_serving();
	env_begin();
	if (setjmp(leave) || protect(serve_protected))
		send_failure();
	clean_up();
}

void cell_run(int in_fd, int out_fd)
{
	link_open(in_fd, out_fd);
	load();
	for (;;)
		serve(link_receive());
}
