/* http — what a request has open at other servers. */
#ifndef SYS_HTTP_H
#define SYS_HTTP_H

#include "kernel/req.h"

/* Its app has answered: what it has not read of other servers' answers is given up. */
void http_forget(struct req *r);

#endif
