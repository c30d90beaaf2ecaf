/* browser — identity over a real temporary home, with browsers made of a cookie jar. Requests go the gateway's way: who, then a
 * kernel endpoint or the checks before an app.
 *
 *     identity_setup();                       a home with an owner and three apps
 *     enter(&owner), join(&ann, "Ann");       who has a session in which browser
 *     is_int(get(&ann, OS, "/"), 200, …);     R is that request with its answer, E its error
 *     identity_teardown();
 */
#ifndef T_IDENTITY_BROWSER_H
#define T_IDENTITY_BROWSER_H

#include "kernel/app.h"
#include "kernel/req.h"
#include "sys/sys.h"

#define OS "os.localhost"
#define PASSWORD "correct horse battery"

extern struct node node;
extern struct req R; /* the last request and its answer */
extern int E;        /* its error */
extern struct app *pad, *blog, *diary; /* for members, anyone, the owner */

void identity_setup(void);
void identity_teardown(void);

struct cookie_row {
	char host[40], name[40], value[160];
};

struct browser {
	const char *client; /* its address; NULL: this machine's */
	int n;
	struct cookie_row jar[12];
};

/* The owner signs in by a link; somebody is invited and comes, with PASSWORD. */
void enter(struct browser *b);
void join(struct browser *b, const char *name);
int sign_in(struct browser *b, const char *name, const char *password); /* by the form; the password as a form has it */
bool is_signed_in(struct browser *b);
struct cookie_row *cookie(struct browser *b, const char *host, const char *name);
const char *csrf_of(struct browser *b);

/* Each returns the status of the answer. */
int get(struct browser *b, const char *host, const char *target); /* opens an address as a person does */
int post(struct browser *b, const char *host, const char *target, const char *body);
int follow(struct browser *b);                                          /* a redirect "http://HOST:8080/…" or "/…" */
int open_app(struct browser *b, const char *host, const char *target); /* to the app's own page, over a few redirects */
int with_token(const char *host, const char *method, const char *token);
const char *answer(const char *name); /* a header of it */
/* The same by parts: begin, header …, finish. */
void begin(struct browser *b, const char *method, const char *host, const char *target);
void header(const char *name, const char *value);
int finish(struct browser *b);
int identify(void); /* in place of finish: who asks, and no answer */

/* Operations of the owner's shell, and of the person whose browser it is; what they write is in op_out. */
extern struct buf op_out;
int op(sys_fn *f, const char *one, const char *two, const char *three);
int op_of(struct browser *b, sys_fn *f, const char *one, const char *two);
char *link_of(void); /* path and query of the link that it wrote */
char *form_of_link(const char *password);
const char *token_for(const char *user, const char *app, const char *ttl);
void set(const char *key, const char *value);
struct app *find_app(const char *name);

/* The clock stands: all requests come at the same moment, however long this machine takes for them. now_shift does nothing
 * until it goes again. */
void clock_hold(int64_t shift);
void clock_go(void);

#endif
