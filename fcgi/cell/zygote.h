/* zygote — the fork server: a process with the base VM in its memory, from which a cell is one fork away.
 *
 * Single-threaded, without database and secrets. It forks a cell for every message on its control socket
 * (wire/spawn.h) and ends when the last worker closes that.
 */
#ifndef CELL_ZYGOTE_H
#define CELL_ZYGOTE_H

#include "base/base.h"

/* The process: never returns. */
NORETURN void zygote_run(int control_fd);
const char *zygote_lua(void); /* the version of the Lua library that cells run: "5.4.4" */

#endif
