/* doctor — finds what is broken, says what it means and what to do, and mends what is safe to mend.
 *
 * The checks are rows of doctor.def: `fazt-admin doctor`, its page in the guide and
 * the man page come from them. A check only looks; --repair mends what it found and
 * looks once more. It works on a home that serves, and on one whose database is gone.
 */
#ifndef DOOR_DOCTOR_H
#define DOOR_DOCTOR_H

#include "door/admin.h"

struct doctor {
	struct admin *a;
	const char *home;
	bool opened; /* a->node is there */
	struct fault why; /* … or why not */
	bool serving; /* a faztd holds the home */
	/* private */
	struct out *out;
	int here; /* found by the check that runs */
	int problems, mended;
	bool quiet; /* looking once more */
};

void doctor_found(struct doctor *d, const char *fmt, ...) PRINTF(2, 3); /* something is wrong */
void doctor_note(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);  /* worth knowing, and no failure */

/* What a check does: 0, or an error worded in d->a->r.fault that kept it from looking. */
typedef int doctor_fn(struct doctor *d);
#define CHECK(id, needs, mends, meaning, remedy) doctor_fn look_##id; doctor_fn mend_##id;
#include "door/doctor.def"
#undef CHECK

/* Every check with what it means and what to do. */
void doctor_manual(struct buf *b, void (*row)(struct buf *b, const char *id, const char *text));
void doctor_versions(struct out *o); /* of what Fazt stands on, as an object */

#endif
