/* budget — what an app may use: budget.def, its defaults in the settings, and what the owner allows one app (store/limit).
 *
 * A struct app carries its limits, so that looking at one costs nothing. What it has used of them is counted where it is
 * used: in the request, with the rows (store/usage), or by kernel/meter.
 */
#ifndef KERNEL_BUDGET_H
#define KERNEL_BUDGET_H

#include "store/setting.h"

enum budget {
#define BUDGET(name, key, span, unit, least, most, otherwise, doc) BUDGET_##name,
#include "kernel/budget.def"
#undef BUDGET
	BUDGET_COUNT
};

enum span { SPAN_REQUEST, SPAN_ONCE, SPAN_STORED, SPAN_MINUTE, SPAN_DAY };

struct budget_row {
	const char *key, *unit, *doc;
	enum setting setting;
	enum span span;
};
const struct budget_row *budget_row(enum budget b);
int budget_find(struct str key);               /* or -1 */
const char *span_name(enum span s);            /* "request", "once", "stored", "minute", "day" */
int64_t span_ms(enum span s);                  /* of a minute and a day; 0: no time */

/* The limits of all apps, and of one: *own has a bit for each that the owner gave to this app. */
void budget_usual(const struct settings *s, int64_t limit[BUDGET_COUNT]);
int budget_load(struct db *db, const char *app_id, const struct settings *s, int64_t limit[BUDGET_COUNT], uint32_t *own);
/* Give an app one limit, as text, or "default". Inside a transaction. ERR_BAD_REQUEST, ERR_NOT_FOUND. */
int budget_set(struct db *db, const char *app_id, struct str key, struct str value);

#endif
