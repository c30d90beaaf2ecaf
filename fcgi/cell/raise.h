/* raise — errors on their way through Lua: made from err.def, and read without running a line of the app's code.
 *
 * An error value of ours is a table { code, message } whose metatable is locked and has a __tostring. raise() is
 * always a function's last act: whatever it holds is released before. */
#ifndef CELL_RAISE_H
#define CELL_RAISE_H

#include <lauxlib.h>

#include "base/text.h"

#define RAISE_TEXT 4096 /* message and traceback are cut at this */

/* Install the metatable; once, when the base VM is built. */
void raise_open(lua_State *L);

NORETURN void raise(lua_State *L, int err, const char *fmt, ...) PRINTF(3, 4);
/* With an already worded message; STR_NONE takes the default sentence. */
NORETURN void raise_str(lua_State *L, int err, struct str message);

/* What went wrong in a protected call. raise_note is its message handler; it never calls a metamethod. */
struct failure {
	int err;
	char message[RAISE_TEXT];
	char traceback[RAISE_TEXT];
};
extern struct failure raise_failure;
int raise_note(lua_State *L);
/* What a protected call with raise_note caught is on top: raise it further, with the traceback it had there. */
NORETURN void raise_again(lua_State *L, int status);
/* After a protected call that returned status: completes raise_failure where the handler could not run. */
void raise_status(int status);
/* A failure that has no Lua error behind it. */
void raise_set(int err, const char *fmt, ...) PRINTF(2, 3);
void raise_clear(void);

#endif
