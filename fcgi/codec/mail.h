/* mail — one message as SMTP carries it (RFC 5322, 2045 to 2047, 2049): made of values, never of text that others could have put
 * header lines into.
 *
 *     if (mail_check(&m, f)) …                 says which part of it cannot be sent
 *     mail_write(&b, &m);                      the same bytes for the same values, however often
 *
 * What is written is 7 bit, its lines end in CRLF and are shorter than 80 bytes but for addresses, and none begins with a
 * dot. So it does not matter to it what a server can do.
 */
#ifndef CODEC_MAIL_H
#define CODEC_MAIL_H

#include "base/buf.h"
#include "base/err.h"

#define MAIL_ADDRESS 254    /* bytes, RFC 5321 §4.5.3.1 */
#define MAIL_NAME 100       /* of a sender */
#define MAIL_SUBJECT 250
#define MAIL_BYTES (256 * KIB) /* of text and html together */

struct mail {
	struct str id;        /* letters and digits: the left part of Message-ID, and what parts are kept apart by */
	struct str domain;    /* and its right one */
	int64_t date;         /* ms */
	struct str name, from, to, reply_to; /* name of the sender; addresses. reply_to empty: none */
	struct str subject, text, html;      /* of text and html one may be empty */
};

/* local@domain in ASCII, no comment, no quotes, no name. */
bool mail_address(struct str s);
/* smtp://HOST[:PORT] or smtps://HOST[:PORT] and nothing else. */
bool mail_server(struct str s);

/* ERR_BAD_REQUEST, ERR_TOO_LARGE. */
int mail_check(const struct mail *m, struct fault *f);
void mail_write(struct buf *b, const struct mail *m);

#endif
