#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

/* Blocks are chained, newest first. A reset keeps the first block, which covers almost every request. */
#define BLOCK_SIZE (16 * KIB)

struct block {
	struct block *older;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

struct cleanup {
	struct cleanup *earlier;
	void (*fn)(void *);
	void *arg;
};

struct arena {
	struct block *newest;
	struct cleanup *last;
};

static struct block *block_new(struct block *older, size_t size)
{
	struct block *b = xmalloc(sizeof *b + size);
	b->older = older;
	b->used = 0;
	b->size = size;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = xmalloc(sizeof *a);
	a->newest = block_new(NULL, BLOCK_SIZE);
	a->last = NULL;
	return a;
}

void arena_reset(struct arena *a)
{
	while (a->last) {
		struct cleanup *c = a->last;
		a->last = c->earlier;
		c->fn(c->arg);
	}
	while (a->newest->older) {
		struct block *b = a->newest;
		a->newest = b->older;
		free(b);
	}
	a->newest->used = 0;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	free(a->newest);
	free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t rounded = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (rounded < n)
		die("arena: size overflow");
	if (rounded > a->newest->size - a->newest->used)
		a->newest = block_new(a->newest, MAX((size_t)BLOCK_SIZE, rounded));
	void *p = a->newest->bytes + a->newest->used;
	a->newest->used += rounded;
	return memset(p, 0, rounded);
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){arena_cstr(a, s), s.n};
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_cstr(a, str_of(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("arena: bad format");
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
	struct cleanup *c = NEW(a, struct cleanup);
	*c = (struct cleanup){a->last, fn, arg};
	a->last = c;
}
