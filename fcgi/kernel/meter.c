#include "kernel/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/id.h"
#include "base/now.h"

/* An app's place is one of the few behind the hash of its id; whoever finds none takes the longest unused of them, under
 * the file's lock. Counters are changed without one. Moments are wall-clock ones, because they outlive a boot; one that
 * a clock set back has left far ahead counts as a used-up budget and no more. */

#define PLACES 16
#define KILLS 5
#define KILLS_MS 60000
#define TELL_MS (60 * 60 * 1000)
#define SEEN_MS 60000

struct meter {
	char app_id[32];
	int64_t seen;
	int64_t kills_since;
	int32_t kills, spare;
	int64_t full_at[BUDGET_COUNT]; /* µs */
	int64_t easy_at;               /* µs: when it will have had METER_EASY of a processor */
	int64_t told[BUDGET_COUNT][2];
	int64_t dropped[BUDGET_COUNT];
};

struct page {
	uint32_t layout, spare;
	struct meter meter[METER_APPS];
};

struct meters {
	int fd;
	pthread_mutex_t mutex; /* flock is one for all threads of a process */
	struct page *page;
};

#define get(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define set(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)

static int64_t now_us(void)
{
	return now_ms() * 1000;
}

static struct page *page_map(int fd)
{
	if (flock(fd, LOCK_EX) < 0 || ftruncate(fd, sizeof(struct page)) < 0)
		return NULL;
	struct page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (p->layout != sizeof(struct meter)) {
		memset(p, 0, sizeof *p);
		p->layout = sizeof(struct meter);
	}
	flock(fd, LOCK_UN);
	return p;
}

struct meters *meters_open(const char *home, struct fault *f)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/run/meter", home);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct page *page = fd < 0 ? NULL : page_map(fd);
	if (!page) {
		fault(f, errno == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL, "%s: %s; see: fazt-admin doctor --repair", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct meters *all = xcalloc(1, sizeof *all);
	*all = (struct meters){.fd = fd, .page = page};
	pthread_mutex_init(&all->mutex, NULL);
	return all;
}

void meters_close(struct meters *all)
{
	if (!all)
		return;
	munmap(all->page, sizeof *all->page);
	close(all->fd);
	pthread_mutex_destroy(&all->mutex);
	free(all);
}

/* ---- places ---- */

static uint32_t hash(const char *id)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return h;
}

static struct meter *place(struct meters *all, uint32_t h, int i)
{
	return &all->page->meter[(h + (uint32_t)i) % METER_APPS];
}

static struct meter *find(struct meters *all, uint32_t h, const char *app_id)
{
	for (int i = 0; i < PLACES; i++) {
		struct meter *m = place(all, h, i);
		if (!strncmp(m->app_id, app_id, sizeof m->app_id))
			return m;
	}
	return NULL;
}

static struct meter *take(struct meters *all, uint32_t h, const char *app_id)
{
	struct meter *oldest = place(all, h, 0);
	for (int i = 1; i < PLACES; i++)
		if (place(all, h, i)->seen < oldest->seen)
			oldest = place(all, h, i);
	memset(oldest, 0, sizeof *oldest);
	oldest->seen = now_ms();
	snprintf(oldest->app_id, sizeof oldest->app_id, "%s", app_id);
	return oldest;
}

static struct meter *find_or_take(struct meters *all, uint32_t h, const char *app_id)
{
	pthread_mutex_lock(&all->mutex);
	flock(all->fd, LOCK_EX);
	struct meter *m = find(all, h, app_id);
	if (!m)
		m = take(all, h, app_id);
	flock(all->fd, LOCK_UN);
	pthread_mutex_unlock(&all->mutex);
	return m;
}

struct meter *meter_of(struct meters *all, const char *app_id)
{
	if (!all || !*app_id)
		return NULL;
	uint32_t h = hash(app_id);
	struct meter *m = find(all, h, app_id);
	if (!m)
		m = find_or_take(all, h, app_id);
	int64_t now = now_ms();
	if (now - get(&m->seen) > SEEN_MS)
		set(&m->seen, now);
	return m;
}

/* ---- rates ---- */

static int64_t window_us(enum budget b)
{
	return span_ms(budget_row(b)->span) * 1000;
}

/* How far away the moment is at which the budget is whole again. */
static int64_t ahead(const struct meter *m, enum budget b, int64_t now)
{
	int64_t left = get(&m->full_at[b]) - now;
	return left < 0 || left > 2 * window_us(b) ? 0 : left; /* further than meter_add goes: the clock was set back since */
}

void meter_add(struct meter *m, enum budget b, int64_t limit, double amount)
{
	if (!m || amount <= 0)
		return;
	int64_t window = window_us(b), now = now_us(), old, fresh;
	double moves = limit > 0 ? amount * (double)window / (double)limit : (double)window;
	int64_t by = (int64_t)MIN(moves, 2.0 * (double)window);
	do {
		old = get(&m->full_at[b]);
		fresh = now + MIN(ahead(m, b, now) + by, 2 * window);
	} while (!__atomic_compare_exchange_n(&m->full_at[b], &old, fresh, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

double meter_share(const struct meter *m, enum budget b)
{
	return m ? (double)ahead(m, b, now_us()) / (double)window_us(b) : 0;
}

int64_t meter_wait(const struct meter *m, enum budget b)
{
	int64_t over = m ? ahead(m, b, now_us()) - window_us(b) : -1;
	return over < 0 ? 0 : over / 1000 + 1;
}

void meter_reset(struct meter *m, enum budget b)
{
	if (!m)
		return;
	set(&m->full_at[b], 0);
	set(&m->told[b][0], 0);
	set(&m->told[b][1], 0);
}

void meter_anew(struct meter *m)
{
	for (int b = 0; b < BUDGET_COUNT; b++)
		meter_reset(m, b);
}

#define BUSY_MAX_US (5 * 1000000)

void meter_work(struct meter *m, int64_t us)
{
	if (!m || us <= 0)
		return;
	int64_t now = now_us(), old = get(&m->easy_at);
	int64_t left = MAX((int64_t)0, MIN(old - now, (int64_t)BUSY_MAX_US));
	set(&m->easy_at, now + MIN(left + (int64_t)((double)us / METER_EASY), (int64_t)BUSY_MAX_US)); /* two at once: one is lost */
}

bool meter_above(const struct meter *m, int64_t ms)
{
	int64_t left = m ? get(&m->easy_at) - now_us() : 0;
	return left > (int64_t)((double)ms * 1000 / METER_EASY) && left <= BUSY_MAX_US;
}

void meter_drop(struct meter *m, enum budget b)
{
	if (m)
		__atomic_add_fetch(&m->dropped[b], 1, __ATOMIC_RELAXED);
}

int64_t meter_dropped(struct meter *m, enum budget b)
{
	return m && get(&m->dropped[b]) ? __atomic_exchange_n(&m->dropped[b], 0, __ATOMIC_RELAXED) : 0;
}

bool meter_tell(struct meter *m, enum budget b, bool full)
{
	int64_t now = now_ms(), last = m ? get(&m->told[b][full]) : now;
	if (now >= last && now - last < TELL_MS)
		return false;
	return m && __atomic_compare_exchange_n(&m->told[b][full], &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* ---- ends ---- */

bool meter_killed(struct meter *m)
{
	int64_t now = now_ms();
	if (!m)
		return false;
	int64_t since = get(&m->kills_since);
	if (now < since || now - since > KILLS_MS) {
		set(&m->kills_since, now);
		set(&m->kills, 0);
	}
	if (__atomic_add_fetch(&m->kills, 1, __ATOMIC_RELAXED) < KILLS)
		return false;
	set(&m->kills, 0);
	return true;
}

void meter_forgive(struct meter *m)
{
	if (m)
		set(&m->kills, 0);
}
