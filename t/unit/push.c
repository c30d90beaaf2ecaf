/* Pushes: what is lacking, what is believed, what is kept and what is dropped. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/now.h"
#include "base/tree.h"
#include "kernel/push.h"
#include "tap.h"

static struct arena *a;
static struct node n;
static struct fault f;

static const char manifest[] = "{\"name\":\"shop\"}";
static int fails; /* what the check of the code answers */

static int check_code(struct node *node UNUSED, const struct package *p UNUSED, struct fault *fault_out)
{
	return fails ? fault(fault_out, fails, "the code does not load") : 0;
}

static int64_t count(const char *sql)
{
	struct db *db = db_borrow(n.store, &f);
	int64_t v = db_int(db, -1, sql, "");
	db_return(db);
	return v;
}

#define PIECES count("SELECT count(*) FROM pieces")
#define VERSIONS count("SELECT count(*) FROM versions")
#define PACKAGES count("SELECT count(*) FROM packages")
#define OBJECTS count("SELECT count(*) FROM objects")
#define CANDIDATES count("SELECT count(*) FROM candidates")

static struct push_file file(const char *path, const char *bytes)
{
	struct push_file x = {.path = str_of(path)};
	crypt_hash(x.hash, bytes, strlen(bytes));
	return x;
}

static struct push_piece piece(const char *whole, size_t at, const char *bytes)
{
	struct push_piece x = {.at = (int64_t)at, .bytes = str_of(bytes)};
	crypt_hash(x.hash, whole, strlen(whole));
	return x;
}

static struct arrival came;

static int push(struct push *p)
{
	came = (struct arrival){.app = "shop", .source = "push:here", .origin = "push:here"};
	fault_clear(&f);
	return push_package(&n, p, &came, a, &f);
}

/* A package of app.json and this api/main.lua; with: what comes along. */
static int push_main(const char *main, bool with)
{
	struct push_file files[] = {file("app.json", manifest), file("api/main.lua", main)};
	struct push_piece pieces[] = {piece(manifest, 0, manifest), piece(main, 0, main)};
	struct push p = {.nfiles = 2, .file = files, .npieces = with ? 2 : 0, .piece = pieces};
	int err = push(&p);
	return err ? -err : p.nlacking;
}

static void first(void)
{
	is_int(push_main("return {}", false), 2, "what is lacking is said");
	is_int(PACKAGES, 0, "and nothing is made");
	fails = ERR_BAD_PACKAGE;
	is_int(push_main("return {}", true), -ERR_BAD_PACKAGE, "code that does not load");
	is_int(PACKAGES + PIECES + CANDIDATES, 0, "leaves nothing");
	fails = 0;
	is_int(push_main("return {}", true), 0, "all of it");
	ok(came.reason && *came.candidate, "a new app waits for its owner");
	is_int(push_main("return {1}", true), 0, "the next push");
	is_int(CANDIDATES, 1, "takes the place of the one that waits");
	is_int(PACKAGES, 1, "and of its package");
	char app_id[ID_LEN + 1];
	struct db *db = db_borrow(n.store, &f);
	struct candidate *c = candidate_get(db, a, str_of(came.candidate));
	db_return(db);
	is_int(install_consent(&n, &(struct consent){.id = str_of(c->id), .hash = str_of(c->package), .by = "owner"}, app_id, &f), 0, "consented to");
	is_int(came.version, 0, "it had no version");
}

static void again(void)
{
	char main[64];
	for (int i = 0; i < 20; i++) {
		snprintf(main, sizeof main, "return { %d }", i);
		push_main(main, true);
	}
	ok(came.version > 20 && !came.reason, "what asks for nothing new serves at once");
	is_int(VERSIONS, 2, "two versions are kept");
	is_int(PACKAGES, 2, "two packages");
	is_int(OBJECTS, 3, "the objects of two");
	is_int(PIECES, 0, "and no pieces");
	int64_t version = came.version;
	is_int(push_main("return { 19 }", true), 0, "the same once more");
	is_int(came.version, version, "is no new version");
	is_int(push_main("return { 18 }", false), 0, "what the version before had need not come again");
}

static void pieces(void)
{
	const char *whole = "return 'abcdefghij'";
	struct push_piece part[] = {piece(whole, 10, "cdefghij'"), piece(whole, 0, "return 'ab")};
	struct push p = {.npieces = 1, .piece = part};
	is_int(push_pieces(&n, &p, &f), 0, "a piece");
	is_int(push_main(whole, false), 1, "is not the whole");
	p.piece = part + 1;
	push_pieces(&n, &p, &f);
	is_int(push_main(whole, false), 0, "all pieces are, in whatever order they came");
	is_int(PIECES, 0, "and are dropped when they are used");
	part[0] = piece("return 'x'", 0, "return 'evil'");
	p.piece = part;
	push_pieces(&n, &p, &f);
	is_int(push_main("return 'x'", false), 1, "bytes that are not what they are called are not believed");
	part[0] = piece("return 'x'", 0, "return 'x'");
	push_pieces(&n, &p, &f);
	is_int(push_main("return 'x'", false), 0, "and can be corrected");
	part[0] = piece("never", 0, "nev");
	push_pieces(&n, &p, &f);
	is_int(PIECES, 1, "a push given up leaves its pieces");
	now_shift(PIECE_MS + 1000);
	part[0] = piece("later", 0, "lat");
	push_pieces(&n, &p, &f);
	is_int(PIECES, 1, "until the next one after their time");
}

static void bounds(void)
{
	static char mib[MIB];
	struct push_piece big = piece("big", 0, "");
	struct push p = {.npieces = 1, .piece = &big};
	int err = 0, i;
	memset(mib, 'x', sizeof mib);
	big.bytes = (struct str){mib, sizeof mib};
	for (i = 0; !err && i < 100; i++) {
		big.at = i;
		err = push_pieces(&n, &p, &f);
	}
	is_int(err, ERR_TOO_LARGE, "unfinished pushes have a bound");
	ok(i > 30 && i < 50, "of about 40 MB");
	struct push_file bad[] = {file("app.json", manifest), file("../etc", manifest)};
	struct push_piece with[] = {piece(manifest, 0, manifest)};
	struct push q = {.nfiles = 2, .file = bad, .npieces = 1, .piece = with};
	is_int(push(&q), ERR_BAD_PATH, "paths are those of a package");
	struct push_file lone[] = {file("api/main.lua", manifest)};
	q = (struct push){.nfiles = 1, .file = lone, .npieces = 1, .piece = with};
	is_int(push(&q), ERR_BAD_PACKAGE, "and so is what must be there");
}

/* Pieces without bytes cost too. */
static void empty_pieces(void)
{
	struct push_piece many[1000];
	struct push p = {.npieces = 1000, .piece = many};
	int err = 0, i;
	now_shift(now_shifted() + PIECE_MS + 1000);
	for (i = 0; !err && i < 1000; i++) {
		for (int k = 0; k < 1000; k++) {
			many[k] = piece("empty", 0, "");
			many[k].at = 1000 * i + k;
		}
		err = push_pieces(&n, &p, &f);
	}
	is_int(err, ERR_TOO_LARGE, "pieces without bytes have a bound");
	now_shift(now_shifted() + PIECE_MS + 1000);
	p.npieces = 1;
	is_int(push_pieces(&n, &p, &f), 0, "and are reaped");
}

/* What another app has is not had for its hash, and its candidates are not ours to replace. */
static void others(void)
{
	struct push_file files[] = {file("app.json", "{\"name\":\"other\"}"), file("api/main.lua", "return { 18 }")};
	struct push_piece pieces[] = {piece("{\"name\":\"other\"}", 0, "{\"name\":\"other\"}"), piece("return { 18 }", 0, "return { 18 }")};
	struct push p = {.nfiles = 2, .file = files, .npieces = 1, .piece = pieces};
	struct arrival w = {.app = "other", .source = "push:here", .origin = "push:here"};
	push_main("return { 18 }", true);
	int64_t before = CANDIDATES;
	is_int(push_package(&n, &p, &w, a, &f), 0, "a push for another app");
	is_int(p.nlacking, 1, "lacks what only the first one has");
	p = (struct push){.nfiles = 2, .file = files, .npieces = 2, .piece = pieces};
	is_int(push_package(&n, &p, &w, a, &f), 0, "all of it");
	is_int(CANDIDATES, before + 1, "waits");
	files[0] = file("app.json", "{\"name\":\"third\"}");
	pieces[0] = piece("{\"name\":\"third\"}", 0, "{\"name\":\"third\"}");
	w = (struct arrival){.app = "third", .source = "push:here", .origin = "push:here"};
	p = (struct push){.nfiles = 2, .file = files, .npieces = 2, .piece = pieces};
	is_int(push_package(&n, &p, &w, a, &f), 0, "a third from the same place");
	is_int(CANDIDATES, before + 2, "takes nobody's place");
}

static void waiting(void)
{
	char id[ID_LEN + 1];
	int err = 0, i;
	for (i = 0; !err && i < 2 * CANDIDATES_APP; i++)
		err = candidate_begin(&n, STR("https://example.com/a/b"), STR(""), STR("01H00000000000000000000000"), false, id, &f);
	is_int(err, ERR_TOO_LARGE, "candidates of one app have a bound");
	is_int(i, CANDIDATES_APP + 1, "of its own");
	for (err = 0; !err && i < 2 * CANDIDATES_MAX; i++)
		err = candidate_begin(&n, STR("https://example.com/a/b"), STR(""), STR(""), false, id, &f);
	is_int(err, ERR_TOO_LARGE, "and all together");
}

static void lease(void)
{
	struct db *db = db_borrow(n.store, &f);
	db_begin(db);
	dev_lease(db, "app", now_ms() + 5000, STR("broken"));
	db_commit(db);
	const struct dev_row *d = dev_get(db, a, "app", now_ms());
	ok(d && !strcmp(d->problem, "broken"), "a lease with its problem");
	ok(!dev_get(db, a, "app", now_ms() + 6000), "which runs out");
	ok(!dev_get(db, a, "other", now_ms()), "and is that app's");
	db_begin(db);
	dev_solved(db, "app");
	db_commit(db);
	d = dev_get(db, a, "app", now_ms());
	ok(d && !*d->problem, "a version takes the problem away");
	db_begin(db);
	dev_end(db, "app");
	db_commit(db);
	ok(!dev_get(db, a, "app", now_ms()), "and it can end");
	db_return(db);
}

int main(void)
{
	char home[64] = "/tmp/fazt-test-XXXXXX";
	crypt_init();
	a = arena_new();
	if (!mkdtemp(home) || node_open(&n, home, STORE_CREATE, &f))
		die("%s", f.message);
	ok(!package_check, "without cells");
	is_int(push_main("return {}", true), -ERR_UNSUPPORTED, "nothing can be pushed");
	package_check = check_code;
	first();
	again();
	pieces();
	bounds();
	empty_pieces();
	others();
	lease();
	waiting();
	node_close(&n);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + strlen("/tmp/"));
	close(tmp);
	arena_free(a);
	return done_testing();
}
