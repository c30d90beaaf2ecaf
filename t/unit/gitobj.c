#include "codec/gitobj.h"
#include "tap.h"

#define OID "0123456789abcdef0123456789abcdef01234567"

static const char *const wrong[] = {
	"", "x", OID, OID " blob", OID " blob x", OID " blob -1", OID " blog 1", "0123 blob 1", OID " blob 99999999999999999999",
	"0123456789ABCDEF0123456789abcdef01234567 blob 1", OID " tree 1 2", "0123456789/bcdef0123456789abcdef01234567 blob 1",
	"0123456789gbcdef0123456789abcdef01234567 blob 1", OID OID " blob 1", OID "  1", " blob 1", OID " blob ",
};

#define STR_INIT(lit) {lit, sizeof(lit) - 1}
#define RAW "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"

static const struct tree {
	struct str bytes;
	int entries; /* -1: not a tree */
} trees[] = {
	{{NULL, 0}, 0},
	{STR("100644 a\0" RAW), 1},
	{STR("100644 a\0" RAW "40000 b\0" RAW), 2},
	{STR_INIT("100644 a\0" RAW "4"), -1},
	{STR_INIT("100644 a\0\x01\x02"), -1},
	{STR_INIT("100644 a"), -1},
	{STR("100644 \0" RAW), -1},
	{STR("100644 a/b\0" RAW), -1},
	{STR("100844 a\0" RAW), -1},
	{STR("0100644 a\0" RAW), -1},
	{STR("040000 a\0" RAW), -1},
	{STR(" a\0" RAW), -1},
	{STR("777777777777777 a\0" RAW), -1},
	{STR("1006/4 a\0" RAW), -1},
	{STR("4000 a\0" RAW), -1},
	{STR("1006444 a\0" RAW), -1},
	{STR(" "), -1},
	{STR("100644 "), -1},
};

int main(void)
{
	struct git_header h;
	struct git_entry e;
	ok(git_header_parse(STR(OID " blob 42"), &h) && h.type == GIT_BLOB && h.size == 42 && !strcmp(h.oid, OID) && !h.missing, "a header");
	ok(git_header_parse(STR("refs/heads/x missing"), &h) && h.missing, "a missing object");
	ok(git_header_parse(STR("ab ambiguous"), &h) && h.missing, "an ambiguous one");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ok(!git_header_parse(str_of(wrong[i]), &h), "no header: %s", wrong[i]);
	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		struct str rest = trees[i].bytes;
		int found, n = 0;
		while ((found = git_tree_next(&rest, 20, &e)) > 0)
			n++;
		is_int(found < 0 ? -1 : n, trees[i].entries, "tree %zu", i);
	}
	ok(git_header_parse(STR(OID " tree 1"), &h) && h.type == GIT_TREE && git_header_parse(STR(OID " commit 1"), &h) && h.type == GIT_COMMIT &&
		   git_header_parse(STR(OID " tag 0"), &h) && h.type == GIT_TAG, "other kinds");
	ok(git_header_parse(STR(OID "89abcdef0123456789abcdef blob 1"), &h) && !strcmp(h.oid, OID "89abcdef0123456789abcdef"), "a name of SHA-256");
	struct str wide = STR("100644 a\0" RAW "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67");
	ok(git_tree_next(&wide, 32, &e) == 1 && strlen(e.oid) == 64 && !wide.n, "and an entry with one");
	struct str rest = trees[1].bytes;
	git_tree_next(&rest, 20, &e);
	ok(e.mode == GIT_FILE && str_is(e.name, "a") && !strcmp(e.oid, "0102030405060708090a0b0c0d0e0f1011121314"), "an entry");
	return done_testing();
}
