#include "codec/multipart.h"

/* A delimiter is CR LF -- boundary. CR is nowhere in a boundary, so a failed match can only begin anew at the byte that
 * failed: what had matched is content. The body's first delimiter has no CR LF before it; as if it had, matching begins
 * behind one. */

static const char crlf[] = "\r\n";

static enum multipart_event bad(struct multipart *m, const char *problem)
{
	m->state = MP_BAD;
	m->problem = problem;
	return MULTIPART_BAD;
}

/* ---- parameters of headers ---- */

/* One value at *rest, a token or a quoted string, which is unquoted in place. */
static struct str value_of(struct str *rest)
{
	char *p = (char *)rest->p, *to = p;
	size_t i = 0;
	if (!rest->n || *p != '"') {
		struct str token = str_cut(*rest, ';', rest);
		return str_trim(token);
	}
	for (i = 1; i < rest->n && p[i] != '"'; i++) {
		if (p[i] == '\\' && i + 1 < rest->n && (p[i + 1] == '"' || p[i + 1] == '\\'))
			i++;
		*to++ = p[i];
	}
	struct str after = {p + MIN(i + 1, rest->n), rest->n - MIN(i + 1, rest->n)};
	str_cut(after, ';', rest);
	return (struct str){p, (size_t)(to - p)};
}

struct str header_parameter(struct str value, const char *name)
{
	struct str rest;
	str_cut(value, ';', &rest);
	while (rest.n) {
		struct str after, key = str_trim(str_cut(rest, '=', &after));
		if (!after.p)
			break;
		while (after.n && (*after.p == ' ' || *after.p == '\t'))
			after = (struct str){after.p + 1, after.n - 1};
		struct str v = value_of(&after);
		if (str_ieq(key, name))
			return v;
		rest = after;
	}
	return STR_NONE;
}

/* RFC 2046 §5.1.1 */
static bool boundary_valid(struct str b)
{
	for (size_t i = 0; i < b.n; i++) {
		char c = b.p[i];
		bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
		if (!letter && (!c || !strchr("'()+_,-./:=? ", c)))
			return false;
	}
	return b.n && b.n <= 70 && b.p[b.n - 1] != ' ';
}

int multipart_init(struct multipart *m, struct str content_type)
{
	char text[256];
	size_t n = MIN(content_type.n, sizeof text);
	memcpy(text, content_type.n ? content_type.p : "", n);
	struct str boundary = header_parameter((struct str){text, n}, "boundary");
	m->state = MP_PREAMBLE;
	m->matched = 2;
	m->nhead = 0;
	m->nparts = m->nfiles = 0;
	m->done = false;
	m->problem = NULL;
	m->name = m->filename = m->type = STR_NONE;
	if (content_type.n > sizeof text || !boundary_valid(boundary))
		return ERR_BAD_REQUEST;
	m->length = (size_t)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%.*s", STR_FMT(boundary));
	return 0;
}

/* ---- the header of a part ---- */

static bool clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return text_utf8(s);
}

/* Some browsers sent whole paths. What is left never leads anywhere. */
static struct str last_component(struct str s)
{
	size_t at = s.n;
	while (at && s.p[at - 1] != '/' && s.p[at - 1] != '\\')
		at--;
	s = (struct str){s.p + at, s.n - at};
	return str_is(s, ".") || str_is(s, "..") ? STR("file") : s;
}

static const char *take_disposition(struct multipart *m, struct str value)
{
	struct str rest, copy = value;
	if (!str_ieq(str_trim(str_cut(copy, ';', &rest)), "form-data"))
		return "a part's Content-Disposition is not form-data";
	char name[MULTIPART_HEAD];
	memcpy(name, value.p, value.n); /* looking for one parameter unquotes those before it */
	struct str filename = header_parameter((struct str){name, value.n}, "filename");
	bool file = filename.p;
	m->name = header_parameter(value, "name");
	if (!m->name.p)
		return "a part has no name";
	if (m->name.n > MULTIPART_NAME || !clean(m->name))
		return "the name of a field is too long, or is no text";
	filename = file ? last_component(filename) : STR_NONE;
	if (filename.n > MULTIPART_FILENAME || !clean(filename))
		return "the name of a file is too long, or is no text";
	/* It lies in what is gone with this function: the rest of head keeps it. */
	char *keep = m->head + MULTIPART_HEAD - MULTIPART_FILENAME - 1;
	memmove(keep, filename.n ? filename.p : "", filename.n);
	m->filename = file ? (struct str){keep, filename.n} : STR_NONE;
	return NULL;
}

static const char *take_line(struct multipart *m, struct str line)
{
	struct str value, name = str_trim(str_cut(line, ':', &value));
	if (!value.p)
		return "a line of a part's header has no colon";
	value = str_trim(value);
	if (str_ieq(name, "content-type"))
		m->type = clean(value) ? value : STR_NONE;
	return str_ieq(name, "content-disposition") ? take_disposition(m, value) : NULL;
}

static enum multipart_event take_head(struct multipart *m)
{
	struct str rest = {m->head, m->nhead};
	m->name = m->filename = m->type = STR_NONE;
	while (rest.n > 2) {
		struct str line = str_cut(rest, '\r', &rest);
		const char *problem = rest.n && *rest.p == '\n' ? take_line(m, line) : "a line of a part's header ends without CR LF";
		if (problem)
			return bad(m, problem);
		rest = (struct str){rest.p + 1, rest.n - 1};
	}
	if (!m->name.p)
		return bad(m, "a part has no Content-Disposition");
	if (++m->nparts > MULTIPART_PARTS)
		return bad(m, "it has more than 1000 parts");
	m->nfiles += m->filename.p != NULL;
	if (m->nfiles > MULTIPART_FILES)
		return bad(m, "it has more than 100 files");
	m->state = MP_DATA;
	m->matched = 0;
	return MULTIPART_PART;
}

static bool head_complete(const struct multipart *m)
{
	size_t n = m->nhead;
	return (n == 2 && !memcmp(m->head, crlf, 2)) || (n >= 4 && !memcmp(m->head + n - 4, "\r\n\r\n", 4));
}

/* The end of head is where a file's name is put, so a header may not reach there. */
#define HEAD_MOST (MULTIPART_HEAD - MULTIPART_FILENAME - 1)

static enum multipart_event read_head(struct multipart *m, struct str *in)
{
	while (in->n) {
		if (m->nhead == HEAD_MOST)
			return bad(m, "a part's header is larger than 16 KB");
		m->head[m->nhead++] = *in->p;
		*in = (struct str){in->p + 1, in->n - 1};
		if (head_complete(m))
			return take_head(m);
	}
	return MULTIPART_MORE;
}

/* ---- delimiters ---- */

/* Behind a delimiter: -- ends everything; blanks and CR LF begin a part. */
static enum multipart_event read_line(struct multipart *m, struct str *in)
{
	while (in->n) {
		char c = *in->p;
		*in = (struct str){in->p + 1, in->n - 1};
		bool blank = (c == ' ' || c == '\t') && m->nhead == 0;
		if (blank)
			continue;
		m->head[m->nhead++] = c;
		if (m->nhead < 2)
			continue;
		bool last = !memcmp(m->head, "--", 2);
		if (!last && memcmp(m->head, crlf, 2))
			return bad(m, "something stands behind a boundary");
		m->nhead = 0;
		m->done = last;
		m->state = last ? MP_EPILOGUE : MP_HEAD;
		return MULTIPART_MORE;
	}
	return MULTIPART_MORE;
}

/* Content up to the delimiter. Bytes that may begin one are held back, and given out from the delimiter itself when
 * they did not. */
static enum multipart_event read_data(struct multipart *m, struct str *in, struct str *data)
{
	while (in->n) {
		if (*in->p == m->delimiter[m->matched]) {
			*in = (struct str){in->p + 1, in->n - 1};
			if (++m->matched < m->length)
				continue;
			bool first = m->state == MP_PREAMBLE;
			m->state = MP_LINE;
			m->nhead = 0;
			if (!first)
				return MULTIPART_END;
			*data = STR_NONE;
			return MULTIPART_DATA;
		}
		if (m->matched) {
			*data = (struct str){m->delimiter, m->matched};
			m->matched = 0;
			return MULTIPART_DATA;
		}
		const char *cr = memchr(in->p, '\r', in->n);
		size_t n = cr ? (size_t)(cr - in->p) : in->n;
		*data = (struct str){in->p, n};
		*in = (struct str){in->p + n, in->n - n};
		return MULTIPART_DATA;
	}
	return MULTIPART_MORE;
}

static enum multipart_event step(struct multipart *m, struct str *in, struct str *data)
{
	switch (m->state) {
	case MP_PREAMBLE:
	case MP_DATA: return read_data(m, in, data);
	case MP_LINE: return read_line(m, in);
	case MP_HEAD: return read_head(m, in);
	case MP_EPILOGUE: *in = STR_NONE; return MULTIPART_MORE;
	case MP_BAD: break;
	}
	return MULTIPART_BAD;
}

enum multipart_event multipart_next(struct multipart *m, struct str *in, struct str *data)
{
	for (;;) {
		bool preamble = m->state == MP_PREAMBLE;
		enum multipart_event e = step(m, in, data);
		bool nothing = e == MULTIPART_MORE || (e == MULTIPART_DATA && (preamble || !data->n));
		if (!nothing)
			return e;
		if (!in->n)
			return MULTIPART_MORE;
	}
}
