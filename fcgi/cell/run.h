/* run — the life of a cell: load the app, then serve one request after the other, each on the same snapshot.
 *
 *     FILE* START → READY | ERROR       the app is compiled, api/main.lua run, the snapshot taken
 *     REQUEST → CALL* RESPONSE | ERROR  the handler runs; then the heap is what it was at the snapshot
 *
 * With "migrations" in START's config it loads those files instead (cell/migration.h).
 */
#ifndef CELL_RUN_H
#define CELL_RUN_H

#include "base/text.h"

void run_prepare(void);          /* in the zygote: the base VM, with libraries and SDK, without an app */
void run_born(int out_fd);        /* in the cell, before it is confined: which process it is */
void run_limit(size_t heap);     /* in the cell, before it is confined: its memory cap in bytes */
NORETURN void cell_run(int in_fd, int out_fd); /* until the worker closes its ends */

/* End the request at once with this error: no code of the app runs any more. */
NORETURN void run_leave(int err, struct str message);
/* The cell cannot go on. */
NORETURN void run_exit(void);

#endif
