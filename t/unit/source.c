#include "codec/entry.h"
#include "codec/source.h"
#include "tap.h"

static struct arena *a;

static const struct good {
	const char *text, *url, *ref, *folder, *origin;
} goods[] = {
	{"https://example.com/ann/pad", "https://example.com/ann/pad", NULL, NULL, "git:example.com:443/ann/pad"},
	{" https://Example.COM/ann/pad/ ", "https://example.com/ann/pad", NULL, NULL, "git:example.com:443/ann/pad"},
	{"https://example.com/ann/pad.git", "https://example.com/ann/pad.git", NULL, NULL, "git:example.com:443/ann/pad"},
	{"https://example.com:8443/pad@v1.2", "https://example.com:8443/pad", "v1.2", NULL, "git:example.com:8443/pad"},
	{"https://example.com:443/pad", "https://example.com/pad", NULL, NULL, "git:example.com:443/pad"},
	{"https://example.com/ann/pad@feature/x", "https://example.com/ann/pad", "feature/x", NULL, "git:example.com:443/ann/pad"},
	{"https://example.com/@ann/pad", "https://example.com/@ann/pad", NULL, NULL, "git:example.com:443/@ann/pad"},
	{"https://example.com/~ann/pad@main", "https://example.com/~ann/pad", "main", NULL, "git:example.com:443/~ann/pad"},
	{"https://example.com/ann/apps/tree/main/apps/pad", "https://example.com/ann/apps", "main", "apps/pad", "git:example.com:443/ann/apps#apps/pad"},
	{"https://example.com/ann/apps/tree/main/apps/pad/", "https://example.com/ann/apps", "main", "apps/pad", "git:example.com:443/ann/apps#apps/pad"},
	{"https://example.com/ann/apps/tree/main", "https://example.com/ann/apps", "main", NULL, "git:example.com:443/ann/apps"},
	{"https://example.com/ann/apps/-/tree/v2/pad?ref_type=heads", "https://example.com/ann/apps", "v2", "pad", "git:example.com:443/ann/apps#pad"},
	{"https://example.com/ann/apps/src/branch/main/pad", "https://example.com/ann/apps", "main", "pad", "git:example.com:443/ann/apps#pad"},
	{"https://example.com/ann/pad?tab=readme#top", "https://example.com/ann/pad", NULL, NULL, "git:example.com:443/ann/pad"},
	{"http://127.0.0.1:8080/pad", "http://127.0.0.1:8080/pad", NULL, NULL, "git:127.0.0.1:8080/pad"},
	{"http://example.com:80/pad", "http://example.com/pad", NULL, NULL, "git:example.com:80/pad"},
	{"http://example.com/pad", "http://example.com/pad", NULL, NULL, "git:example.com:80/pad"},
	{"https://example.com/pad@v1.0+b-2", "https://example.com/pad", "v1.0+b-2", NULL, "git:example.com:443/pad"},
	{"https://example.com/ann/apps/src/tag/v1/pad", "https://example.com/ann/apps", "v1", "pad", "git:example.com:443/ann/apps#pad"},
	{"https://example.com/ann/apps/src/commit/0123abc", "https://example.com/ann/apps", "0123abc", NULL, "git:example.com:443/ann/apps"},
};

static const struct bad {
	const char *text;
	int err;
} bads[] = {
	/* INS-01 */
	{"--upload-pack=touch /tmp/x", ERR_BAD_SOURCE}, {"-chttp.proxy=x", ERR_BAD_SOURCE}, {"ext::sh -c id", ERR_BAD_SOURCE}, {"file:///etc", ERR_BAD_SOURCE},
	{"ssh://-oProxyCommand=id/x", ERR_BAD_SOURCE}, {"git://example.com/x", ERR_BAD_SOURCE}, {"git@example.com:ann/pad", ERR_BAD_SOURCE},
	{"ftp://example.com/x", ERR_BAD_SOURCE}, {"HTTPS://example.com/x", ERR_BAD_SOURCE}, {"javascript:alert(1)", ERR_BAD_SOURCE},
	{"https://ann:secret@example.com/pad", ERR_BAD_SOURCE}, {"https://ann@example.com/pad", ERR_BAD_SOURCE}, {"https://", ERR_BAD_SOURCE},
	{"https:///pad", ERR_BAD_SOURCE}, {"https://example.com", ERR_BAD_SOURCE}, {"https://example.com/", ERR_BAD_SOURCE}, {"https://exa mple.com/x", ERR_BAD_SOURCE},
	{"https://-example.com/x", ERR_BAD_SOURCE}, {"https://example..com/x", ERR_BAD_SOURCE}, {"https://example.com:0/x", ERR_BAD_SOURCE},
	{"https://example.com:99999/x", ERR_BAD_SOURCE}, {"https://example.com:22x/x", ERR_BAD_SOURCE}, {"https://example.com/a/../b", ERR_BAD_SOURCE},
	{"https://example.com/a//b", ERR_BAD_SOURCE}, {"https://example.com/-x", ERR_BAD_SOURCE}, {"https://example.com/a%0ab", ERR_BAD_SOURCE},
	{"https://example.com/a\\b", ERR_BAD_SOURCE}, {"https://example.com/a\nb", ERR_BAD_SOURCE}, {"https://example.com/x@-main", ERR_BAD_SOURCE},
	{"https://example.com/x@a..b", ERR_BAD_SOURCE}, {"https://example.com/x@a:b", ERR_BAD_SOURCE}, {"https://example.com/x@", ERR_BAD_SOURCE},
	{"https://example.com/x@+main", ERR_BAD_SOURCE}, {"https://example.com/x@main.lock", ERR_BAD_SOURCE}, {"https://example.com/x@a^b", ERR_BAD_SOURCE},
	{"https://example.com/x/tree/main/../y", ERR_BAD_SOURCE}, {"https://example.com/x/tree/main/y@z", ERR_BAD_SOURCE}, {"https://b\xC3\xBC" "cher.example/x", ERR_BAD_SOURCE},
	{"https://example.com/\xE2\x80\xAE/x", ERR_BAD_SOURCE}, {"", ERR_BAD_SOURCE}, {"builtin:../x", ERR_BAD_SOURCE}, {"builtin:", ERR_BAD_SOURCE},
	{"https://example.com/x@/main", ERR_BAD_SOURCE}, {"https://example.com/x@.main", ERR_BAD_SOURCE}, {"https://example.com/x@a//b", ERR_BAD_SOURCE},
	{"https://example.com/x@a/.b", ERR_BAD_SOURCE}, {"https://example.com/x@a/", ERR_BAD_SOURCE}, {"https://example.com/x@main.", ERR_BAD_SOURCE},
	{"https://example.com:/x", ERR_BAD_SOURCE}, {"https://example.com:-1/x", ERR_BAD_SOURCE}, {"https://example.com:0443/x", ERR_BAD_SOURCE},
	{"https://example.com/x/tree/-main/y", ERR_BAD_SOURCE}, {"https://example.com/x/tree/main/con", ERR_BAD_SOURCE}, {"https://example.com/./x", ERR_BAD_SOURCE},
	{"https://example.com/tree/main", ERR_BAD_SOURCE}, {"./x@-main", ERR_BAD_SOURCE}, {"https://x_y.example/z", ERR_BAD_SOURCE},
	/* SSRF-02 */
	{"https://[::1]/x", ERR_BLOCKED_ADDRESS}, {"https://127%2e0.0.1/x", ERR_BAD_SOURCE},
};

static const char *const names_refused[] = { /* INS-03, INS-04 */
	"", ".", "..", "a/b", ".git", ".GIT", ".Git", "git~1", "GIT~2", ".g\xE2\x80\x8Cit", "a\nb", "a\tb", "\x7F", "con", "CON.txt", "aux", "nul.tar.gz", "com1", "LPT9.x",
	"x.", "x ", " x", "\xE2\x80\xAEtxt.exe", "\xEF\xBB\xBFx", "\xFF\xFE", "\xC0\xAF", "e\xCC\x81", "\xE2\x84\xAA", "a\\b", "a:b", "a*b", "a?b", "a|b", "a\"b", "\xED\xA0\x80",
	"a<b", "a>b", "conin$", "CONOUT$", "prn", "\xE1\x85\xA1", "\xCD\xBE", "\xCE\x87", "\xE2\x84\xA6", "\xE2\x84\xAB", "\xEF\xA4\x80",
};
static const char *const names_good[] = {"a", "app.json", ".gitattributes", ".gitmodules", ".well-known", "a b", "caf\xC3\xA9", "\xE6\xBC\xA2\xE5\xAD\x97.html", "com10", "console", "-x", "a~1",
	"git~12", "gitx1", "com", "comx", "abc1", "\xED\x95\x9C\xEA\xB8\x80", "\xE2\x82\xAC", "\xEF\xAC\x80"};

/* Names that some systems take for one, and names that only look alike. */
static const struct pair {
	const char *one, *other;
	bool same;
} pairs[] = {
	{"\xC3\x84" "Bc/\xD0\x96\xCE\xA9", "\xC3\xA4" "bC/\xD0\xB6\xCF\x89", true}, /* Ä Ж Ω */
	{"\xD0\x81", "\xD1\x91", true},         /* Ё */
	{"\xC4\x80", "\xC4\x81", true},         /* Ā */
	{"\xC5\x8A", "\xC5\x8B", true},         /* Ŋ */
	{"\xE1\xBA\x80", "\xE1\xBA\x81", true}, /* Ẁ */
	{"\xD2\x90", "\xD2\x91", true},         /* Ґ */
	{"\xC5\x81", "\xC5\x82", true},         /* Ł */
	{"\xC5\xBB", "\xC5\xBC", true},         /* Ż */
	{"\xC3\x97", "\xC3\xB7", false},        /* × ÷ */
	{"[", "{", false},
	{"@", "`", false},
	{"\xE6\xBC\xA2", "\xE6\xBC\xA3", false},
};

static void folds(void)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf one = BUF_INIT, other = BUF_INIT;
		entry_fold(&one, str_of(pairs[i].one));
		entry_fold(&other, str_of(pairs[i].other));
		ok(!strcmp(one.p, other.p) == pairs[i].same, "%s and %s are %s name", pairs[i].one, pairs[i].other, pairs[i].same ? "one" : "no");
		buf_release(&one);
		buf_release(&other);
	}
}

static void names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(names_refused); i++)
		ok(entry_problem(str_of(names_refused[i])) != NULL, "a name that is refused: %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(names_good); i++)
		ok(!entry_problem(str_of(names_good[i])), "a name: %s", names_good[i]);
	ok(entry_path_problem(STR("a//b")) && entry_path_problem(STR("/a")) && entry_path_problem(STR("a/")), "a path of names");
	ok(!entry_path_problem(STR("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/f")) && entry_path_problem(STR("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/f")), "its depth");
	char *lengthy = arena_alloc(a, 202);
	memset(lengthy, 'x', 201);
	ok(entry_path_problem((struct str){lengthy, 201}) && !entry_path_problem((struct str){lengthy, 200}), "its length");
	ok(entry_is_code(STR("api/x.lua")) && !entry_is_code(STR("api/x.txt")) && !entry_is_code(STR("public/x.lua")), "what is code");
	ok(entry_is_view(STR("views/x.html")) && !entry_is_view(STR("views/x.css")) && !entry_is_view(STR("public/x.html")), "and what is a view");
}

/* HEAD, n letters, TAIL */
static int of_length(const char *head, int n, const char *tail)
{
	struct source s;
	struct fault f = {0};
	struct buf b = BUF_INIT;
	buf_adds(&b, head);
	for (int i = 0; i < n; i++)
		buf_addc(&b, i % 60 == 59 ? *tail ? '.' : 'x' : 'x');
	buf_adds(&b, tail);
	int err = source_parse(buf_str(&b), a, &s, &f);
	buf_release(&b);
	return err;
}

static void lengths(void)
{
	is_int(of_length("https://", 253, "/x"), 0, "a host of 253 letters");
	is_int(of_length("https://", 254, "/x"), ERR_BAD_SOURCE, "none has more");
	is_int(of_length("https://example.com/x@", 200, ""), 0, "a branch of 200");
	is_int(of_length("https://example.com/x@", 201, ""), ERR_BAD_SOURCE, "nor has a branch");
	is_int(of_length("https://example.com/", SOURCE_BYTES, ""), ERR_BAD_SOURCE, "nor a source more than a thousand");
}

int main(void)
{
	struct source s;
	struct fault f = {0};
	a = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(goods); i++) {
		const struct good *g = &goods[i];
		ok(!source_parse(str_of(g->text), a, &s, &f) && s.kind == SOURCE_GIT, "a source: %s", g->text);
		is_str(s.url, g->url, "its address");
		is_str(s.ref, g->ref, "its branch");
		is_str(s.folder, g->folder, "its folder");
		is_str(s.origin, g->origin, "its origin");
	}
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		int err = source_parse(str_of(bads[i].text), a, &s, &f);
		ok(err == bads[i].err, "refused: %s: %s", bads[i].text, err ? f.message : "not at all");
	}
	ok(!source_parse(STR("./apps/pad@v1"), a, &s, &f) && s.kind == SOURCE_LOCAL && !strcmp(s.path, "./apps/pad") && !strcmp(s.ref, "v1"), "a path");
	ok(!source_parse(STR("builtin:pad"), a, &s, &f) && s.kind == SOURCE_BUILTIN && !strcmp(s.path, "pad"), "a built-in app");
	ok(!source_parse(STR("./a b:c"), a, &s, &f) && s.kind == SOURCE_LOCAL, "a path may have a colon");
	ok(!source_parse(STR(":x"), a, &s, &f) && !source_parse(STR("a b:c"), a, &s, &f) && s.kind == SOURCE_LOCAL, "where no scheme can be meant");
	lengths();
	names();
	folds();
	arena_free(a);
	return done_testing();
}
