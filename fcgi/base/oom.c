#include "base/oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Not every container allows it. */
void oom_volunteer(int score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!dprintf(fd, "%d", score);
		close(fd);
	}
}
