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

/* Encode the request before it waits for a cell, if it is small. So whoever gives it a cell can tell the cell, which may
 * run before the request's own thread does: one switch between processes less. */
void talk_prepare(struct req *r);
/* An idle cell hears of a prepared request, from the thread that gives it away. False: it has not. */
bool talk_tell(struct cell *c, const struct req *r);

/* Run r on the cell: r->res holds the answer, or an error is returned. *sound: the cell may serve again. *stale: the
 * cell was dead before it read anything, so the request may be tried on another. */
int talk_request(struct cell *c, struct req *r, bool *sound, bool *stale);

#endif
