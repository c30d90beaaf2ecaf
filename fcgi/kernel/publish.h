/* publish — the public files of apps on disk, where nginx serves them itself.
 *
 *     home/www/NAME → .versions/APPID-VERSION      a link, switched atomically
 *     home/www/.versions/APPID-VERSION/…           the files below public/ of that version
 *
 * All of it is a copy and may be deleted at any time. Files carry the moment their
 * version was installed, so a browser's cached copy ends with the version.
 */
#ifndef KERNEL_PUBLISH_H
#define KERNEL_PUBLISH_H

#include "kernel/node.h"

/* Make www/NAME what the database says: the files of the app of that name, or nothing when there is none that is
 * enabled. Does nothing when they are there and complete. A failure is also logged; the kernel then serves the files. */
int publish_app(struct node *n, const char *name, struct fault *f);
/* The same for all apps, and whatever belongs to none is removed. */
int publish_all(struct node *n, struct fault *f);
/* The names of enabled apps whose files on disk are not there, or not what the database says, byte by byte. */
int publish_look(struct node *n, void (*found)(void *arg, const char *name), void *arg, struct fault *f);
int publish_anew(struct node *n, struct fault *f); /* publish_all that trusts no byte */

#endif
