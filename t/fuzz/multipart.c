#include "base/buf.h"
#include "codec/multipart.h"
#include "fuzz.h"

/* A form, cut anywhere on its way, is the same form; and no name in it leads anywhere. The first line is the content type. */
static void read_form(struct str type, struct str body, size_t piece, struct buf *out)
{
	static struct multipart m;
	struct str data;
	enum multipart_event e;
	if (multipart_init(&m, type))
		return;
	while (body.n) {
		struct str in = {body.p, MIN(piece, body.n)};
		body = (struct str){body.p + in.n, body.n - in.n};
		while ((e = multipart_next(&m, &in, &data)) != MULTIPART_MORE) {
			if (e == MULTIPART_BAD) {
				buf_addf(out, "bad: %s", m.problem);
				return;
			}
			if (e == MULTIPART_DATA) {
				MUST(data.n);
				buf_addstr(out, data);
			} else {
				buf_addf(out, "<%d %.*s %.*s %.*s>", (int)e, STR_FMT(m.name), STR_FMT(m.filename), STR_FMT(m.type));
				MUST(!m.filename.n || (!memchr(m.filename.p, '/', m.filename.n) && !memchr(m.filename.p, '\\', m.filename.n) && !str_is(m.filename, "..")));
				MUST(m.nparts <= MULTIPART_PARTS && m.nfiles <= MULTIPART_FILES && m.name.n <= MULTIPART_NAME && m.filename.n <= MULTIPART_FILENAME);
			}
		}
	}
	buf_adds(out, m.done ? "done" : "more");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body, type = str_cut((struct str){(const char *)data, size}, '\n', &body);
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	read_form(type, body, body.n + 1, &whole);
	for (size_t piece = 1; piece < 20; piece += 3) {
		buf_clear(&cut);
		read_form(type, body, piece, &cut);
		MUST(str_eq(buf_str(&whole), buf_str(&cut)));
	}
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
