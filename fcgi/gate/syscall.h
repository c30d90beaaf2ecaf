/* syscall — the one way from an app into the kernel.
 *
 *     row → permission → arguments → budget → handler → audit
 *
 * The caller (a cell's talk, a native app, MCP) has typed the arguments; here
 * they are checked, because whoever typed them is not trusted.
 */
#ifndef GATE_SYSCALL_H
#define GATE_SYSCALL_H

#include "base/out.h"
#include "kernel/req.h"
#include "wire/syscall.h"

/* Make call c for r: 0 and the result in o, or an error worded in r->fault. */
int sys_call(struct req *r, const struct call *c, struct out *o);

#endif
