/* req — one request, from whatever door, on its way down the one pipeline.
 *
 * Each group of fields is written by exactly one stage and read by the later
 * ones. No stage calls upward; contact upward is return values and these fields.
 */
#ifndef KERNEL_REQ_H
#define KERNEL_REQ_H

#include "base/buf.h"
#include "base/id.h"
#include "kernel/node.h"
#include "kernel/principal.h"

#define REQ_HEADERS 100
#define RES_HEADERS 64
#define RES_HEADER_BYTES (16 * KIB)
#define PATH_MAX_BYTES 2048

struct header {
	struct str name; /* lower case */
	struct str value;
};

enum door { DOOR_HTTP, DOOR_SHELL };

#define REQ_BODY (1 * MIB) /* of a body that is read whole */

struct journal; /* kernel/journal */

/* Where the body comes from while it has not been read: at most n bytes, 0 at its end, blocking for the first. */
typedef size_t body_fn(void *in, char *p, size_t n);
struct body_source {
	body_fn *read; /* NULL: r->body is all there is */
	void *in;
	int64_t left;  /* -1: until it ends */
	int64_t total, began;
};

/* Bytes of the database that are sent behind the head instead of a body (kernel/content). */
struct res_file {
	unsigned char body[32]; /* store/object */
	int64_t from, length;   /* length 0: none */
};

/* The answer under construction. body is what is sent as it stands. */
struct res {
	int status;
	struct header header[RES_HEADERS];
	int nheaders;
	struct buf body;
	struct res_file file;
};

struct req {
	struct node *node;
	struct arena *arena;
	struct fault fault;

	/* door: what came in, checked for form and nothing else */
	enum door door;
	char id[ID_LEN + 1];
	struct str method; /* upper case */
	struct str host;   /* lower case, no port, no trailing dot */
	struct str target; /* path and query as sent */
	struct str path;   /* decoded once, canonical: no //, no dot segments, no NUL; begins with / */
	struct str query;  /* behind the ?, still encoded */
	struct header header[REQ_HEADERS]; /* name lower case; Cookie, Authorization and hop-by-hop ones included */
	int nheaders;
	struct str body;
	struct body_source source;
	bool accelerated;  /* nginx sends files of cache/ for us */
	struct str client; /* address of the peer, text */
	struct str as;     /* DOOR_SHELL: the account whose part the owner takes; STR_NONE the own one, "nobody" a stranger */
	struct str trigger; /* why the app runs; STR_NONE: a request over HTTP */
	int64_t moment;     /* the one that a job of it fires for, or 0 */
	struct journal *journal; /* of a run, or of a request that may become one; NULL: nothing is written down */
	char once[64];     /* the key under which the call under way may reach the outside again: it is sent with it; empty: none */
	int64_t received;  /* now_ms at arrival: the time the app sees */
	int64_t deadline;  /* mono_ms */

	/* kernel: settings of this epoch, the app, who asks */
	struct settings settings;
	int64_t epoch;
	bool os;           /* at os.DOMAIN, the dashboard's host */
	bool ntfy;         /* at ntfy.DOMAIN, where notifications are published and fetched */
	bool own_domain;   /* at a host of the app's own (store/host), not at NAME.DOMAIN */
	struct app *app;   /* the app of this host; NULL on os while the dashboard is not installed */
	bool open;         /* a path of the manifest's `open`: no identity, no origin check */
	struct principal who;

	/* gateway */
	struct buf asked;  /* the frame that tells a cell of it (gate/talk); empty: not encoded yet */
	int calls;         /* syscalls made so far */
	int refused;       /* the last error the kernel had for one; 0: none */
	bool raised;       /* what it ended with is the app's own error, none of those */
	bool charged;      /* somebody counts what the calls take: */
	int64_t work;      /* µs of this thread's processor time, as far as it was looked at (gate/charge) */
	struct str form, files; /* of multipart/form-data, as the app gets them (wire/frame.h) */
	bool uploads;      /* files of a form came with it */
	struct stream *streams; /* answers of other servers that the app still reads (sys/http); */
	int64_t opened;         /* … how many there were */
	bool spoke_as_app; /* the app spoke for itself (as_app) */
	bool audited;      /* that the app spoke for itself (as_app) is in the audit */
	int64_t retry_after; /* seconds, where an error knows them better than the door; 0: it does not */
	struct str allow;    /* with ERR_METHOD_NOT_ALLOWED: the methods that would do */
	struct str trouble;  /* an uncaught error of the app with its traceback: for its log, and for the owner who develops it */
	int64_t dev;         /* the version that the owner who develops this app sees; 0: nobody does, or it is somebody else */
	bool silent;         /* a page that asks ten times a second is not in the log */
	struct res res;
};

struct str req_header(const struct req *r, const char *name); /* lower-case name; STR_NONE when absent */
struct str req_cookie(const struct req *r, const char *name);
/* What one customer of a provider has to itself: an IPv4 address, or the first half of an IPv6 one. */
struct str req_client_prefix(const struct req *r);
/* The origin of the site this request is at: what its pages' requests carry, and where links to it lead. */
const char *req_origin(const struct req *r);
bool req_wants_html(const struct req *r); /* a browser's navigation: an error is a page, not JSON */

/* The whole body into r->body, once: ERR_TOO_LARGE above most bytes. */
int req_read_body(struct req *r, int64_t most);
/* Some of it: *n is 0 at its end. ERR_BAD_REQUEST when the sender gave up, or is too slow to be waited for. */
int req_read(struct req *r, char *p, size_t room, size_t *n);

void res_header(struct req *r, const char *name, struct str value); /* value is copied */
void res_headerf(struct req *r, const char *name, const char *fmt, ...) PRINTF(3, 4);
/* Drop everything and answer status with a body of this type. */
void res_set(struct req *r, int status, const char *type, struct str body);
void res_redirect(struct req *r, int status, const char *location);

/* How long what follows the head is. */
int64_t res_length(const struct req *r);

/* What went wrong, in a sentence, and as programs get it: {"error":{"code","message","request_id"}}. */
const char *req_error_message(const struct req *r, int err);
void req_error_write(const struct req *r, int err, struct buf *b);

/* Word the request's error: sets the fault and returns it. */
#define fail(r, ...) fault(&(r)->fault, __VA_ARGS__)

#endif
