#include "kernel/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/visible.h"

/* Descriptors, not paths: each step opens a name inside a directory that is already open, so that nothing swapped in
 * meanwhile leads elsewhere. How deep it goes is bounded by package_folder, which refuses a path of too many names. */

struct walk {
	struct package *package;
	struct fault *fault;
};

static int read_folder(struct walk *w, int dir, struct str path);

static int unreadable(struct walk *w, struct str path)
{
	return fault(w->fault, ERR_BAD_SOURCE, "cannot read %s: %s", visible(w->package->arena, path, 200), strerror(errno));
}

static int read_bytes(struct walk *w, int fd, struct str path, struct buf *b)
{
	ssize_t n;
	do {
		buf_reserve(b, 64 * KIB);
		n = read(fd, b->p + b->len, 64 * KIB);
		if (n < 0)
			return unreadable(w, path);
		b->len += (size_t)n;
		if (b->len > PACKAGE_BYTES)
			return fault(w->fault, ERR_MANIFEST_LIMITS, "the package is larger than %u MB", PACKAGE_BYTES / MIB);
	} while (n);
	return 0;
}

static int read_file(struct walk *w, int fd, struct str path)
{
	struct buf b = BUF_INIT;
	int err = read_bytes(w, fd, path, &b);
	if (!err)
		err = package_file(w->package, path, buf_str(&b), w->fault);
	buf_release(&b);
	return err;
}

static int read_entry(struct walk *w, int fd, struct str path)
{
	struct stat st;
	if (fstat(fd, &st))
		return unreadable(w, path);
	if (S_ISREG(st.st_mode))
		return read_file(w, fd, path);
	if (!S_ISDIR(st.st_mode))
		return fault(w->fault, ERR_BAD_PATH, "%s is neither a file nor a folder", visible(w->package->arena, path, 200));
	int err = package_folder(w->package, path, w->fault);
	return err ? err : read_folder(w, fd, path);
}

static int open_entry(struct walk *w, int dir, const char *name, struct str path)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return fault(w->fault, ERR_BAD_PATH, "%s is a symbolic link, a socket or a device; a package has files and folders only",
			     visible(w->package->arena, path, 200));
	if (fd < 0)
		return unreadable(w, path);
	int err = read_entry(w, fd, path);
	close(fd);
	return err;
}

bool folder_leaves_out(struct str name)
{
	static const char *const names[] = {".", "..", "node_modules", ".git", "4913"};
	static const char *const ends[] = {"~", ".swp", ".swx", ".swo"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(name, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_ends(name, ends[i]))
			return true;
	return str_starts(name, ".#") || (str_starts(name, "#") && str_ends(name, "#"));
}

static int read_names(struct walk *w, DIR *d, struct str path)
{
	struct dirent *e;
	struct buf b = BUF_INIT;
	int err = 0;
	while (!err && (e = readdir(d))) {
		if (folder_leaves_out(str_of(e->d_name)))
			continue;
		buf_clear(&b);
		buf_addf(&b, "%.*s%s%s", STR_FMT(path), path.n ? "/" : "", e->d_name);
		err = open_entry(w, dirfd(d), e->d_name, buf_str(&b));
	}
	buf_release(&b);
	return err;
}

static int read_folder(struct walk *w, int dir, struct str path)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		if (copy >= 0)
			close(copy);
		return unreadable(w, path);
	}
	int err = read_names(w, d, path);
	closedir(d);
	return err;
}

int folder_read(struct package *p, const char *path, struct fault *f)
{
	struct walk w = {.package = p, .fault = f};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault(f, ERR_BAD_SOURCE, "cannot open the folder %s: %s", visible(p->arena, str_of(path), 200), strerror(errno));
	int err = read_folder(&w, fd, STR_NONE);
	close(fd);
	return err;
}
