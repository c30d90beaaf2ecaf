#include "kernel/content.h"

#include "codec/form.h"
#include "codec/range.h"
#include "kernel/app.h"
#include "kernel/cache.h"
#include "kernel/place.h"

/* ---- what a browser does with it ---- */

/* Types that a browser shows without running anything. A type ends at its parameters; "image/" stands for all of
 * them. */
static const char *const shown[] = {"image/", "audio/", "video/", "application/pdf", "text/plain"};
static const char *const not_shown[] = {"image/svg+xml"}; /* may contain scripts; fine inside an <img> */

static struct str essence(struct str type)
{
	struct str rest;
	return str_trim(str_cut(type, ';', &rest));
}

static bool among(struct str type, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		bool family = list[i][len - 1] == '/';
		struct str head = {type.p, family ? MIN(type.n, len) : type.n};
		if (str_ieq(head, list[i]))
			return true;
	}
	return false;
}

/* A browser takes the last one of a list of types (Fetch, "extract a MIME type"). */
static bool is_one(struct str type)
{
	return type.n && !memchr(type.p, ',', type.n);
}

/* Whatever ends in +xml is a document to a browser. */
static bool is_shown(struct str type)
{
	struct str e = essence(type);
	return is_one(type) && among(e, shown, ARRAY_LEN(shown)) && !among(e, not_shown, ARRAY_LEN(not_shown)) &&
	       !(e.n > 4 && str_ieq((struct str){e.p + e.n - 4, 4}, "+xml"));
}

/* A type that is not shown is not told either: it would make a script or a style sheet of what somebody uploaded. */
static void add_type(struct req *r, const struct content *c)
{
	struct str type = c->type;
	if (!c->trusted && !is_shown(type) && !(is_one(type) && among(essence(type), not_shown, ARRAY_LEN(not_shown))))
		type = STR("application/octet-stream");
	bool text = str_starts(type, "text/") && essence(type).n == type.n;
	res_headerf(r, "content-type", "%.*s%s", STR_FMT(type), text ? "; charset=utf-8" : "");
}

static struct str last_part(struct str path)
{
	size_t at = path.n;
	while (at && path.p[at - 1] != '/')
		at--;
	return (struct str){path.p + at, path.n - at};
}

/* RFC 6266, RFC 8187: a name in ASCII for everyone, and as it is for those who read filename*. */
static void add_disposition(struct req *r, const char *how, struct str name)
{
	struct buf b = BUF_INIT;
	bool plain = true;
	buf_addf(&b, "%s; filename=\"", how);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool fine = c >= ' ' && c < 0x7F && !strchr("\"\\%", c);
		plain &= fine;
		buf_addc(&b, fine ? c : '_');
	}
	buf_addc(&b, '"');
	if (!plain) {
		buf_adds(&b, "; filename*=UTF-8''");
		form_encode(&b, name);
	}
	res_header(r, "content-disposition", buf_str(&b));
	buf_release(&b);
}

static bool has_header(const struct req *r, const char *name)
{
	for (int i = 0; i < r->res.nheaders; i++)
		if (str_is(r->res.header[i].name, name))
			return true;
	return false;
}

static void add_headers(struct req *r, const struct content *c)
{
	add_type(r, c);
	if (!has_header(r, "content-disposition") && !c->trusted)
		add_disposition(r, is_shown(c->type) ? "inline" : "attachment", last_part(c->name));
	res_header(r, "x-content-type-options", STR("nosniff"));
	res_header(r, "referrer-policy", STR("same-origin"));
	res_header(r, "content-security-policy", c->trusted ? str_of(app_csp(r->os)) : STR(CONTENT_CSP));
	if (!has_header(r, "cache-control"))
		res_header(r, "cache-control", STR("private, no-cache"));
}

/* ---- which of its bytes ---- */

/* If-None-Match (RFC 9110 §13.1.2): * or one of the list, compared weakly. */
static bool matches(struct str list, const char *etag)
{
	if (str_is(str_trim(list), "*"))
		return true;
	while (list.n) {
		struct str one = str_trim(str_cut(list, ',', &list));
		if (str_starts(one, "W/"))
			one = (struct str){one.p + 2, one.n - 2};
		if (str_is(one, etag))
			return true;
	}
	return false;
}

/* If-Match (§13.1.1): compared strongly, so what is weak is never the same. */
static bool changed(const struct req *r, const char *etag)
{
	struct str list = req_header(r, "if-match");
	bool same = !list.p || str_is(str_trim(list), "*");
	while (!same && list.n)
		same = str_is(str_trim(str_cut(list, ',', &list)), etag);
	return !same;
}

/* Conditions and ranges are for these: what was asked for by another method has happened (RFC 9110 §13.1.2, §14.2). */
static bool only_reads(const struct req *r)
{
	return str_is(r->method, "GET") || str_is(r->method, "HEAD");
}

static bool unchanged(const struct req *r, const char *etag)
{
	return matches(req_header(r, "if-none-match"), etag);
}

/* A Range counts for GET, and with If-Range only while the client's copy is the same (§13.1.5). */
static enum range_kind range(const struct req *r, const char *etag, int64_t size, struct range *part)
{
	struct str same = req_header(r, "if-range"), asked = req_header(r, "range");
	if (!str_is(r->method, "GET") || (same.p && !str_is(same, etag)))
		asked = STR_NONE;
	return range_parse(asked, size, part);
}

/* ---- the way out ---- */

static int add_piece(struct db *db, const unsigned char *body, struct range piece, struct buf *out)
{
	struct stmt *s;
	struct str chunk;
	int err = body_chunk(db, body, piece.from / CHUNK_BYTES, &s, &chunk);
	if (err)
		return err;
	size_t at = (size_t)(piece.from % CHUNK_BYTES), n = (size_t)piece.length;
	bool whole = chunk.n >= at + n;
	if (whole)
		buf_add(out, chunk.p + at, n);
	stmt_done(s);
	return whole ? 0 : db_fail(db, ERR_CORRUPT, "Content is not as long as it was.");
}

/* The next piece of left, out of one chunk. A connection is borrowed for each, and given back before the piece goes
 * to a client that may be slow. */
static int next_piece(struct req *r, const unsigned char *body, struct range *left, struct buf *out)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int64_t end = (left->from / CHUNK_BYTES + 1) * CHUNK_BYTES;
	struct range piece = {left->from, MIN(left->length, end - left->from)};
	int err = add_piece(db, body, piece, out);
	db_return(db);
	left->from += piece.length;
	left->length -= piece.length;
	return err;
}

/* For files on their way out. */
static struct places places = PLACES_INIT;

static void sent(void *place)
{
	place_leave(&places, (int)(intptr_t)place);
}

/* A client may be slow, and a thread waits for it: few at once. */
static int send_later(struct req *r)
{
	int place = place_take(&places, r);
	if (place < 0)
		return fail(r, ERR_UNAVAILABLE, "Too many files are being sent at once; try again in a moment.");
	arena_defer(r->arena, sent, (void *)(intptr_t)place);
	return 0;
}

static int send_part(struct req *r, const struct content *c, struct range part)
{
	int err = 0;
	if (part.length > (int64_t)CONTENT_INLINE) {
		if ((err = send_later(r)))
			return err;
		r->res.file = (struct res_file){.from = part.from, .length = part.length};
		memcpy(r->res.file.body, c->object.body, HASH_LEN);
		return 0;
	}
	while (!err && part.length)
		err = next_piece(r, c->object.body, &part, &r->res.body);
	return err;
}

static int answer_nowhere(struct req *r, int64_t size)
{
	r->res.status = 416;
	res_headerf(r, "content-range", "bytes */%lld", (long long)size);
	return 0;
}

int content_answer(struct req *r, const struct content *c)
{
	struct range part = {0, c->object.size};
	bool whole = r->res.status == 200;
	const char *etag = cache_etag(&c->object, r->arena);
	add_headers(r, c);
	res_header(r, "etag", str_of(etag));
	if (whole && only_reads(r) && (changed(r, etag) || unchanged(r, etag))) {
		r->res.status = changed(r, etag) ? 412 : 304;
		return 0;
	}
	bool fits = c->object.size > (int64_t)CONTENT_INLINE && c->object.size <= (int64_t)CONTENT_CACHED;
	if (whole && fits && only_reads(r) && r->accelerated && cache_keep(r, &c->object)) {
		res_headerf(r, "x-accel-redirect", CONTENT_PLACE "%s", cache_name(&c->object, r->arena));
		return 0;
	}
	res_header(r, "accept-ranges", STR("bytes"));
	enum range_kind kind = whole ? range(r, etag, c->object.size, &part) : RANGE_WHOLE;
	if (kind == RANGE_NOWHERE)
		return answer_nowhere(r, c->object.size);
	if (kind == RANGE_PART) {
		r->res.status = 206;
		res_headerf(r, "content-range", "bytes %lld-%lld/%lld", (long long)part.from, (long long)(part.from + part.length - 1),
			    (long long)c->object.size);
	}
	return send_part(r, c, part);
}

bool content_send(struct req *r, content_fn *send, void *arg)
{
	struct range left = {r->res.file.from, r->res.file.length};
	struct buf b = BUF_INIT;
	bool ok = true;
	while (ok && left.length) {
		buf_clear(&b);
		ok = !next_piece(r, r->res.file.body, &left, &b) && send(arg, b.p, b.len);
	}
	buf_release(&b);
	return ok;
}
