/* remote — operations of a node somewhere else: one operation is one POST of its arguments to URL/_fazt/api/NOUN.VERB,
 * signed with a token of that node (RFC 6750). libcurl is loaded when it is first needed.
 *
 * Certificates are verified, redirects are not followed, neither proxies nor netrc are
 * asked, and plain http goes to this machine only.
 */
#ifndef DOOR_REMOTE_H
#define DOOR_REMOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"

struct remote {
	const char *url;   /* scheme and host, without a slash at the end; NULL: this node, nothing is remote */
	const char *token; /* fazt_… */
	const char *ca;    /* a PEM file to trust instead of the machine's, or NULL */
};

/* Check where to, and read the token: ERR_USAGE, ERR_DENIED for a file that others may read. ca may be STR_NONE. */
int remote_open(struct remote *m, struct arena *a, struct str url, struct str token_file, struct str ca, struct fault *f);

/* Call an operation with arguments as a JSON object. 0 and its JSON in out, or the error the node answered, with the
 * request id it had there; ERR_UNAVAILABLE when the node cannot be reached, ERR_DENIED when it cannot prove who it is. */
int remote_call(const struct remote *m, const char *noun, const char *verb, struct str args, struct buf *out, char id[ID_LEN + 1],
		struct fault *f);

const char *remote_curl(void); /* the version of libcurl, where there is one: "7.88.1", or "none" */

#endif
