#include "store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void path_of(const char *home, char path[4096])
{
	snprintf(path, 4096, "%s/run/ballast", home);
}

static bool room(const char *home)
{
	struct statvfs v;
	return !statvfs(home, &v) && (uint64_t)v.f_bavail * v.f_frsize >= 2 * (uint64_t)BALLAST_BYTES;
}

void ballast_keep(const char *home)
{
	struct stat st;
	char path[4096];
	path_of(home, path);
	if ((!stat(path, &st) && st.st_size) || !room(home))
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, BALLAST_BYTES))
		unlink(path);
	close(fd);
}

bool ballast_drop(const char *home)
{
	struct stat st;
	char path[4096];
	path_of(home, path);
	return !stat(path, &st) && st.st_size && !unlink(path);
}
