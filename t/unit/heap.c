#include "cell/heap.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>

#include "tap.h"

static uint64_t seed = 88172645463325252;

static unsigned dice(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Blocks of every size, grown, shrunk and freed at random; each is filled with its own byte. */
#define SLOTS 2000
static struct slot {
	unsigned char *p;
	size_t n;
} slots[SLOTS];

static bool filled(const struct slot *s, size_t n)
{
	unsigned char want = (unsigned char)(s - slots);
	for (size_t i = 0; i < n; i++)
		if (s->p[i] != want)
			return false;
	return true;
}

static size_t any_size(void)
{
	switch (dice(8)) {
	case 0: return 1 + dice(300000);
	case 1: return 1 + dice(20000);
	case 2: return 500 + dice(50);
	default: return 1 + dice(200);
	}
}

static int step(struct heap *h, struct slot *s)
{
	size_t n = dice(3) ? any_size() : 0;
	if (!filled(s, s->n))
		return 1;
	unsigned char *p = heap_alloc(h, s->p, s->p ? s->n : dice(10), n);
	if (n && !p)
		return n <= s->n; /* refusing to grow is allowed, refusing to shrink is not */
	size_t kept = s->p ? MIN(n, s->n) : 0;
	*s = (struct slot){p, n};
	if (!filled(s, kept) || (n && (uintptr_t)p % 16))
		return 1;
	memset(p ? p : (unsigned char *)s, n ? (int)(unsigned char)(s - slots) : 0, n);
	return 0;
}

static void test_alloc(void)
{
	struct heap *h = heap_new();
	int bad = 0;
	heap_limit(h, 8 * MIB);
	for (int i = 0; i < 400000; i++)
		bad += step(h, &slots[dice(SLOTS)]);
	is_int(bad, 0, "400,000 allocations keep their bytes to themselves");
	ok(!heap_alloc(h, NULL, 0, 8 * MIB), "nothing goes past the cap");
	ok(!heap_alloc(h, NULL, 0, SIZE_MAX) && !heap_alloc(h, NULL, 0, SIZE_MAX - 40), "however large");
}

static void test_merge(void)
{
	struct heap *h = heap_new();
	void *p[1000] = {0};
	size_t n[1000];
	int failed = 0;
	heap_limit(h, 8 * MIB);
	for (int i = 0; i < 20000; i++) {
		unsigned k = dice(1000);
		size_t size = p[k] ? 0 : 600 + dice(9000);
		void *q = heap_alloc(h, p[k], n[k], size);
		failed += size && !q;
		p[k] = q;
		n[k] = size;
	}
	is_int(failed, 0, "half full there is room");
	for (int i = 0; i < 1000; i++)
		heap_alloc(h, p[i], n[i], 0);
	ok(heap_alloc(h, NULL, 0, 7 * MIB) != NULL, "what was freed comes together again");
}

/* The snapshot, with a Lua state in it. */

static struct heap *heap;
static lua_State *L;
static char *image;
static size_t image_size;
static jmp_buf leave;

static int leave_early(lua_State *state UNUSED)
{
	longjmp(leave, 1);
}

static const char app[] =
	"local t = {} for i = 1, 2000 do t[i] = { name = 'n' .. i, next = t[i - 1] } end "
	"local big = ('x'):rep(100000) local n = 0 "
	"function small() n = n + 1 local s = 'a' .. n return s end "
	"function write() for i = 1, 2000, 7 do t[i].name = i end t[#t + 1] = {} end "
	"function grow() local g = {} for i = 1, 3000 do g[i] = { i, tostring(i) } end t = g end "
	"function collect() collectgarbage() t = nil collectgarbage() end "
	"function globals() for i = 1, 100 do _G['g' .. i] = i end string.rep = nil end "
	"function bomb() local s = 'x' while true do s = s .. s end end "
	"function threads() for i = 1, 20 do coroutine.wrap(function() local c <close> = setmetatable({}, {__close = "
	"function() n = n + 1 end}) coroutine.yield() end)() end end "
	"function weak() local w = setmetatable({}, {__mode = 'k'}) for i = 1, 100 do w[{}] = i end collectgarbage() end "
	"function away() pcall(function() local c <close> = setmetatable({}, {__close = error}) "
	"coroutine.wrap(function() xpcall(leave, print) end)() end) end ";
static const char *const calls[] = {"small", "write", "grow", "collect", "globals", "bomb", "threads", "weak", "away"};

static void run(const char *name)
{
	if (setjmp(leave))
		return;
	lua_getglobal(L, name);
	lua_pcall(L, 0, 0, 0);
}

static bool pristine(void)
{
	const char *p = (const char *)heap;
	size_t size = heap_size(heap);
	if (memcmp(p, image, image_size))
		return false;
	for (size_t i = image_size; i < size; i += 8)
		if (*(const uint64_t *)(p + i))
			return false;
	return true;
}

static void test_snapshot(void)
{
	heap = heap_new();
	heap_limit(heap, 2 * MIB);
	L = lua_newstate(heap_alloc, heap);
	luaL_openlibs(L);
	lua_register(L, "leave", leave_early);
	ok(!luaL_dostring(L, app), "an app loads");
	lua_gc(L, LUA_GCCOLLECT);
	heap_snapshot(heap);
	image_size = heap_used(heap);
	image = xmalloc(image_size);
	memcpy(image, heap, image_size);
	int bad = 0;
	for (int i = 0; i < 100000; i++) {
		run(calls[i % 50 ? 0 : dice(ARRAY_LEN(calls))]);
		heap_restore(heap);
		if (i % 50 == 0)
			bad += !pristine();
	}
	is_int(bad, 0, "100,000 rounds were undone byte for byte");
	for (size_t i = 0; i < 40 * ARRAY_LEN(calls); i++) {
		run(calls[i % ARRAY_LEN(calls)]);
		heap_restore(heap);
		bad += !pristine();
	}
	is_int(bad, 0, "and so was every one of the hard ones");
	ok(heap_dirty(heap) <= image_size, "at most the snapshot is copied");
}

int main(void)
{
	test_alloc();
	test_merge();
	test_snapshot();
	return done_testing();
}
