/* sys — the handlers behind syscall.def and op.def.
 *
 * A handler knows nothing of Lua, HTTP or terminals: it gets the request (who
 * asks, for which app), the call's checked arguments, and an out to write its
 * JSON result into. It returns 0 or the error it worded in r->fault.
 */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include "base/out.h"
#include "codec/sig.h"
#include "kernel/req.h"

typedef int sys_fn(struct req *r, const struct call *c, struct out *o);

/* What most operations are: a borrowed connection around one read, or one transaction. */
typedef int with_db_fn(struct req *r, struct db *db, const struct call *c, struct out *o);
int with_db(struct req *r, const struct call *c, struct out *o, with_db_fn *fn);
int in_transaction(struct req *r, const struct call *c, struct out *o, with_db_fn *fn);
/* The same for what an app asks for, which is refused once the app is gone (journal_guard). */
int in_transaction_of_app(struct req *r, const struct call *c, struct out *o, with_db_fn *fn);

/* Every handler of syscall.def is sys_ID, of op.def op_ID. */
#define SYS(id, name, permission, effect, sig, returns, cost, result, doc) sys_fn sys_##id;
#define LOCAL(id, name, sig, result, doc)
#include "sys/syscall.def"
#undef SYS
#undef LOCAL

#define OP(id, noun, verb, who, effect, sig, doc) sys_fn op_##id;
#include "sys/op.def"
#undef OP

#endif
