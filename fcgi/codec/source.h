/* source — where a package comes from, as a person writes it: SOURCE[@REF].
 *
 *     https://host/owner/repo            a repository, its default branch
 *     https://host/owner/repo.git@v1.2   a branch, a tag or a commit
 *     https://host/owner/repo/tree/main/apps/pad    as copied from the address bar: a folder of a branch
 *     ./apps/pad   /srv/repo.git@main    a directory or a repository of this machine (the owner's shell only)
 *     builtin:pad                        an app that comes with Fazt
 *
 * Only what is understood is accepted. The text is taken apart here, before any
 * program is started, and put together again from its parts.
 */
#ifndef CODEC_SOURCE_H
#define CODEC_SOURCE_H

#include "base/arena.h"

#define SOURCE_BYTES 1000

enum source_kind { SOURCE_GIT, SOURCE_LOCAL, SOURCE_BUILTIN };

struct source {
	enum source_kind kind;
	const char *url;    /* GIT: what git is given, https://host[:port]/path */
	const char *scheme; /* GIT: https or http (which the fetcher admits for net.allow only) */
	const char *host;   /* GIT: lower case */
	int port;
	const char *path;   /* LOCAL: the path. BUILTIN: the name */
	const char *ref;    /* or NULL */
	const char *folder; /* GIT: where in the repository the package lies, or NULL */
	const char *origin; /* what makes two sources the same: kind, repository, folder */
};

/* ERR_BAD_SOURCE says what is wrong and what to write. */
int source_parse(struct str text, struct arena *a, struct source *s, struct fault *f);

#endif
