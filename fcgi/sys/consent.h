/* consent — what a candidate is and asks for, as text for a terminal. */
#ifndef SYS_CONSENT_H
#define SYS_CONSENT_H

#include "base/buf.h"
#include "kernel/install.h"
#include "sys/sys.h"

/* Append to b what app.candidate answered (JSON), in plain sentences: what it is, where it comes from, what it may do
 * (high risk marked), who sees what, what an upgrade adds. */
void consent_text(struct buf *b, struct str candidate);

/* What trying every route found (the JSON of gate/probe.h), as text: what crossed a rule, line by line, and a last line that
 * says what was tried. */
void consent_trial(struct buf *b, struct str report);
/* app.consent for a new app that brings rows. */
int consent_with(struct req *r, const struct call *c, struct out *o, install_rows_fn *rows, void *arg);

#endif
