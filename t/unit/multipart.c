/* Forms with files, ranges and the metadata of uploads: what is well-formed, and what is said of the rest. */
#include "base/arena.h"
#include "base/buf.h"
#include "codec/multipart.h"
#include "codec/range.h"
#include "codec/tus.h"
#include "tap.h"

static struct arena *a;
static struct multipart m;

#define TYPE STR("multipart/form-data; boundary=xyz")
#define PART(disposition) "--xyz\r\nContent-Disposition: form-data; " disposition "\r\n\r\n"

/* The form in a line: name=text, name@filename(type)=bytes; and ! with the problem. Fed by pieces of one byte and whole. */
static const char *once(struct str type, struct str body, size_t piece)
{
	struct buf b = BUF_INIT;
	struct str data;
	enum multipart_event e = MULTIPART_MORE;
	if (multipart_init(&m, type))
		return "no boundary";
	while (body.n && e != MULTIPART_BAD) {
		struct str in = {body.p, MIN(piece, body.n)};
		body = (struct str){body.p + in.n, body.n - in.n};
		while ((e = multipart_next(&m, &in, &data)) != MULTIPART_MORE && e != MULTIPART_BAD) {
			if (e == MULTIPART_PART && m.filename.p)
				buf_addf(&b, "%.*s@%.*s(%.*s)=", STR_FMT(m.name), STR_FMT(m.filename), STR_FMT(m.type));
			else if (e == MULTIPART_PART)
				buf_addf(&b, "%.*s=", STR_FMT(m.name));
			else if (e == MULTIPART_DATA)
				buf_addstr(&b, data);
			else
				buf_addc(&b, ';');
		}
	}
	buf_adds(&b, e == MULTIPART_BAD ? "!" : m.done ? "." : "?");
	const char *text = arena_printf(a, "%s%s", b.p, e == MULTIPART_BAD ? m.problem : "");
	buf_release(&b);
	return text;
}

static void form(struct str body, const char *expected, const char *what)
{
	is_str(once(TYPE, body, body.n), expected, "%s", what);
	is_str(once(TYPE, body, 1), expected, "… byte by byte");
}

static void test_forms(void)
{
	form(STR(PART("name=\"a\"") "one\r\n--xyz--"), "a=one;.", "a text");
	form(STR(PART("name=a") "\r\n" PART("name=b") "\r\n\r\n--xyz--\r\n"), "a=;b=\r\n;.", "two, and no bytes");
	form(STR("before\r\n" PART("name=a") "one\r\n--xyz--after"), "a=one;.", "what stands around it");
	form(STR(PART("name=a") "\r\r\n-\r\n--\r\n--xy\r\n--xyz--"), "a=\r\r\n-\r\n--\r\n--xy;.", "what looks like a boundary");
	form(STR("--xyz \t\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=f; filename=\"cat.png\"\r\n\r\nx\r\n--xyz--"), "f@cat.png(image/png)=x;.", "a file");
	form(STR(PART("name=f; filename=\"\"") "\r\n--xyz--"), "f@()=;.", "no file chosen");
	form(STR(PART("name=f; filename=\"../../etc/passwd\"") "\r\n--xyz--"), "f@passwd()=;.", "a path leads nowhere");
	form(STR(PART("name=f; filename=\"C:\\dir\\x.txt\"") "\r\n--xyz--"), "f@x.txt()=;.", "of Windows either");
	form(STR(PART("name=f; filename=\"a/..\"") "\r\n--xyz--"), "f@file()=;.", "nor dots");
	form(STR(PART("filename=\"a\\\"b;c\"; name=\"d\\\\e\"") "\r\n--xyz--"), "d\\e@a\"b;c()=;.", "quotes");
	form(STR(PART("name=a") "one\r\n--xyz"), "a=one;?", "no end");
	form(STR(""), "?", "nothing");
	form(STR("--xyz--"), ".", "an empty form");
	form(STR("--xyz\r\n\r\n"), "!a part has no Content-Disposition", "a part without a header");
	form(STR("--xyz\r\nContent-Disposition: form-data\r\n\r\n"), "!a part has no name", "without a name");
	form(STR("--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n"), "!a part's Content-Disposition is not form-data", "something else");
	form(STR("--xyz\r\nnonsense\r\n\r\n"), "!a line of a part's header has no colon", "no header");
	form(STR("--xyz\r\nA: b\rc\r\n\r\n"), "!a line of a part's header ends without CR LF", "a bare CR");
	form(STR("--xyzzy"), "!something stands behind a boundary", "behind a boundary");
	form(STR(PART("name=\"a\x01\"")), "!the name of a field is too long, or is no text", "a control character in a field");
	form(STR(PART("name=a; filename=\"a\tb\"")), "!the name of a file is too long, or is no text", "… in a file's name");
	form(STR(PART("name=a; filename=\"\xFF\"")), "!the name of a file is too long, or is no text", "no UTF-8");
}

static void test_bounds(void)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i <= MULTIPART_PARTS; i++)
		buf_adds(&b, PART("name=a") "\r\n");
	const char *end = strchr(once(TYPE, buf_str(&b), 4096), '!');
	is_str(end ? end : "", "!it has more than 1000 parts", "MEM-07 parts");
	buf_clear(&b);
	for (int i = 0; i <= MULTIPART_FILES; i++)
		buf_adds(&b, PART("name=a; filename=b") "\r\n");
	end = strchr(once(TYPE, buf_str(&b), 4096), '!');
	is_str(end ? end : "", "!it has more than 100 files", "files");
	buf_clear(&b);
	buf_addf(&b, "--xyz\r\nX: %020000d", 0);
	is_str(once(TYPE, buf_str(&b), 4096), "!a part's header is larger than 16 KB", "MEM-07 a header");
	buf_clear(&b);
	buf_addf(&b, "--xyz\r\nContent-Disposition: form-data; name=%0201d\r\n\r\n", 0);
	is_str(once(TYPE, buf_str(&b), 4096), "!the name of a field is too long, or is no text", "a name");
	buf_release(&b);
	is_str(once(STR("multipart/form-data"), STR(""), 1), "no boundary", "no boundary");
	is_str(once(STR("multipart/form-data; boundary=\"a\nb\""), STR(""), 1), "no boundary", "none that is one");
	is_str(once(STR("multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789x"), STR(""), 1), "no boundary", "a long one");
	is_str(once(STR("multipart/form-data; charset=x; Boundary=\"a b\""), STR("--a b--"), 1), ".", "a quoted one");
}

static const char *range(const char *header, int64_t size)
{
	struct range r;
	switch (range_parse(str_of(header), size, &r)) {
	case RANGE_WHOLE: return "whole";
	case RANGE_PART: return arena_printf(a, "%lld+%lld", (long long)r.from, (long long)r.length);
	default: return "nowhere";
	}
}

static void test_ranges(void)
{
	static const struct {
		const char *header, *expected;
	} rows[] = {
		{NULL, "whole"}, {"", "whole"}, {"bytes=0-0", "0+1"}, {"bytes=2-5", "2+4"}, {"bytes=2-", "2+8"}, {"bytes=-3", "7+3"}, {"bytes=-30", "0+10"},
		{"bytes=5-30", "5+5"}, {"BYTES = 1-2", "1+2"}, {"bytes=10-", "nowhere"}, {"bytes=10-20", "nowhere"}, {"bytes=-0", "nowhere"}, {"bytes=5-4", "whole"},
		{"bytes=a-b", "whole"}, {"bytes=-", "whole"}, {"bytes=1", "whole"}, {"lines=1-2", "whole"}, {"bytes=1-2,4-5", "whole"}, {"bytes=--1", "whole"},
		{"bytes=1--1", "whole"}, {"bytes=0-99999999999999999999", "whole"}, {"bytes=9223372036854775807-", "nowhere"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		is_str(range(rows[i].header, 10), rows[i].expected, "range %s", rows[i].header ? rows[i].header : "(none)");
	is_str(range("bytes=0-", 0), "nowhere", "of nothing");
	is_str(range("bytes=-1", 0), "nowhere", "the end of nothing");
}

static const char *metadata(struct str header)
{
	struct str v;
	return !tus_metadata(a, header, "filename", &v) ? "bad" : v.p ? arena_cstr(a, v) : "none";
}

static void test_metadata(void)
{
	is_str(metadata(STR("filename d29ybGQ=,is_confidential")), "world", "a value");
	is_str(metadata(STR("x YQ==, filename d29ybGQ=")), "world", "behind another");
	is_str(metadata(STR("filename ")), "", "an empty one");
	is_str(metadata(STR("x")), "none", "none");
	is_str(metadata(STR_NONE), "none", "no header");
	is_str(metadata(STR("filename d29ybGQ")), "bad", "without padding");
	is_str(metadata(STR("filename d29*")), "bad", "no base64");
	is_str(metadata(STR(",,")), "bad", "no key");
}

int main(void)
{
	a = arena_new();
	test_forms();
	test_bounds();
	test_ranges();
	test_metadata();
	arena_free(a);
	return done_testing();
}
