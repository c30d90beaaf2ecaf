#include "config.h"

#include "cell/heap.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* Small objects (up to SMALL bytes) have no header: Lua tells the size of what it frees. They are carved one behind
 * the other from chunks, and freed into one list per size. Large blocks carry a header of 16 bytes and lie one
 * behind the other up to `top`; a freed one merges with free neighbours and waits in the bin of its size (two
 * levels: power of two, quarter), where any block of a larger bin fits.
 *
 * At the snapshot the free lists and bins are emptied and `top` moves to the next page: objects of the snapshot are
 * never reused, and a request's own objects never share a page with them. */

#define PAGE 4096u
#define SMALL 512u
#define STEP 16u
#define CHUNK (PAGE - sizeof(struct block))
#define BIN_TRIES 8
#define ORDERS 27 /* of HEAP_MAX = 2^26 and below */
#define KEEP (256 * KIB) /* wiped by writing zeros, so that the pages stay */

struct block {
	size_t size;       /* header included; bit 0: free */
	size_t before;     /* size of the block in front of this one, 0: none */
};

struct vacant { /* what a free large block holds behind its header */
	struct block head;
	struct vacant *next, **link;
};

struct heap {
	char *top, *end;     /* [top, end) was never used, or is free again */
	char *high;          /* the highest top there was */
	char *sealed;        /* what lies below belongs to the snapshot */
	char *chunk, *chunk_end;
	size_t last;         /* size of the block that ends at top, 0: none */
	void *small[SMALL / STEP + 1];
	unsigned order_map;
	unsigned char quarter_map[ORDERS];
	struct vacant *bin[ORDERS][4];
};

/* What is not part of the snapshot: where it lies, and which of its pages were written to. */
static struct {
	char *base, *image; /* the region, and the snapshot it is compared with */
	size_t size;        /* of the snapshot */
	size_t count;
	int fd;
	bool noted[HEAP_MAX / PAGE];
	uint16_t page[HEAP_MAX / PAGE];
} snap;

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

struct heap *heap_new(void)
{
	struct heap *h = mmap(NULL, HEAP_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h == MAP_FAILED)
		die("no address space for a heap");
	h->top = h->high = h->sealed = (char *)h + round_up(sizeof *h, STEP);
	h->end = (char *)h + HEAP_MAX;
	snap.base = (char *)h;
	return h;
}

/* Large blocks. */

static struct block *block_of(void *p)
{
	return (struct block *)p - 1;
}

static size_t block_size(const struct block *b)
{
	return b->size & ~(size_t)1;
}

static struct block *behind(struct block *b)
{
	return (struct block *)((char *)b + block_size(b));
}

/* The block at p got a new size: tell whoever lies behind it. */
static void set_size(struct heap *h, struct block *b, size_t size, bool vacant)
{
	b->size = size | vacant;
	if ((char *)b + size == h->top)
		h->last = size;
	else
		behind(b)->before = size;
}

static void bin_index(size_t size, int *order, int *quarter)
{
	*order = 63 - __builtin_clzl(size);
	*quarter = (int)(size >> (*order - 2) & 3);
}

static void bin_add(struct heap *h, struct block *b)
{
	struct vacant *v = (struct vacant *)b;
	int order, quarter;
	bin_index(block_size(b), &order, &quarter);
	struct vacant **head = &h->bin[order][quarter];
	v->next = *head;
	v->link = head;
	if (*head)
		(*head)->link = &v->next;
	*head = v;
	h->order_map |= 1u << order;
	h->quarter_map[order] |= (unsigned char)(1u << quarter);
}

static void bin_remove(struct heap *h, struct block *b)
{
	struct vacant *v = (struct vacant *)b;
	int order, quarter;
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	bin_index(block_size(b), &order, &quarter);
	if (h->bin[order][quarter])
		return;
	h->quarter_map[order] &= (unsigned char)~(1u << quarter);
	if (!h->quarter_map[order])
		h->order_map &= ~(1u << order);
}

/* A free block of at least size bytes: one of the first of its own bin, or the first of the next bin, where every
 * block fits. */
static struct block *bin_find(struct heap *h, size_t size)
{
	int order, quarter, tries = BIN_TRIES;
	bin_index(size, &order, &quarter);
	for (struct vacant *v = h->bin[order][quarter]; v && tries--; v = v->next)
		if (block_size(&v->head) >= size)
			return &v->head;
	bin_index(size + ((size_t)1 << (order - 2)) - 1, &order, &quarter);
	unsigned quarters = h->quarter_map[order] & ~0u << quarter;
	if (!quarters) {
		unsigned orders = h->order_map & ~0u << order << 1;
		if (!orders)
			return NULL;
		order = __builtin_ctz(orders);
		quarters = h->quarter_map[order];
	}
	return &h->bin[order][__builtin_ctz(quarters)]->head;
}

/* A block that is nobody's: back to the top, or merged with its neighbours into a bin. */
static void release(struct heap *h, struct block *b)
{
	size_t size = block_size(b);
	if (b->before) {
		struct block *front = (struct block *)((char *)b - b->before);
		if (front->size & 1) {
			bin_remove(h, front);
			size += block_size(front);
			b = front;
		}
	}
	if ((char *)b + size == h->top) {
		h->top = (char *)b;
		h->last = b->before;
		return;
	}
	struct block *next = (struct block *)((char *)b + size);
	if (next->size & 1) {
		bin_remove(h, next);
		size += block_size(next);
	}
	set_size(h, b, size, true);
	bin_add(h, b);
}

/* Keep the first size bytes of a block and release the rest, when it is worth a block. */
static void trim(struct heap *h, struct block *b, size_t size)
{
	size_t rest = block_size(b) - size;
	if (rest < SMALL)
		return;
	struct block *tail = (struct block *)((char *)b + size);
	tail->before = size;
	bool last = behind(b) == (struct block *)h->top;
	tail->size = rest;
	b->size = size;
	if (last)
		h->last = rest;
	else
		behind(tail)->before = rest;
	release(h, tail);
}

/* Sizes are rounded to a sixteenth of their power of two: what Lua frees, it soon wants again a little larger. */
static size_t large_size(size_t n)
{
	size_t size = MAX(n, SMALL) + sizeof(struct block);
	int order, quarter;
	bin_index(size, &order, &quarter);
	return round_up(size, MAX((size_t)STEP, (size_t)1 << (order - 4)));
}

static bool raise_top(struct heap *h, size_t by)
{
	if (by > (size_t)(h->end - h->top))
		return false;
	h->top += by;
	h->high = MAX(h->high, h->top);
	return true;
}

static void *large_new(struct heap *h, size_t n)
{
	size_t size = large_size(n);
	struct block *b = bin_find(h, size);
	if (b) {
		bin_remove(h, b);
		b->size = block_size(b);
		trim(h, b, size);
		return b + 1;
	}
	b = (struct block *)h->top;
	if (!raise_top(h, size))
		return NULL;
	*b = (struct block){.size = size, .before = h->last};
	h->last = size;
	return b + 1;
}

/* Make the block larger where it lies, if what is behind it is free. */
static bool extend(struct heap *h, struct block *b, size_t size)
{
	struct block *next = behind(b);
	size_t has = block_size(b);
	if ((char *)next == h->top) {
		if (!raise_top(h, size - has))
			return false;
		b->size = h->last = size;
		return true;
	}
	if (!(next->size & 1) || has + block_size(next) < size)
		return false;
	bin_remove(h, next);
	set_size(h, b, has + block_size(next), false);
	trim(h, b, size);
	return true;
}

/* Small objects. */

static void small_free(struct heap *h, void *p, size_t n)
{
	void **list = &h->small[n / STEP];
	*(void **)p = *list;
	*list = p;
}

static void *small_new(struct heap *h, size_t n)
{
	void **list = &h->small[n / STEP];
	if (*list) {
		void *p = *list;
		*list = *(void **)p;
		return p;
	}
	if ((size_t)(h->chunk_end - h->chunk) < n) {
		char *chunk = large_new(h, CHUNK);
		if (!chunk)
			return NULL;
		if (h->chunk < h->chunk_end)
			small_free(h, h->chunk, (size_t)(h->chunk_end - h->chunk));
		h->chunk = chunk;
		h->chunk_end = chunk + CHUNK;
	}
	void *p = h->chunk;
	h->chunk += n;
	return p;
}

static void *take(struct heap *h, size_t n)
{
	return n <= SMALL ? small_new(h, round_up(n, STEP)) : large_new(h, n);
}

static void drop(struct heap *h, void *p, size_t n)
{
	if ((char *)p < h->sealed)
		return;
	if (n <= SMALL)
		small_free(h, p, round_up(n, STEP));
	else
		release(h, block_of(p));
}

/* Can p, of old bytes, hold size bytes where it is? */
static bool fits_in_place(struct heap *h, void *p, size_t old, size_t size)
{
	if (old <= SMALL)
		return size <= round_up(old, STEP) && size > round_up(old, STEP) - STEP;
	if ((char *)p < h->sealed)
		return size <= old && size > SMALL;
	if (size <= SMALL)
		return false;
	struct block *b = block_of(p);
	if (large_size(size) > block_size(b))
		return extend(h, b, large_size(size));
	trim(h, b, large_size(size));
	return true;
}

void *heap_alloc(void *heap, void *p, size_t old, size_t size)
{
	struct heap *h = heap;
	if (size > HEAP_MAX)
		return NULL;
	if (!p)
		return size ? take(h, size) : NULL;
	if (!size)
		return drop(h, p, old), NULL;
	if (fits_in_place(h, p, old, size))
		return p;
	void *q = take(h, size);
	if (!q)
		return size <= old ? p : NULL; /* it will be freed as the smaller size, which only loses the difference */
	memcpy(q, p, MIN(old, size));
	drop(h, p, old);
	return q;
}

/* The snapshot. */

/* The first write to a page of the snapshot. Any other fault is what it seems to be. */
static void on_fault(int sig, siginfo_t *info, void *context UNUSED)
{
	size_t at = (size_t)((char *)info->si_addr - snap.base), page = at / PAGE;
	if (at >= snap.size || snap.noted[page] || mprotect(snap.base + page * PAGE, PAGE, PROT_READ | PROT_WRITE)) {
		signal(sig, SIG_DFL);
		return;
	}
	snap.noted[page] = true;
	snap.page[snap.count++] = (uint16_t)page;
}

static void catch_faults(void)
{
	static char stack[64 * KIB];
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
	if (sigaltstack(&alternate, NULL) || sigaction(SIGSEGV, &act, NULL))
		die("no handler for faults");
}

void heap_limit(struct heap *h, size_t bytes)
{
	size_t size = round_up(MIN(MAX(bytes ? bytes : HEAP_DEFAULT, HEAP_MIN), HEAP_MAX), PAGE);
	if (size < HEAP_MAX)
		munmap(snap.base + size, HEAP_MAX - size);
	h->end = snap.base + size;
	snap.fd = memfd_create("snapshot", MFD_CLOEXEC);
	if (snap.fd < 0 || ftruncate(snap.fd, (off_t)size))
		die("no file for the snapshot");
	snap.image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, snap.fd, 0);
	if (snap.image == MAP_FAILED)
		die("no mapping for the snapshot");
	catch_faults();
}

static void seal(struct heap *h)
{
	h->top = snap.base + round_up((size_t)(h->top - snap.base), PAGE);
	h->sealed = h->high = h->top;
	h->last = 0;
	h->chunk = h->chunk_end = NULL;
	memset(h->small, 0, sizeof h->small);
	h->order_map = 0;
	memset(h->quarter_map, 0, sizeof h->quarter_map);
	memset(h->bin, 0, sizeof h->bin);
}

void heap_snapshot(struct heap *h)
{
	char *high = h->high;
	seal(h);
	if (high > h->top)
		heap_wipe(h->top, (size_t)(high - h->top));
	snap.size = (size_t)(h->top - snap.base);
	memcpy(snap.image, snap.base, snap.size);
	void *at = mmap(snap.base, snap.size, PROT_READ, MAP_PRIVATE | MAP_FIXED, snap.fd, 0);
	if (at == MAP_FAILED || mprotect(snap.image, snap.size, PROT_READ))
		die("the snapshot cannot be mapped");
}

void heap_wipe(void *p, size_t n)
{
	memset(p, 0, MIN(n, KEEP));
	if (n > KEEP && madvise((char *)p + KEEP, n - KEEP, MADV_DONTNEED))
		memset((char *)p + KEEP, 0, n - KEEP);
}

/* All pages are the file's again, and none is noted. */
static bool forget_pages(void)
{
	if (madvise(snap.base, snap.size, MADV_DONTNEED) || mprotect(snap.base, snap.size, PROT_READ))
		return false;
	memset(snap.noted, 0, snap.size / PAGE);
	snap.count = 0;
	return true;
}

void heap_restore(struct heap *h)
{
	bool collected = heap_used(h) > heap_size(h) / 2; /* then the collector wrote to every page, once and never again */
	heap_wipe(h->sealed, (size_t)(h->high - h->sealed));
	if (collected && forget_pages())
		return;
	for (size_t i = 0; i < snap.count; i++) {
		size_t at = (size_t)snap.page[i] * PAGE;
		memcpy(snap.base + at, snap.image + at, PAGE);
	}
}

size_t heap_size(const struct heap *h)
{
	return (size_t)(h->end - (char *)h);
}

size_t heap_used(const struct heap *h)
{
	return (size_t)(h->high - (char *)h);
}

size_t heap_dirty(const struct heap *h UNUSED)
{
	return snap.count * PAGE;
}
