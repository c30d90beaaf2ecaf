/* charge — the processor time of an app: what its cells took and what the kernel took for it, put on its bill
 * (kernel/meter, app.cpu) and held against what one request may take (cpu).
 *
 * The system is asked for it seldom, because asking costs as much as a short request's whole work: a cell's clock when it
 * runs long (gate/leash), a thread's when it turns to another app or
 * has worked as long. What a thread does between two looks was for the app it worked for meanwhile: so it works for nobody as soon as
 * a request turns out to be of another app or of none, or to have ended before the app was asked.
 */
#ifndef GATE_CHARGE_H
#define GATE_CHARGE_H

#include "kernel/meter.h"
#include "kernel/req.h"

#define CHARGE_LOOK_MS 20

/* May r->app use the processor? This thread works for it from here on: 0, or ERR_OVER_BUDGET with r->retry_after. Its turn lasts until
 * turns_wait, its bill until another app's begins. */
int charge_begin(struct req *r);
/* Now and then in long work that is no call of the app: what was worked so far is on the bill, and not in what its calls may take. Was it
 * time? */
bool charge_look(struct req *r);
/* Before a call of the app: 0, or ERR_SYSCALL_LIMIT when the kernel has worked for this request too long. */
int charge_call(struct req *r);
void charge_end(struct req *r); /* after the handler: the same, and the owner is told of limits that are near */
void charge_nobody(void); /* what this thread does now is for no app */
void charge_turn(const struct req *r); /* … unless it is for r->app, for which it worked before: then it goes on as it was */

/* One line for the app's log: false when it may log no more for now. *dropped: lines that were dropped before this one. */
bool charge_line(struct meters *all, const struct app *a, int64_t *dropped);
/* Tell the owner, once an hour, when an app has used most or all of what it may use of b in its time. */
void charge_tell(struct node *n, const struct app *a, enum budget b);

#endif
