/* Installing on a disk that fails: every statement of every way in, and away, fails in turn. Each ends with an error that has
 * words, and leaves an app absent or complete, what served serving, and nothing half-written; when the disk works again, so
 * does the same call. */
#include <fcntl.h>
#include <unistd.h>

#define FAILING_STATEMENTS
#include "base/crypt.h"
#include "base/log.h"
#include "base/tree.h"
#include "failing.h"
#include "kernel/install.h"
#include "store/docs.h"
#include "store/health.h"
#include "store/user.h"
#include "tap.h"

static struct arena *a;
static struct node n;
static char home[64] = "/tmp/fazt-test-XXXXXX", whole[80];
static int dir;

/* ---- what is done ---- */

static char tool[ID_LEN + 1], newer[ID_LEN + 1]; /* candidates that are to be fetched, */
static struct shown {
	char id[ID_LEN + 1], hash[PACKAGE_HASH_LEN + 1];
} board, wider; /* and that are ready */
static struct package *box, *boxes, *shop, *shops, *post;
static struct str all;
static char made[ID_LEN + 1];

static const char *folder(const char *name)
{
	return arena_printf(a, "%s/src/%s", home, name);
}

static struct candidate *candidate(const char *id)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	struct candidate *c = candidate_get(db, a, str_of(id));
	db_return(db);
	return c;
}

static int consent(const struct shown *c, struct fault *f)
{
	char app_id[ID_LEN + 1];
	struct consent given = {.id = str_of(c->id), .hash = str_of(c->hash), .npermissions = 1, .permission = &all, .by = "owner"};
	return install_consent(&n, &given, app_id, f);
}

static int begin(struct fault *f)
{
	return candidate_begin(&n, str_of(folder("tool")), STR("other"), STR(""), true, made, f);
}

static int fetch(struct fault *f)
{
	return candidate_fetch(&n, tool, f);
}

static int install(struct fault *f)
{
	return consent(&board, f);
}

static int upgrade(struct fault *f)
{
	return candidate_fetch(&n, newer, f);
}

static int widen(struct fault *f)
{
	return consent(&wider, f);
}

static int bring(struct fault *f)
{
	return install_package(&n, box, "try:box", made, f);
}

static int bring_again(struct fault *f)
{
	int err = bring(f);
	return err ? err : install_package(&n, boxes, "try:box", made, f);
}

static int arrive(const struct package *p, const char *app, struct fault *f)
{
	struct arrival w = {.package = p, .app = app, .source = "push:here", .origin = "push:here"};
	return install_arrival(&n, &w, a, f);
}

static int push(struct fault *f)
{
	return arrive(shops, "shop", f);
}

static int push_new(struct fault *f)
{
	return arrive(post, "post", f);
}

static int keep(struct fault *f)
{
	return candidate_keep(&n, post, "file:post", "file:post", STR("letters"), made, f);
}

static int back(struct fault *f)
{
	return install_rollback(&n, STR("pad"), false, f);
}

static int back_with_rows(struct fault *f)
{
	return install_rollback(&n, STR("pad"), true, f);
}

static int remove_app(struct fault *f)
{
	return install_remove(&n, STR("pad"), false, f);
}

static int purge(struct fault *f)
{
	return install_remove(&n, STR("pad"), true, f);
}

#define SERVES(app, version) "SELECT count(*) FROM apps WHERE name = '" app "' AND state <> 'removed' AND version = " version

/* Each with a question whose answer is 1 when it happened and 0 when it did not. */
static const struct way {
	int (*run)(struct fault *f);
	const char *name, *question;
} ways[] = {
	{begin, "beginning a candidate", "SELECT count(*) FROM candidates WHERE name = 'other'"},
	{fetch, "fetching", "SELECT count(*) FROM candidates JOIN packages ON hash = package WHERE source LIKE '%/tool' AND state = 'ready' AND trial = '[1]'"},
	{install, "consenting", SERVES("board", "1")},
	{upgrade, "an upgrade that asks for nothing", SERVES("pad", "3")},
	{widen, "consenting to an upgrade", SERVES("pad", "3")},
	{bring, "an app without consent", SERVES("box", "1")},
	{bring_again, "bringing it up to date", SERVES("box", "2")},
	{push, "a push", SERVES("shop", "2")},
	{push_new, "a push of a new app", "SELECT count(*) FROM candidates WHERE name = 'post' AND state = 'ready'"},
	{keep, "keeping a candidate", "SELECT count(*) FROM candidates WHERE name = 'letters' AND state = 'ready'"},
	{back, "going back", SERVES("pad", "1")},
	{back_with_rows, "going back with the rows", SERVES("pad", "1")},
	{remove_app, "removing", "SELECT 1 - count(*) FROM apps WHERE name = 'pad' AND state <> 'removed'"},
	{purge, "purging", "SELECT 1 - count(*) FROM apps WHERE name = 'pad' AND state <> 'removed'"},
};

/* ---- what is there before ---- */

static void write_app(const char *name, const char *more, const char *code)
{
	const char *json = arena_printf(a, "{\"name\":\"%s\",\"collections\":{\"notes\":{\"index\":[\"tag\"]}},"
					   "\"permissions\":[\"storage\"%s]}", name, more);
	tree_remove(dir, arena_printf(a, "src/%s", name));
	tree_write(dir, arena_printf(a, "src/%s/app.json", name), str_of(json), 1000);
	tree_write(dir, arena_printf(a, "src/%s/api/main.lua", name), str_of(code), 1000);
	tree_write(dir, arena_printf(a, "src/%s/public/index.html", name), str_of(code), 1000);
}

static struct package *package(const char *name, const char *code)
{
	struct fault f = {0};
	struct package *p = package_new();
	const char *json = arena_printf(a, "{\"name\":\"%s\",\"permissions\":[\"storage\"]}", name);
	if (package_file(p, STR("app.json"), str_of(json), &f) || package_file(p, STR("api/main.lua"), str_of(code), &f) ||
	    package_finish(p, false, &f))
		die("%s: %s", name, f.message);
	return p;
}

static void must(int err, const struct fault *f)
{
	if (err)
		die("what is there before: %s", fault_message(f));
}

static const char *id_of(const char *app)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	struct app_row *row = app_row_by_name(db, a, str_of(app));
	db_return(db);
	return row ? row->id : "";
}

static void show(struct shown *c)
{
	snprintf(c->hash, sizeof c->hash, "%s", candidate(c->id)->package);
}

static void fetched(const char *name, const char *for_app, struct shown *c)
{
	struct fault f = {0};
	must(candidate_begin(&n, str_of(folder(name)), STR(""), str_of(for_app), true, c->id, &f), &f);
	must(candidate_fetch(&n, c->id, &f), &f);
	show(c);
}

static void add_row(const char *app_id)
{
	char id[ID_LEN + 1];
	struct fault f = {0};
	struct buf out = BUF_INIT;
	struct scope ann = scope_person(app_id, "u_000000000000000000000000", false);
	struct collection notes = collection_default("notes");
	ann.max_bytes = ann.max_rows = ann.max_files = INT64_MAX;
	struct db *db = db_borrow(n.store, &f);
	struct docs d = {.db = db, .arena = a, .scope = &ann, .collection = &notes, .scan_rows = 1000};
	must(docs_insert(&d, STR("{\"tag\":\"x\"}"), id, &out), &f);
	db_return(db);
	buf_release(&out);
}

static void make_pad(void)
{
	struct shown c;
	struct fault f = {0};
	write_app("pad", "", "return {}");
	fetched("pad", "", &c);
	must(consent(&c, &f), &f);
	add_row(id_of("pad"));
	write_app("pad", "", "return { }");
	fetched("pad", id_of("pad"), &c);
	write_app("pad", ",\"people\",\"net:api.example.com\"", "return {}");
	fetched("pad", id_of("pad"), &wider);
	write_app("pad", "", "return {  }");
	must(candidate_begin(&n, str_of(folder("pad")), STR(""), str_of(id_of("pad")), true, newer, &f), &f);
}

static void make_owner(void)
{
	struct fault f = {0};
	struct user u;
	struct db *db = db_borrow(n.store, &f);
	must(db_begin(db) || user_create(db, STR("Owner"), ROLE_OWNER, &u) || db_commit(db), &f);
	db_return(db);
}

static void make_whole(void)
{
	struct fault f = {0};
	make_owner();
	box = package("box", "return {}"), boxes = package("box", "return { }");
	shop = package("shop", "return {}"), shops = package("shop", "return { }"), post = package("post", "return {}");
	write_app("tool", "", "return {}");
	write_app("board", ",\"people\"", "return {}");
	make_pad();
	fetched("board", "", &board);
	must(candidate_begin(&n, str_of(folder("tool")), STR(""), STR(""), true, tool, &f), &f);
	struct arrival w = {.package = shop, .app = "shop", .source = "push:here", .origin = "push:here"};
	must(install_arrival(&n, &w, a, &f), &f);
	struct shown c;
	memcpy(c.id, w.candidate, sizeof c.id);
	show(&c);
	must(consent(&c, &f), &f);
	struct db *db = db_borrow(n.store, &f);
	db_checkpoint(db); /* all of it into the one file */
	db_return(db);
}

/* ---- around it ---- */

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (ssize_t got; (got = read(in, block, sizeof block)) > 0;)
		if (write(out, block, (size_t)got) != got)
			die("%s cannot be written", to);
	close(in);
	close(out);
}

static void open_home(enum store_mode mode)
{
	struct fault f = {0};
	must(node_open(&n, home, mode, &f), &f);
	store_durability(n.store, false);
}

static void begin_again(void)
{
	node_close(&n);
	tree_remove(dir, "data.db-wal");
	tree_remove(dir, "data.db-shm");
	copy_file(whole, arena_printf(a, "%s/data.db", home));
	open_home(STORE_SERVE);
}

static void found(void *arg, const char *what)
{
	*(const char **)arg = arena_strdup(a, what);
}

/* What is wrong with what is there, or NULL. */
static const char *look(const struct way *way, int err)
{
	static const enum health parts[] = {HEALTH_DANGLING, HEALTH_USAGE, HEALTH_REFERENCES, HEALTH_CONTENT, HEALTH_ORPHANS};
	struct fault f = {0};
	const char *wrong = NULL;
	struct db *db = db_borrow(n.store, &f);
	for (size_t i = 0; i < ARRAY_LEN(parts) && !wrong; i++)
		if (health_look(db, parts[i], found, &wrong))
			wrong = f.message;
	if (!wrong && db_int(db, -1, way->question, "") != !err)
		wrong = err ? "it failed and happened" : "it was said to be done, and is not";
	db_return(db);
	return wrong;
}

/* A fetch that failed stays failed, and says why; everything else is done by doing it again. */
static const char *try_again(const struct way *way)
{
	struct fault f = {0};
	int err = way->run(&f);
	const struct candidate *c = way->run == fetch ? candidate(tool) : way->run == upgrade ? candidate(newer) : NULL;
	if (c && !strcmp(c->state, "failed"))
		return *c->error ? look(way, 1) : "it failed without saying why";
	return err ? arena_printf(a, "it does not work again: %s", f.message) : look(way, 0);
}

static const char *judge(const struct way *way, int err, const struct fault *f)
{
	if (err && (f->err != err || !fault_message(f)[0]))
		return "an error without words";
	if (err && err_row(err)->http < 500)
		return arena_printf(a, "it is said to be something else: %s", f->message);
	if (!err && f->err)
		return "an error that nobody returned";
	const char *wrong = look(way, err);
	return wrong || !err ? wrong : try_again(way);
}

static void fail_everywhere(const struct way *way, bool for_good)
{
	int64_t at = 0, failed = 0, reached;
	const char *wrong = NULL;
	do {
		struct fault f = {0};
		arena_reset(a);
		begin_again();
		failing_arm(FAIL_STATEMENT, ++at, for_good);
		int err = way->run(&f);
		reached = failing_calm();
		if (!err)
			err = fault_blind(&f); /* as the gate does */
		failed += err != 0;
		wrong = judge(way, err, &f);
	} while (!wrong && reached >= at);
	ok(!wrong && failed > 5, "%s: %lld statements fail%s, %lld times it does; %s", way->name, (long long)at - 1,
	   for_good ? " for good" : "", (long long)failed, wrong ? wrong : "and works without");
}

static int check(struct node *node UNUSED, const struct package *p UNUSED, struct fault *f UNUSED)
{
	return 0;
}

static int try_it(struct node *node UNUSED, const struct package *p UNUSED, struct buf *report, struct fault *f UNUSED)
{
	buf_adds(report, "[1]");
	return 0;
}

int main(void)
{
	failing_install();
	crypt_init();
	a = arena_new();
	all = STR("all");
	log_open("/nowhere");
	if (!mkdtemp(home))
		die("no home");
	dir = open(home, O_RDONLY | O_DIRECTORY);
	package_check = check;
	package_try = try_it;
	open_home(STORE_CREATE);
	make_whole();
	node_close(&n);
	snprintf(whole, sizeof whole, "%s/whole", home);
	copy_file(arena_printf(a, "%s/data.db", home), whole);
	open_home(STORE_SERVE);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		fail_everywhere(&ways[i], false);
	for (size_t i = 0; i < ARRAY_LEN(ways) && getenv("FAZT_LONG"); i++)
		fail_everywhere(&ways[i], true);
	node_close(&n);
	close(dir);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + strlen("/tmp/"));
	close(tmp);
	struct package *packages[] = {box, boxes, shop, shops, post};
	for (size_t i = 0; i < ARRAY_LEN(packages); i++)
		package_free(packages[i]);
	arena_free(a);
	return done_testing();
}
