/* replay — runs a fuzz harness over its corpus: every input must be survived. */
#include <dirent.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (1 * MIB)

static int inputs;

static void replay(const char *name)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(name, "rb");
	if (!f)
		die("cannot read %s", name);
	size_t n = fread(data, 1, sizeof data, f);
	fclose(f);
	/* an exact copy, so that a sanitizer sees the first byte past the end */
	uint8_t *copy = xmalloc(n ? n : 1);
	memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	inputs++;
}

int main(int argc, char **argv)
{
	char own[4096];
	const char *slash = strrchr(argv[0], '/');
	snprintf(own, sizeof own, FAZT_SRCDIR "/t/fuzz/corpus/%s", slash ? slash + 1 : argv[0]);
	const char *dir = argc > 1 ? argv[1] : own;
	DIR *d = opendir(dir);
	if (!d || chdir(dir))
		die("no corpus: %s", dir);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			replay(e->d_name);
	closedir(d);
	printf("%sok 1 - %d inputs survived\n1..1\n", inputs ? "" : "not ", inputs);
	return inputs ? 0 : 1;
}
