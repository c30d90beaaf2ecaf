#include "kernel/package.h"

#include "codec/entry.h"
#include "fuzz.h"

/* The files of a package, as lines "path<TAB>bytes": whoever read them, what is finished has a manifest, paths that are fine
 * everywhere and no compiled Lua (SB-16). */

static void check(const struct package *p)
{
	MUST(p->manifest && p->hash[0] && p->nfiles <= PACKAGE_ENTRIES);
	for (int i = 0; i < p->nfiles; i++) {
		const struct package_file *file = &p->file[i];
		struct str path = str_of(file->path);
		MUST(!entry_path_problem(path) && path.n <= ENTRY_PATH);
		MUST(!i || strcmp(p->file[i - 1].path, file->path) < 0);
		MUST(package_find(p, file->path) == file);
		MUST(!entry_is_code(path) || !file->bytes.n || file->bytes.p[0] != 0x1B);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package *p = package_new();
	struct str rest = {(const char *)data, size};
	struct fault f = {0};
	int err = 0;
	crypt_init();
	while (!err && rest.n) {
		struct str bytes, path = str_cut(str_cut(rest, '\n', &rest), '\t', &bytes);
		err = bytes.p ? package_file(p, path, bytes, &f) : package_folder(p, path, &f);
	}
	if (!err)
		err = package_finish(p, false, &f);
	MUST(err == f.err && (!err || f.message[0]));
	if (!err)
		check(p);
	package_free(p);
	return 0;
}
