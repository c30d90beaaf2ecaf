/* sentence — what an app.json means for a person who must decide, in plain sentences made by Fazt.
 *
 * The wording is the kernel's own: nothing an author wrote appears in it but
 * names that passed the manifest's checks.
 */
#ifndef KERNEL_SENTENCE_H
#define KERNEL_SENTENCE_H

#include "kernel/manifest.h"

/* Who may open the app, what is reachable without signing in, one sentence for each collection, what it lets other
 * apps see, when it wakes (zone: the owner's, for schedules without one). Their number; *list in the arena. */
int manifest_sentences(const struct manifest *m, const char *zone, struct arena *a, const char ***list);
const char *collection_sentence(const struct collection *c, struct arena *a);

/* Does a version ask for more than the one before: wider rules, more open paths, other schedules, new exports, a wider
 * circle of visitors? Permissions are compared by whoever knows what was granted. A sentence that says what (zone: as above, or NULL), or NULL. */
const char *manifest_wider(const struct manifest *before, const struct manifest *now, const char *zone, struct arena *a);

#endif
