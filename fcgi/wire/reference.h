/* reference — the documentation of an app's calls, and the stubs for an editor, both written from
 * syscall.def, module.def and lua-sdk/examples.
 *
 * lua-sdk/reference.md, lua-sdk/fazt.d.lua and lua-sdk/types are their output; a test holds them up to date. */
#ifndef WIRE_REFERENCE_H
#define WIRE_REFERENCE_H

#include "base/buf.h"

/* After syscall_init. */
void reference_markdown(struct buf *b);
void reference_stubs(struct buf *b); /* for the Lua language server (LuaCATS annotations) */
/* The stubs of module i of module.def, and its name; false and NULL when there are not so many. */
bool reference_module(struct buf *b, int i);
const char *reference_module_name(int i);

#endif
