/* entry — names of files and folders in a package.
 *
 * A name that is fine for git can still be a trap for a shell, a browser, another
 * file system or a reader's eye. What is admitted here is the same everywhere.
 */
#ifndef CODEC_ENTRY_H
#define CODEC_ENTRY_H

#include "base/buf.h"

#define ENTRY_PATH 200 /* bytes of a whole path */
#define ENTRY_DEPTH 16 /* folders on the way to a file */

/* What is wrong with one name (no slash inside), as the end of a sentence; NULL: nothing. */
const char *entry_problem(struct str name);
/* The same for a path of such names with slashes between. */
const char *entry_path_problem(struct str path);

/* What a cell loads of a package: the app's code (api/….lua) and its templates (views/….html). */
bool entry_is_code(struct str path);
bool entry_is_view(struct str path);

/* Append the path with its letters in one case: two paths with the same fold would be one file on some systems.
 * Latin, Greek and Cyrillic; enough to keep names apart that a person would take for the same. */
void entry_fold(struct buf *b, struct str path);

#endif
