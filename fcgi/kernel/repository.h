/* repository — a package read out of a Git repository: objects only, never a work tree.
 *
 * A remote one is fetched by the git program in a process of its own that can do
 * little else (see repository.c); its trees are then walked here, entry by
 * entry, under the budgets of struct package. Nothing of the repository is ever
 * run, checked out or followed.
 */
#ifndef KERNEL_REPOSITORY_H
#define KERNEL_REPOSITORY_H

#include "codec/source.h"
#include "kernel/package.h"

/* Told what is going on, for the page that waits; an error ends the fetch. */
typedef int progress_fn(void *arg, const char *text);

/* Fetch s (a SOURCE_GIT) and read it into p; p->commit is set. ERR_BAD_SOURCE, ERR_BLOCKED_ADDRESS, ERR_BAD_PACKAGE,
 * ERR_BAD_PATH, ERR_MANIFEST_LIMITS. Only in a process with one thread: it forks. */
int repository_fetch(struct node *n, const struct source *s, struct package *p, progress_fn *progress, void *arg, struct fault *f);

/* Is this path a repository, bare or with a work tree (a folder .git)? */
bool repository_is(const char *path);
/* Read what is committed at ref (NULL: HEAD) in a repository of this machine. */
int repository_read(const char *path, const char *ref, struct package *p, struct fault *f);

#endif
