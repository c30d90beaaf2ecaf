/* ballast — disk space kept back, so that deleting still works when the disk is full.
 *
 * SQLite writes before it frees: on a full disk a DELETE fails like any other
 * write. home/run/ballast is a file of BALLAST_BYTES that is given up when less
 * than BALLAST_LOW is free, and made again when there is room. While it is gone
 * apps cannot grow, so that what it held is left for deleting, for signing in and
 * for the owner.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include "base/base.h"

#define BALLAST_BYTES (8 * MIB)
#define BALLAST_LOW (1 * MIB)

void ballast_keep(const char *home); /* make it, if it is not there and twice its size is free */
bool ballast_drop(const char *home); /* false: there was none to drop */
void ballast_ease(const char *home); /* drop it if the disk is nearly full */
bool ballast_there(const char *home); /* also by making it now */

#endif
