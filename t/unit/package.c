#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "kernel/folder.h"
#include "kernel/package.h"
#include "tap.h"

#define JSON "{\"name\":\"pad\"}"

static struct fault f;

static struct package *with(const char *json, const char *lua)
{
	struct package *p = package_new();
	f = (struct fault){0};
	package_file(p, STR("app.json"), str_of(json), &f);
	if (lua)
		package_file(p, STR("api/main.lua"), str_of(lua), &f);
	return p;
}

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

static int from_folder(const char *path)
{
	struct package *p = package_new();
	int err = folder_read(p, path, &f);
	package_free(p);
	return err;
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
	whole();
	budgets();
	folders();
	return done_testing();
}
