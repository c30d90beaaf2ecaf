/* trace — what is written down about a request: the kernel's log, the app's log, the audit.
 *
 * None of it can fail a request. The query of a URL is never written down: it may hold what only the app should know.
 */
#ifndef GATE_TRACE_H
#define GATE_TRACE_H

#include "kernel/app.h"
#include "kernel/req.h"

/* One line for a finished request. */
void trace_request(const struct req *r);
/* One line in the log of an app; request NULL: while it was loading. level: info, warn, error. */
void trace_app(const struct app *a, const char *request, const char *level, struct str text);
/* One row of the audit: r's person did action to target, and it ended with err. */
void trace_audit(struct req *r, const char *action, const char *target, int err);

#endif
