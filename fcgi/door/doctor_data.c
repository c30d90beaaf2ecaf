/* Checks of what is in the database; most of them are store/health. */
#include <sys/stat.h>

#include "door/doctor.h"
#include "kernel/publish.h"
#include "store/health.h"

#define WAL_BYTES (96 * MIB) /* a writer waits for readers from 64 MB on (store/db) */

static void found(void *arg, const char *what)
{
	doctor_found(arg, "%s", what);
}

static int with_db(struct doctor *d, enum health part, bool mend)
{
	struct db *db = db_borrow(d->a->node.store, &d->a->r.fault);
	if (!db)
		return d->a->r.fault.err;
	int err = mend ? health_mend(db, part) : health_look(db, part, found, d);
	db_return(db);
	return err;
}

#define HEALTH(id, part) int look_##id(struct doctor *d) { return with_db(d, part, false); }
#define MENDABLE(id, part) HEALTH(id, part) int mend_##id(struct doctor *d) { return with_db(d, part, true); }
HEALTH(pages, HEALTH_PAGES)
HEALTH(content, HEALTH_CONTENT)
MENDABLE(dangling, HEALTH_DANGLING)
MENDABLE(usage, HEALTH_USAGE)
MENDABLE(references, HEALTH_REFERENCES)
MENDABLE(orphans, HEALTH_ORPHANS)
MENDABLE(settings, HEALTH_SETTINGS)
MENDABLE(clock, HEALTH_CLOCK)

/* Why it does not open. */
int look_database(struct doctor *d)
{
	if (!d->opened)
		doctor_found(d, "%s", fault_message(&d->why));
	return 0;
}

int look_wal(struct doctor *d)
{
	struct stat st;
	if (!stat(arena_printf(d->a->arena, "%s/data.db-wal", d->home), &st) && st.st_size > (off_t)WAL_BYTES)
		doctor_found(d, "data.db-wal has %lld MB", (long long)st.st_size / 1000000);
	return 0;
}

int mend_wal(struct doctor *d)
{
	struct db *db = db_borrow(d->a->node.store, &d->a->r.fault);
	if (!db)
		return d->a->r.fault.err;
	db_checkpoint(db);
	db_return(db);
	return 0;
}

static void not_public(void *arg, const char *name)
{
	doctor_found(arg, "the files of %s", name);
}

int look_public(struct doctor *d)
{
	return publish_look(&d->a->node, not_public, d, &d->a->r.fault);
}

int mend_public(struct doctor *d)
{
	return publish_anew(&d->a->node, &d->a->r.fault);
}
