#include "codec/links.h"

#include "tap.h"

static struct arena *a;

/* All of it as one line of text. */
static char *all(const char *html)
{
	static const char *const kinds[] = {"href", "form", "end", "field", "option"};
	struct links l = LINKS(str_of(html));
	struct link k;
	char *text = arena_strdup(a, "");
	while (links_next(&l, &k))
		text = arena_printf(a, "%s%s(%.*s|%.*s|%.*s|%.*s)", text, kinds[k.kind], STR_FMT(k.name), STR_FMT(links_text(a, k.value)),
				    STR_FMT(k.method), STR_FMT(k.type));
	return text;
}

int main(void)
{
	a = arena_new();
	is_str(all("<p><a class=x href='/n/1'>one</a> <A HREF=/n/2>two</A><a name=x>"), "href(|/n/1||)href(|/n/2||)", "links, however they are quoted");
	is_str(all("<a href=\"/?a=1&amp;b=&lt;&#39;\">"), "href(|/?a=1&b=<'||)", "entities");
	is_str(all("<form action=/n method=\"post\"><input type=hidden name=k value=v><input value=x><textarea name=t>a</textarea>"
		   "<select name=s><option value=1>one</select></form>"),
	       "form(|/n|post|)field(k|v||hidden)field(t|||textarea)field(s|||select)option(|1||)end(|||)", "a form");
	is_str(all("<form><input name=a/></form>"), "form(|||)field(a/|||)end(|||)", "a form without words");
	is_str(all("a < b <!-- <a href=/c> --> <ahref=x> <a"), "href(|/c||)", "what is no tag");
	is_str(all("<a href=\"/never ends"), "href(|/never ends||)", "a quote that does not close");
	is_str(all(""), "", "nothing");
	arena_free(a);
	return done_testing();
}
