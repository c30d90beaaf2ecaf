#include "kernel/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/tree.h"
#include "store/apps.h"
#include "store/files.h"

/* A version's folder is written under a name of its own and renamed when complete, so a folder with its final name is
 * whole unless somebody deleted from it; that is why it is looked through once more before it is trusted. Two
 * processes may publish the same version at once: the second rename fails, and its copy is removed. */

#define PUBLIC "public/"

struct publishing {
	struct db *db;
	struct arena *arena;
	int www, versions;
	struct app_row *app;
	char folder[64]; /* APPID-VERSION */
	int nfiles;
	struct file_row *file;
	bool strict; /* files are read, not only measured */
};

static int failed(struct db *db, const char *what)
{
	int err = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_INTERNAL;
	return db_fail(db, err, "cannot publish %s: %s", what, strerror(errno));
}

static bool same_bytes(const struct publishing *p, int dir, const struct file_row *file)
{
	struct arena *a = arena_new();
	struct str bytes;
	int fd = openat(dir, file->path + strlen(PUBLIC), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool same = fd >= 0 && !file_load(p->db, a, p->app->package, file->path, &bytes);
	for (size_t at = 0; same && at < bytes.n;) {
		char piece[16 * KIB];
		ssize_t n = read(fd, piece, MIN(sizeof piece, bytes.n - at));
		same = n > 0 && !memcmp(piece, bytes.p + at, (size_t)n);
		at += (size_t)MAX(n, 0);
	}
	if (fd >= 0)
		close(fd);
	arena_free(a);
	return same;
}

static bool complete(const struct publishing *p)
{
	struct stat st;
	int dir = openat(p->versions, p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool whole = dir >= 0;
	for (int i = 0; whole && i < p->nfiles; i++)
		whole = !fstatat(dir, p->file[i].path + strlen(PUBLIC), &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
			st.st_size == p->file[i].size && (!p->strict || same_bytes(p, dir, &p->file[i]));
	if (dir >= 0)
		close(dir);
	return whole;
}

static int write_files(struct publishing *p, int dir)
{
	int err = 0;
	for (int i = 0; !err && i < p->nfiles; i++) {
		struct str bytes;
		struct arena *a = arena_new();
		err = file_load(p->db, a, p->app->package, p->file[i].path, &bytes);
		if (!err && tree_write(dir, p->file[i].path + strlen(PUBLIC), bytes, p->app->installed))
			err = failed(p->db, p->file[i].path);
		arena_free(a);
	}
	return err;
}

static int write_version(struct publishing *p)
{
	char draft[96];
	snprintf(draft, sizeof draft, ".%s.%d", p->folder, (int)getpid());
	tree_remove(p->versions, draft);
	tree_remove(p->versions, p->folder);
	if (mkdirat(p->versions, draft, 0755))
		return failed(p->db, p->app->name);
	int dir = openat(p->versions, draft, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err = dir < 0 || fchmod(dir, 0755) ? failed(p->db, p->app->name) : write_files(p, dir);
	if (dir >= 0)
		close(dir);
	if (!err && renameat(p->versions, draft, p->versions, p->folder) && errno != ENOTEMPTY && errno != EEXIST)
		err = failed(p->db, p->app->name);
	tree_remove(p->versions, draft); /* what is left of it */
	return err;
}

static bool linked(const struct publishing *p, const char *target)
{
	char now[128];
	ssize_t n = readlinkat(p->www, p->app->name, now, sizeof now - 1);
	return n > 0 && str_is((struct str){now, (size_t)n}, target);
}

static int link_version(struct publishing *p)
{
	char target[96], draft[96];
	snprintf(target, sizeof target, ".versions/%s", p->folder);
	snprintf(draft, sizeof draft, ".%s.%d", p->app->name, (int)getpid());
	if (linked(p, target))
		return 0;
	tree_remove(p->www, draft);
	if (symlinkat(target, p->www, draft))
		return failed(p->db, p->app->name);
	if (renameat(p->www, draft, p->www, p->app->name)) {
		tree_remove(p->www, p->app->name); /* a folder stood in the way */
		if (renameat(p->www, draft, p->www, p->app->name))
			return failed(p->db, p->app->name);
	}
	return 0;
}

/* Folders of this app's other versions. */
static void drop_others(struct publishing *p)
{
	struct dirent *e;
	int copy = openat(p->versions, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, p->folder, ID_LEN) && strcmp(e->d_name, p->folder))
			tree_remove(p->versions, e->d_name);
	if (d)
		closedir(d);
}

static int list_version(struct publishing *p)
{
	int n = files_list(p->db, p->arena, p->app->package, PUBLIC, &p->file);
	p->nfiles = MAX(n, 0);
	snprintf(p->folder, sizeof p->folder, "%s-%lld", p->app->id, (long long)p->app->version);
	return n < 0 ? -n : 0;
}

static int publish_version(struct publishing *p)
{
	int err = list_version(p);
	if (!err && !complete(p))
		err = write_version(p);
	if (!err)
		err = link_version(p);
	if (!err)
		drop_others(p);
	return err;
}

static int open_www(struct node *n, struct publishing *p)
{
	const char *path = arena_printf(p->arena, "%s/www", n->home);
	if (mkdir(path, 0755) && errno != EEXIST)
		return failed(p->db, "www");
	p->www = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->www < 0 || (mkdirat(p->www, ".versions", 0755) && errno != EEXIST))
		return failed(p->db, "www");
	p->versions = openat(p->www, ".versions", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return p->versions < 0 ? failed(p->db, "www") : 0;
}

static bool belongs(const struct app_row *list, int n, const char *entry, bool folder)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i].state, "enabled") &&
		    (folder ? !strncmp(list[i].id, entry, ID_LEN) && entry[ID_LEN] == '-' : !strcmp(list[i].name, entry)))
			return true;
	return false;
}

/* Remove what belongs to no app that is enabled. drafts: also what another process may be writing just now. */
static void drop_strangers(int dir, const struct app_row *list, int n, bool folder, bool drafts)
{
	struct dirent *e;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	while (d && (e = readdir(d)))
		if ((*e->d_name != '.' || (drafts && strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strcmp(e->d_name, ".versions"))) &&
		    !belongs(list, n, e->d_name, folder))
			tree_remove(dir, e->d_name);
	if (d)
		closedir(d);
}

static int publish_one(struct publishing *p, const char *name)
{
	p->app = app_row_by_name(p->db, p->arena, str_of(name));
	if (p->app && p->app->package && !strcmp(p->app->state, "enabled"))
		return publish_version(p);
	struct app_row *list;
	int n = app_rows(p->db, p->arena, &list);
	tree_remove(p->www, name);
	if (n >= 0)
		drop_strangers(p->versions, list, n, true, false);
	return MAX(-n, 0);
}

/* ---- all ---- */


static int publish_each(struct publishing *p, const char *name)
{
	struct app_row *list;
	if (name)
		return publish_one(p, name);
	int n = app_rows(p->db, p->arena, &list), err = MAX(-n, 0);
	if (err)
		return err;
	drop_strangers(p->www, list, n, false, true);
	drop_strangers(p->versions, list, n, true, true);
	for (int i = 0; i < n; i++) {
		int one = publish_one(p, list[i].name);
		err = err ? err : one; /* the others still go out */
	}
	return err;
}

static void finish(struct publishing *p)
{
	if (p->versions >= 0)
		close(p->versions);
	if (p->www >= 0)
		close(p->www);
	if (p->db)
		db_return(p->db);
	arena_free(p->arena);
}

static int publish(struct node *n, const char *name, bool strict, struct fault *f)
{
	struct fault own = {0};
	struct publishing p = {.arena = arena_new(), .www = -1, .versions = -1, .strict = strict};
	p.db = db_borrow(n->store, f ? f : &own);
	int err = p.db ? open_www(n, &p) : (f ? f : &own)->err;
	if (!err)
		err = publish_each(&p, name);
	if (err)
		log_event(LOG_WARN, "publish.failed", "app", name ? name : "", "message", (f ? f : &own)->message, NULL);
	finish(&p);
	return err;
}

int publish_app(struct node *n, const char *name, struct fault *f)
{
	return publish(n, name, false, f);
}

int publish_all(struct node *n, struct fault *f)
{
	return publish(n, NULL, false, f);
}

int publish_anew(struct node *n, struct fault *f)
{
	return publish(n, NULL, true, f);
}

int publish_look(struct node *n, void (*found)(void *arg, const char *name), void *arg, struct fault *f)
{
	struct publishing p = {.arena = arena_new(), .www = -1, .versions = -1, .strict = true};
	struct app_row *list;
	char target[96];
	p.db = db_borrow(n->store, f);
	int err = p.db ? open_www(n, &p) : f->err;
	int apps = err ? 0 : app_rows(p.db, p.arena, &list);
	for (int i = 0; !err && i < apps; i++) {
		p.app = &list[i];
		if (strcmp(p.app->state, "enabled") || !p.app->package || (err = list_version(&p)))
			continue;
		snprintf(target, sizeof target, ".versions/%s", p.folder);
		if (!complete(&p) || !linked(&p, target))
			found(arg, p.app->name);
	}
	finish(&p);
	return apps < 0 ? -apps : err;
}
