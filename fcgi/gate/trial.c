#define _GNU_SOURCE /* close_range */

#include "gate/trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "base/tree.h"
#include "gate/check.h"
#include "gate/pool.h"
#include "kernel/home.h"
#include "kernel/install.h"
#include "kernel/meter.h"
#include "store/apps.h"

/* What is kept is the database's files themselves: with every connection closed they are a state like any other, and copying
 * them is the same for rows, people, settings and whatever is invented later. */

#define ORIGIN "trial"
#define NAME "fazt-trial-"

/* ---- the folder, and who removes it ---- */

/* Its own session, so that a Ctrl-C which ends us does not end it; of our descriptors it keeps none, so that no cell's leash
 * and no reader of our output waits for it. */
NORETURN static void watch(int fd, int held, const char *folder)
{
	char none;
	setsid();
	signal(SIGTERM, SIG_IGN);
	dup2(fd, 0);
	dup2(held, 1);
	close_range(2, ~0u, 0);
	errno = 0;
	while (read(0, &none, 1) > 0 || errno == EINTR)
		errno = 0;
	tree_remove(AT_FDCWD, folder);
	_exit(0);
}

static int start_guard(struct trial *t, struct fault *f)
{
	int ends[2], held = open(t->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (held < 0 || flock(held, LOCK_EX) || pipe2(ends, O_CLOEXEC)) {
		close(held);
		return fault(f, ERR_UNAVAILABLE, "nobody can watch over %s: %s", t->home, strerror(errno));
	}
	t->guard = fork();
	if (!t->guard)
		close(ends[1]), watch(ends[0], held, t->home);
	close(held); /* the guard has it, and its lock */
	close(ends[0]);
	t->guard_fd = ends[1];
	return t->guard > 0 ? 0 : fault(f, ERR_UNAVAILABLE, "no process: %s", strerror(errno));
}

/* What a power cut left: nobody holds it. A fresh one may not be held yet. */
static void sweep(const char *below)
{
	struct dirent *e;
	DIR *d = opendir(below);
	while (d && (e = readdir(d))) {
		struct stat st;
		int fd = strncmp(e->d_name, NAME, strlen(NAME)) ? -1 : openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!fstat(fd, &st) && st.st_ctime < time(NULL) - 60 && !flock(fd, LOCK_EX | LOCK_NB))
			tree_remove(dirfd(d), e->d_name);
		close(fd);
	}
	if (d)
		closedir(d);
}

static int make_home(struct trial *t, const char *below, struct fault *f)
{
	char *path = arena_printf(t->arena, "%s/" NAME "XXXXXX", below ? below : tree_temp());
	if (below)
		sweep(below);
	if (!mkdtemp(path))
		return fault(f, ERR_DENIED, "cannot make %s: %s", path, strerror(errno));
	t->home = path;
	int err = start_guard(t, f);
	if (err)
		tree_remove(AT_FDCWD, path);
	if (!err)
		err = home_folders(path, f);
	if (!err)
		chmod(path, 0700); /* nobody but us has business here */
	return err;
}

/* ---- life ---- */

static int set(struct db *db, const char *key, const char *value)
{
	return setting_set(db, str_of(key), str_of(value));
}

static int settle(struct trial *t, struct fault *f)
{
	struct db *db = db_borrow(t->node.store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = set(db, "durability", "normal");
	if (!err)
		err = set(db, "scheme", "http");
	if (!err) /* that was asked outside */
		err = set(db, "job.seconds", "1");
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

int trial_open(struct trial *t, int control, const char *below, struct fault *f)
{
	struct user owner;
	*t = (struct trial){.arena = arena_new(), .guard_fd = -1, .outside_clock = now_shifted(), .kept_clock = now_shifted()};
	t->outside_log = log_home() ? arena_strdup(t->arena, log_home()) : NULL;
	int err = control < 0 ? fault(f, ERR_UNAVAILABLE, "no process for apps could be started") : make_home(t, below, f);
	if (err)
		return err;
	log_open(t->home);
	err = node_open(&t->node, t->home, STORE_CREATE, f);
	if (!err)
		err = settle(t, f);
	if (!err)
		err = home_person(&t->node, STR("owner"), ROLE_OWNER, &owner, f);
	if (err)
		return err;
	t->node.trial = true;
	pool_open(&t->node, control);
	check_install();
	return 0;
}

int trial_beside(struct trial *t, const struct node *n, struct fault *f)
{
	char cache[PATH_MAX];
	snprintf(cache, sizeof cache, "%s/cache", n->home);
	return trial_open(t, n->pool ? pool_control(n->pool) : -1, cache, f);
}

void trial_close(struct trial *t)
{
	pool_close(&t->node);
	if (t->node.store)
		node_close(&t->node);
	log_open(t->outside_log);
	now_shift(t->outside_clock);
	if (t->guard_fd >= 0)
		close(t->guard_fd);
	while (t->guard > 0 && waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
	arena_free(t->arena);
	*t = (struct trial){.guard_fd = -1};
}

/* ---- what is in it ---- */

int trial_install(struct trial *t, const struct package *p, struct fault *f)
{
	t->name = arena_strdup(t->arena, p->manifest->name);
	return install_package(&t->node, p, ORIGIN, t->app_id, f);
}

static int bound(struct db *db, const char *key, int64_t has)
{
	char most[24];
	snprintf(most, sizeof most, "%lld", (long long)(has + TRIAL_ROOM));
	return set(db, key, most);
}

int trial_bound(struct trial *t, struct fault *f)
{
	struct db *db = db_borrow(t->node.store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = bound(db, "app.bytes", app_usage(db, t->app_id, USAGE_BYTES));
	if (!err)
		err = bound(db, "app.files", app_usage(db, t->app_id, USAGE_FILES));
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

/* ---- keeping a moment ---- */

static const char *const state[] = {"data.db", "data.db-wal"};

static int copy_all(int from, int to)
{
	ssize_t n;
	while ((n = copy_file_range(from, NULL, to, NULL, 16 * MIB, 0)) > 0)
		;
	if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
		char block[64 * KIB];
		while ((n = read(from, block, sizeof block)) > 0)
			if (write(to, block, (size_t)n) != n)
				return -1;
	}
	return n < 0 ? -1 : 0;
}

/* to becomes a copy of from; where there is no from there is no to. */
static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return errno == ENOENT && (!unlink(to) || errno == ENOENT) ? 0 : -1;
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = out < 0 ? -1 : copy_all(in, out);
	if (out >= 0 && close(out))
		err = -1;
	close(in);
	return err;
}

static int copy_state(const struct trial *t, const char *from, const char *to, struct fault *f)
{
	char a[PATH_MAX], b[PATH_MAX];
	for (size_t i = 0; i < ARRAY_LEN(state); i++) {
		snprintf(a, sizeof a, "%s/%s%s", t->home, state[i], from);
		snprintf(b, sizeof b, "%s/%s%s", t->home, state[i], to);
		if (copy_file(a, b))
			return fault(f, errno == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL, "cannot copy %s: %s", a, strerror(errno));
	}
	return 0;
}

/* The node without its store, and with it again; cells stay, and what they are paid from. */
static int reopened(struct trial *t, int (*between)(struct trial *t, struct fault *f), struct fault *f)
{
	struct pool *pool = t->node.pool;
	struct meters *meters = t->node.meters;
	t->node.pool = NULL;
	t->node.meters = NULL;
	node_close(&t->node);
	int err = between(t, f);
	int second = node_open(&t->node, t->home, STORE_SERVE, err ? NULL : f);
	t->node.trial = true;
	meters_close(t->node.meters);
	t->node.pool = pool;
	t->node.meters = meters;
	return err ? err : second;
}

static int keep(struct trial *t, struct fault *f)
{
	return copy_state(t, "", ".kept", f);
}

/* The index of the WAL is of the one that goes. */
static int put_back(struct trial *t, struct fault *f)
{
	char index[PATH_MAX];
	snprintf(index, sizeof index, "%s/data.db-shm", t->home);
	(void)unlink(index);
	return copy_state(t, ".kept", "", f);
}

int trial_keep(struct trial *t, struct fault *f)
{
	t->kept_clock = now_shifted();
	return reopened(t, keep, f);
}

int trial_again(struct trial *t, struct fault *f)
{
	now_shift(t->kept_clock);
	id_anew();
	meter_anew(meter_of(t->node.meters, t->app_id)); /* what was used later than now */
	return reopened(t, put_back, f);
}
