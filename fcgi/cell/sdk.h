/* sdk — what lua-sdk/ is to a cell: `fazt` in the base VM, and the modules fazt.NAME.
 *
 * A module is compiled and run when an app first requires it, so one that nobody uses costs a cell nothing. Required
 * while the app loads, as usual, it is part of the snapshot.
 *
 * The files below views/ are templates of fazt.html, which compiles all of them when it is loaded: so a mistake in
 * one is an error of the app's loading.
 */
#ifndef CELL_SDK_H
#define CELL_SDK_H

#include <lua.h>

#include "base/text.h"

void sdk_open(lua_State *L); /* for the base VM, after env_open */

/* The owner's time zone, while the app loads. */
void sdk_zone(lua_State *L, struct str name);
/* One of views/, while the app loads. */
void sdk_view(lua_State *L, struct str path, struct str text);
/* All of them have come; raises what is wrong with one. */
void sdk_views(lua_State *L);

#endif
