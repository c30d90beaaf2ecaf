/* transfer — one fetch as libcurl does it, connection by connection: the first, and one for each redirect.
 *
 *     err = transfer_begin(&t, lib, &ask, &f);           t.target: where the address leads
 *     for (;;) {
 *         CURL *c = transfer_dial(&t, &pass, ms);        when that target may be dialled; c goes into a multi handle
 *         …                                              t.head and t.data are called
 *         err = transfer_done(&t, code, &again, &f);     again: t.target is another one
 *     }
 *     transfer_end(&t);                                  always
 *
 * libcurl follows nothing by itself, asks no proxy, keeps no cookies and no connection, reads no file but certificates,
 * and its resolver, parser of addresses and connections are those that are checked here: the address is checked where the
 * socket is made.
 */
#ifndef DOOR_TRANSFER_H
#define DOOR_TRANSFER_H

#include "base/arena.h"
#include "door/curl.h"
#include "wire/fetch.h"

#define TRANSFER_CONNECT_MS 3000L
#define TRANSFER_URL 8000       /* bytes of an address */
#define TRANSFER_SLOW_BYTES 10L /* a second on average … */
#define TRANSFER_SLOW_S 10L     /* … of these, at least */

struct target {
	const struct scheme *scheme;
	char host[256]; /* lower case, without a final dot */
	int port;
};

struct transfer {
	const struct curl_calls *lib;
	const struct wire_fetch *ask; /* outlives the transfer */
	struct arena *arena;
	struct target target, first;
	/* the caller's: the head is known (transfer_head); bytes of the body, of which it takes all, or none: that is too much */
	void (*head)(void *arg);
	size_t (*data)(void *arg, const char *p, size_t n);
	void *arg;
	/* what became of it */
	int64_t sent, received;
	/* private */
	CURL *curl;
	CURLU *url;
	struct curl_slist *headers, *to;
	const char *method;
	bool body;      /* is sent */
	bool anywhere, blocked;
	int hop;
	int status, nlines;
	struct line { size_t name, nname, value, nvalue; } line[FETCH_ANSWER_HEADERS];
	struct buf text; /* of the lines */
	size_t head_bytes;
	bool headed, redirecting, too_much;
	size_t given;    /* bytes of a mail that were sent */
	bool told;       /* its message was asked for */
	int64_t taken;
	char why[CURL_ERROR_SIZE];
};

int transfer_begin(struct transfer *t, const struct curl_calls *lib, const struct wire_fetch *ask, struct fault *f);
CURL *transfer_dial(struct transfer *t, const struct wire_pass *p, int64_t ms);
int transfer_done(struct transfer *t, CURLcode code, bool *again, struct fault *f);
void transfer_stop(struct transfer *t); /* in the place of transfer_done: what came so far is all */
void transfer_head(const struct transfer *t, struct wire_head *h); /* borrows */
void transfer_end(struct transfer *t);

const char *target_scheme(const struct target *t);

#endif
