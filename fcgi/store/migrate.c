#include "store/migrate.h"

#include "base/crypt.h"
#include "base/embed.h"
#include "base/log.h"
#include "base/now.h"
#include "store/conn.h"

#define MIGRATION(symbol, number, name) EMBED(symbol, "migrations/" name);
#include "migrations/list.def"
#undef MIGRATION

static struct migration {
	int number;
	const char *name;
	struct str text;
	char hash[2 * HASH_LEN + 1];
} list[] = {
#define MIGRATION(symbol, number, name) {number, name, STR_NONE, ""},
#include "migrations/list.def"
#undef MIGRATION
};
#define NEWEST ((int)ARRAY_LEN(list))

static void load(void)
{
	int i = 0;
#define MIGRATION(symbol, number, name) list[i++].text = EMBEDDED(symbol);
#include "migrations/list.def"
#undef MIGRATION
	for (i = 0; i < NEWEST; i++) {
		unsigned char hash[HASH_LEN];
		crypt_hash(hash, list[i].text.p, list[i].text.n);
		crypt_hex(list[i].hash, hash, HASH_LEN);
	}
}

/* How many of the list are applied, after checking that each is the one we know; or -ERR_*. */
static int applied(struct db *db)
{
	int64_t there = db_int(db, -1, "SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'", "");
	if (there <= 0)
		return there ? -db->fault->err : 0;
	struct stmt *s = db_query(db, "SELECT number, name, hash FROM migrations ORDER BY number", "");
	int n = 0, row = s ? 0 : -db->fault->err;
	while (s && (row = stmt_row(s)) == 1) {
		if (n == NEWEST || stmt_int(s, 0) != list[n].number) {
			stmt_done(s);
			return -db_fail(db, ERR_FUTURE, "The database belongs to a newer Fazt. Install that version again, "
					"or restore a backup made with this one.");
		}
		if (!str_is(stmt_str(s, 2), list[n].hash)) {
			stmt_done(s);
			return -db_fail(db, ERR_CORRUPT, "Migration %s of this database is not the one of this Fazt. "
					"Use an official build, or restore a backup.", list[n].name);
		}
		n++;
	}
	return row < 0 ? row : n;
}

static int apply(struct db *db, const struct migration *m)
{
	char *text = xmalloc(m->text.n + 1);
	memcpy(text, m->text.p, m->text.n);
	text[m->text.n] = 0;
	int err = conn_exec(db, text);
	free(text);
	if (!err)
		err = db_run(db, "INSERT INTO migrations (number, name, hash, applied) VALUES (?, ?, ?, ?)", "icci",
			     (int64_t)m->number, m->name, m->hash, now_ms());
	if (!err)
		log_event(LOG_INFO, "migrated", "name", m->name, NULL);
	return err;
}

int migrate_check(struct db *db)
{
	load();
	int n = applied(db);
	if (n < 0)
		return -n;
	return n == NEWEST ? 0 : db_fail(db, ERR_UNAVAILABLE, "The database is of an older Fazt. Make a backup, then run: "
					 "fazt-admin migrate");
}

/* Looks again inside each transaction, so that two processes may run this at once. */
int migrate_run(struct db *db)
{
	load();
	for (;;) {
		int err = db_begin(db);
		if (err)
			return err;
		int n = applied(db);
		if (n < 0 || n == NEWEST) {
			db_rollback(db);
			return n < 0 ? -n : 0;
		}
		err = apply(db, &list[n]);
		err = err ? db_rollback(db) : db_commit(db);
		if (err)
			return err;
	}
}
