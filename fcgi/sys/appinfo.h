/* appinfo — how apps and packages are written as JSON by the operations. */
#ifndef SYS_APPINFO_H
#define SYS_APPINFO_H

#include "kernel/app.h"
#include "store/apps.h"
#include "sys/sys.h"

#define SHOWN_BYTES 300 /* of a text an author wrote */

/* The installed app of that name; NULL with the fault set. */
struct app_row *app_named(struct req *r, struct db *db, struct str name);

/* name, title, url, state, as members of an open object */
void write_app(struct req *r, struct out *o, const struct app_row *app);
/* What an author wrote, made safe to show on one line; NULL stays NULL. */
const char *shown_line(struct req *r, const char *text, size_t max);
/* title, description and version as the author wrote them, made safe to show */
void write_words(struct req *r, struct out *o, const struct manifest *m);
/* "permissions": [{name, risk, sentence, …}]. granted: NULL, or those it has; before: NULL, or the manifest it replaces. */
void write_permissions(struct req *r, struct out *o, const struct manifest *m, const struct app *granted, const struct manifest *before);
/* "rules": [sentence] */
void write_rules(struct req *r, struct out *o, const struct manifest *m);

/* "env": [{name, set, required, secret, description}], of n values that are set */
struct env_value;
void write_env(struct req *r, struct out *o, const struct manifest *m, const struct env_value *list, int n);

#endif
