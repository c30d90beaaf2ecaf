/* home — the folders and the first rows of a home, for whoever makes one: `fazt-admin init` and gate/trial. */
#ifndef KERNEL_HOME_H
#define KERNEL_HOME_H

#include "kernel/node.h"
#include "store/user.h"

/* The folders of a home, made where they are missing. ERR_DENIED when one is a link, or somebody else's. */
int home_folders(const char *home, struct fault *f);
/* Those of them that were deleted, once the home is known to be one; what is there stays as it is. */
void home_refill(const char *home);
/* Before one is used: ERR_DENIED says why it cannot be trusted, or could not be kept: a link of somebody else's, another
 * user's, writable by others, on a network file system, read-only. A folder that is none is the store's to name. */
int home_check(const char *home, struct fault *f);
/* The network file system of this statfs type, or NULL. */
const char *home_network(int64_t type);
/* An account in a node of one's own: the owner, or somebody who tries an app. Again: the same one, with this role. */
int home_person(struct node *n, struct str name, enum role role, struct user *u, struct fault *f);

#endif
