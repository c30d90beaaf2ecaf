/* form — application/x-www-form-urlencoded text: query strings and posted forms (URL Standard §5).
 *
 *     struct form form = FORM(r->query);
 *     struct str name, value;
 *     while (form_next(&form, r->arena, &name, &value))
 *             …
 *     if (form.too_many) …
 *
 * As the standard says nothing is malformed: a % without two hex digits stands for itself, and a pair without =
 * has the empty value. So the bytes that come out are any bytes; who needs text asks text_utf8.
 */
#ifndef CODEC_FORM_H
#define CODEC_FORM_H

#include "base/arena.h"
#include "base/buf.h"

#define FORM_PAIRS 1000

struct form {
	struct str rest;
	int pairs;
	bool too_many; /* it ended at FORM_PAIRS although there was more */
};

#define FORM(text) ((struct form){.rest = (text)})

/* The next pair, decoded into the arena: false at the end. Empty pairs ("&&") are skipped. */
bool form_next(struct form *f, struct arena *a, struct str *name, struct str *value);

/* The value of the first pair with this name; STR_NONE when there is none. */
struct str form_get(struct arena *a, struct str text, const char *name);

/* Append "name=value", with a & before it unless b is empty or ends with ?. */
void form_add(struct buf *b, const char *name, struct str value);
/* Append one component percent-encoded (everything but letters, digits and -._~), as it stands in a path or query. */
void form_encode(struct buf *b, struct str s);

#endif
