/* check — what can be said about a package before it serves anybody.
 *
 *     check_install();      package_check (kernel/package) loads each package in a cell before it is kept
 *     check_read(…)         app check: all that is wrong or odd about it, as findings
 *
 * A finding is an error (it cannot work), a warning (it hardly means what it says) or a hint. All of them come from
 * check.lua, which reads the files in a cell, and from the checks that installing makes (kernel/package,
 * kernel/manifest, loading).
 */
#ifndef GATE_CHECK_H
#define GATE_CHECK_H

#include "base/buf.h"
#include "kernel/package.h"

/* Make package_check start a cell on each package. */
void check_install(void);

struct check {
	int errors, warnings;
	struct buf json; /* [{"level","file","line","col","message"}, …] */
};

/* read: what reading the files ended with (kernel/folder), 0 when they are all there. The node needs cells and may be
 * without a database. An error only when nothing could be checked; c->json is released by the caller. */
int check_read(struct node *n, struct package *p, const struct fault *read, struct check *c, struct fault *f);

#endif
