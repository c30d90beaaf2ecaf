#include "store/setting.h"

#include "../unit/home.h"
#include "codec/path.h"
#include "fuzz.h"

/* A setting, as "key value": what is taken is read back as it was given, within its bounds, and cannot break a line or a
 * quotation of nginx's configuration. */

static struct store *store;

static void leave(void)
{
	home_remove(store);
}

static void taken(struct db *db, struct arena *a, enum setting i, struct str value)
{
	struct settings s;
	const struct setting_row *row = setting_row(i);
	MUST(!settings_load(db, a, &s) && str_eq(str_of(s.text[i]), value));
	MUST(row->type == 's' ? text_utf8(value) && !memchr(value.p ? value.p : "", '\n', value.n) : s.number[i] >= row->least && s.number[i] <= row->most);
	for (size_t k = 0; i == SETTING_DOMAIN && k < value.n; k++)
		MUST((value.p[k] >= 'a' && value.p[k] <= 'z') || (value.p[k] >= '0' && value.p[k] <= '9') || value.p[k] == '-' || value.p[k] == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = {0};
	struct str value, key = str_cut((struct str){(const char *)data, size}, ' ', &value);
	if (!store) {
		store = home_make();
		atexit(leave);
	}
	struct db *db = db_borrow(store, &f);
	MUST(db && !db_begin(db));
	struct arena *a = arena_new();
	if (setting_set(db, key, value))
		MUST(f.err && f.message[0]);
	else
		taken(db, a, (enum setting)setting_find(key), value);
	db_rollback(db);
	db_return(db);
	arena_free(a);
	return 0;
}
