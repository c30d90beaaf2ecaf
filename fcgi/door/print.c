#include "door/print.h"

#include <jansson.h>

#include "base/now.h"
#include "base/visible.h"

#define CELL_MAX 60 /* characters of one table cell */
#define TEXT_MAX (64 * KIB)
#define COLUMNS 10

static bool is_moment(const char *key, json_int_t v)
{
	static const char *const keys[] = {"created", "seen", "installed", "at", "expires", "updated", "due", "next", "last", "until", "began", "ended", "moment"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strcmp(key, keys[i]))
			return v > 1000000000000;
	return false;
}

/* Text that may have several lines: line breaks and tabs stay, each new line begins with indent; other controls are shown. */
static void add_lines(struct buf *b, struct str rest, const char *indent)
{
	while (rest.n) {
		size_t n = 0;
		while (n < rest.n && rest.p[n] != '\n' && rest.p[n] != '\t')
			n++;
		visible_add(b, (struct str){rest.p, n}, TEXT_MAX);
		if (n < rest.n) {
			buf_addc(b, rest.p[n]);
			buf_adds(b, rest.p[n] == '\n' ? indent : "");
			n++;
		}
		rest = (struct str){rest.p + n, rest.n - n};
	}
}

static struct str string_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static void add_value(struct buf *b, const char *key, const json_t *v);

static void add_list(struct buf *b, const json_t *list)
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		buf_adds(b, i ? ", " : "");
		if (json_is_object(item) && json_object_get(item, "name"))
			item = json_object_get(item, "name");
		add_value(b, "", item);
	}
}

static void add_value(struct buf *b, const char *key, const json_t *v)
{
	char at[25];
	switch (json_typeof(v)) {
	case JSON_STRING:
		visible_add(b, string_of(v), TEXT_MAX);
		return;
	case JSON_INTEGER:
		if (is_moment(key, json_integer_value(v)))
			buf_adds(b, now_iso(json_integer_value(v), at));
		else
			buf_addf(b, "%lld", (long long)json_integer_value(v));
		return;
	case JSON_REAL:
		buf_addf(b, "%g", json_real_value(v));
		return;
	case JSON_TRUE:
		buf_adds(b, "yes");
		return;
	case JSON_FALSE:
		buf_adds(b, "no");
		return;
	case JSON_NULL:
		buf_adds(b, "-");
		return;
	case JSON_ARRAY:
		add_list(b, v);
		return;
	case JSON_OBJECT: {
		char *text = json_dumps(v, JSON_COMPACT);
		visible_add(b, str_of(text), TEXT_MAX);
		free(text);
	}
	}
}

/* ---- tables ---- */

/* Columns of characters, not bytes: continuation bytes take no room. */
static int width(struct str s)
{
	int n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static char *cell_text(const json_t *row, const char *key)
{
	struct buf b = BUF_INIT;
	const json_t *v = json_object_get(row, key);
	if (v)
		add_value(&b, key, v);
	while (width(buf_str(&b)) > CELL_MAX)
		do
			b.len--;
		while (b.len && ((unsigned char)b.p[b.len] & 0xC0) == 0x80);
	return buf_detach(&b, NULL);
}

/* Keys too are what a node elsewhere says. */
static void add_padded(struct buf *b, const char *text, int to, bool last)
{
	size_t at = b->len;
	visible_add(b, str_of(text), TEXT_MAX);
	int n = b->len > at ? width((struct str){b->p + at, b->len - at}) : 0;
	for (; !last && n < to + 2; n++)
		buf_addc(b, ' ');
}

/* The last column has the rest of the line, and may go on below. */
static void print_row(struct buf *b, const json_t *row, const char *const *keys, const int *wide, int n)
{
	for (int c = 0; c < n; c++) {
		const json_t *v = json_object_get(row, keys[c]);
		if (c == n - 1 && json_is_string(v)) {
			add_lines(b, string_of(v), "\t");
			break;
		}
		char *text = cell_text(row, keys[c]);
		add_padded(b, text, wide[c], c == n - 1);
		free(text);
	}
	buf_addc(b, '\n');
}

static void print_table(struct buf *b, const json_t *list)
{
	const char *keys[COLUMNS];
	int wide[COLUMNS], n = 0;
	size_t i;
	json_t *row, *v;
	const char *key;
	json_object_foreach(json_array_get(list, 0), key, v)
		if (n < COLUMNS)
			keys[n++] = key;
	for (int c = 0; c < n; c++) {
		wide[c] = width(str_of(keys[c]));
		json_array_foreach(list, i, row) {
			char *text = cell_text(row, keys[c]);
			wide[c] = MAX(wide[c], width(str_of(text)));
			free(text);
		}
	}
	for (int c = 0; c < n; c++)
		add_padded(b, keys[c], wide[c], c == n - 1);
	buf_addc(b, '\n');
	json_array_foreach(list, i, row)
		print_row(b, row, keys, wide, n);
}

static bool table_like(const json_t *v)
{
	return json_is_array(v) && json_is_object(json_array_get(v, 0));
}

/* Lines of a text begin below its first one, so none looks like another key. */
static void add_member(struct buf *b, const char *key, const json_t *v, int column)
{
	static const char spaces[] = "                                ";
	if (json_is_string(v))
		add_lines(b, string_of(v), spaces + sizeof spaces - 1 - MIN((size_t)column, sizeof spaces - 1));
	else
		add_value(b, key, v);
}

static void print_object(struct buf *b, const json_t *o)
{
	const char *key;
	json_t *v;
	if (json_object_size(o) == 1 && json_is_string(v = json_object_iter_value(json_object_iter((json_t *)o)))) {
		add_value(b, "", v);
		buf_addc(b, '\n');
		return;
	}
	int wide = 0;
	json_object_foreach((json_t *)o, key, v)
		wide = MAX(wide, width(str_of(key)));
	json_object_foreach((json_t *)o, key, v) {
		if (table_like(v)) {
			buf_addc(b, '\n');
			visible_add(b, str_of(key), TEXT_MAX);
			buf_addc(b, '\n');
			print_table(b, v);
			continue;
		}
		add_padded(b, key, wide, false);
		add_member(b, key, v, wide + 2);
		buf_addc(b, '\n');
	}
}

void print_result(struct buf *b, struct str json)
{
	json_t *v = json_loadb(json.n ? json.p : "null", json.n ? json.n : 4, JSON_DECODE_ANY, NULL);
	if (table_like(v)) {
		print_table(b, v);
	} else if (json_is_object(v)) {
		print_object(b, v);
	} else if (json_is_string(v)) {
		add_lines(b, string_of(v), "");
		if (b->len && b->p[b->len - 1] != '\n')
			buf_addc(b, '\n');
	} else if (v && !json_is_null(v) && !(json_is_array(v) && !json_array_size(v))) {
		add_value(b, "", v);
		buf_addc(b, '\n');
	}
	json_decref(v);
}

void print_line(struct buf *b, struct str json)
{
	const char *key;
	json_t *member, *v = json_loadb(json.p, json.n, JSON_DECODE_ANY, NULL);
	size_t left = json_object_size(v);
	json_object_foreach(v, key, member) {
		if (!--left && json_is_string(member))
			add_lines(b, string_of(member), "\t");
		else
			add_value(b, key, member);
		buf_adds(b, left ? "  " : "");
	}
	if (json_is_string(v))
		add_lines(b, string_of(v), "\t");
	buf_addc(b, '\n');
	json_decref(v);
}
