/* request — the `req` that a handler gets: method path params id trigger user at once, everything else on first use. */
#ifndef CELL_REQUEST_H
#define CELL_REQUEST_H

#include <lua.h>

#include "cell/route.h"
#include "wire/frame.h"

void request_open(lua_State *L); /* once, in the base VM */

/* Take a REQUEST's payload; false when it is not one. Valid until request_end. */
bool request_begin(struct str payload);
const struct wire_request *request(void);
void request_push(lua_State *L, const struct route_match *m);
void request_end(void);

#endif
