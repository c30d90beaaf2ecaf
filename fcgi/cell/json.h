/* json — Lua values as JSON text, and back. Raw access only: no metamethod of the app runs.
 *
 * Lua → JSON: nil and fazt.null are null; a table marked as a list (fazt.list, whatever was decoded from an array)
 * or whose keys are exactly 1…n is an array; every other table has string keys only and is an object, the empty
 * one {}, with its keys in order, so that equal values are equal texts. Refused with a sentence that names the field: holes, mixed keys, NaN and infinity, text that is not
 * UTF-8, functions, a table that contains itself, more than JSON_DEPTH levels, more than JSON_ITEMS values.
 *
 * JSON → Lua: null is fazt.null, numbers without fraction and exponent are integers where they fit, arrays are lists.
 */
#ifndef CELL_JSON_H
#define CELL_JSON_H

#include <lua.h>

#include "codec/json.h"

#define JSON_ITEMS 10000
#define JSON_ITEMS_KERNEL 1000000 /* what the kernel sends is bounded by its frame */

void json_open(lua_State *L); /* the metatable of lists; once */
void json_push_null(lua_State *L);
bool json_is_null(lua_State *L, int i);
void json_mark_list(lua_State *L, int i);

/* Append the value at i to link_text; the text, until it is dropped. Raises bad_request, too_deep, too_large (more than
 * max bytes or JSON_ITEMS values); where it is a handler's answer, bad_response and response_too_large. */
struct str json_encode(lua_State *L, int i, size_t max, bool answer);
/* Push the value of text. Raises bad_request, too_deep, too_large; what names it in the message. */
void json_decode(lua_State *L, struct str text, size_t max_items, const char *what);

#endif
