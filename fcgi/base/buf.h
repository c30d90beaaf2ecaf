/* buf — a growing byte string with an optional bound.
 *
 *     struct buf b = BUF_INIT;              or BUF_MAX(limit)
 *     buf_addf(&b, "%d", n);
 *     buf_release(&b);
 *
 * Past its bound a buf stops growing and remembers it (full); the bytes that
 * fitted stay. Whoever hands it on looks at full once, at the end. p is always
 * NUL-terminated once something was added.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/text.h"

struct buf {
	char *p;
	size_t len, cap;
	size_t max; /* 0: no bound */
	bool full;
};

#define BUF_INIT ((struct buf){0})
#define BUF_MAX(n) ((struct buf){.max = (n)})

void buf_release(struct buf *b); /* empty again, memory given back, bound kept */
void buf_clear(struct buf *b);   /* empty again, memory kept */
void buf_reserve(struct buf *b, size_t more); /* room for more bytes behind len */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addstr(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
struct str buf_str(const struct buf *b);
char *buf_detach(struct buf *b, size_t *len); /* the caller frees; b is empty */

#endif
