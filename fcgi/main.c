#include <libgen.h>

#include "base/crypt.h"
#include "door/door.h"
#include "door/manual.h"

/* One program, several doors: which one is the first argument, or the name it was called by. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} doors[] = {
	{"serve", serve_main},
	{"worker", worker_main},
	{"zygote", zygote_main},
	{"fetch", fetch_main},
	{"install-fetch", install_main},
	{"admin", admin_main},
	{"reference", reference_main},
};

int main(int argc, char **argv)
{
	crypt_init();
	char *called = xstrdup(argc ? argv[0] : "faztd");
	bool admin = !strcmp(basename(called), "fazt-admin");
	free(called);
	if (admin)
		return admin_main(argc, argv);
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(doors); i++)
		if (!strcmp(argv[1], doors[i].name))
			return doors[i].run(argc - 1, argv + 1);
	if (argc <= 1 && getenv("GATEWAY_INTERFACE"))
		return worker_main(argc, argv); /* a CGI program has no arguments */
	fputs("usage: faztd serve [--home DIR]\n", stderr);
	return 2;
}
