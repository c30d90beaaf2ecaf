/* reference — the documentation of an app's calls, and the stubs for an editor, both written from syscall.def.
 *
 * lua-sdk/reference.md and lua-sdk/fazt.d.lua are their output; a test holds them up to date. */
#ifndef WIRE_REFERENCE_H
#define WIRE_REFERENCE_H

#include "base/buf.h"

/* After syscall_init. */
void reference_markdown(struct buf *b);
void reference_stubs(struct buf *b); /* for the Lua language server (LuaCATS annotations) */

#endif
