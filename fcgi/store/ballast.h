/* ballast — disk space kept back, so that deleting still works when the disk is full.
 *
 * SQLite writes before it frees: on a full disk a DELETE fails like any other
 * write. home/run/ballast is a file of BALLAST_BYTES that is given up when such a
 * write meets a full disk, and made again when there is room.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include "base/base.h"

#define BALLAST_BYTES (8 * MIB)

void ballast_keep(const char *home); /* make it, if it is not there and twice its size is free */
bool ballast_drop(const char *home); /* false: there was none to drop */

#endif
