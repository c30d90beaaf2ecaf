/* folder — a package read from a plain directory on this machine (the owner's shell, and the built-in apps). */
#ifndef KERNEL_FOLDER_H
#define KERNEL_FOLDER_H

#include "kernel/package.h"

/* Reads path into p. Nothing is followed: a symbolic link, a device or a socket anywhere is an error, as it would be in a
 * repository. What folder_leaves_out names is left out. ERR_BAD_SOURCE when path is no directory, ERR_BAD_PATH, ERR_MANIFEST_LIMITS. */
int folder_read(struct package *p, const char *path, struct fault *f);

/* What lies in folders that are worked in and is no part of a package: node_modules, .git, what editors leave. */
bool folder_leaves_out(struct str name);

#endif
