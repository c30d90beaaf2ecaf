#include "config.h"

#include "cell/markdown.h"

#include <lauxlib.h>

#include "cell/link.h"
#include "cell/raise.h"
#include "fuzz.h"

/* Whatever the text, the HTML is UTF-8 and has no tag, attribute or address that runs code. */

static lua_State *L;

/* Of the text between < and > of a tag of ours: is it one that the library writes? */
static bool tag_is_fine(struct str tag)
{
	static const char *const names[] = {"p", "a", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "br",
					    "hr", "img", "table", "thead", "tbody", "tr", "th", "td", "input", "!--"};
	size_t n = 0;
	if (tag.n && tag.p[0] == '/')
		tag = (struct str){tag.p + 1, tag.n - 1};
	while (n < tag.n && tag.p[n] != ' ')
		n++;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is((struct str){tag.p, n}, names[i]))
			return true;
	return false;
}

/* An attribute's value that is an address begins with no scheme of code. */
static void check_address(struct str tag, const char *name)
{
	static const char *const bad[] = {"javascript:", "vbscript:", "file:", "data:text"};
	const char *at = memmem(tag.p, tag.n, name, strlen(name));
	if (!at)
		return;
	at += strlen(name);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		MUST((size_t)(tag.p + tag.n - at) < strlen(bad[i]) || strncasecmp(at, bad[i], strlen(bad[i])));
}

static void check_html(struct str html)
{
	MUST(text_utf8(html));
	for (const char *at = html.p, *end = html.p + html.n; (at = memchr(at, '<', (size_t)(end - at)));) {
		const char *to = memchr(at, '>', (size_t)(end - at));
		MUST(to);
		struct str tag = {at + 1, (size_t)(to - at - 1)};
		MUST(tag_is_fine(tag));
		check_address(tag, "href=\"");
		check_address(tag, "src=\"");
		at = to;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!L) {
		L = luaL_newstate();
		link_init();
		raise_open(L);
		markdown_init();
	}
	lua_settop(L, 0);
	lua_pushcfunction(L, markdown_html);
	lua_pushlstring(L, (const char *)data, size);
	lua_pushboolean(L, size & 1);
	if (!lua_pcall(L, 2, 1, 0)) {
		struct str html;
		html.p = lua_tolstring(L, 1, &html.n);
		check_html(html);
	}
	return 0;
}
