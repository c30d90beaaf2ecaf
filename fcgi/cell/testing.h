/* testing — a cell that runs one file of an app's own tests, t/NAME.lua, instead of the app.
 *
 * Only a trial's cells are told to (START, "test"). `require "fazt.test"` is there in them and nowhere else.
 */
#ifndef CELL_TESTING_H
#define CELL_TESTING_H

#include <lua.h>

#include "base/out.h"

/* Run the file, which names its tests. Raises. */
void testing_load(lua_State *L, struct str path);
void testing_list(lua_State *L, struct out *o); /* their names, in order */
/* Run the test of this number, "/1" and up. Raises what it raises. */
void testing_run(lua_State *L, struct str path);

#endif
