#define _GNU_SOURCE /* pthread_mutex_clocklock */

#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/now.h"

struct page {
	char boot[40];
	uint32_t layout;
	uint32_t checkpointed; /* pages in the WAL at the last checkpoint; under maintain */
	uint32_t rung;         /* counts the rings; a futex */
	int64_t epoch;
	int64_t hurry; /* mono_ms until which readers make way */
	pthread_mutex_t write, maintain;
};

struct lock {
	struct page *page;
};

static void boot_id(char id[40])
{
	memset(id, 0, 40);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, id, 36) != 36)
		memset(id, '-', 36);
	if (fd >= 0)
		close(fd);
}

static void mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
}

/* A page of another boot holds nobody's lock, whatever it says. Called under flock. */
static void page_init(struct page *p)
{
	char boot[40];
	boot_id(boot);
	if (p->layout == sizeof *p && !memcmp(p->boot, boot, sizeof boot))
		return;
	mutex_init(&p->write);
	mutex_init(&p->maintain);
	p->checkpointed = 0;
	p->epoch = 0;
	p->hurry = 0;
	p->layout = sizeof *p;
	memcpy(p->boot, boot, sizeof boot);
}

static struct page *page_map(int fd)
{
	if (flock(fd, LOCK_EX) < 0 || ftruncate(fd, sizeof(struct page)) < 0)
		return NULL;
	struct page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	page_init(p);
	flock(fd, LOCK_UN);
	return p;
}

struct lock *lock_open(const char *home, struct fault *f)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/run", home);
	if (!mkdir(path, 0711))
		(void)chmod(path, 0711); /* nginx passes through, whatever the umask is */
	snprintf(path, sizeof path, "%s/run/lock", home);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct page *page = fd < 0 ? NULL : page_map(fd);
	int e = errno;
	if (fd >= 0)
		close(fd);
	if (!page) {
		fault(f, e == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL, "%s: %s; see: fazt-admin doctor --repair", path, strerror(e));
		return NULL;
	}
	struct lock *l = xcalloc(1, sizeof *l);
	l->page = page;
	return l;
}

void lock_close(struct lock *l)
{
	if (!l)
		return;
	munmap(l->page, sizeof *l->page);
	free(l);
}

int lock_take(struct lock *l, int64_t ms, struct fault *f)
{
	struct timespec until = mono_at(mono_us() + ms * 1000);
	int rc = pthread_mutex_clocklock(&l->page->write, CLOCK_MONOTONIC, &until);
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(&l->page->write);
	if (rc == ETIMEDOUT)
		return fault(f, ERR_UNAVAILABLE, "The database is busy; try again in a moment.");
	if (rc)
		die("lock: %s", strerror(rc));
	return 0;
}

void lock_release(struct lock *l)
{
	pthread_mutex_unlock(&l->page->write);
}

int64_t lock_epoch(struct lock *l)
{
	return __atomic_load_n(&l->page->epoch, __ATOMIC_ACQUIRE);
}

void lock_note_epoch(struct lock *l, int64_t epoch)
{
	__atomic_store_n(&l->page->epoch, epoch, __ATOMIC_RELEASE);
}

uint32_t lock_rung(struct lock *l)
{
	return __atomic_load_n(&l->page->rung, __ATOMIC_ACQUIRE);
}

void lock_ring(struct lock *l)
{
	__atomic_add_fetch(&l->page->rung, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &l->page->rung, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void lock_await(struct lock *l, uint32_t rung, int64_t ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	(void)syscall(SYS_futex, &l->page->rung, FUTEX_WAIT, rung, &t, NULL, 0);
}

/* A WAL that is shorter than at the last checkpoint has begun anew. */
static bool worth_it(uint32_t pages, uint32_t checkpointed, uint32_t grown)
{
	return pages < checkpointed || pages - checkpointed >= grown;
}

bool lock_maintain(struct lock *l, uint32_t pages, uint32_t grown)
{
	if (pages < grown)
		return false;
	int rc = pthread_mutex_trylock(&l->page->maintain);
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(&l->page->maintain);
	if (rc)
		return false;
	if (worth_it(pages, l->page->checkpointed, grown))
		return true;
	pthread_mutex_unlock(&l->page->maintain);
	return false;
}

void lock_maintained(struct lock *l, uint32_t pages)
{
	l->page->checkpointed = pages;
	pthread_mutex_unlock(&l->page->maintain);
}

void lock_hurry(struct lock *l, int64_t ms)
{
	__atomic_store_n(&l->page->hurry, ms ? mono_ms() + ms : 0, __ATOMIC_RELEASE);
}

bool lock_hurries(struct lock *l)
{
	int64_t until = __atomic_load_n(&l->page->hurry, __ATOMIC_ACQUIRE);
	return until && mono_ms() < until;
}
