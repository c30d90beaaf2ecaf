/* op — the owner's verbs: op.def, and the one way to call them.
 *
 * The command line and the HTTP API are loops over op_row(); both end in op_call(), which checks who asks and writes
 * the audit.
 */
#ifndef GATE_OP_H
#define GATE_OP_H

#include "base/out.h"
#include "codec/sig.h"
#include "kernel/req.h"

enum op_who { OP_OWNER, OP_APP, OP_MEMBER, OP_SHELL };

struct op {
	const char *noun, *verb; /* verb may be empty */
	enum op_who who;
	bool writes;
	struct sig sig;
	const char *doc;
};

void op_init(void); /* parses the signatures; once */
const struct op *op_row(int i); /* NULL behind the last */
int op_find(struct str noun, struct str verb); /* or -1 */

/* c->row is the operation; its arguments are complete. */
int op_call(struct req *r, const struct call *c, struct out *o);

/* POST (READ operations also GET) /_fazt/api/NOUN.VERB on os.DOMAIN. */
int op_http(struct req *r);

#endif
