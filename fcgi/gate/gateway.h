/* gateway — the one recipe every request follows, whatever door it came through.
 *
 *     site → identity → kernel endpoint | origin → visibility → public file | handler
 *
 * A door fills the first group of fields of struct req and calls req_run(); what
 * comes back is always an answer in r->res, an error included.
 */
#ifndef GATE_GATEWAY_H
#define GATE_GATEWAY_H

#include "kernel/req.h"

/* An empty request of this node, on an arena that the caller resets afterwards. */
void req_init(struct req *r, struct node *n, struct arena *a, enum door door);
/* Run it to its answer. */
void req_run(struct req *r);
/* A run of an app in the place of a request: r has journal, trigger, path and body, the deadline follows. Which app it is and
 * whom it acts as is known already, so what the door asks is not asked. r->res is what the handler returned. */
int req_resume(struct req *r, struct app *app, const char *principal);
/* Turn an error into the answer: JSON for programs, a small page for browsers. */
void req_error(struct req *r, int err);
void req_release(struct req *r);

#endif
