/* fetch — what travels between whoever wants something fetched and the process that fetches, faztd fetch.
 *
 * One fetch is one SOCK_STREAM socket pair. Its end is handed over with a message of one byte (wire/fds.h) on the control
 * socket that the supervisor made for both. Who wants no more shuts down its half, and is told by END what it cost. Frames are those
 * of wire/frame.h:
 *
 *   → FETCH  wire_fetch: the first
 *   ← DIAL   wire_dial: before each connection, the first one and those of redirects. Where to, by the parser that will
 *            dial. Nothing is dialled until
 *   → PASS   wire_pass: go on. Who does not want that closes
 *   ← ANSWER wire_head: the answer to the last of them
 *   ← DATA*  bytes of its body, decoded
 *   ← END    code 0 or ERR_*, and wire_end. The last
 *
 * What is allowed is decided at the one end, where the rules are, and what is dialled at the other, where the addresses
 * are: neither has to be believed by the other. A socket that is full stops the transfer, so an answer of any size costs
 * a constant amount of memory at both ends.
 */
#ifndef WIRE_FETCH_H
#define WIRE_FETCH_H

#include "wire/frame.h"

#define FETCH_HEADERS 50         /* of a request */
#define FETCH_ANSWER_HEADERS 100 /* of an answer */
#define FETCH_HEAD_BYTES (64 * KIB)

struct wire_fetch {
	struct str payer;  /* who it is for: FETCH_PAYER at once; nothing is shared between two of them */
	struct str method, url, body; /* body STR_NONE: none */
	struct str trust;  /* certificates (PEM) that are trusted besides the machine's own, or STR_NONE */
	int64_t ms;        /* that all of it may take */
	int64_t most;      /* decoded bytes of the answer's body */
	int redirects;     /* that are followed; 0: one is an answer like any other */
	int nheaders;
	struct wire_header header[FETCH_HEADERS];
};
void wire_put_fetch(struct buf *b, const struct wire_fetch *f);
bool wire_get_fetch(struct str payload, struct wire_fetch *f);

struct wire_dial {
	struct str scheme, host; /* lower case; an IPv6 address in brackets */
	unsigned port;
};
void wire_put_dial(struct buf *b, const struct wire_dial *d);
bool wire_get_dial(struct str payload, struct wire_dial *d);

struct wire_pass {
	bool anywhere;             /* whatever the address is */
	struct str to;             /* "ADDRESS:PORT" to dial instead of asking a resolver, or STR_NONE */
	struct wire_header secret; /* one header more for this connection alone; name STR_NONE: none */
};
void wire_put_pass(struct buf *b, const struct wire_pass *p);
bool wire_get_pass(struct str payload, struct wire_pass *p);

struct wire_head {
	int status;
	struct str url; /* where the answer came from */
	int nheaders;
	struct wire_header header[FETCH_ANSWER_HEADERS]; /* names in lower case */
};
void wire_put_head(struct buf *b, const struct wire_head *h);
bool wire_get_head(struct str payload, struct wire_head *h);

struct wire_end {
	struct str why;         /* for the log of the node, with an error */
	int64_t sent, received; /* bytes, of all connections */
};
void wire_put_end(struct buf *b, const struct wire_end *e);
bool wire_get_end(struct str payload, struct wire_end *e);

#endif
