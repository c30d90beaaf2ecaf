#include "codec/links.h"

static bool space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip(struct str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static void skip_space(struct str *s)
{
	while (s->n && space(*s->p))
		skip(s, 1);
}

/* What stands before one of stop, cut off. */
static struct str word(struct str *s, const char *stop)
{
	struct str w = {s->p, 0};
	while (w.n < s->n && !space(w.p[w.n]) && !(w.p[w.n] && strchr(stop, w.p[w.n])))
		w.n++;
	skip(s, w.n);
	return w;
}

static struct str quoted(struct str *s)
{
	char quote = *s->p;
	skip(s, 1);
	const char *end = s->n ? memchr(s->p, quote, s->n) : NULL;
	struct str v = {s->p, end ? (size_t)(end - s->p) : s->n};
	skip(s, end ? v.n + 1 : v.n);
	return v;
}

/* The next attribute of the tag at s; false at its end, which is cut off. */
static bool attribute(struct str *s, struct str *name, struct str *value)
{
	*value = STR_NONE;
	for (;;) {
		skip_space(s);
		if (!s->n || *s->p == '>') {
			skip(s, s->n ? 1 : 0);
			return false;
		}
		*name = word(s, "=>/");
		if (name->n)
			break;
		skip(s, 1);
	}
	skip_space(s);
	if (!s->n || *s->p != '=')
		return true;
	skip(s, 1);
	skip_space(s);
	if (s->n)
		*value = *s->p == '"' || *s->p == '\'' ? quoted(s) : word(s, ">");
	return true;
}

static const struct {
	const char *tag;
	enum link_kind kind;
	const char *attribute; /* whose value is the link's */
} tags[] = {
	{"a", LINK_HREF, "href"},       {"form", LINK_FORM, "action"},      {"/form", LINK_END, ""},
	{"input", LINK_FIELD, "value"}, {"textarea", LINK_FIELD, "value"},  {"select", LINK_FIELD, "value"},
	{"option", LINK_OPTION, "value"},
};

static void read_attributes(struct str *s, const char *which, struct link *k)
{
	struct str name, value;
	while (attribute(s, &name, &value)) {
		if (str_ieq(name, which))
			k->value = value;
		else if (str_ieq(name, "name"))
			k->name = value;
		else if (str_ieq(name, "method"))
			k->method = value;
		else if (str_ieq(name, "type"))
			k->type = value;
	}
}

static bool read_tag(struct str *s, struct link *k)
{
	bool end = s->n && *s->p == '/';
	struct str rest = *s, tag;
	skip(&rest, end);
	tag = word(&rest, "/>=");
	tag.p -= end;
	tag.n += end;
	*s = rest;
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (!str_ieq(tag, tags[i].tag))
			continue;
		*k = (struct link){.kind = tags[i].kind};
		read_attributes(s, tags[i].attribute, k);
		if (k->kind == LINK_FIELD && !str_ieq(tag, "input"))
			k->type = tag;
		return k->kind == LINK_FIELD ? k->name.n : k->kind != LINK_HREF || k->value.p;
	}
	return false;
}

bool links_next(struct links *l, struct link *k)
{
	const char *at;
	while (l->rest.n && (at = memchr(l->rest.p, '<', l->rest.n))) {
		skip(&l->rest, (size_t)(at - l->rest.p) + 1);
		if (read_tag(&l->rest, k))
			return true;
	}
	return false;
}

static const struct {
	const char *name;
	char is;
} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#34;", '"'}, {"&#39;", '\''}, {"&#x27;", '\''}};

struct str links_text(struct arena *a, struct str raw)
{
	char *text = arena_alloc(a, raw.n + 1), *to = text;
	while (raw.n) {
		size_t i = 0;
		while (i < ARRAY_LEN(entities) && !str_starts(raw, entities[i].name))
			i++;
		bool entity = i < ARRAY_LEN(entities);
		*to++ = entity ? entities[i].is : *raw.p;
		skip(&raw, entity ? strlen(entities[i].name) : 1);
	}
	return (struct str){text, (size_t)(to - text)};
}
