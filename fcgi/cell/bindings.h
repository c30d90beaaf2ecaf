/* bindings — what the table of syscalls is to Lua: one C function a row, and the few calls the cell answers itself.
 *
 * bindings_push pushes a tree of tables by the rows' dotted names (storage.docs.insert …), plus `hold`, `as_app`
 * and `in_tx`, of which lua-sdk/ makes what is left of the `fazt` that an app sees. A binding checks the number and types of its
 * arguments, sends a CALL, reads the whole REPLY and only then lets Lua allocate; errors are raised last. Nothing of
 * a binding's state lies in the heap.
 */
#ifndef CELL_BINDINGS_H
#define CELL_BINDINGS_H

#include <lua.h>

void bindings_push(lua_State *L);

/* No identity yet: only PURE calls work. */
void bindings_loading(void);
/* A request begins: calls work, as the person. */
void bindings_serving(void);

#endif
