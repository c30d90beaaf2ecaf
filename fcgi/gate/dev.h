/* dev — pages of an app in development, as its owner sees them.
 *
 * While a lease runs (sys/dev), HTML that the owner's browser navigates to gets a script of the kernel's before
 * </body>, and an uncaught error says what and where it was. Everyone else gets what they always get.
 */
#ifndef GATE_DEV_H
#define GATE_DEV_H

#include "kernel/req.h"

/* Sets r->dev; err is what the request ended with. Only where it may matter does it ask the database. */
void dev_begin(struct req *r, int err);
/* The answer is complete: add the script where it belongs. */
void dev_decorate(struct req *r);

#endif
