/* response — what a handler returned, checked and sent.
 *
 * A table { status, headers, and at most one of json html text body blob file redirect }; a string is HTML; nil is
 * 404. Everything is read raw. A field that does not exist, a wrong type, a header or status that cannot be sent and a
 * body over LINK_BODY_MAX raise with a sentence that names it.
 */
#ifndef CELL_RESPONSE_H
#define CELL_RESPONSE_H

#include <lua.h>

#include "base/text.h"

void response_send(lua_State *L, int i);
/* 405, with what the path does answer. */
void response_send_allow(const char *allow);
/* 200 with this text, which the kernel knows what to make of. */
void response_send_text(struct str text);
/* An empty 200: a job has done its work. */
void response_send_done(void);

#endif
