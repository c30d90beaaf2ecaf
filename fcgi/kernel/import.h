/* import — rows of one app, read by another: the chain of consents that leads there.
 *
 *     the reader declares it     imports: ["blog/posts"]
 *     the owner grants it        import:blog/posts, bound to the id of the app that is called blog then
 *     that app is there, and its version that serves exports posts
 *
 * Each link is looked at in every call, so taking one away ends it at once. A later
 * app under the same name has another id, and the grant is not about it.
 */
#ifndef KERNEL_IMPORT_H
#define KERNEL_IMPORT_H

#include "kernel/app.h"

/* The app whose rows the reader may ask for as "APP/COLLECTION"; released by the caller. NULL with the fault set:
 * ERR_PERMISSION_DENIED not declared or not granted, which tells nothing of what there is; ERR_NOT_FOUND gone or not
 * exported; ERR_APP_DISABLED. */
struct app *import_find(struct node *n, struct db *db, const struct app *reader, struct str name, struct fault *f);

/* What a grant of this permission is about: an app's id, "" for none, NULL when there is no such app now. */
const char *import_about(struct db *db, struct arena *a, const char *permission);

#endif
