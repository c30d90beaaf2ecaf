/* migrate — the schema of data.db, forward only. The texts of migrations/ are part of the program.
 *
 * Each runs in its own transaction under the write lock and leaves its number,
 * name and BLAKE2b hash in the table `migrations`. Errors: ERR_FUTURE for a
 * database that knows more than this build, ERR_CORRUPT for one whose applied
 * text differs, ERR_UNAVAILABLE for pending ones when only checking.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

int migrate_check(struct db *db);
int migrate_run(struct db *db); /* returns 0 also when there is nothing to do */

#endif
