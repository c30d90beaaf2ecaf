/* ntfy_ask — one request to the server at ntfy.DOMAIN (sys/ntfy.h): its parameters, its token, its error; for the files of
 * that server.
 *
 * Functions return 0 or an error. One that is ntfy's own comes from ask_refuse and is in k->error; any other is in the
 * request's fault.
 */
#ifndef SYS_NTFY_ASK_H
#define SYS_NTFY_ASK_H

#include "base/out.h"
#include "kernel/req.h"
#include "store/message.h"
#include "store/topic.h"

#define JSON_PARAMS 20

enum ntfy_error {
	NTFY_FINE,
#define NTFY(name, code, text) NTFY_E_##name,
#include "sys/ntfy.def"
#undef NTFY
};

struct json_param {
	struct str name, value; /* "x-title" */
};

/* One request. */
struct ask {
	struct req *r;
	enum ntfy_error error;
	struct str why;          /* what ntfy's sentence is followed by */
	bool known;
	struct topic_token token;
	struct str topic;        /* of the path: one, or several with commas */
	int njson;
	struct json_param json[JSON_PARAMS]; /* a body that is JSON counts before headers */
};

int ask_refuse(struct ask *k, enum ntfy_error e);
int ask_refuse_why(struct ask *k, enum ntfy_error e, const char *why);

/* The first of these names, with commas between them, that has a value: in JSON, else in headers, else in the query. Empty: none.
 * Cleaned; a line is one. */
struct str ask_param(const struct ask *k, const char *names);
struct str ask_line(const struct ask *k, const char *names);

/* A connection around one of these: */
int ask_with(struct ask *k, int (*fn)(struct ask *, struct db *));
int ask_identify(struct ask *k, struct db *db); /* the token, if there is one */
int ask_may_read(struct ask *k, struct db *db); /* and that it may read all topics of the path, */
int ask_may_write(struct ask *k, struct db *db); /* or write the one */

/* A message as clients get it. */
void ask_message(struct out *o, struct arena *a, const struct message *m);
int ask_json(struct ask *k, const char *json); /* answers with this */

/* ---- what may be asked ---- */

int ntfy_publish(struct ask *k);
int ntfy_publish_json(struct ask *k);
int ntfy_subscribe_json(struct ask *k);
int ntfy_subscribe_sse(struct ask *k);
int ntfy_subscribe_raw(struct ask *k);

#endif
