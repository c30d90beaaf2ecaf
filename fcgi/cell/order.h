/* order — pairs and next in an order that is the same in every cell. Lua's own hangs on a seed of the process, and a run that
 * goes on in another one would take another way.
 *
 * First come 1, 2, 3 …, then other numbers, then texts by their bytes, then false and true. What else may be a key (tables,
 * functions) comes last, in Lua's order. What is removed on the way is left out; what is added on the way may be.
 */
#ifndef CELL_ORDER_H
#define CELL_ORDER_H

#include <lua.h>

int order_pairs(lua_State *L);
void order_push_next(lua_State *L); /* next is a closure: it remembers where the last one was */

#endif
