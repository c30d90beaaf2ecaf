#include "store/egress.h"

#define DAY_MS 86400000ll

int64_t egress_today(struct db *db, const char *app_id, int64_t now)
{
	return db_int(db, 0, "SELECT bytes FROM egress WHERE app_id = ? AND day = ?", "ci", app_id, now / DAY_MS);
}

int egress_add(struct db *db, const char *app_id, int64_t now, int64_t bytes)
{
	return db_run(db,
		      "INSERT INTO egress (app_id, day, bytes) VALUES (?, ?, ?) ON CONFLICT (app_id) DO UPDATE SET "
		      "bytes = excluded.bytes + CASE day WHEN excluded.day THEN bytes ELSE 0 END, day = excluded.day",
		      "cii", app_id, now / DAY_MS, bytes);
}

int64_t egress_renewed(int64_t now)
{
	return (DAY_MS - now % DAY_MS + 999) / 1000;
}
