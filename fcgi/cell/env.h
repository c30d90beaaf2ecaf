/* env — the Lua an app sees: the standard libraries less what reaches the machine, lies about addresses, or lets one
 * call run for minutes. What is kept, wrapped and removed, row by row, and why, is said in env.c.
 */
#ifndef CELL_ENV_H
#define CELL_ENV_H

#include <lua.h>

#include "base/text.h"

/* All libraries, for the base VM. */
void env_open(lua_State *L);

/* Modules. A name finds what the SDK has under it ("fazt", "fazt.html"), else api/NAME.lua with dots as slashes. */
void env_provide(lua_State *L, const char *name); /* takes the value on top of the stack */
void env_module(lua_State *L, const char *name, lua_CFunction fn); /* fn makes it, at its first require */
/* Compile one file of the app; raises binary_chunk or app_error with file and line. Run on its first require. */
void env_compile(lua_State *L, struct str path, struct str text);
/* Push what the module of this path returns; raises. */
void env_require(lua_State *L, struct str path);

/* Text of any value without addresses; runs __tostring. Pushes and returns it. */
const char *env_tostring(lua_State *L, int i, size_t *n);

/* A request begins: it has made no coroutines yet. */
void env_begin(void);

#endif
