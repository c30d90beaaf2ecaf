/* setting — the node's settings: rows of setting.def with a default, stored when changed. */
#ifndef STORE_SETTING_H
#define STORE_SETTING_H

#include "store/db.h"

enum setting {
#define SETTING(name, key, group, who, type, unit, least, most, otherwise, doc) SETTING_##name,
#include "store/setting.def"
#undef SETTING
	SETTING_COUNT
};

enum setting_group { GROUP_NODE, GROUP_MAIL, GROUP_PUSH, GROUP_APPS, GROUP_RUNS, GROUP_LIMITS, GROUP_COUNT };
enum setting_who { SET_BY_OWNER, SET_BY_FRESH, SET_BY_SHELL };

struct setting_row {
	const char *key;
	enum setting_group group;
	enum setting_who who;
	char type; /* 's' text, 'p' secret text, 'i' whole number, 'b' true or false */
	const char *unit;
	int64_t least, most;
	const char *otherwise;
	const char *doc;
};
const struct setting_row *setting_row(enum setting s);
int setting_find(struct str key); /* or -1 */
bool setting_text(const struct setting_row *row); /* or else a number */

/* All settings of one epoch, parsed. Text lives in the arena given to settings_load. */
struct settings {
	const char *text[SETTING_COUNT];
	int64_t number[SETTING_COUNT];
};
void settings_default(struct settings *s); /* what holds where there is no database */
int settings_load(struct db *db, struct arena *a, struct settings *s);
bool setting_admits(enum setting s, struct str value);
int setting_check(struct db *db, enum setting s, struct str value); /* type and bounds: 0 or ERR_BAD_REQUEST */
int setting_set(struct db *db, struct str key, struct str value); /* checks type and bounds; touches the epoch */
int setting_reset(struct db *db, enum setting s); /* back to its default */

/* "http://os.localhost:8080": the port is left out where it is the scheme's own. name NULL: the domain itself. */
char *settings_origin(const struct settings *s, struct arena *a, const char *name);
/* The same for a host that is not below the domain. */
char *settings_host_origin(const struct settings *s, struct arena *a, const char *host);

#endif
