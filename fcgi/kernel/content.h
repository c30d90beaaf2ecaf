/* content — answering with stored bytes, however many: ETag, ranges, safe types, and three ways out.
 *
 *     up to CONTENT_INLINE     in the answer's body
 *     larger, behind nginx     as a file of cache/ (kernel/cache), which nginx sends, ranges included
 *     elsewhere, and the largest  r->res.file: whoever is at the door sends it a chunk at a time (content_send)
 *
 * What people upload never runs: nosniff, a sandbox policy, and a type of its own only where no browser would do more
 * than show it; everything else is saved as a file. What came with the app is trusted like its pages.
 */
#ifndef KERNEL_CONTENT_H
#define KERNEL_CONTENT_H

#include "kernel/req.h"
#include "store/object.h"

#define CONTENT_INLINE (64 * KIB)
#define CONTENT_CACHED (512 * MIB) /* a copy of more takes longer than nginx waits for an answer */
/* The policy of what people uploaded. */
#define CONTENT_CSP "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
#define CONTENT_PLACE "/_fazt/cache/" /* nginx's internal location of cache/ */

struct content {
	struct object object;
	struct str name; /* a path; its last part is what it is saved as */
	struct str type; /* as declared */
	bool trusted;    /* a file of the cartridge */
};

/* Completes an answer whose status (200: ranges and 304 are possible) and own headers are set. */
int content_answer(struct req *r, const struct content *c);

/* r->res.file in pieces, until one was not taken. False: it ended too early; nothing can be said any more but by closing. */
typedef bool content_fn(void *arg, const char *p, size_t n);
bool content_send(struct req *r, content_fn *send, void *arg);

#endif
