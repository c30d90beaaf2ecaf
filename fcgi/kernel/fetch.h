/* fetch — the one way out: whatever this node wants from another server, for whatever feature, is a struct fetch.
 *
 *     struct fetch f = {.node = n, .arena = a, .fault = fault, .payer = app_id, .method = STR("GET"), .url = url,
 *                       .deadline = mono_ms() + 5000, .most = MIB, .redirects = 3, .pass = may_i, .arg = …};
 *     err = fetch_open(&f);                          // the head: f.status, f.answer
 *     while (!err && (n = fetch_next(&f, &piece)) > 0)
 *         …                                          // its body, decoded, a piece at a time
 *     fetch_close(&f);                               // always, after an error too: what it cost is counted
 *
 * The transfer is another process's (door/fetch), which has libcurl and no database. It asks before it dials: for the
 * first connection and for each redirect pass() is told scheme, host and port as they will be dialled, and decides with
 * what is true at that moment. Beyond that it dials public addresses only, unless the pass says otherwise (kernel/way).
 *
 * A mail is a fetch with the method FETCH_MAIL from smtp://HOST[:PORT]/NAME (NAME is what this node calls itself) or smtps://…:
 * the envelope is the headers "from" and "to", and the body is the message. The connection is encrypted or there is none. The
 * answer's status is the server's (RFC 5321 §4.2): 250 when it has the mail, 4xx, or 5xx; its header "reply" is the line it said.
 *
 * Errors: what pass() answered; ERR_BLOCKED_ADDRESS; ERR_TIMEOUT; ERR_FETCH_FAILED for everything a server or the way
 * to it can do wrong, which the node's log tells apart and an app is not told; ERR_RESPONSE_TOO_LARGE (more than `most`);
 * ERR_RATE_LIMITED (FETCH_PAYER at once for one payer, or its bytes of the day are used up); ERR_BAD_REQUEST (no
 * address); ERR_UNAVAILABLE. Threads may fetch at once; one struct fetch is one thread's.
 */
#ifndef KERNEL_FETCH_H
#define KERNEL_FETCH_H

#include "kernel/node.h"
#include "kernel/req.h"
#include "kernel/way.h"

#define FETCH_MAIL STR("MAIL") /* of an address of a mail server, and of no other */
#define FETCH_MS 15000    /* at most */
#define FETCH_BODY MIB    /* of a request */
#define FETCH_REDIRECTS 3 /* at most */
#define FETCH_HEADERS_MOST 50

struct fetch_dial {
	const char *scheme, *host; /* lower case, without a final dot; an IPv6 address in brackets */
	int port;
};

struct fetch_pass {
	struct way way;
	struct header secret; /* one header more for this connection alone, or user and password of a mail server; or nothing */
};

/* May it be dialled? 0 and *p, or an error worded in the fetch's fault. */
typedef int fetch_pass_fn(void *arg, const struct fetch_dial *d, struct fetch_pass *p);

struct fetch {
	struct node *node;
	struct arena *arena;
	struct fault *fault;
	const char *payer;       /* an app's id, or a name of the kernel's own */
	int64_t budget;          /* bytes it may exchange in a day; 0: nobody counts */
	struct str method, url;
	int nheaders;
	const struct header *header;
	struct str body;         /* STR_NONE: none */
	struct str trust;        /* PEM certificates trusted besides the machine's own, or STR_NONE */
	int redirects;           /* that are followed */
	int64_t deadline;        /* mono_ms */
	int64_t most;            /* bytes of the body */
	fetch_pass_fn *pass;
	void *arg;
	/* the answer; in the arena */
	int status;
	struct str from;         /* the address it came from */
	int nanswer;
	struct header *answer;
	const char *why;         /* with an error: what the log says, for the owner's eyes. Or NULL */
	int64_t sent, received;  /* bytes so far as they are known: all of them once it ended */
	/* private */
	const struct fetch_client *client;
	int fd;                  /* of the conversation while opened */
	bool opened, ended;
	struct buf in;
	size_t consumed;
};

int fetch_open(struct fetch *f);
/* 1 and a piece, valid until the next call; 0: that was all; -ERR_*. */
int fetch_next(struct fetch *f, struct str *piece);
void fetch_close(struct fetch *f);

struct str fetch_header(const struct fetch *f, const char *name); /* of the answer; STR_NONE when absent */

/* The certificates of the setting net.ca, or STR_NONE: what cannot be read trusts nobody more. */
struct str fetch_trust(const struct node *n, const struct settings *s, struct arena *a);

/* Who talks to the process that fetches: gate/fetch. NULL in programs that fetch nothing. */
extern const struct fetch_client {
	int (*open)(struct fetch *f);
	int (*next)(struct fetch *f, struct str *piece);
	void (*close)(struct fetch *f);
} *fetch_client;

#endif
