#include "codec/json.h"

/* The lexer is a small state machine: `state` names what may come next.
 *   'v' a value          'k' a key or }        'K' a key (after a comma)
 *   ':' a colon          ',' a comma or the end of the container
 *   'e' only the end     'V' a value or ]      (state is 'v' at the very start) */

void json_lex_init(struct json_lex *l, struct str text, int max_depth)
{
	*l = (struct json_lex){.at = text.p,
			       .start = text.p,
			       .end = text.p ? text.p + text.n : NULL,
			       .max_depth = MIN(max_depth, JSON_DEPTH),
			       .state = 'v'};
}

static enum json_tok bad(struct json_lex *l, const char *why)
{
	l->error = why;
	l->state = 'x';
	return JSON_ERROR;
}

static void skip_space(struct json_lex *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\n' || *l->at == '\t' || *l->at == '\r'))
		l->at++;
}

/* After a value: what the container around it expects. */
static void after_value(struct json_lex *l)
{
	l->state = l->depth ? ',' : 'e';
}

static enum json_tok word(struct json_lex *l, const char *w, enum json_tok tok)
{
	size_t n = strlen(w);
	if ((size_t)(l->end - l->at) < n || memcmp(l->at, w, n))
		return bad(l, "not a JSON value");
	l->at += n;
	after_value(l);
	return tok;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = text_hex(p[i]);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* One escape at p (behind the backslash): its length, or 0 when it is not valid. A high surrogate takes
 * its low half with it. */
static int escape_len(const char *p, const char *end)
{
	if (p >= end)
		return 0;
	if (*p && strchr("\"\\/bfnrt", *p))
		return 1;
	if (*p != 'u')
		return 0;
	int v = hex4(p + 1, end);
	if (v < 0 || (v >= 0xDC00 && v < 0xE000))
		return 0;
	if (v < 0xD800 || v >= 0xE000)
		return 5;
	if (end - p < 7 || p[5] != '\\' || p[6] != 'u')
		return 0;
	int low = hex4(p + 7, end);
	return low >= 0xDC00 && low < 0xE000 ? 11 : 0;
}

static enum json_tok string(struct json_lex *l, enum json_tok tok)
{
	const char *p = ++l->at;
	bool ascii = true;
	while (p < l->end && *p != '"') {
		if (*p == '\\') {
			int n = escape_len(p + 1, l->end);
			if (!n)
				return l->at = p, bad(l, "not a valid escape in a string");
			p += n + 1;
		} else if ((unsigned char)*p < 0x20) {
			return l->at = p, bad(l, "a control character in a string");
		} else {
			ascii &= (unsigned char)*p < 0x80;
			p++;
		}
	}
	if (p == l->end)
		return bad(l, "a string without its closing quote");
	l->text = (struct str){l->at, (size_t)(p - l->at)};
	if (!ascii && !text_utf8(l->text))
		return bad(l, "a string that is not UTF-8");
	l->at = p + 1;
	if (tok == JSON_KEY)
		l->state = ':';
	else
		after_value(l);
	return tok;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static enum json_tok number(struct json_lex *l)
{
	const char *p = l->at, *end = l->end, *q;
	if (p < end && *p == '-')
		p++;
	q = digits(p, end);
	if (q == p || (*p == '0' && q - p > 1))
		return bad(l, "not a JSON number");
	p = q;
	if (p < end && *p == '.') {
		q = digits(p + 1, end);
		if (q == p + 1)
			return bad(l, "not a JSON number");
		p = q;
	}
	if (p < end && (*p | 32) == 'e') {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, end);
		if (q == p)
			return bad(l, "not a JSON number");
		p = q;
	}
	if (p - l->at > 64)
		return bad(l, "a number that is too long");
	l->text = (struct str){l->at, (size_t)(p - l->at)};
	l->at = p;
	after_value(l);
	return JSON_NUMBER;
}

static enum json_tok enter(struct json_lex *l, bool object)
{
	if (l->depth == l->max_depth) {
		l->too_deep = true;
		return bad(l, "nested too deeply");
	}
	l->object[l->depth++] = object;
	l->at++;
	l->state = object ? 'k' : 'V';
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_tok leave(struct json_lex *l)
{
	bool object = l->object[--l->depth];
	l->at++;
	after_value(l);
	return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_tok value(struct json_lex *l)
{
	switch (*l->at) {
	case '{': return enter(l, true);
	case '[': return enter(l, false);
	case '"': return string(l, JSON_STRING);
	case 't': return word(l, "true", JSON_TRUE);
	case 'f': return word(l, "false", JSON_FALSE);
	case 'n': return word(l, "null", JSON_NULL);
	default: return number(l);
	}
}

enum json_tok json_next(struct json_lex *l)
{
	for (;;) {
		skip_space(l);
		if (l->at == l->end)
			return l->state == 'e' ? JSON_END : bad(l, "the JSON text ends too early");
		char c = *l->at, state = l->state;
		if (state == 'v')
			return value(l);
		if (state == 'V')
			return c == ']' ? leave(l) : value(l);
		if (state == 'k' || state == 'K') {
			if (state == 'k' && c == '}')
				return leave(l);
			return c == '"' ? string(l, JSON_KEY) : bad(l, "expected a quoted key");
		}
		if (state == ':') {
			if (c != ':')
				return bad(l, "expected a colon");
			l->at++;
			l->state = 'v';
		} else if (state == ',') {
			bool object = l->object[l->depth - 1];
			if (c == (object ? '}' : ']'))
				return leave(l);
			if (c != ',')
				return bad(l, "expected a comma");
			l->at++;
			l->state = object ? 'K' : 'v';
		} else {
			return bad(l, state == 'e' ? "something follows the JSON value" : "not JSON");
		}
	}
}

int json_check(struct str text, int max_depth, size_t max_items, struct fault *f)
{
	struct json_lex l;
	json_lex_init(&l, text, max_depth);
	for (size_t items = 0;; items++) {
		enum json_tok t = json_next(&l);
		if (t == JSON_END)
			return 0;
		if (t == JSON_ERROR)
			return fault(f, l.too_deep ? ERR_TOO_DEEP : ERR_BAD_REQUEST, "%s, at byte %zu", l.error,
				     (size_t)(l.at - l.start));
		if (items >= 2 * max_items)
			return fault(f, ERR_TOO_LARGE, "more than %zu items in one JSON value", max_items);
	}
}

size_t json_count(struct str text)
{
	struct json_lex l;
	enum json_tok t;
	size_t n = 0;
	json_lex_init(&l, text, JSON_DEPTH);
	while ((t = json_next(&l)) != JSON_END && t != JSON_ERROR)
		n += t != JSON_KEY && t != JSON_OBJECT_END && t != JSON_ARRAY_END;
	return n;
}

/* Skip the value that begins at the lexer; its raw text. */
static struct str skip_value(struct json_lex *l)
{
	skip_space(l);
	const char *from = l->at;
	int depth = l->depth;
	enum json_tok t;
	do
		t = json_next(l);
	while (t != JSON_ERROR && t != JSON_END && l->depth > depth);
	return (struct str){from, (size_t)(l->at - from)};
}

bool json_next_member(struct json_lex *l, struct str *key, struct str *value)
{
	if (json_next(l) != JSON_KEY)
		return false;
	*key = l->text;
	skip_space(l);
	if (l->at == l->end || *l->at != ':')
		return false;
	l->at++;
	l->state = 'v';
	*value = skip_value(l);
	return true;
}

bool json_next_item(struct json_lex *l, struct str *value)
{
	skip_space(l);
	if (l->state == ',' && l->at < l->end && *l->at == ',') {
		l->at++;
		l->state = 'v';
	} else if (l->at == l->end || *l->at == ']' || l->state != 'V') {
		json_next(l); /* the end of the list, or an error */
		return false;
	}
	*value = skip_value(l);
	return !l->error;
}

bool json_member(struct str object, struct str name, struct str *value)
{
	struct json_lex l;
	struct str key, v;
	bool found = false;
	json_lex_init(&l, object, JSON_DEPTH);
	if (json_next(&l) != JSON_OBJECT)
		return false;
	while (json_next_member(&l, &key, &v))
		if (json_key_is(key, name)) {
			*value = v;
			found = true;
		}
	return found;
}

/* ---- skimming: text that is known to be valid, where only the ends of strings and brackets are looked for ---- */

struct skim {
	const char *at, *end;
};

static void skim_space(struct skim *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static struct skim skim_of(struct str text)
{
	struct skim s = {text.p, text.p ? text.p + text.n : NULL};
	skim_space(&s);
	return s;
}

/* A string, whose opening quote is here: what is between the quotes. */
static struct str skim_string(struct skim *s)
{
	const char *from = ++s->at, *p = from;
	while (p < s->end && *p != '"')
		p += *p == '\\' && p + 1 < s->end ? 2 : 1;
	s->at = p + (p < s->end);
	return (struct str){from, (size_t)(p - from)};
}

static void skim_nested(struct skim *s)
{
	int depth = 0;
	do {
		char c = *s->at;
		if (c == '"') {
			skim_string(s);
			continue;
		}
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		s->at++;
	} while (depth && s->at < s->end);
}

static struct str skim_value(struct skim *s)
{
	const char *from = s->at;
	char c = from < s->end ? *from : 0;
	if (c == '"')
		skim_string(s);
	else if (c == '{' || c == '[')
		skim_nested(s);
	else
		while (s->at < s->end && !strchr(",}] \n\t\r", *s->at))
			s->at++;
	return (struct str){from, (size_t)(s->at - from)};
}

/* The next name of an object, whose brace or last value is behind; then its value is next. At the end, behind the object. */
static bool skim_key(struct skim *s, struct str *key)
{
	skim_space(s);
	if (s->at < s->end && (*s->at == '{' || *s->at == ','))
		s->at++;
	skim_space(s);
	if (s->at == s->end || *s->at != '"') {
		s->at += s->at < s->end;
		return false;
	}
	*key = skim_string(s);
	skim_space(s);
	s->at += s->at < s->end; /* the colon */
	skim_space(s);
	return true;
}

/* From the value that is next down the names of path. Where a name comes again, all that was found below the earlier one is
 * forgotten. */
static bool skim_path(struct skim *s, struct str path, struct str *value)
{
	struct str rest, key, name = str_cut(path, '.', &rest);
	bool found = false;
	if (s->at == s->end || *s->at != '{') {
		skim_value(s);
		return false;
	}
	while (skim_key(s, &key)) {
		if (!json_key_is(key, name))
			skim_value(s);
		else if (rest.p)
			found = skim_path(s, rest, value);
		else
			*value = skim_value(s), found = true;
	}
	return found;
}

bool json_path(struct str doc, struct str path, struct str *value)
{
	struct skim s = skim_of(doc);
	struct str v;
	bool found = skim_path(&s, path, &v);
	if (found)
		*value = v;
	return found;
}

void json_pick(struct str object, const struct str *names, int n, struct str *values)
{
	struct skim s = skim_of(object);
	struct str key, v;
	for (int i = 0; i < n; i++)
		values[i] = STR_NONE;
	if (s.at == s.end || *s.at != '{')
		return;
	while (skim_key(&s, &key)) {
		v = skim_value(&s);
		for (int i = 0; i < n; i++)
			if (json_key_is(key, names[i]))
				values[i] = v;
	}
}

static void add_utf8(struct buf *b, unsigned v)
{
	char u[4];
	size_t n;
	if (v < 0x80)
		u[0] = (char)v, n = 1;
	else if (v < 0x800)
		u[0] = (char)(0xC0 | v >> 6), n = 2;
	else if (v < 0x10000)
		u[0] = (char)(0xE0 | v >> 12), n = 3;
	else
		u[0] = (char)(0xF0 | v >> 18), n = 4;
	for (size_t i = 1; i < n; i++)
		u[i] = (char)(0x80 | (v >> 6 * (n - 1 - i) & 63));
	buf_add(b, u, n);
}

/* Append what the escape behind the backslash at p means; how many bytes it took. */
static int unescape_one(struct buf *b, const char *p, const char *end)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int n = escape_len(p, end);
	const char *at = n ? strchr(from, *p) : NULL;
	if (at) {
		buf_addc(b, to[at - from]);
	} else if (n == 5) {
		add_utf8(b, (unsigned)hex4(p + 1, end));
	} else if (n == 11) {
		unsigned high = (unsigned)hex4(p + 1, end), low = (unsigned)hex4(p + 7, end);
		add_utf8(b, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
	}
	return n;
}

void json_unescape(struct buf *b, struct str raw)
{
	const char *p = raw.p, *end = raw.p + raw.n;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		buf_add(b, p, (size_t)((slash ? slash : end) - p));
		if (!slash)
			return;
		int n = unescape_one(b, slash + 1, end);
		if (!n)
			return; /* not valid: the lexer would have refused it */
		p = slash + 1 + n;
	}
}

bool json_text(struct buf *b, struct str value)
{
	if (value.n < 2 || value.p[0] != '"')
		return false;
	json_unescape(b, (struct str){value.p + 1, value.n - 2});
	return true;
}

bool json_key_is(struct str raw, struct str name)
{
	if (raw.n < name.n) /* no escape is shorter than what it means */
		return false;
	if (!memchr(raw.n ? raw.p : "", '\\', raw.n))
		return str_eq(raw, name);
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	bool same = str_eq(buf_str(&b), name);
	buf_release(&b);
	return same;
}
