/* Every allocation of a cell fails in turn, once and for good, while it loads and while it answers: what comes is the answer or an
 * error, the cell says so itself, and the next request finds everything as it was. FAZT_LONG=1 leaves none out. */
#include <sys/mman.h>

#include "../cell/worker.h"
#include "cell/heap.h"
#include "tap.h"

#define POINTS 80 /* of a sweep, where not all are tried */

/* In shared memory: the cells are other processes. */
static struct plan {
	bool on, for_good;
	int64_t at, count;
} *plan;

void *__real_heap_alloc(void *h, void *p, size_t old, size_t size);
void *__wrap_heap_alloc(void *h, void *p, size_t old, size_t size);

/* The linker puts it in the place of heap_alloc. What becomes smaller never fails: Lua counts on that. */
void *__wrap_heap_alloc(void *h, void *p, size_t old, size_t size)
{
	if (plan && plan->on && size && (!p || size > old)) {
		int64_t n = ++plan->count;
		if (n == plan->at || (plan->for_good && plan->at && n > plan->at))
			return NULL;
	}
	return __real_heap_alloc(h, p, old, size);
}

static void arm(int64_t at, bool for_good)
{
	*plan = (struct plan){.on = true, .at = at, .for_good = for_good};
}

static int64_t calm(void)
{
	plan->on = false;
	return plan->count;
}

static char right[1024]; /* the answer */

static bool is_right(const struct answer *a)
{
	return a->type == FRAME_RESPONSE && a->body.len && str_is(buf_str(&a->body), right);
}

static bool is_clean(const struct answer *a)
{
	return a->type == FRAME_ERROR && a->code == ERR_APP_MEMORY && a->message.n;
}

static struct answer *load(struct cell *c)
{
	*c = cell_new(4 * MIB);
	cell_file(c, "api/main.lua", test_file("t/cell/starve.lua"));
	cell_file(c, "views/a.html", STR("<p>{{ x }}</p>"));
	return cell_load(c, "{\"env\":{\"A\":\"b\"},\"app\":{}}");
}

static int64_t stride(int64_t n)
{
	return getenv("FAZT_LONG") ? 1 : MAX(1, n / POINTS);
}

static const char *told(const struct answer *a)
{
	static char text[300];
	snprintf(text, sizeof text, "type %d, code %d, %.*s", (int)a->type, a->code, (int)MIN(a->message.n, (size_t)200), a->message.n ? a->message.p : "");
	return text;
}

static void sweep_load(int64_t n, bool for_good)
{
	struct cell c;
	int64_t at = 1, tried = 0, failed = 0;
	bool well = true;
	for (; well && at <= n; at += stride(n), tried++) {
		arm(at, for_good);
		struct answer *a = load(&c);
		calm();
		failed += a->type == FRAME_ERROR;
		well = a->type == FRAME_READY ? is_right(cell_get(&c, "/?q=1")) : is_clean(a);
		if (!well)
			printf("# %lld: %s\n", (long long)at, told(a));
		cell_free(&c);
	}
	ok(well && (failed > 0 || !for_good), "loading, fails %s: %lld of %lld tried, %lld did not load", for_good ? "for good" : "once", (long long)tried,
	   (long long)n, (long long)failed);
}

static void sweep_request(struct cell *c, int64_t n, bool for_good)
{
	int64_t at = 1, tried = 0, failed = 0;
	bool well = true;
	for (; well && at <= n; at += stride(n), tried++) {
		arm(at, for_good);
		struct answer *a = cell_get(c, "/?q=1");
		calm();
		failed += a->type == FRAME_ERROR;
		well = is_right(a) || is_clean(a);
		if (!well)
			printf("# %lld: %s\n", (long long)at, told(a));
		well = well && is_right(cell_get(c, "/?q=1"));
	}
	ok(well && (failed > 0 || !for_good), "answering, fails %s: %lld of %lld tried, %lld were refused, the next one never", for_good ? "for good" : "once",
	   (long long)tried, (long long)n, (long long)failed);
}

int main(void)
{
	struct cell c;
	plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	zygote_start();
	arm(0, false);
	struct answer *a = load(&c);
	int64_t loading = calm();
	if (!ok(a->type == FRAME_READY, "it loads in %lld allocations", (long long)loading))
		printf("# %s\n", told(a));
	arm(0, false);
	a = cell_get(&c, "/?q=1");
	int64_t answering = calm();
	snprintf(right, sizeof right, "%.*s", STR_FMT(buf_str(&a->body)));
	ok(is_right(a), "and answers in %lld: %s", (long long)answering, right);
	for (int for_good = 0; for_good < 2; for_good++) {
		sweep_load(loading, for_good);
		sweep_request(&c, answering, for_good);
	}
	cell_free(&c);
	zygote_stop();
	return done_testing();
}
