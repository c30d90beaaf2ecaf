#include "codec/ntfy.h"

#include <strings.h>

#include "base/crypt.h"
#include "base/visible.h"
#include "codec/calendar.h"
#include "codec/cron.h"
#include "codec/json.h"

/* ---- words ---- */

static bool is_word(struct str s, const char *w)
{
	return str_ieq(s, w);
}

static bool among(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_word(s, words[i]))
			return true;
	return false;
}

static bool topic_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_';
}

bool ntfy_topic(struct str s)
{
	static const char *const pages[] = {"docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"};
	for (size_t i = 0; i < s.n; i++)
		if (!topic_char(s.p[i]))
			return false;
	return s.n && s.n <= 64 && !among(s, pages, ARRAY_LEN(pages));
}

int ntfy_priority(struct str s)
{
	static const struct {
		const char *word;
		int priority;
	} words[] = {
		{"", 0}, {"1", 1}, {"min", 1}, {"2", 2}, {"low", 2}, {"3", 3}, {"default", 3}, {"4", 4}, {"high", 4}, {"5", 5}, {"max", 5}, {"urgent", 5},
	};
	s = str_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (is_word(s, words[i].word))
			return words[i].priority;
	return str_starts(s, "u=") ? 0 : -1;
}

bool ntfy_bool(struct str s, bool otherwise)
{
	static const char *const yes[] = {"1", "yes", "true"};
	return s.n ? among(s, yes, ARRAY_LEN(yes)) : otherwise;
}

/* ---- text ---- */

/* A control, or what turns the direction of text around it. Joiners stay: emoji need them. */
static bool steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}

static struct str clean(struct arena *a, struct str s, bool lines)
{
	struct buf b = BUF_INIT;
	while (s.n) {
		const char *from = s.p;
		uint32_t c = utf8_next(&s);
		if (c == NOT_UTF8)
			buf_adds(&b, "\xEF\xBF\xBD");
		else if (steers(c) && !(lines && (c == '\n' || c == '\t')))
			buf_adds(&b, lines && c == '\r' ? "" : " ");
		else
			buf_add(&b, from, (size_t)(s.p - from));
	}
	struct str out = arena_str(a, b.len ? str_trim(buf_str(&b)) : STR(""));
	buf_release(&b);
	return out;
}

struct str ntfy_line(struct arena *a, struct str s)
{
	return clean(a, s, false);
}

struct str ntfy_text(struct arena *a, struct str s)
{
	return clean(a, s, true);
}

/* ---- encoded words: =?charset?B?…?= (RFC 2047 §2) ---- */

static void quoted(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi = s.p[i] == '=' && i + 2 < s.n ? text_hex(s.p[i + 1]) : -1, lo = hi < 0 ? -1 : text_hex(s.p[i + 2]);
		if (lo >= 0)
			buf_addc(b, (char)(hi * 16 + lo)), i += 2;
		else
			buf_addc(b, s.p[i] == '_' ? ' ' : s.p[i]);
	}
}

static void latin1(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x80)
			buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
	}
}

static bool base64(struct arena *a, struct buf *b, struct str s)
{
	char *bytes = arena_alloc(a, s.n + 1);
	int n = crypt_unb64(bytes, s.n, s);
	if (n > 0)
		buf_add(b, bytes, (size_t)n);
	return n >= 0;
}

/* Reads one word at the front of *s, which begins with =?: false when it is none we know, and nothing happened. */
static bool encoded_word(struct arena *a, struct str *s, struct buf *out)
{
	struct str rest = {s->p + 2, s->n - 2}, text, encoding, charset = str_cut(rest, '?', &encoding), after;
	struct buf b = BUF_INIT;
	encoding = str_cut(encoding, '?', &text);
	text = str_cut(text, '?', &after);
	bool eight = is_word(charset, "utf-8") || is_word(charset, "us-ascii"), one = is_word(charset, "iso-8859-1");
	bool fine = after.n && after.p[0] == '=' && (eight || one);
	if (fine && is_word(encoding, "q"))
		quoted(&b, text);
	else
		fine = fine && is_word(encoding, "b") && base64(a, &b, text);
	if (fine && one)
		latin1(out, buf_str(&b));
	else if (fine)
		buf_addstr(out, buf_str(&b));
	buf_release(&b);
	if (fine)
		*s = (struct str){after.p + 1, after.n - 1};
	return fine;
}

static bool blank(struct str s)
{
	return !str_trim(s).n;
}

struct str ntfy_header(struct arena *a, struct str s)
{
	struct buf b = BUF_INIT;
	struct str between = {s.p, 0}; /* since the last word: nothing but spaces there means nothing */
	bool words = false;
	while (s.n) {
		if (str_starts(s, "=?")) {
			size_t before = b.len;
			struct str gap = between;
			if (encoded_word(a, &s, &b)) {
				if (words && blank(gap) && gap.n) { /* take the spaces out again */
					memmove(b.p + before - gap.n, b.p + before, b.len - before);
					b.len -= gap.n;
				}
				words = true;
				between = (struct str){s.p, 0};
				continue;
			}
		}
		buf_addc(&b, *s.p);
		s.p++, s.n--, between.n++;
	}
	struct str out = ntfy_line(a, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return out;
}

struct str ntfy_tags(struct arena *a, struct str s)
{
	struct buf b = BUF_INIT;
	while (s.n) {
		struct str tag = str_trim(str_cut(s, ',', &s));
		if (tag.n)
			buf_addf(&b, "%s%.*s", b.len ? "," : "", STR_FMT(tag));
	}
	struct str out = arena_str(a, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return out;
}

bool ntfy_http(struct str s)
{
	return str_starts(s, "http://") || str_starts(s, "https://");
}

bool ntfy_link(struct str s)
{
	static const char *const code[] = {"javascript", "data", "vbscript"};
	struct str rest, scheme = str_cut(s, ':', &rest);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	for (size_t i = 0; i < scheme.n; i++)
		if (!topic_char(scheme.p[i]) && !strchr("+.", scheme.p[i]))
			return false;
	return rest.p && scheme.n && !among(scheme, code, ARRAY_LEN(code));
}

/* ---- times ---- */

static size_t digits(struct str s, int64_t *v)
{
	size_t n = 0;
	for (*v = 0; n < s.n && n < 12 && s.p[n] >= '0' && s.p[n] <= '9'; n++)
		*v = *v * 10 + (s.p[n] - '0');
	return n;
}

static struct str behind(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

static size_t letters(struct str s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z')
		n++;
	return n;
}

static int64_t unit_of(struct str s)
{
	static const struct {
		const char *word;
		int64_t ms;
	} units[] = {
		{"s", 1000}, {"sec", 1000}, {"secs", 1000}, {"second", 1000}, {"seconds", 1000}, {"m", MINUTE_MS}, {"min", MINUTE_MS},
		{"mins", MINUTE_MS}, {"minute", MINUTE_MS}, {"minutes", MINUTE_MS}, {"h", HOUR_MS}, {"hour", HOUR_MS}, {"hours", HOUR_MS},
		{"d", DAY_MS}, {"day", DAY_MS}, {"days", DAY_MS},
	};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (is_word(s, units[i].word))
			return units[i].ms;
	return 0;
}

/* "30m", "1h30m", "2 days": ms, or -1. */
static int64_t duration(struct str s)
{
	int64_t sum = 0, n;
	if (!s.n)
		return -1;
	while (s.n) {
		size_t used = digits(s, &n);
		s = str_trim(behind(s, used));
		size_t word = letters(s);
		int64_t ms = unit_of((struct str){s.p, word});
		if (!used || !ms || n > 1000000 || sum > 1000 * DAY_MS)
			return -1;
		sum += n * ms;
		s = str_trim(behind(s, word));
	}
	return sum;
}

/* "10am", "3:30pm", "17:45" off the front of *s: minutes of the day, or -1. */
static int time_of_day(struct str *s)
{
	int64_t h, m = 0;
	size_t n = digits(*s, &h), more = 0;
	struct str rest = behind(*s, n);
	if (n && rest.n && rest.p[0] == ':' && (more = digits(behind(rest, 1), &m)) == 2)
		rest = behind(rest, 3);
	rest = str_trim(rest);
	struct str half = {rest.p, letters(rest)};
	bool am = is_word(half, "am"), pm = is_word(half, "pm");
	if (!n || n > 2 || m > 59 || (!am && !pm && !more) || (am || pm ? h < 1 || h > 12 : h > 23))
		return -1;
	*s = str_trim(am || pm ? behind(rest, half.n) : rest);
	if (am || pm)
		h = h % 12 + (pm ? 12 : 0);
	return (int)(h * 60 + m);
}

/* A day of the week by its name, whole or three letters: 0 is Sunday; -1. */
static int weekday(struct str s)
{
	static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
	for (int i = 0; i < 7; i++)
		if (is_word(s, days[i]) || (s.n == 3 && !strncasecmp(s.p, days[i], 3)))
			return i;
	return -1;
}

/* [today|tomorrow|WEEKDAY][,] [at] [TIME]: the next one, by way of a schedule. */
static bool spoken(struct str s, int64_t now, const struct zone *z, int64_t *at)
{
	struct str word = {s.p, letters(s)};
	int day = weekday(word);
	bool tomorrow = is_word(word, "tomorrow"), today = is_word(word, "today");
	if (day >= 0 || tomorrow || today)
		s = str_trim(behind(s, word.n));
	if (s.n && s.p[0] == ',')
		s = str_trim(behind(s, 1));
	if (letters(s) == 2 && !strncasecmp(s.p, "at", 2))
		s = str_trim(behind(s, 2));
	int64_t wall = now + zone_span(z, now).offset, midnight = calendar_floor(wall, DAY_MS) * DAY_MS;
	int minute = s.n ? time_of_day(&s) : tomorrow ? (int)((wall - midnight) / MINUTE_MS) : -1;
	if (minute < 0 || s.n)
		return false;
	struct cron c = {.minute = UINT64_C(1) << minute % 60, .hour = 1u << minute / 60, .day = ~1u, .month = 0x1ffe,
			 .weekday = day < 0 ? 0x7f : 1u << day, .any_day = true, .any_weekday = true};
	int64_t from = tomorrow ? now + (midnight + DAY_MS - wall) - 1 : now;
	*at = cron_next(&c, from, z);
	return *at > now;
}

bool ntfy_delay(struct str s, int64_t now, const struct zone *z, int64_t *at)
{
	int64_t n;
	s = str_trim(s);
	if (s.n > 100)
		return false;
	if (str_int(s, &n)) {
		*at = n > INT64_MAX / 1000 || n < 0 ? 0 : n * 1000;
		return n <= INT64_C(253402300799) && n >= now / 1000;
	}
	if (s.n > 3 && !strncasecmp(s.p, "in ", 3))
		s = str_trim(behind(s, 3));
	int64_t ms = duration(s);
	*at = now + ms;
	return ms >= 0 || spoken(s, now, z, at);
}

static bool message_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!topic_char(s.p[i]) || s.p[i] == '-' || s.p[i] == '_')
			return false;
	return s.n == 12;
}

enum ntfy_since ntfy_since(struct str s, int64_t now, int64_t *at)
{
	int64_t n;
	*at = 0;
	s = str_trim(s);
	if (str_is(s, "all"))
		return NTFY_ALL;
	if (str_is(s, "none"))
		return NTFY_NONE;
	if (str_is(s, "latest"))
		return NTFY_LATEST;
	if (message_id(s))
		return NTFY_ID;
	if (str_int(s, &n) && n >= 0 && n <= INT64_C(253402300799)) {
		*at = n * 1000;
		return NTFY_TIME;
	}
	n = s.n > 100 ? -1 : duration(s);
	*at = now - n;
	return n < 0 ? NTFY_BAD : NTFY_TIME;
}

static bool clock(struct str s, int *minute)
{
	int64_t h, m;
	struct str rest, first = str_cut(s, ':', &rest);
	bool fine = first.n == 2 && rest.n == 2 && str_int(first, &h) && str_int(rest, &m) && h >= 0 && h < 24 && m >= 0 && m < 60;
	*minute = fine ? (int)(h * 60 + m) : 0;
	return fine;
}

bool ntfy_hours(struct str text, int *from, int *until)
{
	struct str end, begin = str_cut(text, '-', &end);
	return clock(begin, from) && clock(end, until) && *from != *until;
}

/* ---- buttons ---- */

struct pairs {
	int n;
	struct str name[NTFY_PAIRS], value[NTFY_PAIRS];
};

struct action {
	struct str action, label, url, method, body, intent;
	bool clear;
	struct pairs headers, extras;
};

struct actions {
	struct arena *arena;
	struct fault *fault;
	int n;
	struct action one[NTFY_ACTIONS];
};

#define refuse(x, ...) fault((x)->fault, ERR_BAD_REQUEST, __VA_ARGS__)

static int pair(struct actions *x, struct pairs *p, struct str name, struct str value)
{
	if (p->n == NTFY_PAIRS)
		return refuse(x, "at most %d headers or extras are allowed", NTFY_PAIRS);
	p->name[p->n] = ntfy_line(x->arena, name);
	p->value[p->n++] = ntfy_line(x->arena, value);
	return 0;
}

static struct str *member(struct action *b, struct str key)
{
	struct {
		const char *name;
		struct str *at;
	} members[] = {
		{"action", &b->action}, {"label", &b->label}, {"url", &b->url}, {"method", &b->method}, {"body", &b->body}, {"intent", &b->intent},
	};
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (is_word(key, members[i].name))
			return members[i].at;
	return NULL;
}

static int set(struct actions *x, struct action *b, struct str key, struct str value)
{
	static const char *const bools[] = {"true", "yes", "1", "false", "no", "0"};
	struct str *text = member(b, key);
	if (text)
		*text = text == &b->body ? ntfy_text(x->arena, value) : ntfy_line(x->arena, value);
	else if (str_starts(key, "headers."))
		return pair(x, &b->headers, behind(key, 8), value);
	else if (str_starts(key, "extras."))
		return pair(x, &b->extras, behind(key, 7), value);
	else if (!is_word(key, "clear"))
		return refuse(x, "key '%.*s' unknown", STR_FMT(key));
	else if (!among(value, bools, ARRAY_LEN(bools)))
		return refuse(x, "parameter 'clear' cannot be '%.*s', only boolean values are allowed (true/yes/1/false/no/0)", STR_FMT(value));
	else
		b->clear = ntfy_bool(value, false);
	return 0;
}

static int check(struct actions *x, struct action *b)
{
	bool view = is_word(b->action, "view"), http = is_word(b->action, "http"), broadcast = is_word(b->action, "broadcast");
	if (!view && !http && !broadcast)
		return refuse(x, "parameter 'action' cannot be '%.*s', valid values are 'view', 'broadcast' and 'http'", STR_FMT(b->action));
	if (!b->label.n)
		return refuse(x, "parameter 'label' is required");
	if ((view || http) && !b->url.n)
		return refuse(x, "parameter 'url' is required for action '%.*s'", STR_FMT(b->action));
	if (b->url.n && !(http ? ntfy_http(b->url) : ntfy_link(b->url)))
		return refuse(x, "'%.*s' is not an address that can be opened", STR_FMT(b->url));
	if (http && b->body.n && (is_word(b->method, "GET") || is_word(b->method, "HEAD")))
		return refuse(x, "parameter 'body' cannot be set if method is %.*s", STR_FMT(b->method));
	return 0;
}

static struct action *next(struct actions *x)
{
	if (x->n == NTFY_ACTIONS) {
		refuse(x, "only %d actions allowed", NTFY_ACTIONS);
		return NULL;
	}
	return &x->one[x->n++];
}

/* ---- as a sentence ---- */

/* A value in quotes off the front of *s, in which \" is the quote. */
static int quoted_value(struct actions *x, struct str *s, struct str *value)
{
	struct buf b = BUF_INIT;
	char quote = s->p[0];
	size_t i = 1;
	for (; i < s->n && s->p[i] != quote; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n && s->p[i + 1] == quote)
			i++;
		buf_addc(&b, s->p[i]);
	}
	*value = arena_str(x->arena, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	if (i >= s->n)
		return refuse(x, "unexpected end of input, a quote is missing");
	*s = str_trim(behind(*s, i + 1));
	return !s->n || s->p[0] == ',' || s->p[0] == ';' ? 0 : refuse(x, "unexpected character '%c'", s->p[0]);
}

static struct str key_of(struct str *s)
{
	size_t n = 0;
	while (n < s->n && (topic_char(s->p[n]) || s->p[n] == '.'))
		n++;
	struct str key = {s->p, n}, rest = str_trim(behind(*s, n));
	if (!n || !rest.n || rest.p[0] != '=')
		return STR_NONE;
	*s = str_trim(behind(rest, 1));
	return key;
}

static struct str implied(int section, const struct action *b)
{
	bool url = is_word(b->action, "view") || is_word(b->action, "http");
	return section == 0 ? STR("action") : section == 1 ? STR("label") : section == 2 && url ? STR("url") : STR_NONE;
}

/* key=value, up to and with its , or ; — *last: that was a ; or the end. */
static int section(struct actions *x, struct str *s, int nth, struct action *b, bool *last)
{
	struct str value = STR(""), key = key_of(s);
	int err = 0;
	if (s->n && (s->p[0] == '"' || s->p[0] == '\'')) {
		err = quoted_value(x, s, &value);
	} else {
		size_t n = 0;
		while (n < s->n && s->p[n] != ',' && s->p[n] != ';')
			n++;
		value = str_trim((struct str){s->p, n});
		*s = behind(*s, n);
	}
	if (err)
		return err;
	*last = !s->n || s->p[0] == ';';
	*s = s->n ? str_trim(behind(*s, 1)) : *s;
	key = key.n ? key : implied(nth, b);
	return key.n ? set(x, b, key, value) : refuse(x, "term '%.*s' unknown", STR_FMT(value));
}

static int read_sentence(struct actions *x, struct str s)
{
	while (s.n) {
		struct action *b = next(x);
		bool last = false;
		int err = b ? 0 : x->fault->err;
		for (int nth = 0; !err && !last; nth++)
			err = section(x, &s, nth, b, &last);
		if (err)
			return err;
	}
	return 0;
}

/* ---- as JSON ---- */

static struct str text_of(struct actions *x, struct str raw)
{
	struct buf b = BUF_INIT;
	if (raw.n < 2 || raw.p[0] != '"')
		return arena_str(x->arena, str_is(raw, "null") ? STR("") : raw);
	json_unescape(&b, (struct str){raw.p + 1, raw.n - 2});
	struct str s = arena_str(x->arena, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return s;
}

static struct str key_text(struct actions *x, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = arena_str(x->arena, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return s;
}

static int read_pairs(struct actions *x, struct pairs *p, struct str object)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	json_lex_init(&l, object, 8);
	if (json_next(&l) != JSON_OBJECT)
		return str_is(object, "null") ? 0 : refuse(x, "headers and extras are objects");
	while (!err && json_next_member(&l, &key, &value))
		err = pair(x, p, key_text(x, key), text_of(x, value));
	return err;
}

static int read_member(struct actions *x, struct action *b, struct str key, struct str value)
{
	if (is_word(key, "headers"))
		return read_pairs(x, &b->headers, value);
	if (is_word(key, "extras"))
		return read_pairs(x, &b->extras, value);
	return member(b, key) || is_word(key, "clear") ? set(x, b, key, text_of(x, value)) : 0;
}

static int read_json(struct actions *x, struct str s)
{
	struct json_lex list, one;
	struct str item, key, value;
	int err = json_check(s, 8, 1000, x->fault);
	if (err)
		return refuse(x, "JSON error: the actions are not valid JSON");
	json_lex_init(&list, s, 8);
	json_next(&list);
	while (!err && json_next_item(&list, &item)) {
		struct action *b = next(x);
		err = b ? 0 : x->fault->err;
		json_lex_init(&one, item, 8);
		if (!err && json_next(&one) != JSON_OBJECT)
			err = refuse(x, "JSON error: an action is an object");
		while (!err && json_next_member(&one, &key, &value))
			err = read_member(x, b, key_text(x, key), value);
	}
	return err;
}

/* ---- and as clients get them ---- */

static void optional(struct out *o, const char *key, struct str s)
{
	if (s.n)
		out_kstr(o, key, s);
}

static void write_pairs(struct out *o, const char *key, const struct pairs *p)
{
	if (!p->n)
		return;
	out_key(o, key);
	out_object(o);
	for (int i = 0; i < p->n; i++) {
		out_keystr(o, p->name[i]);
		out_str(o, p->value[i]);
	}
	out_end(o);
}

/* With a and A, as ntfy writes it. */
static struct str in_case(struct arena *a, struct str s, bool upper)
{
	char *p = arena_cstr(a, s);
	for (char *q = p; *q; q++)
		if ((*q | 32) >= 'a' && (*q | 32) <= 'z')
			*q = (char)(upper ? *q & ~32 : *q | 32);
	return (struct str){p, s.n};
}

static void write_action(struct out *o, struct arena *a, const struct action *b, int nth)
{
	out_object(o);
	out_kcstr(o, "id", arena_printf(a, "action%d", nth + 1)); /* a client tells the buttons of one message apart */
	out_kstr(o, "action", in_case(a, b->action, false));
	out_kstr(o, "label", b->label);
	out_kbool(o, "clear", b->clear);
	optional(o, "url", b->url);
	optional(o, "method", in_case(a, b->method, true));
	write_pairs(o, "headers", &b->headers);
	optional(o, "body", b->body);
	optional(o, "intent", b->intent);
	write_pairs(o, "extras", &b->extras);
	out_end(o);
}

int ntfy_actions(struct arena *a, struct str s, struct buf *json, struct fault *f)
{
	struct fault own = {0};
	struct actions *x = NEW(a, struct actions);
	struct out o = OUT(json);
	x->arena = a;
	x->fault = f ? f : &own;
	s = str_trim(s);
	if (!text_utf8(s))
		return refuse(x, "invalid utf-8 string");
	int err = str_starts(s, "[") ? read_json(x, s) : read_sentence(x, s);
	for (int i = 0; !err && i < x->n; i++)
		err = check(x, &x->one[i]);
	if (err)
		return err;
	out_array(&o);
	for (int i = 0; i < x->n; i++)
		write_action(&o, a, &x->one[i], i);
	out_end(&o);
	return 0;
}

void ntfy_write_tags(struct out *o, struct str tags)
{
	out_key(o, "tags");
	out_array(o);
	while (tags.n)
		out_str(o, str_cut(tags, ',', &tags));
	out_end(o);
}
