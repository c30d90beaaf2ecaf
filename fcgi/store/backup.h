/* backup — data.db as one file that everything comes back from.
 *
 * A backup is of one moment, whatever is written meanwhile, and an ordinary SQLite
 * database. It gets its name when it is complete, looked through and on disk;
 * until then it is NAME.part, which nobody need keep. Nothing in it is encrypted:
 * whoever has it has everything.
 *
 * Restoring makes a node of its own: it has what the backup had, but nobody is
 * signed in and no token works, since some may have been taken back after the
 * backup; what waited for consent is asked anew, under new ids; and meta.node
 * tells it from the node that was.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/db.h"

struct backup {
	int64_t bytes;
	int64_t made;      /* when; 0: it is the data.db of a node, as it stands */
	int64_t schema;    /* its newest migration */
	bool older;        /* than this build's: a restored one is migrated */
	int64_t people, apps, rows, files;
};

/* path is replaced if it is there. ERR_DISK_FULL, ERR_DENIED, ERR_CORRUPT: nothing has that name then that had not before. */
int backup_create(struct db *db, const char *path, struct backup *b);
/* Opens it, reads every page and everything content says of itself. ERR_CORRUPT, ERR_FUTURE, ERR_BAD_SOURCE. */
int backup_verify(const char *path, struct backup *b, struct fault *f);
/* Into a home that has folders and no database: ERR_CONFLICT. */
int backup_restore(const char *path, const char *home, struct backup *b, struct fault *f);

#endif
