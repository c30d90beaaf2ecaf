/* migration — what a cell does for an upgrade: documents of one person become what the next version keeps.
 *
 * A file migrations/NNNN-name.lua returns a table of functions, one for each collection it changes. The cell is asked with
 * the path of the file, the name of a collection as the query, and a JSON list of documents as the body; it answers with
 * a list of what they become, null for one that stays as it is. Without a collection it answers with the names of those
 * that the file changes. No call reaches the kernel.
 */
#ifndef CELL_MIGRATION_H
#define CELL_MIGRATION_H

#include <lua.h>

#include "base/text.h"

/* Run the files of this JSON list of paths, while the app loads. */
void migration_load(lua_State *L, struct str paths);
/* Answer the request that was begun. */
void migration_serve(lua_State *L);

#endif
