/* notify — notifications of apps, on their way to a topic (store/topic, store/message).
 *
 * An app's carries its name in front of its title, put there by the kernel, and opens nothing but the app. It cannot
 * speak in the kernel's name: its words and topics are its own, and TOPIC_KERNEL is the kernel's alone (store/notice).
 */
#ifndef KERNEL_NOTIFY_H
#define KERNEL_NOTIFY_H

#include "kernel/app.h"
#include "kernel/req.h"
#include "store/message.h"

#define NOTIFY_TITLE 250
#define NOTIFY_LABEL 24 /* of an app's topic */
#define NOTIFY_TAGS 5

struct notification {
	struct str title, body;
	struct str click; /* a path, or an address of the sender's own host; empty: none */
	struct str tags;  /* with commas between them; empty: none */
	struct str label; /* which of an app's topics; empty: its own */
	int priority;     /* 1 to 5; 0: none */
};

/* In the caller's transaction; *m says where it went. Errors: bad_request, reserved_name (speaks as somebody else),
 * rate_limited (the setting push.app). Quiet hours (push.quiet) put off what is not urgent. */
int notify_app(struct req *r, struct db *db, const struct app *app, const struct notification *n, struct message *m);

#endif
