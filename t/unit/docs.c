/* Rows in a real database: what comes back, which index answers, what is refused, and that nothing half-done stays. */
#include "base/now.h"
#include "codec/json.h"
#include "home.h"
#include "store/conn.h"
#include "store/docs.h"
#include "store/query.h"
#include "tap.h"

static struct store *store;
static struct db *db;
static struct arena *arena;
static struct fault f;
static char app_id[ID_LEN + 1], other_app[ID_LEN + 1];
static struct scope ann, bob, stranger, job;

static struct collection notes = {.name = "notes", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER, .nindex = 2, .nunique = 1,
				  .index = {{2, {{"tag", false}, {"created", true}}}, {1, {{"rank", true}}}},
				  .unique = {{1, {{"slug", false}}}}};
static struct collection board = {.name = "board", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS, .nindex = 1,
				  .index = {{2, {{"tag", false}, {"n", false}}}}};
static struct collection rooms = {.name = "rooms", .read = WHO_SHARED, .add = WHO_MEMBERS, .change = WHO_OWNER};
static struct collection messages = {.name = "messages", .read = WHO_SHARED, .add = WHO_SHARED, .change = WHO_OWNER, .parent = &rooms};

static struct docs as(const struct scope *sc, const struct collection *c)
{
	return (struct docs){.db = db, .arena = arena, .scope = sc, .collection = c, .scan_rows = 1000};
}

static struct scope with_quota(struct scope sc)
{
	sc.max_bytes = 8 * MIB;
	sc.max_rows = 20000;
	return sc;
}

static char *add(const struct scope *sc, const struct collection *c, const char *doc)
{
	struct docs d = as(sc, c);
	struct buf out = BUF_INIT;
	char *id = arena_alloc(arena, ID_LEN + 1);
	int err = docs_insert(&d, str_of(doc), id, &out);
	buf_release(&out);
	return err ? NULL : id;
}

static int add_err(const struct scope *sc, const struct collection *c, const char *doc)
{
	f.err = 0;
	return add(sc, c, doc) ? 0 : f.err;
}

static char *find(const struct scope *sc, const struct collection *c, const char *query, const char *opts)
{
	struct docs d = as(sc, c);
	struct buf out = BUF_INIT;
	char *text = docs_find(&d, str_of(query), str_of(opts), &out) ? arena_strdup(arena, err_row(f.err)->code) : arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static int count(const struct scope *sc, const struct collection *c, const char *query)
{
	struct docs d = as(sc, c);
	struct buf out = BUF_INIT;
	int n = docs_count(&d, str_of(query), &out) ? -1 : (int)strtol(out.p, NULL, 10);
	buf_release(&out);
	return n;
}

static char *get(const struct scope *sc, const struct collection *c, const char *id)
{
	struct docs d = as(sc, c);
	struct buf out = BUF_INIT;
	docs_get(&d, str_of(id), &out);
	char *text = arena_cstr(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static int update(const struct scope *sc, const struct collection *c, const char *id, const char *changes, bool replace, int64_t rev)
{
	struct docs d = as(sc, c);
	struct buf out = BUF_INIT;
	int err = docs_update(&d, str_of(id), str_of(changes), replace, rev, &out);
	buf_release(&out);
	return err;
}

static char *member(const char *json, const char *name)
{
	struct str v;
	return json_member(str_of(json), str_of(name), &v) ? arena_cstr(arena, v) : NULL;
}

static int64_t usage(const char *what)
{
	return strcmp(what, "rows") ? db_int(db, 0, "SELECT bytes FROM usage WHERE app_id = ?", "c", app_id) :
				      db_int(db, 0, "SELECT rows FROM usage WHERE app_id = ?", "c", app_id);
}

/* ---- one row ---- */

static void test_row(void)
{
	char *id = add(&ann, &rooms, "{\"t\":\"x\",\"owner\":\"u_bob\",\"id\":\"mine\",\"rev\":9,\"created\":1,\"keep\":[1.50,1e2],\"parent\":\"p\"}");
	ok(id && id_valid(str_of(id)), "a row gets an id of the kernel's");
	char *doc = get(&ann, &rooms, id);
	is_str(member(doc, "owner"), "\"u_ann\"", "owner is who adds it");
	is_str(member(doc, "rev"), "1", "revision 1");
	is_str(member(doc, "keep"), "[1.50,1e2]", "values stay as they were written");
	ok(!member(doc, "parent"), "no parent where the collection has none");
	is_int(id_time(str_of(id)), strtoll(member(doc, "created"), NULL, 10), "the id begins with the moment of creation");
	is_int(update(&ann, &rooms, id, "{\"t\":null,\"k\\u0065ep\":1,\"new\":{\"a\":null},\"owner\":\"u_bob\"}", false, 1), 0, "update");
	doc = get(&ann, &rooms, id);
	ok(!member(doc, "t") && !strcmp(member(doc, "keep"), "1") && !strcmp(member(doc, "new"), "{\"a\":null}"), "merged: %s", doc);
	is_str(member(doc, "owner"), "\"u_ann\"", "owner never changes");
	is_int(update(&ann, &rooms, id, "{\"x\":1}", false, 1), ERR_CONFLICT, "an old revision: %s", f.message);
	is_int(update(&ann, &rooms, id, "{\"only\":1}", true, 2), 0, "replace");
	doc = get(&ann, &rooms, id);
	ok(!member(doc, "keep") && member(doc, "only") && !strcmp(member(doc, "rev"), "3"), "replaced: %s", doc);
	is_str(get(&bob, &rooms, id), "null", "another person sees nothing");
	is_int(update(&bob, &rooms, id, "{}", false, 0), ERR_NOT_FOUND, "nor can change it: %s", f.message);
	is_str(get(&ann, &board, id), "null", "and the id is of no use in another collection");
	struct scope elsewhere = ann;
	elsewhere.app_id = other_app;
	is_str(get(&elsewhere, &rooms, id), "null", "nor in another app");
}

static void test_bad_rows(void)
{
	is_int(add_err(&ann, &rooms, "[1]"), ERR_BAD_REQUEST, "%s", f.message);
	is_int(add_err(&ann, &rooms, "{\"a\":1} x"), ERR_BAD_REQUEST, "%s", f.message);
	is_int(add_err(&ann, &rooms, arena_printf(arena, "{\"a\":\"%0300000d\"}", 0)), ERR_TOO_LARGE, "%s", f.message);
	struct buf b = BUF_INIT;
	buf_adds(&b, "{\"a\":");
	for (int i = 0; i < 60; i++)
		buf_addc(&b, '[');
	for (int i = 0; i < 60; i++)
		buf_addc(&b, ']');
	buf_addc(&b, '}');
	is_int(add_err(&ann, &rooms, b.p), ERR_TOO_DEEP, "%s", f.message);
	buf_clear(&b);
	for (int i = 0; i < 1001; i++)
		buf_addf(&b, "%c\"f%d\":1", i ? ',' : '{', i);
	buf_addc(&b, '}');
	is_int(add_err(&ann, &rooms, b.p), ERR_TOO_LARGE, "%s", f.message);
	buf_release(&b);
	is_int(add_err(&stranger, &rooms, "{}"), ERR_UNAUTHORIZED, "%s", f.message);
}

static char *many(const char *name, int fields, int items)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i < fields; i++)
		buf_addf(&b, "%c\"f%d\":1", i ? ',' : '{', i);
	buf_addf(&b, "%c\"%s\":[1", fields ? ',' : '{', name);
	for (int i = 1; i < items; i++)
		buf_adds(&b, ",1");
	buf_adds(&b, "]}");
	char *text = arena_cstr(arena, buf_str(&b));
	buf_release(&b);
	return text;
}

/* What an update makes of a row is bound as a row is: else it would be one that no import takes and no migration can answer. */
static void test_grown_rows(void)
{
	char *id = add(&ann, &rooms, many("last", 999, 1)), *list = add(&ann, &rooms, many("a", 0, 9000));
	ok(id && list, "as many fields, as many values as a row may have");
	char *before = get(&ann, &rooms, id);
	is_int(update(&ann, &rooms, id, "{\"one\":1}", false, 0), ERR_TOO_LARGE, "one field more: %s", f.message);
	ok(strstr(f.message, "1000 fields: put what belongs together into one") != NULL, "what to do");
	ok(!strcmp(get(&ann, &rooms, id), before), "it stays as it was");
	is_int(update(&ann, &rooms, id, "{\"one\":1,\"last\":null}", false, 0), 0, "one for one");
	is_int(update(&ann, &rooms, list, many("b", 0, 9000), false, 0), ERR_TOO_LARGE, "a list more: %s", f.message);
	ok(strstr(f.message, "spread them over several documents") != NULL, "what to do");
	is_int(update(&ann, &rooms, list, many("b", 0, 991), false, 0), 0, "up to the bound");
	is_int(update(&ann, &rooms, list, "{\"b\":[]}", false, 0), 0, "fewer again");
	is_int(update(&ann, &rooms, list, many("a", 0, 9993), true, 0), ERR_TOO_LARGE, "replaced by one value too many");
	is_int(update(&ann, &rooms, list, many("a", 0, 9992), true, 0), 0, "by as many as may be");
	is_int(add_err(&ann, &rooms, many("a", 0, 9993)), ERR_TOO_LARGE, "and a new one: %s", f.message);
	struct docs d = as(&ann, &rooms);
	is_int(docs_delete(&d, str_of(id)) + docs_delete(&d, str_of(list)), 0, "both go");
}

/* ---- lists ---- */

static void test_pages(void)
{
	for (int i = 0; i < 25; i++)
		add(&ann, &board, arena_printf(arena, "{\"tag\":\"t%d\",\"n\":%d,\"w\":%d}", i % 2, i / 2 % 5, i));
	is_int(count(&bob, &board, "{}"), 25, "everyone's board");
	is_int(count(&stranger, &board, "{}"), 0, "but not a stranger's");
	char *page = find(&ann, &board, "{\"tag\":\"t1\"}", "{\"sort\":[\"-n\"],\"limit\":5,\"fields\":[\"w\"]}"), *cursor = member(page, "cursor");
	ok(cursor != NULL, "a first page and a cursor: %s", page);
	char *opts = arena_printf(arena, "{\"sort\":[\"-n\"],\"limit\":500,\"fields\":[\"w\"],\"cursor\":%s}", cursor);
	char *rest = find(&ann, &board, "{\"tag\":\"t1\"}", opts);
	int n = 0;
	for (char *p = rest; (p = strstr(p, "\"w\":")); p++)
		n++;
	is_int(n, 7, "the rest, without a cursor: %s", rest);
	is_str(find(&bob, &board, "{\"tag\":\"t1\"}", opts), "bad_cursor", "someone else's cursor");
	is_str(find(&ann, &board, "{\"tag\":\"t0\"}", opts), "bad_cursor", "another query's");
	is_str(find(&ann, &rooms, "{\"tag\":\"t1\"}", opts), "bad_cursor", "another collection's");
	is_str(find(&ann, &board, "{\"tag\":\"t1\"}", arena_printf(arena, "{\"sort\":\"n\",\"cursor\":%s}", cursor)), "bad_cursor", "another order's");
	int accepted = 0;
	for (size_t i = 1; cursor[i] != '"'; i++) {
		char *edited = arena_strdup(arena, opts), *at = strstr(edited, cursor);
		at[i] = at[i] == 'A' ? 'B' : 'A';
		accepted += strcmp(find(&ann, &board, "{\"tag\":\"t1\"}", edited), "bad_cursor") != 0;
	}
	is_int(accepted, 0, "no character of it can be changed");
	is_str(find(&ann, &board, "{}", "{\"cursor\":\"\"}"), "bad_cursor", "an empty one");
	is_str(find(&ann, &board, "{}", "{\"cursor\":\"%%%\"}"), "bad_cursor", "no cursor at all");
}

/* A cursor carries no authority: what is revoked is gone from the next page too. */
static void test_revoked(void)
{
	char *id[3];
	for (int i = 0; i < 3; i++) {
		id[i] = add(&ann, &rooms, "{\"shared\":true}");
		struct docs d = as(&ann, &rooms);
		docs_share(&d, str_of(id[i]), STR("u_bob"), VERB_READ);
	}
	char *page = find(&bob, &rooms, "{\"shared\":true}", "{\"limit\":1}");
	struct docs d = as(&ann, &rooms);
	is_int(docs_share(&d, str_of(id[1]), STR("u_bob"), 0), 0, "revoked");
	char *next = find(&bob, &rooms, "{\"shared\":true}", arena_printf(arena, "{\"limit\":10,\"cursor\":%s}", member(page, "cursor")));
	ok(!strstr(next, id[1]) && strstr(next, id[2]), "the revoked row is not on the next page");
}

static char *plan(const struct scope *sc, const struct collection *c, const char *query, const char *opts)
{
	struct docs d = as(sc, c);
	return docs_plan(&d, str_of(query), str_of(opts));
}

/* What is sorted are the numbers of rows: their bodies are read behind it. */
static void uses(const char *plan, const char *index, bool sorts, const char *what)
{
	const char *sorter = strstr(plan, "TEMP B-TREE FOR ORDER"), *rows = strstr(plan, "SEARCH d USING INTEGER PRIMARY KEY");
	ok(strstr(plan, index) && sorts == (sorter != NULL) && sorts == (rows != NULL) && rows >= sorter, "%s: %s", what, plan);
}

static void test_plans(void)
{
	uses(plan(&ann, &notes, "{\"tag\":\"x\"}", "{\"sort\":\"-created\"}"), "docs_k", false, "filter and order by a declared index");
	uses(plan(&ann, &notes, "{\"tag\":\"x\"}", "{\"sort\":\"-created\"}"), "k1>? AND k1<?", false, "with both bounds");
	uses(plan(&ann, &notes, "{\"rank\":{\"gt\":5}}", "{\"sort\":\"rank\"}"), "docs_k2", false, "a range, walked backwards");
	uses(plan(&ann, &notes, "{\"rank\":{\"gt\":5}}", "{\"sort\":\"-rank\"}"), "docs_k2", false, "and forwards");
	uses(plan(&ann, &notes, "{\"slug\":\"x\"}", "{}"), "docs_u1", false, "a unique index");
	uses(plan(&ann, &notes, "{}", "{}"), "docs_owner (app_id=? AND collection=? AND owner=?)", false, "own rows by the owner index");
	uses(plan(&ann, &notes, "{\"w\":1}", "{\"sort\":\"w\"}"), "docs_owner", true, "what no index has is sorted");
	uses(plan(&ann, &board, "{\"tag\":\"x\",\"n\":{\"gte\":2}}", "{\"sort\":\"n\"}"), "docs_k1", false, "a board's index");
	uses(plan(&ann, &board, "{}", "{\"sort\":\"-created\"}"), "docs_id", false, "newest first needs no index");
	uses(plan(&ann, &board, "{\"owner\":\"u_bob\"}", "{}"), "docs_owner", false, "someone's rows on a board");
	uses(plan(&ann, &board, "{\"id\":\"x\"}", "{}"), "docs_id (app_id=? AND collection=? AND id=?)", false, "one row");
	uses(plan(&ann, &rooms, "{}", "{}"), "shares_who", false, "own and shared rows, not everyone's");
	uses(plan(&ann, &rooms, "{}", "{\"sort\":\"-created\"}"), "shares_who", false, "the newest first");
	uses(plan(&ann, &rooms, "{}", "{\"sort\":\"w\"}"), "shares_who", true, "in an order of their own");
	uses(plan(&ann, &board, "{\"tag\":{\"gt\":\"x\"}}", "{}"), "docs_k1", true, "a range in the order of ids");
	uses(plan(&ann, &messages, "{\"parent\":\"x\"}", "{}"), "docs_parent (app_id=? AND parent=? AND collection=?)", false, "below a row");
	uses(plan(&stranger, &board, "{\"tag\":\"x\"}", "{}"), "shares_who", false, "who is not admitted does not walk the index");
}

/* Neighbours' rows do not count against a person's budget, own ones do, and the message names the index. */
static void test_budget(void)
{
	for (int i = 0; i < 1200; i++)
		add(&bob, &notes, arena_printf(arena, "{\"w\":%d,\"tag\":\"t%d\"}", i, i % 7));
	is_int(count(&ann, &notes, "{\"w\":5}"), 0, "1,200 rows of someone else cost nothing");
	is_int(count(&bob, &notes, "{\"w\":5}"), -1, "own rows over the budget");
	is_int(f.err, ERR_BAD_QUERY, "%s", f.message);
	ok(strstr(f.message, "\"notes\": { \"index\": [\"w\"] }") != NULL, "names the index");
	is_str(find(&bob, &notes, "{\"t\":1}", "{\"sort\":[\"-w\"]}"), "bad_query", "%s", f.message);
	ok(strstr(f.message, "[\"t,-w\"]") != NULL, "with the order");
	is_int(count(&bob, &notes, "{\"tag\":\"t3\"}"), 171, "an index has no budget");
	is_int(count(&bob, &notes, "{}"), 1200, "and everything is not looked at");
	ok(strstr(find(&bob, &notes, "{}", "{\"limit\":2}"), "\"cursor\":") != NULL, "nor a page of it");
}

/* ---- declared indexes ---- */

static int declare(const struct collection *c)
{
	int err = db_begin(db);
	if (!err)
		err = docs_declare(db, app_id, c, 1);
	return err ? db_rollback(db) : db_commit(db);
}

static void test_unique(void)
{
	is_int(add_err(&ann, &notes, "{\"slug\":\"one\"}"), 0, "a slug");
	is_int(add_err(&ann, &notes, "{\"slug\":\"one\"}"), ERR_CONFLICT, "%s", f.message);
	ok(strstr(f.message, "slug") != NULL, "names the field");
	is_int(add_err(&bob, &notes, "{\"slug\":\"one\"}"), 0, "private rows are unique per person");
	is_int(add_err(&ann, &notes, "{}"), 0, "absent");
	is_int(add_err(&ann, &notes, "{\"slug\":null}"), 0, "and null are not equal to each other");
	char *two = add(&ann, &notes, "{\"slug\":\"two\"}");
	is_int(update(&ann, &notes, two, "{\"slug\":\"one\"}", false, 0), ERR_CONFLICT, "an update too");
	is_int(update(&ann, &notes, two, "{\"other\":1}", false, 0), 0, "itself is no conflict");
}

static void test_backfill(void)
{
	struct collection c = {.name = "things", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS};
	for (int i = 0; i < 1300; i++)
		add(&ann, &c, arena_printf(arena, "{\"n\":%d}", i % 650));
	is_int(count(&ann, &c, "{\"n\":7}"), -1, "over the budget without an index");
	c.nindex = 1;
	c.index[0] = (struct key_spec){1, {{"n", false}}};
	is_int(declare(&c), 0, "declared");
	is_int(db_int(db, 9, "SELECT usable FROM slots WHERE app_id = ? AND collection = 'things'", "c", app_id), 0, "not usable yet");
	char *id = add(&ann, &c, "{\"n\":7}");
	is_int(docs_backfill(db), 0, "filled in");
	is_int(count(&ann, &c, "{\"n\":7}"), 3, "old and new rows are found by it");
	uses(plan(&ann, &c, "{\"n\":7}", "{}"), "docs_k1", false, "by the index");
	is_int(update(&ann, &c, id, "{\"n\":8}", false, 0), 0, "moved");
	is_int(count(&ann, &c, "{\"n\":7}"), 2, "out of one value");
	c.nunique = 1;
	c.unique[0] = (struct key_spec){1, {{"n", false}}};
	is_int(declare(&c), ERR_CONFLICT, "%s", f.message);
	is_int(db_int(db, 9, "SELECT count(*) FROM slots WHERE app_id = ? AND collection = 'things'", "c", app_id), 1, "and is not declared");
	c.nunique = c.nindex = 0;
	is_int(declare(&c), 0, "declared no more");
	is_int(count(&ann, &c, "{\"n\":7}"), -1, "and used no more");
	c.nindex = 1;
	c.index[0] = (struct key_spec){1, {{"m", true}}};
	is_int(declare(&c), 0, "another in its place");
	is_int(docs_backfill(db), 0, "filled in");
	is_int(count(&ann, &c, "{\"m\":7}"), 0, "holds nothing of the old one");
	is_int(count(&ann, &c, "{\"m\":{\"gte\":0}}"), 0, "at all");
}

/* Paths have a bound, but for a collection that has an index on a longer one. */
static void test_long_paths(void)
{
	struct collection c = {.name = "deep", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS};
	static const char q[] = "{\"or\":[{\"x\":1},{\"a.b.c.d.e.f.g.h.i\":1}]}";
	char *id = add(&ann, &c, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}}}");
	struct docs d = as(&ann, &c);
	struct buf out = BUF_INIT;
	is_int(docs_count(&d, str_of(q), &out), ERR_BAD_QUERY, "%s", f.message);
	is_int(docs_find(&d, STR_NONE, STR("{\"sort\":\"-a.b.c.d.e.f.g.h.i\"}"), &out), ERR_BAD_QUERY, "nor is anything sorted by it: %s", f.message);
	is_int(count(&ann, &c, "{\"a.b.c.d.e.f.g.h\":1}"), 0, "eight names are not too many");
	c.nindex = 1;
	c.index[0] = (struct key_spec){1, {{"a.b.c.d.e.f.g.h.i", false}}};
	is_int(declare(&c), 0, "an app of before has an index");
	is_int(count(&ann, &c, q), 1, "and asks by it");
	c.nindex = 0;
	is_int(declare(&c), 0, "not any more");
	docs_delete(&d, str_of(id));
	buf_release(&out);
}

static int commits;

static int committed(void *arg)
{
	(void)arg;
	commits++;
	return 0;
}

/* Few rows that are much work: not in the transaction that declares, and not in a single one. */
static void test_backfill_heavy(void)
{
	struct collection c = {.name = "volumes", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS, .nindex = 4,
			       .index = {{4, {{"a", false}, {"b", false}, {"c", false}, {"d", false}}}, {4, {{"b", false}, {"c", false}, {"d", false}, {"e", false}}},
					 {4, {{"c", false}, {"d", false}, {"e", false}, {"f", false}}}, {4, {{"d", false}, {"e", false}, {"f", false}, {"g", false}}}}};
	struct collection bare = c;
	struct buf b = BUF_INIT;
	char *id[30];
	bare.nindex = 0;
	buf_adds(&b, "{\"text\":\"");
	while (b.len < 250000)
		buf_adds(&b, "\\\"");
	buf_adds(&b, "\",\"a\":1,\"e\":2,\"g\":3}");
	for (size_t i = 0; i < ARRAY_LEN(id); i++)
		id[i] = add(&ann, &bare, b.p);
	is_int(declare(&c), 0, "declared");
	is_int(db_int(db, 9, "SELECT max(usable) FROM slots WHERE app_id = ? AND collection = 'volumes'", "c", app_id), 0, "not filled on the spot: 7 MB");
	sqlite3_commit_hook(db->conn->sql, committed, NULL);
	is_int(docs_backfill(db), 0, "filled in");
	sqlite3_commit_hook(db->conn->sql, NULL, NULL);
	ok(commits > 1, "in %d transactions", commits);
	is_int(count(&ann, &c, "{\"a\":1}"), ARRAY_LEN(id), "all of them");
	uses(plan(&ann, &c, "{\"a\":1}", "{}"), "docs_k1", true, "by the index");
	for (size_t i = 0; i < ARRAY_LEN(id); i++) {
		struct docs d = as(&ann, &c);
		docs_delete(&d, str_of(id[i]));
	}
	buf_release(&b);
}

/* ---- below a row ---- */

static void test_tree(void)
{
	char *room = add(&ann, &rooms, "{}"), *other = add(&ann, &rooms, "{}");
	int64_t rows = usage("rows"), bytes = usage("bytes");
	struct docs d = as(&ann, &rooms);
	is_int(docs_share(&d, str_of(room), STR("members"), VERB_ADD), 0, "a room for all");
	for (int i = 0; i < 20; i++)
		add(i % 2 ? &ann : &bob, &messages, arena_printf(arena, "{\"parent\":\"%s\",\"i\":%d}", i < 15 ? room : other, i));
	is_int(count(&bob, &messages, "{}"), 15, "15 in it: the other room is closed to bob");
	is_int(count(&bob, &messages, arena_printf(arena, "{\"parent\":\"%s\"}", other)), 0, "also when asked for by name");
	is_int(add_err(&bob, &messages, arena_printf(arena, "{\"parent\":\"%s\"}", other)), ERR_NOT_FOUND, "%s", f.message);
	is_int(add_err(&bob, &messages, "{}"), ERR_NOT_FOUND, "%s", f.message);
	struct docs b = as(&bob, &rooms);
	is_int(docs_delete(&b, str_of(room)), ERR_DENIED, "%s", f.message);
	is_int(docs_delete(&d, str_of(room)), 0, "the owner deletes the room");
	is_int(docs_delete(&d, str_of(other)), 0, "and the other");
	is_int(count(&ann, &messages, "{}"), 0, "and all that hung below is gone");
	is_int(usage("rows"), rows - 2, "and not counted any more");
	ok(usage("bytes") < bytes, "in bytes too");
}

/* ---- the clock ---- */

static int64_t search(struct docs *d, const char *query, int64_t ms, int *err)
{
	struct buf out = BUF_INIT;
	int64_t from = mono_ms();
	d->until = ms < 0 ? 0 : from + ms;
	*err = query ? docs_count(d, str_of(query), &out) : docs_find(d, STR_NONE, STR("{\"fields\":[\"a\",\"b\"]}"), &out);
	buf_release(&out);
	return mono_ms() - from;
}

/* Five rows, each of which takes a query of 64 conditions a third of a second. */
static void test_clock(void)
{
	static const struct collection heavy = {.name = "heavy", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS};
	struct docs d = as(&ann, &heavy);
	struct buf b = BUF_INIT, where = BUF_INIT;
	char *id[5];
	int err;
	buf_adds(&b, "{\"l\":[0");
	for (int i = 0; i < 9000; i++)
		buf_addf(&b, ",1.2345678901234%04de-300", i);
	buf_adds(&b, "]}");
	for (int i = 0; i < 5; i++)
		id[i] = add(&ann, &heavy, b.p);
	for (int i = 0; i < QUERY_CONDITIONS; i++)
		buf_addf(&where, "%s{\"l\":{\"contains\":%d}}", i ? "," : "{\"or\":[", 100 + i);
	buf_adds(&where, "]}");
	int64_t took = search(&d, "{\"l\":{\"contains\":1.23456789012340001e-300}}", -1, &err);
	is_int(err, 0, "one condition: %lld ms", (long long)took);
	took = search(&d, where.p, 30, &err);
	is_int(err, ERR_BAD_QUERY, "%s", f.message);
	ok(took < 300, "64 of them, until whoever asks is gone: %lld ms", (long long)took);
	search(&d, NULL, 30000, &err);
	is_int(err, 0, "a page");
	d.until = 1;
	struct buf out = BUF_INIT;
	is_int(docs_find(&d, STR_NONE, STR_NONE, &out), ERR_BAD_QUERY, "no page for somebody who is gone: %s", f.message);
	buf_release(&out);
	for (int i = 0; i < 5; i++)
		docs_delete(&d, str_of(id[i]));
	buf_release(&b);
	buf_release(&where);
}

static void test_usage(void)
{
	int64_t rows = usage("rows"), bytes = usage("bytes");
	db_begin(db);
	is_int(docs_recount(db, app_id), 0, "recount");
	db_commit(db);
	is_int(usage("rows"), rows, "the count of rows was right");
	is_int(usage("bytes"), bytes, "and of bytes");
	struct scope tight = ann;
	tight.max_rows = rows;
	is_int(add_err(&tight, &board, "{}"), ERR_QUOTA_EXCEEDED, "%s", f.message);
	tight = ann;
	tight.max_bytes = bytes;
	is_int(add_err(&tight, &board, "{}"), ERR_QUOTA_EXCEEDED, "%s", f.message);
	is_int(usage("rows"), rows, "a refused row is not counted");
	char *id = add(&ann, &board, "{\"tag\":\"x\"}");
	tight.max_bytes = 1;
	struct docs d = as(&tight, &board);
	is_int(update(&tight, &board, id, "{\"tag\":\"longer than before\"}", false, 0), ERR_QUOTA_EXCEEDED, "growing is refused");
	is_int(update(&tight, &board, id, "{\"tag\":null}", false, 0), 0, "shrinking is not");
	is_int(docs_delete(&d, str_of(id)), 0, "nor deleting");
	is_int(usage("rows"), rows, "back where it was");
	is_int(usage("bytes"), bytes, "exactly");
}

/* ---- transactions, shares, purge ---- */

static void test_atomic(void)
{
	int64_t rows = usage("rows");
	db_begin(db);
	ok(add(&ann, &board, "{\"tag\":\"tx\"}") != NULL, "inside");
	is_int(add_err(&stranger, &board, "{}"), ERR_UNAUTHORIZED, "a failure");
	db_rollback(db);
	is_int(count(&ann, &board, "{\"tag\":\"tx\"}"), 0, "all or nothing");
	is_int(usage("rows"), rows, "counts included");
	char *id = add(&ann, &board, "{}");
	struct docs d = as(&ann, &board), b = as(&bob, &notes);
	is_int(docs_unchanged(&d, str_of(id), 1), 0, "unchanged");
	is_int(docs_unchanged(&d, str_of(id), 2), ERR_CONFLICT, "%s", f.message);
	is_int(docs_unchanged(&d, str_of(id), 0), ERR_CONFLICT, "there, where it was absent");
	is_int(docs_unchanged(&b, str_of(id), 0), 0, "absent for whom it is not there");
}

static void test_shares(void)
{
	char *id = add(&ann, &rooms, "{}");
	struct docs d = as(&ann, &rooms), b = as(&bob, &rooms);
	struct buf out = BUF_INIT;
	is_int(docs_share(&b, str_of(id), STR("u_bob"), VERB_CHANGE), ERR_NOT_FOUND, "not one's own, not seen");
	is_int(docs_share(&d, str_of(id), STR("u_bob"), VERB_READ), 0, "read");
	is_int(docs_share(&d, str_of(id), STR("u_bob"), VERB_CHANGE), 0, "then change");
	is_int(docs_share(&d, str_of(id), STR("anyone"), VERB_READ), 0, "and anyone");
	is_int(docs_shares(&d, str_of(id), &out), 0, "shares");
	is_str(out.p, "[{\"who\":\"anyone\",\"level\":\"read\"},{\"who\":\"u_bob\",\"level\":\"change\"}]", "one line each");
	is_int(docs_shares(&b, str_of(id), &out), ERR_DENIED, "%s", f.message);
	is_int(docs_share(&b, str_of(id), STR("anyone"), VERB_CHANGE), ERR_DENIED, "%s", f.message);
	is_int(docs_share(&d, str_of(id), STR("anyone"), 0), 0, "ended");
	is_int(count(&stranger, &rooms, "{}"), 0, "for anyone");
	buf_release(&out);
}

static void test_why(void)
{
	bool yes;
	char *id = add(&ann, &rooms, "{}"), *m = add(&ann, &messages, arena_printf(arena, "{\"parent\":\"%s\"}", id));
	struct docs d = as(&ann, &rooms);
	is_str(scope_why(db, &ann, &rooms, str_of(id), VERB_READ, arena, &yes), "it is theirs", "why");
	ok(yes, "admitted");
	is_str(scope_why(db, &bob, &rooms, str_of(id), VERB_READ, arena, &yes),
	       "it is not theirs, the rule of rooms for read is \"shared\" and it is not shared with them", "why not");
	ok(!yes, "denied");
	ok(strstr(scope_why(db, &bob, &messages, str_of(m), VERB_READ, arena, &yes), "they may not read") == NULL, "by its own rule first");
	docs_share(&d, str_of(id), STR("u_bob"), VERB_READ);
	ok(strstr(scope_why(db, &bob, &rooms, str_of(id), VERB_READ, arena, &yes), "shared with them to read") && yes, "a share");
	ok(scope_why(db, &bob, &messages, str_of(m), VERB_READ, arena, &yes) && yes, "and below it");
	ok(scope_why(db, &bob, &messages, str_of(m), VERB_CHANGE, arena, &yes) && !yes, "but no change");
	ok(strstr(scope_why(db, &bob, &rooms, STR("none"), VERB_READ, arena, &yes), "there is no row") != NULL, "no row");
}

/* What reaches a row without the scope does not get prepared, and what has the scope does not outlive it in the cache. */
static void test_scope(void)
{
	is_int(db_run(db, "SELECT body FROM docs", ""), ERR_INTERNAL, "no scope, no rows");
	ok(!scope_prepare(db, &ann, &notes, VERB_READ, "SELECT d.body FROM docs d WHERE d.app_id = :app") && f.err == ERR_INTERNAL, "%s", f.message);
	ok(!scope_prepare(db, &ann, &notes, VERB_READ, "SELECT d.body FROM docs d WHERE d.owner = :me AND :level"), "without :app");
	ok(!scope_kernel(db, app_id, "SELECT body FROM docs"), "nor the kernel's own without an app");
	const char *sql = "SELECT 1 FROM docs d WHERE d.app_id = :app AND d.owner = :me AND :level";
	struct stmt *s = scope_prepare(db, &ann, &notes, VERB_READ, sql);
	ok(s && stmt_row(s) >= 0, "with all three");
	stmt_done(s);
	is_int(db_run(db, sql, "nnn"), ERR_INTERNAL, "the same text by the other door is refused");
	db_forgive(db);
	ok(!scope_prepare(db, &ann, &notes, VERB_READ, "WITH docs AS (SELECT * FROM sqlite_schema) SELECT *, :app, :me, :level FROM docs"),
	   "no schema even with a scope");
	ok(!scope_prepare(db, &ann, &notes, VERB_READ, "SELECT value, :app, :me, :level FROM settings"), "nor any other table");
	struct collection deep[6] = {{.name = "a"}};
	for (int i = 1; i < 6; i++)
		deep[i] = (struct collection){.name = "a", .read = WHO_ANYONE, .parent = &deep[i - 1]};
	ok(!scope_prepare(db, &ann, &deep[5], VERB_READ, sql), "%s", f.message);
	db_forgive(db);
}

static void test_purge(void)
{
	struct scope theirs = ann;
	theirs.app_id = other_app;
	char *kept = add(&theirs, &rooms, "{}");
	is_int(docs_purge(db, app_id), 0, "purge");
	is_int(count(&ann, &rooms, "{}"), 0, "no rows");
	is_int(usage("rows"), 0, "no usage");
	ok(strcmp(get(&theirs, &rooms, kept), "null") != 0, "the neighbour's rows stay");
}

int main(void)
{
	store = home_make();
	arena = arena_new();
	db = db_borrow(store, &f);
	id_new(app_id);
	id_new(other_app);
	ann = with_quota(scope_person(app_id, "u_ann", false));
	bob = with_quota(scope_person(app_id, "u_bob", false));
	stranger = with_quota(scope_stranger(app_id));
	job = with_quota(scope_app(app_id));
	struct collection all[] = {notes, board};
	db_begin(db);
	is_int(docs_declare(db, app_id, all, 2), 0, "declared: %s", f.message);
	db_commit(db);
	test_row();
	test_bad_rows();
	test_grown_rows();
	test_pages();
	test_revoked();
	test_plans();
	test_budget();
	test_unique();
	test_backfill();
	test_long_paths();
	test_backfill_heavy();
	test_tree();
	test_clock();
	test_usage();
	test_atomic();
	test_shares();
	test_why();
	test_scope();
	test_purge();
	db_return(db);
	arena_free(arena);
	home_remove(store);
	return done_testing();
}
