/* meter — what each app has used lately of what it may use in a minute or a day, and how often it was ended.
 *
 * One counter for all processes of the node: a table in the file home/run/meter that each of them maps. What is written
 * there costs no system call and reaches the disk when the kernel likes, so it survives restarts; whoever deletes the
 * file gives every app a fresh minute and nothing else.
 *
 * A rate is kept as the moment at which its budget is whole again. Using a tenth of what a minute allows moves that
 * moment by six seconds; once it is a minute away the budget is used up, and whoever waits as long as meter_wait says
 * may go on. So there are no windows that begin anew for everybody at once, and a limit that the owner changes holds at
 * once.
 */
#ifndef KERNEL_METER_H
#define KERNEL_METER_H

#include "base/err.h"
#include "kernel/budget.h"

#define METER_APPS 1024 /* counted at once; beyond that the longest unused ones make room */

struct meters;
struct meter; /* of one app */

/* NULL, worded in f, where home/run/meter cannot be written: a node that could count nothing would bound nothing (kernel/node). */
struct meters *meters_open(const char *home, struct fault *f);
void meters_close(struct meters *all);

/* Valid until meters_close. NULL for NULL, which the others take for an app that has used nothing. */
struct meter *meter_of(struct meters *all, const char *app_id);

/* b is a budget of a minute or a day; limit what the app may use of it. */
void meter_add(struct meter *m, enum budget b, int64_t limit, double amount);
double meter_share(const struct meter *m, enum budget b); /* what is used, as a share of the limit; may pass 1 */
int64_t meter_wait(const struct meter *m, enum budget b);  /* ms until it may use more; 0: now */

void meter_reset(struct meter *m, enum budget b); /* its limit is another one: it begins anew */
void meter_anew(struct meter *m); /* nothing of anything was used */

/* One more thing that was dropped for want of this budget; and how many were, which are forgotten. */
void meter_drop(struct meter *m, enum budget b);
int64_t meter_dropped(struct meter *m, enum budget b);

/* Processor time, whatever is allowed: has the app had that many ms more than METER_EASY of a processor would have given it? What
 * it had is forgotten at that rate too: seconds after it stops there is none. */
#define METER_EASY 0.25
#define METER_HEAVY_MS 20
#define METER_BUSY_MS 333
void meter_work(struct meter *m, int64_t us);
bool meter_above(const struct meter *m, int64_t ms);

/* Should the owner be told that this budget is at a percent? True once an hour and percent, for one of all who ask. */
bool meter_tell(struct meter *m, enum budget b, bool full);

/* The app had to be ended. True when that was once too often within a minute. */
bool meter_killed(struct meter *m);
void meter_forgive(struct meter *m); /* what it was ended for so far */

#endif
