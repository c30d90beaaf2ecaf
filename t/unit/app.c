/* From a folder to an app that serves: candidates, consent, versions, the cache, what is published. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/log.h"
#include "base/now.h"
#include "base/tree.h"
#include "kernel/app.h"
#include "kernel/install.h"
#include "kernel/publish.h"
#include "store/files.h"
#include "tap.h"

static struct arena *a;
static struct node n;
static char home[64] = "/tmp/fazt-test-XXXXXX";

#define MAIN "return { [\"GET /\"] = function() return \"hello\" end }"

static const char *folder(const char *name, const char *json, const char *index)
{
	char *path = arena_printf(a, "%s/src/%s", home, name);
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	tree_remove(dir, arena_printf(a, "src/%s", name));
	tree_write(dir, arena_printf(a, "src/%s/app.json", name), str_of(json), 1000);
	tree_write(dir, arena_printf(a, "src/%s/api/main.lua", name), STR(MAIN), 1000);
	if (index)
		tree_write(dir, arena_printf(a, "src/%s/public/index.html", name), str_of(index), 1000);
	close(dir);
	return path;
}

static struct candidate *candidate(const char *id)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	struct candidate *c = candidate_get(db, a, str_of(id));
	db_return(db);
	return c;
}

/* Fetch a folder; the candidate as it is afterwards. */
static struct candidate *fetched(const char *source, const char *name, const char *for_app, struct fault *f)
{
	char id[ID_LEN + 1] = "";
	*f = (struct fault){0};
	if (!candidate_begin(&n, str_of(source), str_of(name), str_of(for_app), true, id, f))
		candidate_fetch(&n, id, f);
	return *id ? candidate(id) : NULL;
}

static int consent(const struct candidate *c, const char *grant, char *id)
{
	struct fault f = {0};
	struct str list = str_of(grant);
	struct consent given = {.id = str_of(c->id), .hash = str_of(c->package), .npermissions = grant ? 1 : 0, .permission = &list, .by = "owner"};
	return install_consent(&n, &given, id, &f);
}

static struct app *app(const char *name)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	struct app *p = app_by_name(&n, db, str_of(name));
	db_return(db);
	return p;
}

static int64_t count(const char *table)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	int64_t v = db_int(db, -1, arena_printf(a, "SELECT count(*) FROM %s", table), "");
	db_return(db);
	return v;
}

static const char *published(const char *path)
{
	char text[200] = "";
	int fd = open(arena_printf(a, "%s/www/%s", home, path), O_RDONLY);
	if (fd < 0)
		return NULL;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	return arena_strdup(a, got < 0 ? NULL : text);
}

#define PAD "{\"name\":\"pad\",\"title\":\"Pad\",\"version\":\"1.0\",\"visibility\":\"members\"," \
	"\"permissions\":[\"storage\",\"net:api.example.com\"],\"collections\":{\"notes\":{\"read\":\"shared\"}}"

static void installing(void)
{
	char id[ID_LEN + 1];
	struct fault f = {0};
	struct candidate *c = fetched(folder("pad", PAD "}", "<h1>one"), "", "", &f);
	is_str(c->state, "ready", "a folder becomes a candidate %s", f.message);
	ok(!app("pad"), "and nothing is installed");
	is_int(install_consent(&n, &(struct consent){.id = str_of(c->id), .hash = STR("0000"), .by = "owner"}, id, &f), ERR_STALE, "consent to another hash");
	is_int(consent(c, NULL, id), 0, "consent");
	struct app *p = app("pad");
	ok(p && p->version == 1 && p->state == APP_ENABLED && p->nfiles == 1, "it is installed");
	ok(p && str_is(p->file[0].text, MAIN) && str_is(p->file[0].path, "api/main.lua"), "with its code");
	ok(app_granted(p, "storage") && !app_granted(p, "net:api.example.com"), "low risk is granted, high risk is not");
	ok(app_collection(p, STR("notes"), a)->read == WHO_SHARED && app_collection(p, STR("other"), a)->read == WHO_OWNER && !app_collection(p, STR("No"), a),
	   "rules, declared and default");
	is_str(published("pad/index.html"), "<h1>one", "public files are on disk");
	is_int(consent(c, NULL, id), 0, "a second consent changes nothing");
	is_int(count("versions"), 1, "and makes no second version");
	struct app *again = app("pad");
	ok(p == again, "an app is read once");
	app_release(again);
	app_release(p);
	c = fetched(folder("twin", PAD "}", NULL), "", "", &f);
	is_int(consent(c, NULL, id), ERR_CONFLICT, "a taken name");
	c = fetched(folder("twin", PAD "}", NULL), "pad-two", "", &f);
	is_int(consent(c, "net:api.example.com", id), 0, "under another name");
	p = app("pad-two");
	ok(app_granted(p, "net:api.example.com"), "high risk by name");
	app_release(p);
}

static void upgrading(void)
{
	char id[ID_LEN + 1];
	struct fault f = {0};
	struct app *p = app("pad"), *q;
	struct candidate *c = fetched(folder("pad", PAD "}", "<h1>two"), "", p->id, &f);
	is_str(c->state, "installed", "an upgrade that asks for nothing more needs no consent %s", f.message);
	q = app("pad");
	ok(q->version == 2 && p->version == 1, "the pointer moved; who began with the old one keeps it");
	is_str(published("pad/index.html"), "<h1>two", "and its files");
	app_release(q);
	is_int(install_rollback(&n, STR("pad"), false, &f), 0, "roll back");
	q = app("pad");
	is_int(q->version, 1, "to the version before");
	app_release(q);
	is_str(published("pad/index.html"), "<h1>one", "and its files");
	is_int(install_rollback(&n, STR("pad"), false, &f), ERR_CONFLICT, "there is nothing before the first");
	c = fetched(folder("pad", PAD ",\"open\":[\"/hook\"]}", "<h1>three"), "", p->id, &f);
	is_str(c->state, "ready", "an upgrade that opens more waits");
	is_str(c->reason, "Programs and strangers can send to /hook without signing in.", "and says why");
	is_str(published("pad/index.html"), "<h1>one", "while the old version serves");
	is_int(consent(c, NULL, id), 0, "consent");
	is_str(published("pad/index.html"), "<h1>three", "and the new one serves");
	is_int(count("versions WHERE app_id = (SELECT id FROM apps WHERE name = 'pad')"), 2, "one version before it is kept");
	c = fetched(folder("pad", "{\"name\":\"pad\",\"version\":\"0.9\",\"permissions\":[]}", NULL), "", p->id, &f);
	is_str(c->state, "ready", "an older version waits");
	ok(strstr(c->reason, "older") != NULL, "and says why: %s", c->reason);
	c = fetched(folder("pad-elsewhere", PAD "}", NULL), "", p->id, &f);
	ok(!strcmp(c->state, "ready") && strstr(c->reason, "another place"), "another origin waits: %s", c->reason);
	app_release(p);
}

static void publishing(void)
{
	struct fault f = {0};
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	struct stat st;
	tree_remove(dir, "www");
	is_int(publish_all(&n, &f), 0, "www may be deleted at any time");
	is_str(published("pad/index.html"), "<h1>three", "it comes back");
	tree_remove(dir, "www/pad/index.html");
	tree_write(dir, "www/stranger/file", STR("x"), 0);
	is_int(publish_all(&n, &f), 0, "so may parts of it");
	is_str(published("pad/index.html"), "<h1>three", "they come back");
	ok(!published("stranger/file"), "and what belongs to no app goes");
	fstatat(dir, "www/pad/index.html", &st, 0);
	struct app *p = app("pad");
	ok(st.st_mtime == p->installed / 1000, "files carry the moment of their version");
	app_release(p);
	close(dir);
}

static void removing(void)
{
	char id[ID_LEN + 1], old[ID_LEN + 1];
	struct fault f = {0};
	struct app *p = app("pad");
	snprintf(old, sizeof old, "%s", p->id);
	app_release(p);
	is_int(install_remove(&n, STR("pad"), false, &f), 0, "remove");
	ok(!app("pad"), "it is gone");
	ok(!published("pad/index.html"), "and its files");
	struct candidate *c = fetched(folder("thief", PAD "}", NULL), "", "", &f);
	is_int(consent(c, NULL, id), ERR_CONFLICT, "its name rests");
	c = fetched(folder("pad", PAD "}", NULL), "", "", &f);
	is_int(consent(c, NULL, id), 0, "but not for the same origin");
	is_str(id, old, "which gets its data back");
	mkdir(arena_printf(a, "%s/log", home), 0700);
	log_open(home);
	log_line(id, STR("{}"));
	const char *log = arena_printf(a, "%s/log/%s.log", home, id);
	bool kept = !access(log, F_OK);
	is_int(install_remove(&n, STR("pad"), true, &f), 0, "remove with its data");
	ok(kept && access(log, F_OK), "and its log");
	log_open(NULL);
	c = fetched(folder("pad", PAD "}", NULL), "", "", &f);
	is_int(consent(c, NULL, id), 0, "the same origin may return");
	ok(strcmp(id, old) != 0, "as a new app");
	install_remove(&n, STR("pad"), true, &f);
	install_remove(&n, STR("pad-two"), true, &f);
	is_int(count("candidates WHERE state = 'installed'"), 0, "candidates go with what they became");
	struct db *db = db_borrow(n.store, &f);
	db_begin(db);
	candidates_reap(db, now_ms() + 1000);
	db_commit(db);
	db_return(db);
	ok(!count("packages") && !count("files") && !count("objects") && !count("chunks") && !count("grants") && !count("versions"), "nothing is left behind");
}

static int propose_in_vain(struct db *db, int i)
{
	bool fresh;
	const char *id = arena_printf(a, "vain%022d", i), *package = arena_printf(a, "%064d", i);
	struct candidate c = {.id = id, .source = "proposal:x", .origin = "proposal:x", .name = "x", .for_app = "", .asked_by = "x"};
	int err = candidate_insert(db, &c);
	if (!err)
		err = package_store(db, package, 0, 0, &fresh);
	if (!err)
		err = candidate_package(db, id, package, "", "proposal:x");
	return err ? err : candidate_failed(db, id, "bad_package", "no");
}

static void failing(void)
{
	struct fault f = {0};
	struct db *db = db_borrow(n.store, &f);
	int64_t packages = db_int(db, 0, "SELECT count(*) FROM packages", "");
	int err = db_begin(db);
	for (int i = 0; i < 2 * CANDIDATES_FAILED && !err; i++)
		err = propose_in_vain(db, i);
	ok(!err && !db_commit(db), "an app proposes in vain, again and again %s", f.message);
	is_int(db_int(db, 0, "SELECT count(*) FROM packages", ""), packages, "no package of that is kept");
	is_int(db_int(db, 0, "SELECT count(*) FROM candidates WHERE asked_by = 'x'", ""), CANDIDATES_FAILED, "and of all the last few only");
	struct candidate *last = candidate_get(db, a, str_of(arena_printf(a, "vain%022d", 2 * CANDIDATES_FAILED - 1)));
	is_str(last ? last->error : "", "no", "for the app to hear of");
	db_return(db);
}

int main(void)
{
	struct fault f = {0};
	crypt_init();
	a = arena_new();
	if (!mkdtemp(home) || node_open(&n, home, STORE_CREATE, &f)) {
		ok(0, "a home: %s", f.message);
		return done_testing();
	}
	installing();
	upgrading();
	publishing();
	removing();
	failing();
	node_close(&n);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + 5);
	close(tmp);
	arena_free(a);
	return done_testing();
}
