/* specimen — rows to try an app with: those it has, and ones like them, with a mark (gate/marks) in their texts. */
#ifndef GATE_SPECIMEN_H
#define GATE_SPECIMEN_H

#include "gate/trial.h"

/* Some of the newest rows of an installed app into the trial's app, marked, and the grants that the owner gave. Rows keep the
 * ids of their people, whom nobody in the trial has. */
int specimen_rows(struct node *n, const char *app_id, struct trial *t, struct fault *f);

/* A document like the newest of the collection, its texts replaced by the mark; otherwise: where there is none, or one without
 * texts. parent may be empty. */
struct str specimen_doc(struct trial *t, struct db *db, struct arena *a, const char *mark, const char *collection, struct str parent,
			struct str otherwise);

#endif
