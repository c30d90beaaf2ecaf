/* mailer — mail of apps: from what an app says to the server that the owner named (settings mail.*).
 *
 * mailer_send checks it and leaves an errand (kernel/errand), so a request is answered at once, and whatever happens to this
 * node the mail is delivered or its owner told why not. Who gets it is found when it goes out: nobody who was removed
 * meanwhile, and nobody the app may not write to any more.
 *
 * A server that says 4xx, or cannot be spoken to, is asked again after mail.retry, twice as long each time; 5xx is its last
 * word. The message is the same at every try, Message-ID included, so whoever gets it twice can tell.
 */
#ifndef KERNEL_MAILER_H
#define KERNEL_MAILER_H

#include "kernel/errand.h"

#define MAILER_TRIES 12

/* to: "owner", the id of a person of the app, or an address. Each but the first of these may be empty. */
struct letter {
	struct str to, subject, text, html, reply_to;
};

/* Of r->app, in a transaction; *id is the run that delivers it. Errors: permission_denied (each kind of recipient has its own),
 * not_found (no such person), bad_request, too_large, rate_limited (app.mails), unsupported (the owner has named no server). */
int mailer_send(struct req *r, struct db *db, const struct scope *sc, const struct letter *l, char id[ID_LEN + 1]);

/* May the app hear what the server said of this run? Of somebody whose address it does not see it may not: servers repeat it. */
bool mailer_tells(const struct run *run);

/* One of the node's own, now: 0 and what the server said, or its refusal with what to do about it. */
int mailer_test(struct req *r, struct str address, const char **reply);

errand_fn mailer_deliver;
errand_lost_fn mailer_lost;

#endif
