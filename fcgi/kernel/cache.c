#include "kernel/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/now.h"
#include "kernel/threads.h"

#define USED_MS 60000          /* asked for that lately: not removed */
#define DISK_FREE (128 * MIB)  /* left to others */
#define FILES_MOST 100000

const char *cache_name(const struct object *o, struct arena *a)
{
	char *hex = arena_alloc(a, 2 * HASH_LEN + 1);
	crypt_hex(hex, o->hash, HASH_LEN);
	return hex;
}

/* Seconds of the 30 years to 2038, 30 bits of the hash. */
static uint32_t time_of(const struct object *o)
{
	uint32_t bits;
	memcpy(&bits, o->hash, sizeof bits);
	return 0x40000000u | (bits & 0x3FFFFFFFu);
}

const char *cache_etag(const struct object *o, struct arena *a)
{
	return arena_printf(a, "\"%x-%llx\"", time_of(o), (unsigned long long)o->size);
}

/* ---- room ---- */

struct entry {
	char name[80];
	int64_t size, used;
};

static int64_t ms(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int by_use(const void *a, const void *b)
{
	int64_t x = ((const struct entry *)a)->used, y = ((const struct entry *)b)->used;
	return (x > y) - (x < y);
}

static int entries(int dir, struct arena *a, struct entry **list, int64_t *sum)
{
	struct dirent *e;
	struct stat st;
	int n = 0, copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), room = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	*list = NULL;
	*sum = 0;
	while (d && n < FILES_MOST && (e = readdir(d))) {
		if (strlen(e->d_name) >= sizeof (*list)->name || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (n == room) {
			struct entry *more = arena_alloc(a, (size_t)(room = room ? 2 * room : 64) * sizeof *more);
			if (n)
				memcpy(more, *list, (size_t)n * sizeof *more);
			*list = more;
		}
		struct entry *it = &(*list)[n++];
		snprintf(it->name, sizeof it->name, "%.79s", e->d_name);
		it->size = st.st_size;
		it->used = ms(st.st_ctim);
		*sum += it->size;
	}
	if (d)
		closedir(d);
	return n;
}

static bool disk_has(int dir, int64_t size)
{
	struct statvfs v;
	return !fstatvfs(dir, &v) && (int64_t)(v.f_bavail * v.f_frsize) > size + (int64_t)DISK_FREE;
}

static bool make_room(int dir, int64_t size, int64_t most)
{
	struct arena *a = arena_new();
	struct entry *list;
	int64_t sum;
	int n = size > most ? 0 : entries(dir, a, &list, &sum);
	if (n)
		qsort(list, (size_t)n, sizeof *list, by_use);
	int64_t now = now_ms();
	for (int i = 0; i < n && sum + size > most; i++)
		if ((list[i].used < now - USED_MS || list[i].used > now + USED_MS) && !unlinkat(dir, list[i].name, 0))
			sum -= list[i].size;
	arena_free(a);
	return size <= most && sum + size <= most && disk_has(dir, size);
}

/* ---- one file ---- */

static int open_dir(struct req *r)
{
	const char *path = arena_printf(r->arena, "%s/cache", r->node->home);
	int made = mkdir(path, 0755);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0 && !made && fchmod(dir, 0755)) {
		close(dir);
		return -1;
	}
	return dir;
}

/* Its use shows in its change time, which setting the times sets. */
static bool there(int dir, const char *name, const struct object *o)
{
	struct stat st;
	struct timespec at = {.tv_sec = time_of(o)};
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) || st.st_size != o->size)
		return false;
	if (now_ms() - ms(st.st_ctim) > USED_MS / 4)
		return !utimensat(dir, name, (struct timespec[2]){at, at}, AT_SYMLINK_NOFOLLOW);
	return true;
}

static bool write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return true;
}

static bool copy_chunk(struct req *r, const struct object *o, int64_t seq, int fd)
{
	struct fault quiet = {0};
	struct stmt *s;
	struct str bytes;
	struct db *db = db_borrow(r->node->store, &quiet);
	bool ok = db && !body_chunk(db, o->body, seq, &s, &bytes);
	if (ok) {
		ok = write_all(fd, bytes);
		stmt_done(s);
	}
	if (db)
		db_return(db);
	return ok;
}

static bool copy(struct req *r, const struct object *o, int fd)
{
	struct timespec at = {.tv_sec = time_of(o)};
	bool ok = !ftruncate(fd, 0);
	for (int64_t seq = 0; ok && seq * CHUNK_BYTES < o->size; seq++)
		ok = copy_chunk(r, o, seq, fd);
	return ok && !fchmod(fd, 0644) && !futimens(fd, (struct timespec[2]){at, at});
}

/* The file aside, locked, and still under its name: whoever had it before may have renamed it. */
static int open_part(int dir, const char *part)
{
	struct stat mine, named;
	for (int tries = 0; tries < 100; tries++) {
		int fd = openat(dir, part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 || flock(fd, LOCK_EX)) {
			if (fd >= 0)
				close(fd);
			return -1;
		}
		if (!fstat(fd, &mine) && !fstatat(dir, part, &named, AT_SYMLINK_NOFOLLOW) && mine.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
	return -1;
}

static bool write_file(struct req *r, int dir, const char *name, const struct object *o)
{
	const char *part = arena_printf(r->arena, ".%s", name);
	int fd = open_part(dir, part);
	if (fd < 0)
		return false;
	bool done = there(dir, name, o); /* written while we waited */
	bool ok = done || (make_room(dir, o->size, r->settings.number[SETTING_CACHE_BYTES]) && copy(r, o, fd) && !renameat(dir, part, dir, name));
	if (done || !ok)
		unlinkat(dir, part, 0);
	return !close(fd) && ok;
}

/* A copy takes a while, and so does waiting for one: few at once. */
static bool write_one_of_few(struct req *r, int dir, const char *name, const struct object *o)
{
	static atomic_int copying;
	bool ok = atomic_fetch_add(&copying, 1) < COPYING_MOST && write_file(r, dir, name, o);
	copying--;
	return ok;
}

bool cache_keep(struct req *r, const struct object *o)
{
	const char *name = cache_name(o, r->arena);
	int dir = open_dir(r);
	if (dir < 0)
		return false;
	bool ok = there(dir, name, o) || write_one_of_few(r, dir, name, o);
	close(dir);
	return ok;
}

/* ---- what is gone ---- */

static DIR *open_again(const struct node *n)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/cache", n->home);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	if (!d && dir >= 0)
		close(dir);
	return d;
}

/* Half a copy too, which somebody who died left, or still writes: they find that it has no name any more. */
static bool is_gone(struct db *db, const char *name)
{
	unsigned char hash[HASH_LEN];
	return crypt_unhex(hash, sizeof hash, str_of(name + (*name == '.'))) && object_gone(db, hash);
}

void cache_sweep(struct node *n, struct db *db)
{
	static DIR *at;
	struct dirent *e = NULL;
	at = at ? at : open_again(n);
	for (int i = 0; at && i < CACHE_SWEPT && (e = readdir(at)); i++)
		if (is_gone(db, e->d_name))
			unlinkat(dirfd(at), e->d_name, 0);
	if (at && !e) {
		closedir(at);
		at = NULL;
	}
}
