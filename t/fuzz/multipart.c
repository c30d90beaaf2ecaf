#define _GNU_SOURCE /* memmem */

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

/* A form made of the input, a field for each of its lines and a file of the rest, is read as what it was made of. */
static void made(struct str body)
{
	static struct multipart m;
	struct buf form = BUF_INIT, want = BUF_INIT, have = BUF_INIT;
	struct str data, file, field = str_cut(body, '\n', &file);
	enum multipart_event e;
	buf_addf(&form, "--B0undary\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n");
	buf_addstr(&form, field);
	buf_adds(&form, "\r\n--B0undary\r\nContent-Disposition: form-data; name=\"g\"; filename=\"x\"\r\nContent-Type: a/b\r\n\r\n");
	buf_addstr(&form, file);
	buf_adds(&form, "\r\n--B0undary--\r\n");
	buf_addstr(&want, field);
	buf_addstr(&want, file);
	struct str in = buf_str(&form);
	if (body.n && !memmem(body.p, body.n, "--B0undary", 10) && !multipart_init(&m, STR("multipart/form-data; boundary=B0undary"))) {
		while ((e = multipart_next(&m, &in, &data)) != MULTIPART_MORE) {
			MUST(e != MULTIPART_BAD);
			if (e == MULTIPART_DATA)
				buf_addstr(&have, data);
		}
		MUST(m.done && m.nparts == 2 && m.nfiles == 1 && str_eq(buf_str(&have), buf_str(&want)));
	}
	buf_release(&form);
	buf_release(&want);
	buf_release(&have);
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
	if (body.n < 60000)
		made(body);
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
