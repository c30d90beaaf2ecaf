/* notice — how notices are written as JSON by the operations. */
#ifndef SYS_NOTICE_H
#define SYS_NOTICE_H

#include "sys/sys.h"

/* [{id, kind, app, at, times, seen, title, body}], newest first */
int write_notices(struct req *r, struct db *db, struct out *o, bool unseen);

#endif
