#include "codec/entry.h"

#include "base/visible.h"

/* Composed form (NFC) cannot be told without the Unicode tables; what can be told is that these never occur in it, or so
 * rarely that a file name does without: combining marks behind letters, the parts of Hangul syllables, and the
 * characters that only exist for round trips with old encodings. */
static bool decomposed(uint32_t c)
{
	return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1161 && c <= 0x11FF) || c == 0x037E || c == 0x0387 || c == 0x2126 || c == 0x212A ||
	       c == 0x212B || (c >= 0xF900 && c <= 0xFAFF);
}

static bool device(struct str name)
{
	static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	struct str rest, stem = str_cut(name, '.', &rest);
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		if (str_ieq(stem, devices[i]))
			return true;
	if (stem.n != 4 || stem.p[3] < '0' || stem.p[3] > '9')
		return false;
	stem.n = 3;
	return str_ieq(stem, "com") || str_ieq(stem, "lpt");
}

/* .git in any case, and the short name it has on Windows */
static bool repository(struct str name)
{
	struct str head = {name.p, MIN(name.n, (size_t)4)};
	return str_ieq(name, ".git") || (str_ieq(head, "git~") && name.n == 5);
}

static const char *characters_problem(struct str name)
{
	for (uint32_t c = 0, before; name.n;) {
		before = c;
		c = utf8_next(&name);
		if (c == NOT_UTF8)
			return "is not UTF-8";
		if (deceptive(c, before))
			return "contains a control, direction or invisible character";
		if (decomposed(c))
			return "is not in composed form (NFC)";
		if (c < 0x80 && strchr("\\:*?\"<>|", (int)c))
			return "contains one of \\ : * ? \" < > |";
	}
	return NULL;
}

const char *entry_problem(struct str name)
{
	if (!name.n || str_is(name, ".") || str_is(name, ".."))
		return "is not a name";
	if (memchr(name.p, '/', name.n))
		return "contains a slash";
	const char *why = characters_problem(name);
	if (why)
		return why;
	char last = name.p[name.n - 1];
	if (last == '.' || last == ' ' || name.p[0] == ' ')
		return "begins or ends with a space, or ends with a dot";
	if (repository(name))
		return "is git's own folder";
	return device(name) ? "is the name of a device on some systems" : NULL;
}

const char *entry_path_problem(struct str path)
{
	int depth = 0;
	if (path.n > ENTRY_PATH)
		return "is longer than 200 bytes";
	for (struct str rest = path; rest.p; depth++) {
		const char *why = entry_problem(str_cut(rest, '/', &rest));
		if (why)
			return why;
	}
	return depth > ENTRY_DEPTH ? "lies in more than 16 folders" : NULL;
}

static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x1E00 && c <= 0x1EFF) || (c >= 0x460 && c <= 0x4BF))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c + (c & 1);
	return c;
}

void entry_fold(struct buf *b, struct str path)
{
	while (path.n)
		buf_addf(b, "%x.", lower(utf8_next(&path)));
}

bool entry_is_code(struct str path)
{
	return str_starts(path, "api/") && str_ends(path, ".lua");
}

bool entry_is_view(struct str path)
{
	return str_starts(path, "views/") && str_ends(path, ".html");
}
