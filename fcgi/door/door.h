/* door — the programs inside faztd, one function each. main() is the index. */
#ifndef DOOR_DOOR_H
#define DOOR_DOOR_H

#include "kernel/req.h"

/* faztd serve --home DIR: the supervisor. Starts the zygote, the fetcher and the workers, restarts what dies, SIGHUP replaces the
 * workers gracefully, SIGTERM ends everything. */
int serve_main(int argc, char **argv);
bool serve_holds(const char *home); /* does a faztd serve that home? */

/* faztd worker --home DIR LANE LANES: one of LANES workers, on its lane of the processors (base/lane.h). FastCGI on
 * descriptor 0, the zygote on descriptor 3, the fetcher on 4, the supervisor's ear on 5. SIGQUIT: all workers end, and what was accepted or
 * waits for it is answered. SIGHUP, SIGTERM, SIGINT: this one does, and another takes its place first. With no socket on descriptor 0 it is a plain CGI program that answers one
 * request. */
int worker_main(int argc, char **argv);

/* faztd zygote: forks cells for whoever speaks on descriptor 3. */
int zygote_main(int argc, char **argv);

/* faztd fetch: fetches from other servers for whoever speaks on descriptor 3 (wire/fetch.h). */
int fetch_main(int argc, char **argv);

/* faztd install-fetch --home DIR ID: fetch one candidate package; started by app.fetch. */
int install_main(int argc, char **argv);

/* fazt-admin: the owner's shell tool. */
int admin_main(int argc, char **argv);

/* Fill a request from CGI variables ("NAME=VALUE", NULL-terminated), RFC 3875. The body is added by the caller.
 * Returns 0 or an error worded in r->fault. *length: what CONTENT_LENGTH says; without it -1, and 0 for GET and HEAD. */
int cgi_request(struct req *r, char **params, int64_t *length);
/* The answer's head in CGI form, RFC 3875 §6: Status and headers, up to and with the blank line. */
void cgi_head(const struct req *r, struct buf *b);
/* Does r->res.body or r->res.file follow it? Not after HEAD, 204 and 304. */
bool cgi_sends_body(const struct req *r);

#define ZYGOTE_FD 3 /* where a worker finds its zygote, and a zygote or a fetcher its control socket */
#define FETCHER_FD 4 /* where a worker finds the fetcher */
#define NOTES_FD 5 /* … and says its pid when somebody else than the supervisor told it to end */

/* Root works as whoever owns the home, so that no file of root's appears in it. 0, or -1 with errno. */
int become_owner(const char *home);
/* For the supervisor, which starts and ends processes of root: whatever it opens, makes or removes, it does with the owner's rights
 * alone, so that no link in the home leads it further than its owner gets; what it starts is root's again. As become_owner else. */
int touch_as_owner(const char *home);

/* A zygote as a child of this process, for programs without a supervisor (CGI, fazt-admin app request). Returns the
 * control socket, or -1. Call it before the database is opened and before any thread starts. */
int zygote_fork(void);
const char *cells_lua(void); /* the version of the Lua library that cells run */

#endif
