/* public — an app's public files, served by the kernel when nginx did not find them.
 *
 * nginx serves www/NAME itself. Should that copy be missing (somebody deleted it, or it could not be written), the
 * request reaches the kernel, which answers from the database and has the copy made again.
 */
#ifndef KERNEL_PUBLIC_H
#define KERNEL_PUBLIC_H

#include "kernel/req.h"

/* GET or HEAD of a public file of r->app: *found, and the answer is in r->res. */
int public_file(struct req *r, bool *found);

#endif
