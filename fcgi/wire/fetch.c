#include "wire/fetch.h"

#define FETCH_TEXTS(f) {&(f)->payer, &(f)->method, &(f)->url, &(f)->body, &(f)->trust}
#define DIAL_TEXTS(d) {&(d)->scheme, &(d)->host}
#define PASS_TEXTS(p) {&(p)->to, &(p)->secret.name, &(p)->secret.value}

static void put_texts(struct buf *b, const struct str *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_str(b, *texts[i]);
}

static void get_texts(struct wire *w, struct str *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*texts[i] = get_str(w);
}

void wire_put_fetch(struct buf *b, const struct wire_fetch *f)
{
	const struct str *const texts[] = FETCH_TEXTS(f);
	put_texts(b, texts, ARRAY_LEN(texts));
	put_i64(b, f->ms);
	put_i64(b, f->most);
	put_u8(b, (unsigned)f->redirects);
	put_headers(b, f->header, f->nheaders);
}

bool wire_get_fetch(struct str payload, struct wire_fetch *f)
{
	struct wire w = {.left = payload};
	struct str *const texts[] = FETCH_TEXTS(f);
	get_texts(&w, texts, ARRAY_LEN(texts));
	f->ms = get_i64(&w);
	f->most = get_i64(&w);
	f->redirects = (int)get_u8(&w);
	return get_headers(&w, f->header, &f->nheaders, ARRAY_LEN(f->header)) && wire_whole(&w);
}

void wire_put_dial(struct buf *b, const struct wire_dial *d)
{
	const struct str *const texts[] = DIAL_TEXTS(d);
	put_texts(b, texts, ARRAY_LEN(texts));
	put_u16(b, d->port);
}

bool wire_get_dial(struct str payload, struct wire_dial *d)
{
	struct wire w = {.left = payload};
	struct str *const texts[] = DIAL_TEXTS(d);
	get_texts(&w, texts, ARRAY_LEN(texts));
	d->port = get_u16(&w);
	return d->scheme.p && d->host.p && wire_whole(&w);
}

void wire_put_pass(struct buf *b, const struct wire_pass *p)
{
	const struct str *const texts[] = PASS_TEXTS(p);
	put_u8(b, p->anywhere);
	put_texts(b, texts, ARRAY_LEN(texts));
}

bool wire_get_pass(struct str payload, struct wire_pass *p)
{
	struct wire w = {.left = payload};
	struct str *const texts[] = PASS_TEXTS(p);
	unsigned anywhere = get_u8(&w);
	p->anywhere = anywhere;
	get_texts(&w, texts, ARRAY_LEN(texts));
	return anywhere <= 1 && wire_whole(&w);
}

void wire_put_head(struct buf *b, const struct wire_head *h)
{
	put_u16(b, (unsigned)h->status);
	put_str(b, h->url);
	put_headers(b, h->header, h->nheaders);
}

bool wire_get_head(struct str payload, struct wire_head *h)
{
	struct wire w = {.left = payload};
	h->status = (int)get_u16(&w);
	h->url = get_str(&w);
	return get_headers(&w, h->header, &h->nheaders, ARRAY_LEN(h->header)) && wire_whole(&w);
}

void wire_put_end(struct buf *b, const struct wire_end *e)
{
	put_str(b, e->why);
	put_i64(b, e->sent);
	put_i64(b, e->received);
}

bool wire_get_end(struct str payload, struct wire_end *e)
{
	struct wire w = {.left = payload};
	e->why = get_str(&w);
	e->sent = get_i64(&w);
	e->received = get_i64(&w);
	return wire_whole(&w);
}
