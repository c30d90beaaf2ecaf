#include "store/throttle.h"

#define FIRST_DELAY_MS 1000
#define SKEW_MS (60 * 1000) /* a row from further ahead was written before the clock was set back */

static int64_t delay(int64_t failures_past_free)
{
	if (failures_past_free <= 0)
		return 0;
	if (failures_past_free > 20)
		return THROTTLE_MAX_MS;
	return MIN((int64_t)FIRST_DELAY_MS << (failures_past_free - 1), (int64_t)THROTTLE_MAX_MS);
}

/* Names can be made up faster than they are forgotten, so beyond THROTTLE_ROWS the longest untouched ones go. */
static int reap(struct db *db, int64_t now)
{
	int err = db_run(db, "DELETE FROM throttle WHERE seen < ? OR seen > ?", "ii", now - THROTTLE_FORGET_MS, now + SKEW_MS);
	if (err || db_int(db, 0, "SELECT count(*) FROM throttle", "") < THROTTLE_ROWS)
		return err;
	return db_run(db, "DELETE FROM throttle WHERE key IN (SELECT key FROM throttle ORDER BY seen LIMIT 10)", "");
}

int throttle_charge(struct db *db, const unsigned char key[HASH_LEN], int64_t free, int64_t now, int64_t *wait)
{
	int err = reap(db, now);
	if (err)
		return err;
	int64_t until = db_int(db, 0, "SELECT until FROM throttle WHERE key = ?", "b", key, (size_t)HASH_LEN);
	*wait = MAX(until - now, (int64_t)0);
	if (*wait)
		return 0;
	int64_t count = 1 + db_int(db, 0, "SELECT count FROM throttle WHERE key = ?", "b", key, (size_t)HASH_LEN);
	return db_run(db,
		      "INSERT INTO throttle (key, count, seen, until) VALUES (?, ?, ?, ?) "
		      "ON CONFLICT (key) DO UPDATE SET count = excluded.count, seen = excluded.seen, until = excluded.until",
		      "biii", key, (size_t)HASH_LEN, count, now, now + delay(count - free));
}

int throttle_refund(struct db *db, const unsigned char key[HASH_LEN], bool all)
{
	if (all)
		return db_run(db, "DELETE FROM throttle WHERE key = ?", "b", key, (size_t)HASH_LEN);
	return db_run(db, "UPDATE throttle SET count = max(count - 1, 0), until = 0 WHERE key = ?", "b", key, (size_t)HASH_LEN);
}
