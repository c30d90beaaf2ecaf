/* endpoint — the kernel's own addresses under /_fazt/, which no app ever sees.
 *
 *     const struct endpoint *e = endpoint_find(r);
 *     return e ? e->run(r) : r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, NULL);
 *
 * Finding one also checks where an unsafe request comes from, so no handler can forget to.
 */
#ifndef SYS_ENDPOINT_H
#define SYS_ENDPOINT_H

#include "kernel/req.h"

typedef int endpoint_fn(struct req *r);

struct endpoint {
	const char *method, *path;
	enum { AT_OS = 1, AT_APP = 2, AT_ANY = 3 } where;
	enum { CHECK_SITE, CHECK_TOKEN } check; /* of unsafe methods: the origin, or the session's token as well */
	endpoint_fn *run;
	bool streams; /* reads the body itself */
};

/* Is there one of this path here, whatever the method? */
bool endpoint_there(const struct req *r);
/* Does the endpoint of this path read the body itself, as it comes? Elsewhere it is read before the endpoint is found. */
bool endpoint_streams(const struct req *r);
/* By r->path, r->method (HEAD is GET) and host. NULL without a fault: none of these; NULL with one: refused. */
const struct endpoint *endpoint_find(struct req *r);

/* sys/sign */
endpoint_fn endpoint_sign_in_page, endpoint_sign_in, endpoint_sign_in_app, endpoint_sign_out_page, endpoint_sign_out;
/* sys/blob */
endpoint_fn endpoint_blob;
/* sys/tus */
endpoint_fn endpoint_upload_options, endpoint_upload_create, endpoint_upload_head, endpoint_upload_append, endpoint_upload_end;
/* sys/link */
endpoint_fn endpoint_link_page, endpoint_link;
/* sys/runs */
endpoint_fn endpoint_run;
/* sys/dev */
endpoint_fn endpoint_dev, endpoint_dev_script;
/* sys/handover */
endpoint_fn endpoint_hand_over, endpoint_enter;

#endif
