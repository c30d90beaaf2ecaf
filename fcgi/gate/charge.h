/* charge — the processor time of an app: what its cells took and what the kernel took for it, put on its bill
 * (kernel/meter, app.cpu) and held against what one request may take (cpu).
 *
 * The system is asked for it seldom, because asking costs as much as a short request's whole work: a cell's clock when it
 * runs long (gate/leash), a thread's when it turns to another app or
 * has worked as long. What a thread does between two looks was for the app it worked for meanwhile.
 */
#ifndef GATE_CHARGE_H
#define GATE_CHARGE_H

#include "kernel/meter.h"
#include "kernel/req.h"

#define CHARGE_LOOK_MS 20

/* May r->app use the processor? This thread works for it from here on, until somebody says turns_wait: 0, or ERR_OVER_BUDGET with
 * r->retry_after. */
int charge_begin(struct req *r);
/* Before a call of the app: 0, or ERR_SYSCALL_LIMIT when the kernel has worked for this request too long. */
int charge_call(struct req *r);
void charge_end(struct req *r);
void charge_nobody(void); /* what this thread does now is for no app */

/* One line for the app's log: false when it may log no more for now. *dropped: lines that were dropped before this one. */
bool charge_line(struct meters *all, const struct app *a, int64_t *dropped);
/* Tell the owner, once an hour, when an app has used most or all of what it may use of b in its time. */
void charge_tell(struct node *n, const struct app *a, enum budget b);

#endif
