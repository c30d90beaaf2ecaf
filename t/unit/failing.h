/* failing — a disk and a memory that fail when they are told to: a VFS below the real store code, and SQLite's allocator; and
 * single statements, in a program that is linked with -Wl,--wrap=sqlite3_step and defines FAILING_STATEMENTS.
 *
 *     failing_install();                      once, before the first connection
 *     failing_arm(FAIL_IO, n, for_good);      the n-th operation from here on fails; and all behind it, if for good
 *     failing_calm();                         from here on nothing does; how many operations there were
 *
 * The state lies in shared memory, so that a process can be forked for each n and its parent knows how far it got.
 */
#ifndef T_UNIT_FAILING_H
#define T_UNIT_FAILING_H

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/base.h"

enum failing_kind { FAIL_NOTHING, FAIL_IO, FAIL_MEMORY, FAIL_STATEMENT };

static struct failing {
	enum failing_kind kind;
	int64_t at, count;
	bool for_good;
} *failing;

static void failing_arm(enum failing_kind kind, int64_t at, bool for_good)
{
	*failing = (struct failing){.kind = kind, .at = at, .for_good = for_good};
}

static int64_t failing_calm(void)
{
	failing->kind = FAIL_NOTHING;
	return failing->count;
}

static bool fails(enum failing_kind kind)
{
	if (failing->kind != kind)
		return false;
	int64_t n = ++failing->count;
	return n == failing->at || (failing->for_good && failing->at && n > failing->at);
}

/* ---- files ---- */

struct failing_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *failing_real;

#define REAL(file) (((struct failing_file *)(file))->real)
#define CALL(file, method, ...) REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__)

static int failing_close(sqlite3_file *f)
{
	int rc = REAL(f)->pMethods ? CALL(f, xClose) : SQLITE_OK;
	free(REAL(f));
	return rc;
}

static int failing_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_READ : CALL(f, xRead, p, n, at);
}

/* Half of it is written: what a full disk, or one that breaks, leaves. */
static int failing_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (!fails(FAIL_IO))
		return CALL(f, xWrite, p, n, at);
	if (n > 1)
		CALL(f, xWrite, p, n / 2, at);
	return failing->at % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int failing_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_TRUNCATE : CALL(f, xTruncate, size);
}

/* Nothing is lost here but what is not written, so the disk need not be waited for. */
static int failing_sync(sqlite3_file *f UNUSED, int flags UNUSED)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int failing_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_FSTAT : CALL(f, xFileSize, size);
}

static int failing_lock(sqlite3_file *f, int level)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_LOCK : CALL(f, xLock, level);
}

static int failing_unlock(sqlite3_file *f, int level)
{
	return CALL(f, xUnlock, level);
}

static int failing_reserved(sqlite3_file *f, int *is)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_CHECKRESERVEDLOCK : CALL(f, xCheckReservedLock, is);
}

static int failing_control(sqlite3_file *f, int op, void *arg)
{
	return CALL(f, xFileControl, op, arg);
}

static int failing_sector(sqlite3_file *f)
{
	return CALL(f, xSectorSize);
}

static int failing_device(sqlite3_file *f)
{
	return CALL(f, xDeviceCharacteristics);
}

static int failing_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_SHMMAP : CALL(f, xShmMap, page, size, extend, p);
}

static int failing_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return !(flags & SQLITE_SHM_UNLOCK) && fails(FAIL_IO) ? SQLITE_IOERR_SHMLOCK : CALL(f, xShmLock, at, n, flags);
}

static void failing_shm_barrier(sqlite3_file *f)
{
	CALL(f, xShmBarrier);
}

static int failing_shm_unmap(sqlite3_file *f, int remove)
{
	return CALL(f, xShmUnmap, remove);
}

static int failing_open(sqlite3_vfs *vfs UNUSED, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
	static const sqlite3_io_methods methods = {
		2, failing_close, failing_read, failing_write, failing_truncate, failing_sync, failing_size, failing_lock, failing_unlock,
		failing_reserved, failing_control, failing_sector, failing_device, failing_shm_map, failing_shm_lock, failing_shm_barrier,
		failing_shm_unmap, NULL, NULL};
	f->pMethods = NULL;
	if (fails(FAIL_IO))
		return SQLITE_CANTOPEN;
	REAL(f) = xcalloc(1, (size_t)failing_real->szOsFile);
	int rc = failing_real->xOpen(failing_real, name, REAL(f), flags, out);
	if (rc)
		free(REAL(f));
	else
		f->pMethods = &methods;
	return rc;
}

static int failing_delete(sqlite3_vfs *vfs UNUSED, const char *name, int sync)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_DELETE : failing_real->xDelete(failing_real, name, sync);
}

static int failing_access(sqlite3_vfs *vfs UNUSED, const char *name, int flags, int *out)
{
	return fails(FAIL_IO) ? SQLITE_IOERR_ACCESS : failing_real->xAccess(failing_real, name, flags, out);
}

/* ---- memory ---- */

static sqlite3_mem_methods failing_memory;

static void *failing_malloc(int n)
{
	return fails(FAIL_MEMORY) ? NULL : failing_memory.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
	return fails(FAIL_MEMORY) ? NULL : failing_memory.xRealloc(p, n);
}

/* ---- statements ---- */

#ifdef FAILING_STATEMENTS
int __real_sqlite3_step(sqlite3_stmt *s);
int __wrap_sqlite3_step(sqlite3_stmt *s);

/* A page that cannot be read, or one more that has no room, where the statement would have needed it. Giving up needs none. */
int __wrap_sqlite3_step(sqlite3_stmt *s)
{
	if (strncmp(sqlite3_sql(s), "ROLLBACK", 8) && fails(FAIL_STATEMENT))
		return failing->at % 2 ? SQLITE_IOERR_READ : SQLITE_FULL;
	return __real_sqlite3_step(s);
}
#endif

/* ---- */

__attribute__((unused)) static void failing_install(void)
{
	static sqlite3_vfs vfs;
	static sqlite3_mem_methods memory;
	failing = mmap(NULL, sizeof *failing, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (failing == MAP_FAILED || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &failing_memory))
		die("failing: cannot be installed");
	memory = failing_memory;
	memory.xMalloc = failing_malloc;
	memory.xRealloc = failing_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* so that every allocation is one of the above */
	sqlite3_initialize();
	failing_real = sqlite3_vfs_find(NULL);
	vfs = *failing_real;
	vfs.zName = "failing";
	vfs.szOsFile = sizeof(struct failing_file);
	vfs.xOpen = failing_open;
	vfs.xDelete = failing_delete;
	vfs.xAccess = failing_access;
	sqlite3_vfs_register(&vfs, 1);
}

#endif
