/* out — results are written, not built: a JSON writer over a buf.
 *
 *     struct out o = OUT(&buf);
 *     out_object(&o);
 *       out_key(&o, "id");     out_str(&o, id);
 *       out_key(&o, "posts");  out_array(&o); … out_end(&o);
 *     out_end(&o);
 *
 * The buf behind it is a frame to a cell, the body of an HTTP response or a
 * terminal's line, so a handler never knows who asked. Commas are the writer's
 * business. Strings are written as JSON with every control character escaped;
 * ill-formed UTF-8 becomes U+FFFD, so what leaves is always valid JSON.
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include "base/buf.h"

#define OUT_DEPTH 64

struct out {
	struct buf *buf;
	int depth;
	bool comma[OUT_DEPTH]; /* a value stands before, at this depth */
	char close[OUT_DEPTH];
	bool value; /* a key was written and waits for its value */
};

#define OUT(b) ((struct out){.buf = (b)})

void out_object(struct out *o);
void out_array(struct out *o);
void out_end(struct out *o); /* closes the innermost object or array */
void out_key(struct out *o, const char *key);
void out_keystr(struct out *o, struct str key);

void out_str(struct out *o, struct str s); /* STR_NONE is null */
void out_cstr(struct out *o, const char *s); /* NULL is null */
void out_int(struct out *o, int64_t v);
void out_num(struct out *o, double v); /* 17 digits at most; not finite is null */
void out_bool(struct out *o, bool v);
void out_null(struct out *o);
void out_raw(struct out *o, struct str json); /* already JSON: the caller vouches for it */

/* key and value in one line */
void out_kstr(struct out *o, const char *key, struct str s);
void out_kcstr(struct out *o, const char *key, const char *s);
void out_kint(struct out *o, const char *key, int64_t v);
void out_kbool(struct out *o, const char *key, bool v);
void out_kraw(struct out *o, const char *key, struct str json);

/* Append s to b as a quoted JSON string. */
void json_quote(struct buf *b, struct str s);

#endif
