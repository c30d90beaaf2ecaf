/* route — which handler answers a method and a path.
 *
 * An app's routes are a table { ["METHOD /path…"] = function } or one function for everything. They are
 * validated once, when the app is loaded, and live outside the heap. Of the patterns that match, the one that is
 * literal where others are not wins: literals before :param before *rest, from left to right. :param is one
 * segment that is not empty, *rest all that follow, "" included. GET answers HEAD.
 */
#ifndef CELL_ROUTE_H
#define CELL_ROUTE_H

#include <lua.h>

#include "base/out.h"

#define ROUTES_MAX 1000
#define ROUTE_SEGMENTS 32
#define ROUTE_NONE (-1)   /* nothing has this path */
#define ROUTE_METHOD (-2) /* something has, but not with this method */

struct route_match {
	int handler; /* for route_push, or ROUTE_* */
	int nparams;
	struct route_param { struct str name, value; } param[ROUTE_SEGMENTS];
	char allow[64]; /* with ROUTE_METHOD: "GET, HEAD, POST" */
};

/* What api/main.lua returned, on top of the stack, which is popped. Raises app_error. */
void routes_load(lua_State *L);
/* [["GET","/x"],…], or null for an app that is one function. */
void routes_list(struct out *o);
void route_find(struct route_match *m, struct str method, struct str path);
void route_push(lua_State *L, int handler);

#endif
