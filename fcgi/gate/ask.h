/* ask — a request that this program makes itself, down the whole pipeline, without nginx.
 *
 *     req_init(&r, node, arena, DOOR_SHELL);
 *     err = ask(&r, &settings, "pad", STR("get"), STR("/notes?q=x"), STR("anna"));
 *     … ask_header(&r, name, value), r.body = … …
 *     req_run(&r);
 */
#ifndef GATE_ASK_H
#define GATE_ASK_H

#include "kernel/req.h"

/* Fill r as a request to an app by name. as: the account whose part it takes; "nobody": a stranger. Errors, as of a path
 * that is none, are worded in r->fault. */
int ask(struct req *r, const struct settings *s, const char *app, struct str method, struct str target, struct str as);
/* Add a header; its name in any case. ERR_USAGE when there are too many, or it is none. */
int ask_header(struct req *r, struct str name, struct str value);

#endif
