/* syscall — the one way from an app into the kernel.
 *
 *     row → permission → arguments → budget → handler → audit
 *
 * The arguments were typed and checked at the edge they came in by: of a cell by
 * wire_get_args, of JSON and text by codec/sig. Text is UTF-8, json is JSON.
 */
#ifndef GATE_SYSCALL_H
#define GATE_SYSCALL_H

#include "base/out.h"
#include "kernel/req.h"
#include "wire/syscall.h"

/* Make call c for r: 0 and the result in o, or an error worded in r->fault. */
int sys_call(struct req *r, const struct call *c, struct out *o);

#endif
