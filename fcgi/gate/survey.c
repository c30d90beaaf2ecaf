#define _GNU_SOURCE /* memmem */

#include "gate/survey.h"

#include "base/out.h"
#include "codec/form.h"
#include "codec/json.h"

#define PAGE_MAX (512 * KIB) /* of a page that is looked at */

/* ---- what pages lead to ---- */

/* A path of this app, without its fragment; STR_NONE: it leads elsewhere. */
static struct str local(struct arena *a, struct str path, struct str raw)
{
	struct str rest, url = str_cut(links_text(a, raw), '#', &rest);
	if (url.n && url.p[0] == '?' && path.n + url.n < 1000)
		url = str_of(arena_printf(a, "%.*s%.*s", STR_FMT(path), STR_FMT(url)));
	bool here = url.n && url.p[0] == '/' && !str_starts(url, "//") && !str_starts(url, "/_fazt/") && url.n < 1000;
	return here ? url : STR_NONE;
}

static void add_link(struct survey *s, struct str url)
{
	for (int i = 0; i < s->nlinks; i++)
		if (str_eq(s->link[i], url))
			return;
	if (url.n && s->nlinks < SURVEY_LINKS)
		s->link[s->nlinks++] = arena_str(s->arena, url);
}

void survey_link(struct survey *s, struct arena *a, struct str path, struct str url)
{
	add_link(s, local(a, path, url));
}

static bool same_form(const struct page_form *a, const struct page_form *b)
{
	bool same = str_eq(a->action, b->action) && a->nfields == b->nfields;
	for (int i = 0; same && i < a->nfields; i++)
		same = str_eq(a->field[i].name, b->field[i].name);
	return same;
}

static void keep_form(struct survey *s, const struct page_form *f)
{
	for (int i = 0; i < s->nforms; i++)
		if (same_form(&s->form[i], f))
			return;
	if (s->nforms == SURVEY_FORMS || !f->action.n)
		return;
	struct page_form *own = &s->form[s->nforms++];
	*own = *f;
	own->action = arena_str(s->arena, f->action);
	for (int i = 0; i < own->nfields; i++) {
		struct link *k = &own->field[i];
		*k = (struct link){.name = arena_str(s->arena, k->name), .type = arena_str(s->arena, k->type),
				   .value = k->value.p ? arena_str(s->arena, k->value) : STR_NONE};
	}
}

static void add_field(struct page_form *f, struct arena *a, const struct link *k)
{
	if (f->nfields == SURVEY_FIELDS || str_ieq(k->type, "submit") || str_ieq(k->type, "file") || str_ieq(k->type, "image"))
		return;
	f->field[f->nfields++] = (struct link){.name = links_text(a, k->name), .value = k->value.p ? links_text(a, k->value) : STR_NONE,
					       .type = k->type};
}

static struct page_form form_at(struct arena *a, struct str path, const struct link *k)
{
	return (struct page_form){.method = str_ieq(k->method, "post") ? STR("POST") : STR("GET"),
				  .action = k->value.n ? local(a, path, k->value) : path};
}

/* A select without a value takes its first option's. */
static void add_option(struct page_form *f, struct arena *a, const struct link *k)
{
	struct link *last = f->nfields ? &f->field[f->nfields - 1] : NULL;
	if (last && str_ieq(last->type, "select") && !last->value.p)
		last->value = links_text(a, k->value);
}

void survey_page(struct survey *s, struct arena *a, struct str path, struct str html)
{
	struct links l = LINKS(html);
	struct link k;
	struct page_form *f = NEW(a, struct page_form);
	bool open = false;
	l.rest.n = MIN(l.rest.n, (size_t)PAGE_MAX);
	while (links_next(&l, &k)) {
		if (k.kind == LINK_HREF)
			survey_link(s, a, path, k.value);
		else if (k.kind == LINK_FORM)
			*f = form_at(a, path, &k), open = true;
		else if (open && k.kind == LINK_FIELD)
			add_field(f, a, &k);
		else if (open && k.kind == LINK_OPTION)
			add_option(f, a, &k);
		else if (open && k.kind == LINK_END)
			keep_form(s, f), open = false;
	}
}

/* ---- bodies ---- */

struct str survey_json(const struct survey *s, struct arena *a, const char *mark)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	for (int i = 0; i < s->nfields; i++) {
		out_keystr(&o, s->field[i]);
		out_cstr(&o, mark);
	}
	out_end(&o);
	struct str body = arena_str(a, buf_str(&b));
	buf_release(&b);
	return body;
}

struct str survey_form(const struct survey *s, struct arena *a, const char *mark)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i < s->nfields; i++)
		form_add(&b, arena_cstr(a, s->field[i]), str_of(mark));
	struct str body = arena_str(a, buf_str(&b));
	buf_release(&b);
	return body;
}

static struct str field_value(struct arena *a, const struct link *k, const char *mark)
{
	static const char *const given[] = {"hidden", "checkbox", "radio", "select"};
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (str_ieq(k->type, given[i]))
			return k->value.p ? k->value : STR("on");
	if (str_ieq(k->type, "number") || str_ieq(k->type, "range"))
		return k->value.n ? k->value : STR("7");
	if (str_ieq(k->type, "date"))
		return STR("2030-01-31");
	if (str_ieq(k->type, "email"))
		return str_of(arena_printf(a, "%s@example.com", mark));
	if (str_ieq(k->type, "url"))
		return str_of(arena_printf(a, "https://example.com/%s", mark));
	return str_of(mark);
}

struct str form_filled(struct arena *a, const struct page_form *f, const char *mark)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i < f->nfields; i++)
		form_add(&b, arena_cstr(a, f->field[i].name), field_value(a, &f->field[i], mark));
	struct str body = arena_str(a, buf_str(&b));
	buf_release(&b);
	return body;
}

/* ---- addresses ---- */

bool way_params(struct str path)
{
	return memmem(path.p, path.n, "/:", 2) || memmem(path.p, path.n, "/*", 2);
}

struct str way_fill(struct arena *a, struct str path, struct str first, struct str second)
{
	struct buf b = BUF_INIT;
	struct str rest = {path.p + 1, path.n - 1};
	bool used = false;
	while (rest.p) {
		struct str segment = str_cut(rest, '/', &rest);
		buf_addc(&b, '/');
		if (segment.n && (*segment.p == ':' || *segment.p == '*')) {
			form_encode(&b, used ? second : first);
			used = true;
		} else {
			buf_addstr(&b, segment);
		}
	}
	struct str target = arena_str(a, buf_str(&b));
	buf_release(&b);
	return target;
}

bool way_several(struct str path)
{
	int n = 0;
	for (size_t i = 0; i + 1 < path.n; i++)
		n += path.p[i] == '/' && (path.p[i + 1] == ':' || path.p[i + 1] == '*');
	return n > 1;
}

struct str way_shape(struct arena *a, struct str url)
{
	struct buf b = BUF_INIT;
	struct str query, rest = str_cut(url, '?', &query);
	buf_adds(&b, "GET ");
	for (rest = (struct str){rest.p + 1, rest.n - 1}; rest.p;) {
		struct str segment = str_cut(rest, '/', &rest);
		buf_addc(&b, '/');
		buf_addstr(&b, segment.n >= 20 ? STR(":id") : segment);
	}
	struct str text = arena_str(a, buf_str(&b));
	buf_release(&b);
	return text;
}

/* ---- what the code says ---- */

static void add_name(struct survey *s, struct str name)
{
	for (int i = 0; i < s->nfields; i++)
		if (str_eq(s->field[i], name))
			return;
	if (name.n && name.n < 40 && s->nfields < SURVEY_FIELDS)
		s->field[s->nfields++] = arena_str(s->arena, name);
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Fields that the code names: what follows "json." and "form." in it. */
static void names_in(struct survey *s, struct str text, const char *before)
{
	size_t n = strlen(before);
	const char *at;
	while (text.n && (at = memmem(text.p, text.n, before, n))) {
		text = (struct str){at + n, text.n - (size_t)(at - text.p) - n};
		struct str name = {text.p, 0};
		while (name.n < text.n && letter(name.p[name.n]))
			name.n++;
		add_name(s, name);
	}
}

void survey_fields(struct survey *s, const struct app *app)
{
	static const char *const usual[] = {"title", "name", "text", "body", "note", "message", "content", "description", "subject"};
	for (int i = 0; i < app->nfiles; i++) {
		names_in(s, app->file[i].text, "json.");
		names_in(s, app->file[i].text, "form.");
	}
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		add_name(s, str_of(usual[i]));
}

static void add_way(struct survey *s, struct str method, struct str path)
{
	struct buf m = BUF_INIT, p = BUF_INIT;
	if (json_text(&m, method) && json_text(&p, path) && m.len && p.len && p.p[0] == '/')
		s->way[s->nways++] = (struct way){arena_str(s->arena, buf_str(&m)), arena_str(s->arena, buf_str(&p))};
	buf_release(&m);
	buf_release(&p);
}

void survey_routes(struct survey *s, struct str ready)
{
	struct json_lex l;
	struct str list, pair, item[2];
	json_lex_init(&l, json_member(ready, STR("routes"), &list) ? list : STR("null"), 4);
	if (json_next(&l) != JSON_ARRAY)
		return;
	while (s->nways < SURVEY_WAYS && json_next_item(&l, &pair)) {
		struct json_lex inner;
		json_lex_init(&inner, pair, 2);
		if (json_next(&inner) != JSON_ARRAY || !json_next_item(&inner, &item[0]) || !json_next_item(&inner, &item[1]))
			continue;
		add_way(s, item[0], item[1]);
	}
}

