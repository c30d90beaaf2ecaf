#define _GNU_SOURCE /* O_PATH */

/* Checks of what is around the database: files, processes, the machine. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/openat2.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/crypt.h"
#include "door/doctor.h"
#include "door/door.h"
#include "kernel/home.h"
#include "store/ballast.h"

#define SPACE_LOW (64 * MIB)
#define INODES_LOW 1000
#define CONF_MAX (1 * MIB)

extern char **environ;

static const char *below(struct doctor *d, const char *name)
{
	return arena_printf(d->a->arena, "%s/%s", d->home, name);
}

/* ---- the home ---- */

static const struct {
	const char *name;
	mode_t most; /* what others may do at most; 0: it need not be there */
	bool folder;
} parts[] = {
	{"", 0711, true}, {"data.db", 0600, false}, {"run", 0711, true}, {"www", 0755, true}, {"cache", 0755, true}, {"log", 0700, true},
	{"nginx", 0755, true}, {"data.db-wal", 0600, false}, {"data.db-shm", 0600, false}, {"run/lock", 0600, false},
	{"run/meter", 0600, false}, {"run/serve.pid", 0600, false}, {"run/password.lock", 0600, false}, {"run/ballast", 0600, false},
	{"run/fcgi.sock", 0660, false}, {"log/fazt.log", 0600, false}, {"log/fazt.log.1", 0600, false},
};

static bool is_kind(size_t i, const struct stat *st)
{
	return parts[i].folder ? S_ISDIR(st->st_mode) : S_ISREG(st->st_mode) || S_ISSOCK(st->st_mode);
}

int look_home(struct doctor *d)
{
	struct stat home, st;
	if (stat(d->home, &home))
		return doctor_found(d, "%s: %s", d->home, strerror(errno)), 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *path = below(d, parts[i].name);
		if (lstat(path, &st)) {
			if (parts[i].folder || i == 1)
				doctor_found(d, "%s is missing", path);
			continue;
		}
		if (*parts[i].name && !is_kind(i, &st))
			doctor_found(d, "%s is no %s", path, parts[i].folder ? "folder" : "file");
		else if (st.st_uid != home.st_uid)
			doctor_found(d, "%s belongs to the user %u, the home to %u", path, (unsigned)st.st_uid, (unsigned)home.st_uid);
		else if (*parts[i].name && (st.st_mode & 0777 & ~parts[i].most))
			doctor_found(d, "others may read or change %s (mode %o)", path, (unsigned)st.st_mode & 0777);
	}
	return 0;
}

/* By root's hand, and the owner may change what lies there meanwhile: what is given is what was looked at, inside of the home, on
 * no way through a link, and with no name elsewhere. */
static int give(struct doctor *d, int in, size_t i)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	struct stat home, st;
	int fd = (int)syscall(SYS_openat2, in, *parts[i].name ? parts[i].name : ".", &how, sizeof how);
	bool foreign = fd >= 0 && !fstat(in, &home) && !fstat(fd, &st) && st.st_uid != home.st_uid;
	bool given = !foreign || (is_kind(i, &st) && (parts[i].folder || st.st_nlink == 1) &&
				  !fchownat(fd, "", home.st_uid, home.st_gid, AT_EMPTY_PATH));
	if (fd >= 0)
		close(fd);
	return given ? 0 : fail(&d->a->r, ERR_DENIED, "cannot give %s to its owner", below(d, parts[i].name));
}

static int give_all(struct doctor *d)
{
	int in = open(d->home, O_PATH | O_DIRECTORY | O_CLOEXEC), err = 0;
	for (size_t i = 0; in >= 0 && i < ARRAY_LEN(parts); i++)
		if (give(d, in, i))
			err = d->a->r.fault.err;
	if (in >= 0)
		close(in);
	return err;
}

/* What belongs to somebody else is root's to give; the rest is what init does, as the owner. */
int mend_home(struct doctor *d)
{
	struct stat st;
	if (stat(d->home, &st))
		return 0;
	int err = geteuid() ? 0 : give_all(d);
	if (!err && become_owner(d->home))
		err = fail(&d->a->r, ERR_DENIED, "cannot become the owner of %s", d->home);
	if (!err)
		err = home_folders(d->home, &d->a->r.fault);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!parts[i].folder && !lstat(below(d, parts[i].name), &st) && S_ISREG(st.st_mode))
			(void)!chmod(below(d, parts[i].name), 0600);
	return 0;
}

/* ---- space ---- */

int look_space(struct doctor *d)
{
	struct statvfs v;
	struct stat st;
	if (statvfs(d->home, &v))
		return 0;
	uint64_t free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	if (free_bytes < SPACE_LOW)
		doctor_found(d, "%llu MB are free", (unsigned long long)(free_bytes / 1000000));
	if (v.f_files && v.f_favail < INODES_LOW)
		doctor_found(d, "there is room for %llu more files only", (unsigned long long)v.f_favail);
	if (stat(below(d, "run/ballast"), &st) || !st.st_size)
		doctor_found(d, "nothing is kept back for deleting when the disk is full (run/ballast)");
	return 0;
}

int mend_space(struct doctor *d)
{
	ballast_keep(d->home);
	return 0;
}

/* ---- cache/ ---- */

static bool is_what_it_says(int dir, const char *name)
{
	unsigned char should[HASH_LEN], is[HASH_LEN];
	static char piece[64 * KIB];
	struct hashing h;
	ssize_t n;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	crypt_hash_init(&h);
	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		crypt_hash_add(&h, piece, (size_t)n);
	crypt_hash_end(&h, is);
	if (fd >= 0)
		close(fd);
	return fd >= 0 && crypt_unhex(should, HASH_LEN, str_of(name)) && !memcmp(is, should, HASH_LEN);
}

static int each_cached(struct doctor *d, void (*fn)(struct doctor *, int dir, const char *name))
{
	struct dirent *e;
	int fd = open(below(d, "cache"), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (e = readdir(dir)))
		if (*e->d_name != '.' && !is_what_it_says(fd, e->d_name))
			fn(d, fd, e->d_name);
	if (dir)
		closedir(dir);
	return 0;
}

static void found_cached(struct doctor *d, int dir, const char *name)
{
	(void)dir;
	if (d->here < 20)
		doctor_found(d, "cache/%.70s", name);
}

static void remove_cached(struct doctor *d, int dir, const char *name)
{
	(void)d;
	(void)unlinkat(dir, name, 0);
}

int look_cache(struct doctor *d)
{
	return each_cached(d, found_cached);
}

int mend_cache(struct doctor *d)
{
	return each_cached(d, remove_cached);
}

/* ---- processes ---- */

static bool listens(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	bool yes = fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof a);
	if (fd >= 0)
		close(fd);
	return yes;
}

static size_t read_file(const char *path, char *p, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, p, room - 1);
	if (fd >= 0)
		close(fd);
	p[MAX(n, 0)] = 0;
	return (size_t)MAX(n, 0);
}

/* The children of the supervisor of that name, by their command line: faztd, worker. */
static int children(struct doctor *d, long parent, const char *name)
{
	struct dirent *e;
	char text[512];
	int n = 0;
	DIR *proc = opendir("/proc");
	while (proc && (e = readdir(proc))) {
		long of = 0;
		char *end;
		if (*e->d_name < '1' || *e->d_name > '9')
			continue;
		read_file(arena_printf(d->a->arena, "/proc/%s/stat", e->d_name), text, sizeof text);
		if (!(end = strrchr(text, ')')) || sscanf(end, ") %*c %ld", &of) != 1 || of != parent)
			continue;
		size_t got = read_file(arena_printf(d->a->arena, "/proc/%s/cmdline", e->d_name), text, sizeof text);
		n += got > strlen(text) + 1 && !strcmp(text + strlen(text) + 1, name);
	}
	if (proc)
		closedir(proc);
	return n;
}

int look_running(struct doctor *d)
{
	char pid[32];
	const char *socket_path = below(d, "run/fcgi.sock");
	d->serving = serve_holds(d->home);
	if (!d->serving) {
		if (!access(socket_path, F_OK) && !listens(socket_path))
			doctor_found(d, "nobody listens at %s, which a faztd left behind that was killed", socket_path);
		else
			doctor_note(d, "no faztd serves this home");
		return 0;
	}
	read_file(below(d, "run/serve.pid"), pid, sizeof pid);
	int workers = children(d, strtol(pid, NULL, 10), "worker"), zygotes = children(d, strtol(pid, NULL, 10), "zygote");
	if (!workers || !zygotes)
		doctor_found(d, "faztd serves with %d workers and %d zygotes; there should be some, and one", workers, zygotes);
	if (!listens(socket_path))
		doctor_found(d, "nobody listens at %s", socket_path);
	return 0;
}

/* A socket that nobody has is removed, so that nginx says 503 at once; what serves is not touched. */
int mend_running(struct doctor *d)
{
	const char *path = below(d, "run/fcgi.sock");
	if (!d->serving && !listens(path))
		(void)unlink(path);
	return 0;
}

/* ---- nginx ---- */

static struct str load(struct doctor *d, const char *path)
{
	char *text = arena_alloc(d->a->arena, CONF_MAX);
	return (struct str){text, read_file(path, text, CONF_MAX)};
}

/* The value of the first directive of that name, to its semicolon. */
static const char *directive(struct doctor *d, struct str conf, const char *name)
{
	const char *p = strstr(conf.p, name);
	p = p ? p + strlen(name) + strspn(p + strlen(name), " \"") : NULL;
	return p ? arena_cstr(d->a->arena, (struct str){p, strcspn(p, "\";")}) : "";
}

static struct str trim_end(struct str s)
{
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
		s.n--;
	return s;
}

/* Is that what would be printed now? */
static int compare(struct doctor *d, const char *path, bool dev)
{
	struct buf args = BUF_INIT, json = BUF_INIT;
	struct out o = OUT(&args);
	struct str conf = load(d, path);
	out_object(&o);
	out_kbool(&o, "dev", dev);
	if (!dev) {
		out_kcstr(&o, "cert", directive(d, conf, "ssl_certificate "));
		out_kcstr(&o, "key", directive(d, conf, "ssl_certificate_key "));
	}
	out_end(&o);
	int err = admin_op_json(d->a, "nginx", "print", buf_str(&args), &json);
	json_t *printed = err ? NULL : json_loadb(json.p, json.len, JSON_DECODE_ANY, NULL);
	if (printed && !str_eq(trim_end(conf), trim_end(str_of(json_string_value(printed)))))
		doctor_found(d, "%s is not what fazt-admin nginx print%s prints now", path, dev ? " --dev" : "");
	json_decref(printed);
	buf_release(&args);
	buf_release(&json);
	return err;
}

static int compare_folder(struct doctor *d, const char *folder, int *n)
{
	struct dirent *e;
	int err = 0;
	DIR *dir = opendir(folder);
	while (dir && !err && (e = readdir(dir))) {
		const char *path = arena_printf(d->a->arena, "%s/%s", folder, e->d_name);
		if (*e->d_name == '.' || !strstr(load(d, path).p, arena_printf(d->a->arena, "%s/run/fcgi.sock", d->a->node.home)))
			continue;
		++*n;
		err = compare(d, path, false);
	}
	if (dir)
		closedir(dir);
	return err;
}

int look_nginx(struct doctor *d)
{
	const char *dev = below(d, "nginx/nginx.conf");
	int n = !access(dev, R_OK), err = n ? compare(d, dev, true) : 0;
	if (!err)
		err = compare_folder(d, "/etc/nginx/sites-enabled", &n);
	if (!err)
		err = compare_folder(d, "/etc/nginx/conf.d", &n);
	if (!err && !n)
		doctor_note(d, "no configuration of nginx for this home was found");
	return err;
}

/* ---- the machine ---- */

int look_walls(struct doctor *d)
{
	if (!confine_complete())
		doctor_found(d, "this build has no filter of system calls (seccomp), so apps of others are refused");
	if (!confine_landlock())
		doctor_note(d, "this kernel has no landlock; cells have no way to open a file all the same");
	return 0;
}

/* The first line that a program says of itself. */
static void version_of(struct out *o, const char *name, char *const argv[])
{
	int pipes[2], status;
	char line[200] = "";
	posix_spawn_file_actions_t files;
	pid_t pid;
	if (pipe(pipes))
		return;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, pipes[1], 1);
	posix_spawn_file_actions_adddup2(&files, pipes[1], 2);
	posix_spawn_file_actions_addclose(&files, pipes[0]);
	int err = posix_spawn(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(pipes[1]);
	ssize_t n = err ? 0 : read(pipes[0], line, sizeof line - 1);
	close(pipes[0]);
	while (!err && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	line[n > 0 ? strcspn(line, "\n") : 0] = 0;
	const char *digit = strpbrk(line, "0123456789");
	out_kcstr(o, name, digit ? digit : "not found");
}

static bool old_lua(void)
{
	int patch = 0;
	const char *dots = strstr(cells_lua(), "5.4.");
	return dots && sscanf(dots, "5.4.%d", &patch) == 1 && patch < 8;
}

int look_versions(struct doctor *d)
{
	if (old_lua())
		doctor_note(d, "Lua %s: 5.4.8 repaired errors that a hostile app can end its own cell with", cells_lua());
	return 0;
}

void doctor_versions(struct out *o)
{
	out_object(o);
	out_kcstr(o, "fazt", PACKAGE_VERSION);
	out_kcstr(o, "lua", cells_lua());
	out_kcstr(o, "sqlite", db_sqlite());
	out_kcstr(o, "curl", remote_curl());
	version_of(o, "git", (char *const[]){FAZT_GIT, "--version", NULL});
	version_of(o, "nginx", (char *const[]){FAZT_NGINX, "-v", NULL});
	out_end(o);
}
