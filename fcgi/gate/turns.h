/* turns — which of a worker's threads go first (base/turn), when one app keeps the processors busy and others are beside it.
 *
 * There is company when two apps were served within TURNS_COMPANY_MS and one of them is heavy (METER_HEAVY_MS). Threads that work
 * for that one are interrupted by everybody then, and what they commit waits a little for others (db_patient); all others go first, also
 * those that wait: whoever is woken by a request that came just then could not interrupt anybody otherwise. And the processors
 * choose more often who runs (base/tick). Without company all work in order.
 *
 * A thread that serves requests says so once (turns_join), and stays as long as the process. The others have no turn.
 */
#ifndef GATE_TURNS_H
#define GATE_TURNS_H

#include "kernel/meter.h"

#define TURNS_COMPANY_MS 1000

void turns_note(const struct meter *m);    /* an app is served: a cell of it has a turn */
void turns_forget(void);                   /* the meters go away */
bool turns_crowded(const struct meter *m); /* is it a heavy app, with others beside it? */

void turns_join(void);
void turns_work(const struct meter *m);  /* this thread works for an app from here on, */
void turns_go_on(const struct meter *m); /* still does, maybe in company by now, */
void turns_wait(void);                   /* and for none any more: the request is over, or the run */
void turns_look(void);                   /* now and then: those that wait have the turn of the moment */

#endif
