#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *tree_temp(void)
{
	const char *named = getenv("TMPDIR");
	return named && *named == '/' ? named : "/tmp";
}

static int remove_below(int fd)
{
	struct dirent *e;
	DIR *d = fdopendir(fd);
	int err = 0;
	if (!d)
		return close(fd), -1;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			err |= tree_remove(dirfd(d), e->d_name);
	closedir(d);
	return err;
}

int tree_remove(int dir, const char *name)
{
	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		return 0;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || remove_below(fd))
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR) && errno != ENOENT ? -1 : 0;
}

static int open_folder(int dir, const char *name)
{
	int made = mkdirat(dir, name, 0755);
	if (made && errno != EEXIST)
		return -1;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !made && fchmod(fd, 0755)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

static int write_file(int dir, const char *name, struct str bytes, int64_t mtime_ms)
{
	struct timespec at = {.tv_sec = mtime_ms / 1000}, times[2] = {at, at};
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	int err = write_all(fd, bytes) || fchmod(fd, 0644) || futimens(fd, times) ? -1 : 0;
	return close(fd) ? -1 : err;
}

int tree_write(int dir, const char *path, struct str bytes, int64_t mtime_ms)
{
	char name[256];
	const char *slash;
	int at = dir, err = 0;
	while (!err && (slash = strchr(path, '/'))) {
		size_t n = (size_t)(slash - path);
		if (n >= sizeof name) {
			errno = ENAMETOOLONG;
			err = -1;
			break;
		}
		memcpy(name, path, n);
		name[n] = 0;
		int below = open_folder(at, name);
		if (at != dir)
			close(at);
		at = below;
		path = slash + 1;
		err = at < 0 ? -1 : 0;
	}
	if (!err)
		err = write_file(at, path, bytes, mtime_ms);
	if (at != dir && at >= 0)
		close(at);
	return err;
}
