/* Rows are not there yet: these calls say so. */
#include "sys/sys.h"


#define ABSENT(n) int n(struct req *r, const struct call *c, struct out *o) { (void)c, (void)o; return fail(r, ERR_UNSUPPORTED, "not there yet"); }
ABSENT(op_rls_why)
ABSENT(sys_docs_count)
ABSENT(sys_docs_delete)
ABSENT(sys_docs_find)
ABSENT(sys_docs_get)
ABSENT(sys_docs_insert)
ABSENT(sys_docs_replace)
ABSENT(sys_docs_share)
ABSENT(sys_docs_shares)
ABSENT(sys_docs_update)
ABSENT(sys_kv_cas)
ABSENT(sys_kv_delete)
ABSENT(sys_kv_get)
ABSENT(sys_kv_incr)
ABSENT(sys_kv_list)
ABSENT(sys_kv_set)
ABSENT(sys_storage_commit)
