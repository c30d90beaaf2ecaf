#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/tree.h"
#include "kernel/folder.h"
#include "kernel/package.h"
#include "tap.h"

#define JSON "{\"name\":\"pad\"}"

static struct fault f;
static struct arena *paths;

static struct package *with(const char *json, const char *lua)
{
	struct package *p = package_new();
	f = (struct fault){0};
	package_file(p, STR("app.json"), str_of(json), &f);
	if (lua)
		package_file(p, STR("api/main.lua"), str_of(lua), &f);
	return p;
}

#define DEEP(key, path) "{\"name\":\"deep\",\"title\":\"Deep\",\"collections\":{\"c\":{\"" key "\":[\"" path "\"]}}}"

static int finish(struct package *p, bool builtin)
{
	int err = package_finish(p, builtin, &f);
	package_free(p);
	return err;
}

static void whole(void)
{
	is_int(finish(with(JSON, "return {}"), false), 0, "a package");
	is_int(finish(with(JSON, NULL), false), ERR_BAD_PACKAGE, "INS-21 neither code nor page: %s", f.message);
	is_int(finish(package_new(), false), ERR_BAD_PACKAGE, "no app.json: %s", f.message);
	is_int(finish(with("{\"name\":\"os\"}", "return {}"), false), ERR_RESERVED_NAME, "a reserved name");
	is_int(finish(with("{\"name\":\"os\"}", "return {}"), true), 0, "of a built-in app");
	is_int(finish(with("{\"name\":1}", "return {}"), false), ERR_BAD_MANIFEST, "a manifest that is none");
	is_int(finish(with(DEEP("index", "a.b.c.d.e.f.g.h"), "return {}"), false), 0, "an index on a path of 8 names");
	is_int(finish(with(DEEP("index", "a.b.c.d.e.f.g.h.i"), "return {}"), false), ERR_BAD_MANIFEST, "one of 9: %s", f.message);
	is_int(finish(with(DEEP("unique", "x,a.b.c.d.e.f.g.h.i"), "return {}"), false), ERR_BAD_MANIFEST, "the same for unique: %s", f.message);
	is_int(finish(with(DEEP("index", "a.b.c.d.e.f.g.h.i"), "return {}"), true), 0, "but what is installed already stays what it is");
	struct package *page = with(JSON, NULL);
	package_file(page, STR("public/index.html"), STR("<h1>"), &f);
	is_int(finish(page, false), 0, "a page is enough");
	is_int(finish(with("{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"}]}", "return {}"), false),
	       ERR_BAD_MANIFEST, "a handler that is not there: %s", f.message);
	struct package *one = with(JSON, "return {}"), *two = package_new(), *three = with(JSON, "return { }");
	package_file(two, STR("api/main.lua"), STR("return {}"), &f);
	package_file(two, STR("app.json"), STR(JSON), &f);
	package_finish(one, false, &f);
	package_finish(two, false, &f);
	package_finish(three, false, &f);
	is_str(one->hash, two->hash, "the hash does not depend on the order");
	ok(strcmp(one->hash, three->hash) != 0, "but on every byte");
	package_free(one);
	package_free(two);
	package_free(three);
}

static void budgets(void)
{
	struct package *p = with(JSON, "return {}");
	char name[32];
	int err = 0, n = 2;
	for (; !err; n++) {
		snprintf(name, sizeof name, "public/%d", n);
		err = package_file(p, str_of(name), STR("x"), &f);
	}
	ok(err == ERR_MANIFEST_LIMITS && n == PACKAGE_ENTRIES + 1, "files have a bound: %s", f.message);
	package_free(p);
	p = with(JSON, "return {}");
	char *big = xcalloc(1, PACKAGE_BYTES);
	is_int(package_file(p, STR("public/big"), (struct str){big, PACKAGE_BYTES}, &f), ERR_MANIFEST_LIMITS, "bytes have a bound: %s", f.message);
	is_int(package_file(p, STR("api/big.lua"), (struct str){big, PACKAGE_LUA + 1}, &f), ERR_MANIFEST_LIMITS, "a Lua file has one: %s", f.message);
	is_int(package_file(p, STR("api/x.lua"), STR("\x1BLua"), &f), ERR_BINARY_CHUNK, "no bytecode: %s", f.message);
	is_int(package_file(p, STR("public/x.lua"), STR("\x1BLua"), &f), 0, "what browsers get is not looked into");
	is_int(package_file(p, STR("public/../x"), STR(""), &f), ERR_BAD_PATH, "a path that leads out: %s", f.message);
	is_int(package_file(p, STR("views/big.html"), (struct str){big, PACKAGE_LUA + 1}, &f), ERR_MANIFEST_LIMITS, "a view has one: %s", f.message);
	is_int(package_file(p, STR("public/big.html"), (struct str){big, PACKAGE_LUA + 1}, &f), 0, "a page has none");
	is_int(package_file(p, STR("migrations/1.lua"), STR("\x1BLua"), &f), ERR_BINARY_CHUNK, "no bytecode that migrates");
	is_int(package_file(p, STR("t/x.lua"), STR("\x1BLua"), &f), ERR_BINARY_CHUNK, "nor any that tests");
	is_int(package_file(p, STR("t/empty.lua"), STR_NONE, &f), 0, "nothing is no bytecode");
	free(big);
	package_free(p);
	p = with(JSON, "return {}");
	package_file(p, STR("public/A.txt"), STR(""), &f);
	package_file(p, STR("Public/a.TXT"), STR(""), &f);
	is_int(finish(p, false), ERR_BAD_PATH, "names that differ in case only: %s", f.message);
	p = with(JSON, "return {}");
	package_folder(p, STR("Api"), &f);
	package_folder(p, STR("api"), &f);
	is_int(finish(p, false), ERR_BAD_PATH, "folders too: %s", f.message);
	p = with(JSON, "return {}");
	package_file(p, STR("app.json"), STR(JSON), &f);
	is_int(finish(p, false), ERR_BAD_PATH, "one path twice: %s", f.message);
}

/* Files without their folders, as an archive may have them. */
static void places(void)
{
	struct package *p = with(JSON, NULL);
	is_int(package_place(p, STR("public/a/b/c"), STR("x"), &f), 0, "a file, its folders before it");
	is_int(p->nentries, 5, "each of them");
	is_int(package_place(p, STR("public/a/b/d"), STR("x"), &f), 0, "another one there");
	is_int(p->nentries, 6, "counts them once");
	is_int(package_place(p, STR("public/a-/e"), STR("x"), &f), 0, "a folder that begins as another");
	is_int(p->nentries, 8, "is another");
	is_int(package_place(p, STR("public/con/x"), STR("x"), &f), ERR_BAD_PATH, "a folder with a name that is refused: %s", f.message);
	is_int(package_place(p, STR("Public/x"), STR("x"), &f), 0, "one that differs in case only");
	is_int(finish(p, false), ERR_BAD_PATH, "is found in the end: %s", f.message);
	p = with(JSON, NULL);
	while (p->nentries < PACKAGE_ENTRIES)
		package_folder(p, str_of(arena_printf(p->arena, "public/%d", p->nentries)), &f);
	is_int(package_place(p, STR("api/x.lua"), STR(""), &f), ERR_MANIFEST_LIMITS, "folders are counted too: %s", f.message);
	package_free(p);
	package_free(NULL);
}

static int from_folder(const char *path)
{
	struct package *p = package_new();
	int err = folder_read(p, path, &f);
	package_free(p);
	return err;
}

/* What editors and tools leave beside one's files. */
static void left_out(int dir, const char *path)
{
	static const char *const names[] = {"4913", "main.lua~", ".main.lua.swp", ".main.lua.swx", ".main.lua.swo", ".#main.lua", "#main.lua#"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		tree_write(dir, arena_printf(paths, "app/%s", names[i]), STR("x"), 0);
	tree_write(dir, "app/public/#1", STR("x"), 0);
	struct package *p = package_new();
	is_int(folder_read(p, path, &f), 0, "what editors leave");
	is_int(p->nfiles, 3, "is left out, what only begins like it is not");
	package_free(p);
}

/* However few there are left: an error that says so, and all that were opened are closed again. */
static void out_of_descriptors(const char *path)
{
	struct rlimit before, few;
	int next = dup(0), err = 1, tries = 0;
	close(next);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	for (; err && tries < 20; tries++) {
		few.rlim_cur = (rlim_t)(next + tries);
		setrlimit(RLIMIT_NOFILE, &few);
		err = from_folder(path);
		if (err && (err != ERR_BAD_SOURCE || !strstr(f.message, "Too many open files")))
			break;
	}
	setrlimit(RLIMIT_NOFILE, &before);
	ok(!err && tries > 3, "with too few descriptors it says so, %d times: %s", tries - 1, f.message);
	int same = dup(0);
	is_int(same, next, "and leaves none open");
	close(same);
}

static void folders(void)
{
	char home[] = "/tmp/fazt-test-XXXXXX", path[64];
	if (!mkdtemp(home))
		return;
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	tree_write(dir, "app/app.json", STR(JSON), 0);
	tree_write(dir, "app/api/main.lua", STR("return {}"), 0);
	tree_write(dir, "app/node_modules/x/y.js", STR("x"), 0);
	snprintf(path, sizeof path, "%s/app", home);
	struct package *p = package_new();
	is_int(folder_read(p, path, &f), 0, "a folder");
	ok(!package_finish(p, false, &f) && p->nfiles == 2 && package_find(p, "api/main.lua"), "its files, without node_modules");
	package_free(p);
	is_int(symlinkat("/etc/passwd", dir, "app/public"), 0, "a link");
	is_int(from_folder(path), ERR_BAD_PATH, "INS-06 is refused: %s", f.message);
	unlinkat(dir, "app/public", 0);
	is_int(mkfifoat(dir, "app/pipe", 0600), 0, "a pipe");
	is_int(from_folder(path), ERR_BAD_PATH, "is refused: %s", f.message);
	unlinkat(dir, "app/pipe", 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof at.sun_path, "%s/app/socket", home);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	is_int(bind(s, (struct sockaddr *)&at, sizeof at), 0, "a socket");
	is_int(from_folder(path), ERR_BAD_PATH, "is refused: %s", f.message);
	close(s);
	unlinkat(dir, "app/socket", 0);
	left_out(dir, path);
	out_of_descriptors(path);
	tree_write(dir, "app/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/x", STR("x"), 0);
	is_int(from_folder(path), ERR_BAD_PATH, "sixteen folders and a file: %s", f.message);
	tree_remove(dir, "app/1");
	int big = openat(dir, "app/big", O_WRONLY | O_CREAT, 0600);
	is_int(ftruncate(big, PACKAGE_BYTES + 1), 0, "a file that is larger than a package");
	is_int(from_folder(path), ERR_MANIFEST_LIMITS, "is refused: %s", f.message);
	close(big);
	snprintf(path, sizeof path, "%s/none", home);
	is_int(from_folder(path), ERR_BAD_SOURCE, "a folder that is not there: %s", f.message);
	close(dir);
	dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(dir, home + 5);
	close(dir);
}

int main(void)
{
	crypt_init();
	paths = arena_new();
	whole();
	budgets();
	places();
	folders();
	arena_free(paths);
	return done_testing();
}
