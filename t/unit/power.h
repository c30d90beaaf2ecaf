/* power — a disk that can lose its power: a VFS below the real store code that knows what is on the platter.
 *
 * Everything is written to real files as usual, so that all connections see it. Beside them an image of each file keeps
 * what has been synced, and the writes since. power_cut() makes a folder of what a machine would find that lost its power
 * at this moment: of what was not synced, any subset of sectors, in any order between syncs; a file whose folder entry was
 * not synced may be missing; what the memory held (-shm, run/) is gone.
 *
 * Bytes beside a write are never harmed (SQLITE_IOCAP_POWERSAFE_OVERWRITE, which SQLite assumes of every disk).
 */
#ifndef T_UNIT_POWER_H
#define T_UNIT_POWER_H

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define SECTOR 512
#define IMAGES 8

struct pending {
	int64_t at;
	size_t n;    /* bytes of a write */
	char *bytes; /* NULL: the file is cut off at `at` */
};

struct image {
	char path[200];
	bool linked; /* its folder entry is on disk */
	char *disk;
	size_t size, room;
	struct pending *pending;
	size_t npending, pending_room;
};

struct power_file {
	sqlite3_file base;
	struct image *image; /* NULL: nothing that survives anyway */
	bool links;          /* its first sync is one of the folder too, as SQLite's own VFS does it */
	bool wal;
	sqlite3_file *real;
};

enum lie { HONEST, IGNORES_DATA_SYNCS, IGNORES_ALL_SYNCS };

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t reached, resumed;
	sqlite3_vfs *real;
	char home[100];      /* paths below it are watched */
	enum lie lie;
	int64_t ops, until;  /* changes so far; at `until` the snapshot is taken */
	int64_t checkpoints; /* syncs of the database itself */
	void (*snapshot)(void);
	bool taken;          /* and until power_run or power_resume nothing changes */
	struct image image[IMAGES];
	int nimages;
} power = {.mutex = PTHREAD_MUTEX_INITIALIZER, .reached = PTHREAD_COND_INITIALIZER, .resumed = PTHREAD_COND_INITIALIZER};

/* ---- images ---- */

static void image_reach(struct image *i, size_t size)
{
	if (size > i->room) {
		i->disk = xrealloc(i->disk, i->room = MAX(size, 2 * i->room));
	}
	if (size > i->size)
		memset(i->disk + i->size, 0, size - i->size);
	i->size = MAX(i->size, size);
}

static void image_apply(struct image *i, const struct pending *p, size_t from, size_t n)
{
	if (!p->bytes) {
		i->size = MIN(i->size, (size_t)p->at);
		return;
	}
	image_reach(i, (size_t)p->at + from + n);
	memcpy(i->disk + p->at + from, p->bytes + from, n);
}

static void image_forget(struct image *i)
{
	while (i->npending)
		free(i->pending[--i->npending].bytes);
}

static void image_sync(struct image *i)
{
	for (size_t k = 0; k < i->npending; k++)
		image_apply(i, &i->pending[k], 0, i->pending[k].n);
	image_forget(i);
}

static void image_add(struct image *i, int64_t at, const void *bytes, size_t n)
{
	if (i->npending == i->pending_room)
		i->pending = xrealloc(i->pending, (i->pending_room = 2 * i->pending_room + 64) * sizeof *i->pending);
	char *copy = bytes ? xmalloc(n) : NULL;
	if (copy)
		memcpy(copy, bytes, n);
	i->pending[i->npending++] = (struct pending){at, n, copy};
}

/* What was there when the watching began is on disk. */
static void image_read(struct image *i)
{
	struct stat st;
	int fd = open(i->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return;
	image_reach(i, (size_t)st.st_size);
	if (read(fd, i->disk ? i->disk : "", i->size) != (ssize_t)i->size)
		abort();
	close(fd);
	i->linked = st.st_size > 0;
}

static struct image *image_of(const char *path)
{
	size_t n = strlen(power.home);
	if (!n || !path || strncmp(path, power.home, n) || path[n] != '/')
		return NULL;
	for (int k = 0; k < power.nimages; k++)
		if (!strcmp(power.image[k].path, path))
			return &power.image[k];
	if (power.nimages == IMAGES)
		abort();
	struct image *i = &power.image[power.nimages++];
	*i = (struct image){0};
	snprintf(i->path, sizeof i->path, "%s", path);
	image_read(i);
	return i;
}

/* ---- the cut ---- */

/* Each sector of each write on its own; how likely one is to have arrived differs from cut to cut. */
static void image_tear(struct image *i)
{
	long luck = random() % 5;
	for (size_t k = 0; k < i->npending; k++) {
		const struct pending *p = &i->pending[k];
		for (size_t from = 0; from < p->n || (!from && !p->bytes);) {
			size_t n = MIN((size_t)(SECTOR - (p->at + (int64_t)from) % SECTOR), p->n - from);
			if (random() % 4 < luck)
				image_apply(i, p, from, n);
			if (!p->bytes)
				break;
			from += n;
		}
	}
}

static void image_write(const struct image *i, const char *folder)
{
	char path[400];
	if (!i->linked && random() % 2)
		return;
	snprintf(path, sizeof path, "%s%s", folder, strrchr(i->path, '/'));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, i->disk ? i->disk : "", i->size) != (ssize_t)i->size)
		abort();
	close(fd);
}

/* From the snapshot function: the machine as it would come up again, in a folder that is there and empty. */
__attribute__((unused)) static void power_cut(const char *folder)
{
	for (int k = 0; k < power.nimages; k++) {
		struct image torn = power.image[k];
		torn.disk = xmalloc(MAX(torn.room, (size_t)1));
		memcpy(torn.disk, power.image[k].disk ? power.image[k].disk : "", torn.size);
		image_tear(&torn);
		image_write(&torn, folder);
		free(torn.disk);
	}
}

static void count_op(void)
{
	if (++power.ops == power.until) {
		power.snapshot();
		power.taken = true;
		pthread_cond_signal(&power.reached);
	}
	while (power.taken)
		pthread_cond_wait(&power.resumed, &power.mutex);
}

static void resume(void)
{
	power.taken = false;
	pthread_cond_broadcast(&power.resumed);
}

/* Let `ops` more changes happen; the snapshot is taken behind the last of them, and the world stands still. */
__attribute__((unused)) static void power_run(int64_t ops)
{
	pthread_mutex_lock(&power.mutex);
	power.until = power.ops + ops;
	resume();
	while (!power.taken)
		pthread_cond_wait(&power.reached, &power.mutex);
	pthread_mutex_unlock(&power.mutex);
}

__attribute__((unused)) static void power_resume(void)
{
	pthread_mutex_lock(&power.mutex);
	resume();
	pthread_mutex_unlock(&power.mutex);
}

/* Nothing is open. From here on the files below home are watched as they are. */
__attribute__((unused)) static void power_watch(const char *home, enum lie lie)
{
	while (power.nimages) {
		struct image *i = &power.image[--power.nimages];
		image_forget(i);
		free(i->pending);
		free(i->disk);
	}
	snprintf(power.home, sizeof power.home, "%s", home);
	power.lie = lie;
}

/* ---- the VFS ---- */

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct power_file *)f)->real;
}

static int power_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int power_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int power_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct image *i = ((struct power_file *)f)->image;
	pthread_mutex_lock(&power.mutex);
	int rc = real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
	if (i && !rc) {
		image_add(i, at, p, (size_t)n);
		count_op();
	}
	pthread_mutex_unlock(&power.mutex);
	return rc;
}

static int power_truncate(sqlite3_file *f, sqlite3_int64 at)
{
	struct image *i = ((struct power_file *)f)->image;
	pthread_mutex_lock(&power.mutex);
	int rc = real_of(f)->pMethods->xTruncate(real_of(f), at);
	if (i && !rc) {
		image_add(i, at, NULL, 0);
		count_op();
	}
	pthread_mutex_unlock(&power.mutex);
	return rc;
}

static bool ignored(const struct power_file *f, int flags)
{
	return power.lie == IGNORES_ALL_SYNCS || (power.lie == IGNORES_DATA_SYNCS && f->wal && flags & SQLITE_SYNC_DATAONLY);
}

static int power_sync(sqlite3_file *file, int flags)
{
	struct power_file *f = (struct power_file *)file;
	pthread_mutex_lock(&power.mutex);
	if (f->image && !ignored(f, flags)) {
		image_sync(f->image);
		f->image->linked = true;
		for (int k = 0; k < power.nimages && f->links; k++)
			power.image[k].linked = true;
		f->links = false;
		power.checkpoints += !f->wal;
		count_op();
	}
	pthread_mutex_unlock(&power.mutex);
	return SQLITE_OK;
}

static int power_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int power_lock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int power_unlock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int power_reserved(sqlite3_file *f, int *is)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), is);
}

static int power_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int power_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int power_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int power_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, p);
}

static int power_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void power_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int power_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods power_methods = {
	.iVersion = 2, .xClose = power_close, .xRead = power_read, .xWrite = power_write, .xTruncate = power_truncate, .xSync = power_sync,
	.xFileSize = power_size, .xLock = power_lock, .xUnlock = power_unlock, .xCheckReservedLock = power_reserved, .xFileControl = power_control,
	.xSectorSize = power_sector, .xDeviceCharacteristics = power_traits, .xShmMap = power_shm_map, .xShmLock = power_shm_lock,
	.xShmBarrier = power_shm_barrier, .xShmUnmap = power_shm_unmap,
};

static int power_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
	struct power_file *f = (struct power_file *)file;
	(void)vfs;
	*f = (struct power_file){.real = (sqlite3_file *)(f + 1), .wal = (flags & SQLITE_OPEN_WAL) != 0};
	int rc = power.real->xOpen(power.real, path, f->real, flags, out);
	if (rc)
		return rc;
	f->base.pMethods = &power_methods;
	f->links = flags & SQLITE_OPEN_CREATE && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
	pthread_mutex_lock(&power.mutex);
	f->image = image_of(path);
	pthread_mutex_unlock(&power.mutex);
	return rc;
}

/* The store opens its files through it from here on. */
__attribute__((unused)) static void power_install(void (*snapshot)(void))
{
	static sqlite3_vfs vfs;
	sqlite3_initialize();
	power.real = sqlite3_vfs_find(NULL);
	power.snapshot = snapshot;
	vfs = *power.real;
	vfs.pNext = NULL;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
	vfs.xOpen = power_open;
	sqlite3_vfs_register(&vfs, 1);
}

#endif
