/* decide — what waits for the owner's answer. */
#ifndef SYS_DECIDE_H
#define SYS_DECIDE_H

#include "store/halt.h"
#include "sys/sys.h"

/* Questions of apps, as objects into an open list: those that wait, or those that do not. */
int write_halts(struct req *r, struct db *db, struct out *o, bool pending);

#endif
