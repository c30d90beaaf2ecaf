/* session — is it really the person whose session this is? */
#ifndef SYS_SESSION_H
#define SYS_SESSION_H

#include "codec/sig.h"
#include "kernel/req.h"

/* 0 for the owner's shell, for a session that began within the last ten minutes, and with the person's password (present).
 * Else ERR_DENIED. */
int session_confirm(struct req *r, const struct arg *present);

#endif
