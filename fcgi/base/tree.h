/* tree — folders as wholes, by descriptors, never through a symbolic link. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include "base/text.h"

const char *tree_temp(void); /* where what lives shortly is made: TMPDIR, or /tmp */
/* Remove name below dir, whatever it is; a link itself, not what it points to. 0, also when there was nothing; or -1. */
int tree_remove(int dir, const char *name);
/* Write bytes to path below dir, making the folders on the way (0755, files 0644, whatever the umask). The file must not
 * be there yet. path is relative, without dot segments. 0 or -1 with errno. */
int tree_write(int dir, const char *path, struct str bytes, int64_t mtime_ms);

#endif
