/* home — the folders and the first rows of a home, for whoever makes one: `fazt-admin init` and gate/trial. */
#ifndef KERNEL_HOME_H
#define KERNEL_HOME_H

#include "kernel/node.h"
#include "store/user.h"

/* The folders of a home, made where they are missing. ERR_DENIED when one is a link, or somebody else's. */
int home_folders(const char *home, struct fault *f);
/* An account in a node of one's own: the owner, or somebody who tries an app. Again: the same one, with this role. */
int home_person(struct node *n, struct str name, enum role role, struct user *u, struct fault *f);

#endif
