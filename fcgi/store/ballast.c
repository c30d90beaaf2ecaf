#include "store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void path_of(const char *home, char path[4096])
{
	snprintf(path, 4096, "%s/run/ballast", home);
}

static bool room(const char *home, uint64_t bytes)
{
	struct statvfs v;
	return !statvfs(home, &v) && (uint64_t)v.f_bavail * v.f_frsize >= bytes;
}

void ballast_keep(const char *home)
{
	struct stat st;
	char path[4096];
	path_of(home, path);
	if ((!stat(path, &st) && st.st_size) || !room(home, 2 * BALLAST_BYTES))
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

void ballast_ease(const char *home)
{
	if (!room(home, BALLAST_LOW))
		ballast_drop(home);
}

bool ballast_there(const char *home)
{
	char path[4096];
	path_of(home, path);
	if (!access(path, F_OK))
		return true;
	ballast_keep(home);
	return !access(path, F_OK);
}
