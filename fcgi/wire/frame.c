#include "wire/frame.h"

#include <math.h>

#include "codec/json.h"

/* Every put has its get; a payload that does not end where its reader ends is not well-formed. Strings carry a u32
 * length, of which one value means "absent". */
#define ABSENT UINT32_MAX
#define ITEMS_MAX 10000

static void store(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static uint64_t load(const unsigned char *p, int bytes)
{
	uint64_t v = 0;
	for (int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

size_t frame_begin(struct buf *b, enum frame_type type, unsigned flags, unsigned code)
{
	size_t began = b->len;
	put_u32(b, 0);
	put_u8(b, type);
	put_u8(b, flags);
	put_u16(b, code);
	return began;
}

void frame_end(struct buf *b, size_t began)
{
	store((unsigned char *)b->p + began, b->len - began - FRAME_HEAD, 4);
}

static bool known(unsigned type)
{
	return (type >= FRAME_FILE && type <= FRAME_REPLY) || (type >= FRAME_READY && type <= FRAME_BORN) ||
	       (type >= FRAME_FETCH && type <= FRAME_END);
}

long frame_parse(struct str bytes, struct frame *f)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	if (bytes.n < FRAME_HEAD)
		return 0;
	size_t n = load(p, 4);
	if (n > FRAME_MAX || !known(p[4]))
		return -1;
	if (bytes.n - FRAME_HEAD < n)
		return 0;
	*f = (struct frame){.type = p[4], .flags = p[5], .code = (unsigned)load(p + 6, 2), .payload = {bytes.p + FRAME_HEAD, n}};
	return (long)(FRAME_HEAD + n);
}

static void put(struct buf *b, uint64_t v, int bytes)
{
	unsigned char p[8];
	store(p, v, bytes);
	buf_add(b, p, (size_t)bytes);
}

void put_u8(struct buf *b, unsigned v)
{
	put(b, v, 1);
}

void put_u16(struct buf *b, unsigned v)
{
	put(b, v, 2);
}

void put_u32(struct buf *b, uint32_t v)
{
	put(b, v, 4);
}

void put_i64(struct buf *b, int64_t v)
{
	put(b, (uint64_t)v, 8);
}

void put_num(struct buf *b, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, 8);
	put(b, bits, 8);
}

void put_str(struct buf *b, struct str s)
{
	put_u32(b, s.p ? (uint32_t)s.n : ABSENT);
	if (s.p)
		buf_addstr(b, s);
}

/* The next n bytes, or NULL and bad. */
static const char *take(struct wire *w, size_t n)
{
	if (w->bad || n > w->left.n) {
		w->bad = true;
		return NULL;
	}
	const char *p = w->left.p;
	w->left.p += n;
	w->left.n -= n;
	return p;
}

static uint64_t get(struct wire *w, int bytes)
{
	const char *p = take(w, (size_t)bytes);
	return p ? load((const unsigned char *)p, bytes) : 0;
}

unsigned get_u8(struct wire *w)
{
	return (unsigned)get(w, 1);
}

unsigned get_u16(struct wire *w)
{
	return (unsigned)get(w, 2);
}

uint32_t get_u32(struct wire *w)
{
	return (uint32_t)get(w, 4);
}

int64_t get_i64(struct wire *w)
{
	return (int64_t)get(w, 8);
}

double get_num(struct wire *w)
{
	uint64_t bits = get(w, 8);
	double v;
	memcpy(&v, &bits, 8);
	return v;
}

struct str get_str(struct wire *w)
{
	uint32_t n = get_u32(w);
	if (n == ABSENT)
		return STR_NONE;
	const char *p = take(w, n);
	return p ? (struct str){p, n} : STR_NONE;
}

bool wire_whole(const struct wire *w)
{
	return !w->bad && !w->left.n;
}

static void put_value(struct buf *b, enum arg_type type, const struct arg *a)
{
	switch (type) {
	case ARG_INT: put_i64(b, a->i); break;
	case ARG_NUM: put_num(b, a->n); break;
	case ARG_BOOL: put_u8(b, a->b); break;
	case ARG_FILE: put_u8(b, a->b); put_str(b, a->s); break;
	default: put_str(b, a->s);
	}
}

void wire_put_args(struct buf *b, const struct sig *s, const struct call *c)
{
	for (int i = 0; i < s->n; i++) {
		put_u8(b, c->arg[i].present);
		if (c->arg[i].present)
			put_value(b, s->param[i].type, &c->arg[i]);
	}
}

/* Values are checked as far as their type promises: text is UTF-8, json is JSON, a number is one. */
static bool get_value(struct wire *w, enum arg_type type, struct arg *a)
{
	switch (type) {
	case ARG_INT: a->i = get_i64(w); return !w->bad;
	case ARG_NUM: a->n = get_num(w); return !w->bad && isfinite(a->n);
	case ARG_BOOL: {
		unsigned v = get_u8(w);
		a->b = v;
		return !w->bad && v <= 1;
	}
	case ARG_FILE: {
		unsigned v = get_u8(w);
		a->b = v;
		a->s = get_str(w);
		return v <= 1 && a->s.p && (!v || text_utf8(a->s));
	}
	case ARG_STR: a->s = get_str(w); return a->s.p && text_utf8(a->s);
	case ARG_BYTES: a->s = get_str(w); return a->s.p;
	case ARG_JSON: a->s = get_str(w); return a->s.p && !json_check(a->s, JSON_DEPTH, ITEMS_MAX, NULL);
	}
	return false;
}

bool wire_get_args(struct str payload, const struct sig *s, struct call *c)
{
	struct wire w = {.left = payload};
	memset(c->arg, 0, sizeof c->arg);
	c->nargs = s->n;
	for (int i = 0; i < s->n; i++) {
		unsigned present = get_u8(&w);
		if (present > 1 || (!present && !s->param[i].optional))
			return false;
		c->arg[i].present = present;
		if (present && !get_value(&w, s->param[i].type, &c->arg[i]))
			return false;
	}
	return wire_whole(&w);
}

void put_headers(struct buf *b, const struct wire_header *h, int n)
{
	put_u16(b, (unsigned)n);
	for (int i = 0; i < n; i++) {
		put_str(b, h[i].name);
		put_str(b, h[i].value);
	}
}

bool get_headers(struct wire *w, struct wire_header *h, int *n, int max)
{
	*n = (int)get_u16(w);
	if (*n > max)
		return false;
	for (int i = 0; i < *n; i++) {
		h[i].name = get_str(w);
		h[i].value = get_str(w);
		if (!h[i].name.p || !h[i].value.p)
			return false;
	}
	return true;
}

/* The text fields in the order they travel, for both directions. */
#define REQUEST_TEXTS(r) {&(r)->method, &(r)->path, &(r)->query, &(r)->body, &(r)->id, &(r)->trigger, &(r)->origin, &(r)->user, &(r)->form, &(r)->files}

void wire_put_request(struct buf *b, const struct wire_request *r)
{
	const struct str *const texts[] = REQUEST_TEXTS(r);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_str(b, *texts[i]);
	put_i64(b, r->now);
	buf_add(b, r->seed, sizeof r->seed);
	put_headers(b, r->header, r->nheaders);
	if (r->moment)
		put_i64(b, r->moment);
}

bool wire_get_request(struct str payload, struct wire_request *r)
{
	struct wire w = {.left = payload};
	struct str *const texts[] = REQUEST_TEXTS(r);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = get_str(&w);
	r->now = get_i64(&w);
	const char *seed = take(&w, sizeof r->seed);
	if (!seed)
		return false;
	memcpy(r->seed, seed, sizeof r->seed);
	if (!get_headers(&w, r->header, &r->nheaders, ARRAY_LEN(r->header)))
		return false;
	bool more = w.left.n > 0;
	r->moment = more ? get_i64(&w) : 0;
	return wire_whole(&w) && more == (r->moment != 0);
}

void wire_put_response(struct buf *b, const struct wire_response *r)
{
	put_u16(b, (unsigned)r->status);
	put_u8(b, r->kind);
	put_str(b, r->type);
	put_str(b, r->body);
	put_headers(b, r->header, r->nheaders);
}

bool wire_get_response(struct str payload, struct wire_response *r)
{
	struct wire w = {.left = payload};
	r->status = (int)get_u16(&w);
	unsigned kind = get_u8(&w);
	r->kind = kind;
	r->type = get_str(&w);
	r->body = get_str(&w);
	return kind <= BODY_FILE && get_headers(&w, r->header, &r->nheaders, ARRAY_LEN(r->header)) && wire_whole(&w);
}
