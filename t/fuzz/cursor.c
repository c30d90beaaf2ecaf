#include "../unit/home.h"
#include "fuzz.h"
#include "store/conn.h"
#include "store/cursor.h"

static struct store *store;
static struct db *db;
static struct fault f;

static void leave(void)
{
	db_return(db);
	home_remove(store);
}

static void enter(void)
{
	store = home_make();
	db = db_borrow(store, &f);
	atexit(leave);
}

/* As a cursor the bytes are refused; as a place they come back from the cursor made of them, and only to who made it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!store)
		enter();
	struct str bytes = {(const char *)data, MIN(size, (size_t)2000)}, place;
	struct scope ann = scope_person("app", "u_ann", false), bob = scope_person("app", "u_bob", false);
	struct listing mine = {.scope = &ann, .kind = "docs", .what = STR("notes"), .query = STR("{}")}, theirs = mine;
	theirs.scope = &bob;
	struct arena *a = arena_new();
	struct buf cursor = BUF_INIT;
	MUST(cursor_read(db, &mine, bytes, a, &place) == ERR_BAD_CURSOR);
	cursor_make(store, &mine, bytes, &cursor);
	MUST(!cursor_read(db, &mine, buf_str(&cursor), a, &place) && str_eq(place, bytes));
	MUST(cursor_read(db, &theirs, buf_str(&cursor), a, &place) == ERR_BAD_CURSOR);
	buf_release(&cursor);
	arena_free(a);
	return 0;
}
