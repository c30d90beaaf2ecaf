/* What isolation costs: the way to a cell and back, a call out of it, starting one, and putting its heap back.
 *
 * Prints one line per figure, in µs. The restore is what a request pays on top of its handler. */
#include <lauxlib.h>
#include <lualib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cell/worker.h"
#include "base/now.h"
#include "cell/heap.h"

static const char app[] =
	"local fazt = require 'fazt' local get = fazt.storage.docs.get return {"
	"['GET /hello'] = function() return 'hello' end,"
	"['GET /calls'] = function() for i = 1, 100 do get('notes', 'a') end return 'x' end }";

static int answer(const struct call *c UNUSED, struct buf *result)
{
	buf_adds(result, "{\"id\":\"a\",\"rev\":1,\"title\":\"a note of some length, as notes are\"}");
	return 0;
}

static double requests(struct cell *c, const char *path, int n)
{
	struct wire_request r = {.method = STR("GET"), .path = str_of(path), .body = STR(""), .id = STR("1"), .trigger = STR("http")};
	int64_t began = mono_us();
	for (int i = 0; i < n; i++)
		if (cell_request(c, &r, answer, 1000)->type != FRAME_RESPONSE)
			die("no answer");
	return (double)(mono_us() - began) / n;
}

static struct cell loaded(void)
{
	struct cell c = cell_new(0);
	cell_file(&c, "api/main.lua", str_of(app));
	if (cell_load(&c, "{}")->type != FRAME_READY)
		die("the app does not load");
	return c;
}

#define ROUNDS 9

/* The least of several rounds, taken in turns with whatever it is compared with. */
static void keep_least(double *least, double v)
{
	if (!*least || v < *least)
		*least = v;
}

static void bench_cells(void)
{
	struct cell c = loaded();
	requests(&c, "/hello", 2000);
	double hello = requests(&c, "/hello", 20000), calls = requests(&c, "/calls", 1000);
	printf("request round trip   %8.1f\n", hello);
	printf("call round trip      %8.1f\n", (calls - hello) / 100);
	cell_free(&c);
	double least = 0;
	for (int i = 0; i < 200; i++) {
		int64_t began = mono_us();
		c = loaded();
		requests(&c, "/hello", 1);
		keep_least(&least, (double)(mono_us() - began));
		cell_free(&c);
	}
	printf("cell cold start      %8.1f  (fork, confine, load, first answer)\n", least);
}

/* A heap of about this many bytes in the snapshot. */
static lua_State *filled(struct heap *h, size_t bytes)
{
	lua_State *L = lua_newstate(heap_alloc, h);
	luaL_openlibs(L);
	lua_pushinteger(L, (lua_Integer)bytes / KIB);
	lua_setglobal(L, "kib");
	if (luaL_dostring(L, "rows = {} while collectgarbage('count') < kib do rows[#rows + 1] = { name = 'row ' .. #rows, n = #rows } end "
			     "function handle() local out = {} for i = 1, 300 do out[#out + 1] = i .. ':' .. (rows[i] and rows[i].n or 0) end "
			     "return table.concat(out) end"))
		die("%s", lua_tostring(L, -1));
	lua_gc(L, LUA_GCCOLLECT);
	lua_gc(L, LUA_GCSTOP);
	return L;
}

static double ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* One round of calls: µs for the handler, and µs for putting the heap back, each per call. */
static void round_of_calls(struct heap *h, lua_State *L, double *handler, double *restore)
{
	double in_handler = 0, in_restore = 0;
	for (int i = 0; i < 2000; i++) {
		double began = ns();
		lua_getglobal(L, "handle");
		lua_call(L, 0, 1);
		lua_settop(L, 0);
		double done = ns();
		heap_restore(h);
		in_handler += done - began;
		in_restore += ns() - done;
	}
	keep_least(handler, in_handler / 2e6);
	keep_least(restore, in_restore / 2e6);
}

static void bench_restore(size_t bytes)
{
	struct heap *h = heap_new();
	double handler = 0, restore = 0;
	heap_limit(h, HEAP_DEFAULT);
	lua_State *L = filled(h, bytes);
	heap_snapshot(h);
	for (int i = 0; i < ROUNDS; i++)
		round_of_calls(h, L, &handler, &restore);
	printf("restore at %4zu KB   %8.1f  (handler %.1f, %zu KB copied)\n", bytes / KIB, restore, handler, heap_dirty(h) / KIB);
}

int main(void)
{
	zygote_start();
	bench_cells();
	zygote_stop();
	static const size_t sizes[] = {100 * KIB, 500 * KIB, 2 * MIB};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		fflush(stdout);
		if (!fork()) { /* one heap in a process */
			bench_restore(sizes[i]);
			fflush(stdout);
			_exit(0);
		}
		wait(NULL);
	}
	return 0;
}
