#include "kernel/builtin.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Beside the program in the tree it was built in, else where it was installed to. */
static const char *const roots[] = {"cartridges", FAZT_SRCDIR "/apps", FAZT_DATADIR "/apps"};

static const char *absolute_root(struct arena *a, const char *root)
{
	char program[PATH_MAX];
	ssize_t n = *root == '/' ? 0 : readlink("/proc/self/exe", program, sizeof program - 1);
	if (n <= 0)
		return root;
	program[n] = 0;
	char *slash = strrchr(program, '/');
	return arena_printf(a, "%.*s/%s", slash ? (int)(slash - program) : 0, program, root);
}

const char *builtin_folder(struct arena *a, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		const char *folder = arena_printf(a, "%s/%s", absolute_root(a, roots[i]), name);
		if (!access(arena_printf(a, "%s/app.json", folder), R_OK))
			return folder;
	}
	return NULL;
}

const char *builtin_name(struct arena *a, const char *folder)
{
	char real[PATH_MAX];
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		const char *slash = strrchr(folder, '/');
		if (realpath(absolute_root(a, roots[i]), real) && strlen(real) == (size_t)(slash - folder) &&
		    !memcmp(real, folder, (size_t)(slash - folder)) && text_label(str_of(slash + 1)))
			return slash + 1;
	}
	return NULL;
}
