/* Keys: whose they are, how long they live, and that numbers are counted once. */
#include "base/id.h"
#include "base/now.h"
#include "codec/json.h"
#include "home.h"
#include "store/docs.h"
#include "store/kv.h"
#include "tap.h"

static struct db *db;
static struct arena *arena;
static struct fault f;
static char app_id[ID_LEN + 1];
static struct scope ann, bob, stranger, job;
static struct collection views = {.name = "views", .read = WHO_ANYONE, .add = WHO_MEMBERS, .change = WHO_ANYONE};
static struct collection conf = {.name = "conf", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_ADMINS};

static struct kv as(const struct scope *sc, const struct collection *c)
{
	return (struct kv){.db = db, .arena = arena, .scope = sc, .collection = c};
}

static const char *get(const struct scope *sc, const struct collection *c, const char *key)
{
	struct kv k = as(sc, c);
	struct buf out = BUF_INIT;
	const char *text = kv_get(&k, str_of(key), &out) ? err_row(f.err)->code : arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static int set(const struct scope *sc, const struct collection *c, const char *key, const char *value, int64_t ttl)
{
	struct kv k = as(sc, c);
	return kv_set(&k, str_of(key), str_of(value), ttl);
}

static const char *incr(const struct scope *sc, const struct collection *c, const char *key, double by)
{
	struct kv k = as(sc, c);
	struct buf out = BUF_INIT;
	const char *text = kv_incr(&k, str_of(key), by, &out) ? err_row(f.err)->code : arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static const char *cas(const char *key, const char *old, const char *new)
{
	struct kv k = as(&ann, NULL);
	struct buf out = BUF_INIT;
	const char *text = kv_cas(&k, str_of(key), str_of(old), str_of(new), &out) ? err_row(f.err)->code : arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static const char *list(const struct scope *sc, const struct collection *c, const char *prefix, int limit, const char *cursor)
{
	struct kv k = as(sc, c);
	struct buf out = BUF_INIT;
	const char *text = kv_list(&k, str_of(prefix), limit, str_of(cursor), &out) ? err_row(f.err)->code : arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static void test_whose(void)
{
	is_int(set(&ann, NULL, "k", "{\"a\":1}", 0), 0, "set");
	is_str(get(&ann, NULL, "k"), "{\"a\":1}", "get");
	is_str(get(&bob, NULL, "k"), "null", "private");
	is_str(get(&job, NULL, "k"), "null", "also from the app");
	is_str(get(&stranger, NULL, "k"), "unauthorized", "%s", f.message);
	is_int(set(&stranger, NULL, "k", "1", 0), ERR_UNAUTHORIZED, "a stranger has no keys");
	is_str(incr(&stranger, &views, "views/1", 1), "1", "but counts views");
	is_str(incr(&ann, &views, "views/1", 2), "3", "with everyone");
	is_str(get(&job, &views, "views/1"), "3", "and the app");
	is_int(set(&ann, &conf, "conf/x", "1", 0), ERR_DENIED, "%s", f.message);
	is_int(set(&job, &conf, "conf/x", "1", 0), 0, "the app may");
	is_str(get(&ann, &conf, "conf/x"), "1", "members read");
	is_str(get(&stranger, &conf, "conf/x"), "denied", "strangers do not");
}

static void test_bounds(void)
{
	is_int(set(&ann, NULL, "", "1", 0), ERR_BAD_REQUEST, "%s", f.message);
	is_int(set(&ann, NULL, arena_printf(arena, "%0513d", 0), "1", 0), ERR_BAD_REQUEST, "%s", f.message);
	is_int(set(&ann, NULL, "big", arena_printf(arena, "\"%070000d\"", 0), 0), ERR_TOO_LARGE, "%s", f.message);
	is_int(set(&ann, NULL, "ttl", "1", -1), ERR_BAD_REQUEST, "%s", f.message);
	struct scope tight = ann;
	tight.max_bytes = 10;
	is_int(set(&tight, NULL, "new", "1", 0), ERR_QUOTA_EXCEEDED, "%s", f.message);
	is_str(get(&ann, NULL, "new"), "null", "and is not there");
	struct kv k = as(&tight, NULL);
	is_int(kv_delete(&k, STR("k")), 0, "deleting always works");
}

static const char *nested(int levels)
{
	char *text = arena_alloc(arena, 2 * (size_t)levels + 1);
	memset(text, '[', (size_t)levels);
	memset(text + levels, ']', (size_t)levels);
	text[2 * levels] = 0;
	return text;
}

/* As deep as a document: what is put around it, in a list or an export, fits as well. */
static void test_depth(void)
{
	is_int(set(&ann, NULL, "d/deep", nested(57), 0), ERR_TOO_DEEP, "too deep: %s", f.message);
	is_str(get(&ann, NULL, "d/deep"), "null", "is not there");
	is_int(set(&ann, NULL, "d/deep", nested(56), 0), 0, "as deep as may be");
	is_str(cas("d/deep", nested(56), nested(57)), "too_deep", "also with cas: %s", f.message);
	is_str(get(&ann, NULL, "d/deep"), nested(56), "nothing was changed");
	is_str(cas("d/deep", nested(56), nested(56)), "true", "as deep as may be");
	const char *page = list(&ann, NULL, "d/", 9, NULL);
	is_int(json_check(str_of(page), JSON_DEPTH, 100, &f), 0, "a list of it can be read");
}

static void test_time(void)
{
	is_int(set(&ann, NULL, "soon", "1", 10), 0, "for ten seconds");
	is_str(get(&ann, NULL, "soon"), "1", "is there");
	now_shift(9000);
	is_str(incr(&ann, NULL, "soon", 1), "2", "counting does not prolong it");
	now_shift(11000);
	is_str(get(&ann, NULL, "soon"), "null", "is gone");
	is_str(incr(&ann, NULL, "soon", 1), "1", "and begins anew");
	now_shift(0);
	int64_t rows = db_int(db, 0, "SELECT rows FROM usage WHERE app_id = ?", "c", app_id);
	for (int i = 0; i < 10; i++)
		set(&ann, NULL, arena_printf(arena, "tmp%d", i), "1", 5);
	now_shift(6000);
	set(&bob, NULL, "b", "1", 0);
	is_int(db_int(db, 0, "SELECT rows FROM usage WHERE app_id = ?", "c", app_id), rows + 1, "expired keys are cleared away in passing");
	now_shift(0);
}

static void test_numbers(void)
{
	is_str(incr(&ann, NULL, "n", 0.5), "0.5", "halves");
	is_str(incr(&ann, NULL, "n", 0.5), "1", "whole again");
	is_str(incr(&ann, NULL, "n", -3), "-2", "down");
	set(&ann, NULL, "text", "\"1\"", 0);
	is_str(incr(&ann, NULL, "text", 1), "conflict", "%s", f.message);
	is_str(get(&ann, NULL, "text"), "\"1\"", "and stays");
	is_str(incr(&ann, NULL, "n", 1e308), "1e+308", "large");
	is_str(incr(&ann, NULL, "n", 1e308), "conflict", "%s", f.message);
	is_str(cas("c", NULL, "1"), "true", "absent, as expected");
	is_str(cas("c", NULL, "2"), "false", "not absent");
	is_str(cas("c", "{}", "2"), "false", "not that value");
	is_str(cas("c", " 1", "{\"a\":[1,2]}"), "true", "that value");
	is_str(cas("c", "{ \"a\" : [1, 2] }", NULL), "true", "the same value, written otherwise; nil deletes");
	is_str(get(&ann, NULL, "c"), "null", "deleted");
}

static void test_list(void)
{
	for (int i = 0; i < 5; i++)
		set(&ann, NULL, arena_printf(arena, "l/%d", i), "true", 0);
	set(&ann, NULL, "l0", "true", 0);
	set(&bob, NULL, "l/x", "true", 0);
	is_str(list(&ann, NULL, "l/", 9, NULL),
	       "{\"items\":[{\"key\":\"l/0\",\"value\":true},{\"key\":\"l/1\",\"value\":true},{\"key\":\"l/2\",\"value\":true},"
	       "{\"key\":\"l/3\",\"value\":true},{\"key\":\"l/4\",\"value\":true}]}", "by prefix, one's own");
	const char *page = list(&ann, NULL, "l/", 3, NULL), *at = strstr(page, "\"cursor\":\"");
	ok(at != NULL, "a cursor");
	char *cursor = arena_strdup(arena, at + 10);
	*strchr(cursor, '"') = 0;
	is_str(list(&ann, NULL, "l/", 3, cursor), "{\"items\":[{\"key\":\"l/3\",\"value\":true},{\"key\":\"l/4\",\"value\":true}]}", "the next page");
	is_str(list(&bob, NULL, "l/", 3, cursor), "bad_cursor", "nobody else's");
	is_str(list(&ann, NULL, "l", 3, cursor), "bad_cursor", "no other prefix's");
	is_str(list(&stranger, NULL, "", 3, NULL), "unauthorized", "a stranger lists nothing");
	is_str(list(&stranger, &views, "views/", 3, NULL), "{\"items\":[{\"key\":\"views/1\",\"value\":3}]}", "but what is open");
}

int main(void)
{
	struct store *store = home_make();
	arena = arena_new();
	db = db_borrow(store, &f);
	id_new(app_id);
	ann = scope_person(app_id, "u_ann", false);
	bob = scope_person(app_id, "u_bob", false);
	stranger = scope_stranger(app_id);
	job = scope_app(app_id);
	struct scope *all[] = {&ann, &bob, &stranger, &job};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		all[i]->max_bytes = all[i]->max_rows = MIB;
	test_whose();
	test_bounds();
	test_depth();
	test_time();
	test_numbers();
	test_list();
	int64_t bytes = db_int(db, 0, "SELECT bytes FROM usage WHERE app_id = ?", "c", app_id);
	db_begin(db);
	docs_recount(db, app_id);
	db_commit(db);
	is_int(db_int(db, 0, "SELECT bytes FROM usage WHERE app_id = ?", "c", app_id), bytes, "every byte was counted");
	db_return(db);
	arena_free(arena);
	home_remove(store);
	return done_testing();
}
