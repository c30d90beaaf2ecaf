/* builtin — where the apps that come with Fazt are: beside the program in the tree it was built in, else where it was
 * installed to.
 */
#ifndef KERNEL_BUILTIN_H
#define KERNEL_BUILTIN_H

#include "base/arena.h"

/* The folder of the one with this name, in the arena; NULL: no such app comes with Fazt. */
const char *builtin_folder(struct arena *a, const char *name);
/* Is this folder one of them? Then its name, else NULL. */
const char *builtin_name(struct arena *a, const char *folder);

#endif
