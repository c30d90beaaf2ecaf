#include "config.h"

#include "cell/markdown.h"

#include <lauxlib.h>

#include "cell/link.h"
#include "cell/raise.h"

#ifdef HAVE_CMARK
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <setjmp.h>
#include <sys/mman.h>

#include "cell/heap.h"

#define TEXT_MAX (256 * KIB)
#define PAIRS_MAX 25000000 /* at the end of a link the library looks at every picture that is open */
#define SCANNED_MAX (1024ul * MIB) /* for the end of each <? it looks through the rest */
#define ADDRESS_MAX (512ul * MIB) /* for each @ it looks for an address of mail around it */
#define MARKS_MAX (8 * KIB)       /* of quotes and lists in each other, at the beginning of one line: it goes through all of them for each */
#define REGION (48 * MIB) /* the tree of 256 KB of text, unless somebody made it to be large */
#define ALIGN 16

/* The library has no way to fail for want of memory. So its memory is a region that only grows and is emptied at the end of
 * each run, and leaving a run early is a longjmp, which leaks nothing. A block is preceded by its size. */
static char *region;
static size_t used;
static jmp_buf full;

static void *take(size_t n)
{
	if (n > REGION)
		longjmp(full, 1);
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n + ALIGN > REGION - used)
		longjmp(full, 1);
	char *p = region + used + ALIGN;
	memcpy(p - ALIGN, &n, sizeof n);
	used += n + ALIGN;
	return p;
}

/* Memory of the region is zero until it is used. */
static void *take_zeroed(size_t count, size_t size)
{
	if (size && count > REGION / size)
		longjmp(full, 1);
	return take(count * size);
}

static size_t size_of(const char *p)
{
	size_t n;
	memcpy(&n, p - ALIGN, sizeof n);
	return n;
}

static void *resize(void *p, size_t n)
{
	size_t old = p ? size_of(p) : 0;
	if (p && n <= old)
		return p;
	if (p && (char *)p + old == region + used)
		used = (size_t)((char *)p - ALIGN - region);
	char *to = take(n);
	if (p && to != p)
		memcpy(to, p, old);
	return to;
}

static void forget(void *p UNUSED)
{
}

static cmark_mem memory = {take_zeroed, resize, forget};

static const char *const extensions[] = {"table", "strikethrough", "autolink", "tasklist"};

void markdown_init(void)
{
	region = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		die("no address space for markdown");
	cmark_gfm_core_extensions_ensure_registered();
}

static struct str convert(struct str text, int options)
{
	cmark_parser *parser = cmark_parser_new_with_mem(options, &memory);
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, text.p, text.n);
	cmark_node *tree = cmark_parser_finish(parser);
	return str_of(cmark_render_html_with_mem(tree, options, cmark_parser_get_syntax_extensions(parser), &memory));
}

/* The library escapes every < and " that is not its own, so this begins a link and nothing else. */
static void add_with_rel(struct buf *b, struct str html)
{
	static const char link[] = "<a href=\"";
	for (const char *at; (at = memmem(html.p, html.n, link, sizeof link - 1));) {
		const char *to = at + sizeof link - 1, *end = html.p + html.n;
		bool away = end - to > 5 && (!memcmp(to, "http:", 5) || !memcmp(to, "https", 5) || !memcmp(to, "//", 2));
		buf_add(b, html.p, (size_t)(at - html.p));
		buf_adds(b, away ? "<a rel=\"nofollow noopener\" href=\"" : link);
		html = (struct str){to, (size_t)(end - to)};
	}
	buf_addstr(b, html);
}

/* Into link_text; false when it is too much. */
static bool run(struct str text, int options)
{
	bool done = !setjmp(full);
	if (done)
		add_with_rel(&link_text, convert(text, options));
	heap_wipe(region, used);
	used = 0;
	return done && !link_text.full;
}

static size_t count(struct str text, const char what[2])
{
	size_t n = 0;
	for (size_t i = 1; i < text.n; i++)
		n += text.p[i - 1] == what[0] && text.p[i] == what[1];
	return n;
}

static size_t count_char(struct str text, char what)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == what;
	return n;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Of quotes and lists, at the beginning of one line: as many as there may be. A list's has a blank behind it. */
static size_t most_marks(struct str text)
{
	size_t most = 0;
	while (text.n) {
		struct str line = str_cut(text, '\n', &text);
		size_t marks = 0;
		for (size_t i = 0; i + 1 < line.n && line.p[i] && strchr(">-+*.) \t0123456789", line.p[i]); i++)
			marks += line.p[i] == '>' || (!blank(line.p[i]) && blank(line.p[i + 1]));
		most = MAX(most, marks);
	}
	return most;
}

/* Where the library's time is quadratic, a product says how much it would be. */
static bool too_slow(struct str text)
{
	return count_char(text, '@') * text.n > ADDRESS_MAX || most_marks(text) > MARKS_MAX ||
	       count(text, "![") * count(text, "](") > PAIRS_MAX || count(text, "<?") * text.n > SCANNED_MAX;
}

int markdown_html(lua_State *L)
{
	struct str text;
	text.p = luaL_checklstring(L, 1, &text.n);
	int options = CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8 | (lua_toboolean(L, 2) ? CMARK_OPT_HARDBREAKS : 0);
	if (text.n > TEXT_MAX)
		raise(L, ERR_TOO_LARGE, "markdown.render: at most %u KB of text", TEXT_MAX / KIB);
	link_text_drop(0);
	if (too_slow(text) || !run(text, options)) {
		link_text_drop(0);
		raise(L, ERR_TOO_LARGE, "markdown.render: the text has too much markup");
	}
	lua_pushlstring(L, link_text.p, link_text.len);
	link_text_drop(0);
	return 1;
}

#else

void markdown_init(void)
{
}

int markdown_html(lua_State *L)
{
	raise(L, ERR_UNSUPPORTED, "markdown.render: this Fazt was built without libcmark-gfm");
}

#endif
