/* candidate — a package on its way to becoming a version: where it comes from, what it is, and whether the owner need be
 * asked. What becomes of it then is kernel/install.
 */
#ifndef KERNEL_CANDIDATE_H
#define KERNEL_CANDIDATE_H

#include "base/id.h"
#include "kernel/package.h"
#include "store/apps.h"

#define FETCH_MS 90000 /* a candidate that made no progress for so long has lost its process */

/* Make a candidate. name: "" for the manifest's own; for_app: "" or the id of the app it upgrades; local: paths of this
 * machine are admitted. id has room for ID_LEN + 1. ERR_BAD_SOURCE, ERR_RESERVED_NAME … */
int candidate_begin(struct node *n, struct str source, struct str name, struct str for_app, bool local, char *id, struct fault *f);

/* A package that is here already, as a candidate that is ready. It passed package_finish and package_check. */
int candidate_keep(struct node *n, const struct package *p, const char *source, const char *origin, struct str name, char *id, struct fault *f);

/* Fetch a candidate. Its error is recorded in it and returned. */
int candidate_fetch(struct node *n, const char *id, struct fault *f);

#endif
