/* git — the git program, run with as little as it needs.
 *
 *     struct git g = {.folder = "/tmp/…", .protocols = "https", .own_uid = true, .until = mono_ms() + 60000};
 *     err = git_start(&g, GIT_SAYS, args, f);   // args ends with NULL, without "git"
 *     err = git_wait(&g, f);                     // or git_write and git_read with GIT_ANSWERS
 *     git_stop(&g);                              // always; kills whatever is left of it
 *
 * A clean environment without configuration, prompts or helpers; its own process
 * group, resource limits, and, when this process is root and own_uid is set, a
 * uid of its own. It forks: only for processes with one thread.
 */
#ifndef KERNEL_GIT_H
#define KERNEL_GIT_H

#include <sys/types.h>

#include "base/buf.h"

#define GIT_BYTES (50u * MIB) /* of any file it writes */
#define GIT_MS 60000

enum git_use {
	GIT_SAYS,    /* runs to its end; what it writes to stderr is kept in said */
	GIT_ANSWERS, /* reads requests from git_write and answers to git_read */
};

struct git {
	const char *folder;    /* where it runs */
	const char *protocols; /* GIT_ALLOW_PROTOCOL; "none" for none */
	bool own_uid;
	int64_t until; /* mono_ms */

	/* private */
	pid_t pid;
	int to, from; /* -1: none */
	struct buf said;
	char ahead[4096]; /* read and not yet asked for */
	size_t nahead, at;
};

/* The uid git runs under when this process is root. */
uid_t git_uid(void);

int git_start(struct git *g, enum git_use use, const char *const *args, struct fault *f);
/* Until it ends: its exit status, or -1 when it was stopped by time or a limit (see late). */
int git_wait(struct git *g, bool *late);
bool git_write(struct git *g, const char *line);
bool git_read(struct git *g, void *p, size_t n); /* exactly n bytes; false: it ended or is late */
bool git_line(struct git *g, struct buf *line);  /* one line without its newline, at most 4096 bytes */
void git_stop(struct git *g);

#endif
