/* dev — what an app in development is to its owner's browser.
 *
 * While somebody holds a lease on an app (app dev), pages that its owner sees carry a script (gate/dev) which asks
 * GET /_fazt/dev for {"version", "problem"} and shows the page anew, or what is wrong with the last save. Nobody else
 * gets the script, the answer or a word of it.
 */
#ifndef SYS_DEV_H
#define SYS_DEV_H

#include "kernel/req.h"
#include "store/dev.h"

/* Is this the owner, signed in at an app on which a lease runs? Then its row. Asks the database. */
const struct dev_row *dev_of(struct req *r);

#endif
