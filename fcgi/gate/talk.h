/* talk — one conversation with a cell, in which the cell is not trusted.
 *
 * The worker answers the cell's calls until the response or the deadline. Every
 * frame is parsed under bounds; anything that does not fit ends the cell. At the
 * deadline the leash does (gate/leash).
 */
#ifndef GATE_TALK_H
#define GATE_TALK_H

#include "gate/pool.h"

/* Load the app of the cell: 0, or the reason it does not load (worded for the owner). deadline: mono_ms. */
int talk_load(struct cell *c, const struct settings *s, int64_t deadline, struct fault *f);

/* Run r on the cell: r->res holds the answer, or an error is returned. *sound: the cell may serve again. *stale: the
 * cell was dead before it read anything, so the request may be tried on another. */
int talk_request(struct cell *c, struct req *r, bool *sound, bool *stale);

#endif
