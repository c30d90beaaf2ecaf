/* A throw-away home with a database in it. */
#ifndef T_UNIT_HOME_H
#define T_UNIT_HOME_H

#include <stdio.h>
#include <unistd.h>

#include "base/crypt.h"
#include "store/db.h"

static char home[64];

__attribute__((unused)) static struct store *home_make(void)
{
	struct fault f = {0};
	crypt_init();
	snprintf(home, sizeof home, "/tmp/fazt-test-XXXXXX");
	struct store *s = mkdtemp(home) ? store_open(home, STORE_CREATE, &f) : NULL;
	if (!s)
		die("%s: %s", home, f.message);
	store_durability(s, false);
	return s;
}

__attribute__((unused)) static void home_remove(struct store *s)
{
	static const char *const names[] = {"data.db", "data.db-wal", "data.db-shm", "run/lock", "run/ballast", "run", ""};
	store_close(s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		remove(path);
	}
}

#endif
