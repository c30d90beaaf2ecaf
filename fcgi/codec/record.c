#include "codec/record.h"

#include <stddef.h>

#include "base/crypt.h"
#include "base/id.h"
#include "base/out.h"
#include "codec/entry.h"
#include "codec/json.h"

#define NUMBER_MAX (1ll << 53)

static const char *const kinds[RECORD_KINDS] = {
	[RECORD_HEAD] = "fazt-app", [RECORD_FILE] = "file", [RECORD_PIECE] = "chunk",  [RECORD_PERSON] = "person",
	[RECORD_APPLIED] = "applied", [RECORD_DOC] = "doc", [RECORD_SHARE] = "share", [RECORD_KEY] = "key",
	[RECORD_CONTENT] = "content", [RECORD_OBJECT] = "object", [RECORD_BLOB] = "blob", [RECORD_END] = "end",
};

/* What a field may hold. The first three are more than text. */
enum form {
	FORM_INT, FORM_BOOL, FORM_JSON, FORM_BYTES,
	FORM_TEXT,       /* up to 512 bytes */
	FORM_NAME,       /* of a collection */
	FORM_NO_OR_NAME, /* or "" */
	FORM_ID,         /* of a row or an app */
	FORM_NO_OR_ID,   /* or "" */
	FORM_PERSON,     /* a public id */
	FORM_NO_OR_PERSON,
	FORM_WHO,        /* a public id, members, anyone */
	FORM_PATH,
	FORM_HASH,       /* in hexadecimal, lower case */
};

static const struct field {
	enum record_kind kind;
	const char *name;
	enum form form;
	size_t at;
} fields[] = {
#define FIELD(kind, name, form) {RECORD_##kind, #name, FORM_##form, offsetof(struct record, name)}
	FIELD(HEAD, format, INT), FIELD(HEAD, fazt, TEXT), FIELD(HEAD, app, TEXT), FIELD(HEAD, app_id, ID),
	FIELD(HEAD, code, BOOL), FIELD(HEAD, data, BOOL), FIELD(HEAD, created, INT),
	FIELD(FILE, path, PATH), FIELD(FILE, size, INT),
	FIELD(PIECE, bytes, BYTES),
	FIELD(PERSON, id, PERSON), FIELD(PERSON, name, TEXT),
	FIELD(APPLIED, name, TEXT),
	FIELD(DOC, collection, NAME), FIELD(DOC, id, ID), FIELD(DOC, owner, NO_OR_PERSON), FIELD(DOC, parent, NO_OR_ID),
	FIELD(DOC, created, INT), FIELD(DOC, updated, INT), FIELD(DOC, rev, INT), FIELD(DOC, body, JSON),
	FIELD(SHARE, collection, NAME), FIELD(SHARE, id, ID), FIELD(SHARE, who, WHO), FIELD(SHARE, level, INT),
	FIELD(KEY, owner, NO_OR_PERSON), FIELD(KEY, key, TEXT), FIELD(KEY, expires, INT), FIELD(KEY, value, JSON),
	FIELD(CONTENT, size, INT), FIELD(CONTENT, hash, HASH),
	FIELD(OBJECT, size, INT), FIELD(OBJECT, hash, HASH),
	FIELD(BLOB, collection, NO_OR_NAME), FIELD(BLOB, id, ID), FIELD(BLOB, owner, NO_OR_PERSON), FIELD(BLOB, parent, NO_OR_ID),
	FIELD(BLOB, own, BOOL), FIELD(BLOB, name, TEXT), FIELD(BLOB, type, TEXT), FIELD(BLOB, created, INT), FIELD(BLOB, updated, INT),
	FIELD(END, records, INT), FIELD(END, hash, HASH),
#undef FIELD
};

/* ---- writing ---- */

/* JSON text on one line: a line break in it is white space, since in strings it is escaped. */
static void add_flat(struct buf *b, struct str json)
{
	size_t from = b->len;
	buf_addstr(b, json);
	for (size_t i = from; i < b->len; i++)
		if (b->p[i] == '\n' || b->p[i] == '\r')
			b->p[i] = ' ';
}

static void add_bytes(struct buf *b, struct str bytes)
{
	buf_addc(b, '"');
	crypt_b64url(b, bytes.n ? bytes.p : "", bytes.n);
	buf_addc(b, '"');
}

static void add_value(struct buf *b, const struct field *f, const struct record *r)
{
	const void *at = (const char *)r + f->at;
	const struct str *s = at;
	switch (f->form) {
	case FORM_INT:
		buf_addf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	case FORM_BOOL:
		buf_adds(b, *(const bool *)at ? "true" : "false");
		break;
	case FORM_JSON:
		add_flat(b, *s);
		break;
	case FORM_BYTES:
		add_bytes(b, *s);
		break;
	default:
		json_quote(b, s->p ? *s : STR(""));
	}
}

void record_write(struct buf *b, const struct record *r)
{
	buf_addf(b, "{\"record\":\"%s\"", kinds[r->kind]);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].kind == r->kind) {
			buf_addf(b, ",\"%s\":", fields[i].name);
			add_value(b, &fields[i], r);
		}
	buf_adds(b, "}\n");
}

/* ---- reading ---- */

bool record_person(struct str id)
{
	char as_id[ID_LEN];
	if (id.n != ID_LEN || !str_starts(id, "u_"))
		return false;
	memcpy(as_id, id.p, ID_LEN);
	as_id[0] = as_id[1] = '0';
	return id_valid((struct str){as_id, ID_LEN});
}

static bool is_hash(struct str s)
{
	size_t n = 0;
	while (n < s.n && memchr("0123456789abcdef", s.p[n], 16))
		n++;
	return n == s.n && n == 2 * HASH_LEN;
}

static bool fits(enum form form, struct str s)
{
	switch (form) {
	case FORM_TEXT:
		return s.n <= 512 && !memchr(s.n ? s.p : "", 0, s.n);
	case FORM_NAME:
		return text_name(s);
	case FORM_NO_OR_NAME:
		return !s.n || text_name(s);
	case FORM_NO_OR_ID:
		return !s.n || id_valid(s);
	case FORM_ID:
		return id_valid(s);
	case FORM_NO_OR_PERSON:
		return !s.n || record_person(s);
	case FORM_PERSON:
		return record_person(s);
	case FORM_WHO:
		return str_is(s, "members") || str_is(s, "anyone") || record_person(s);
	case FORM_PATH:
		return !entry_path_problem(s);
	case FORM_HASH:
		return is_hash(s);
	default:
		return true;
	}
}

static struct str unescaped(struct arena *a, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s.p ? s : STR("");
}

static bool read_bytes(struct arena *a, struct str text, struct str *bytes)
{
	if (text.n > RECORD_CHUNK / 3 * 4 + 4)
		return false;
	char *p = arena_alloc(a, text.n + 1);
	int n = crypt_unb64url(p, text.n + 1, text);
	*bytes = (struct str){p, (size_t)MAX(n, 0)};
	return n >= 0 && n <= (int)RECORD_CHUNK;
}

static bool read_value(struct arena *a, const struct field *f, struct str raw, struct record *r)
{
	void *at = (char *)r + f->at;
	int64_t *number = at;
	bool quoted = raw.n > 1 && raw.p[0] == '"';
	struct str inside = quoted ? (struct str){raw.p + 1, raw.n - 2} : STR_NONE, *text = at;
	switch (f->form) {
	case FORM_INT:
		return str_int(raw, number) && *number >= 0 && *number <= NUMBER_MAX;
	case FORM_BOOL:
		*(bool *)at = str_is(raw, "true");
		return str_is(raw, "true") || str_is(raw, "false");
	case FORM_JSON:
		*text = raw;
		return true;
	case FORM_BYTES:
		return quoted && read_bytes(a, inside, text);
	default:
		*text = quoted ? unescaped(a, inside) : STR_NONE;
		return quoted && fits(f->form, *text);
	}
}

static int find_kind(struct str line)
{
	struct str word;
	if (!json_member(line, STR("record"), &word))
		return -1;
	for (int i = 0; i < RECORD_KINDS; i++)
		if (word.n > 2 && str_is((struct str){word.p + 1, word.n - 2}, kinds[i]))
			return i;
	return -1;
}

/* The one thing that may be asked of a head nobody here can read. */
static bool is_newer(struct str line)
{
	struct str raw;
	int64_t format;
	return json_member(line, STR("format"), &raw) && str_int(raw, &format) && format > RECORD_FORMAT;
}

static const struct field *find_field(enum record_kind kind, struct str raw)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].kind == kind && json_key_is(raw, str_of(fields[i].name)))
			return &fields[i];
	return NULL;
}

static int count_fields(enum record_kind kind)
{
	int n = 0;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		n += fields[i].kind == kind;
	return n;
}

static int read_fields(struct arena *a, struct str line, struct record *r, struct fault *f)
{
	struct json_lex l;
	struct str key, value;
	uint64_t seen = 0;
	int n = 0;
	json_lex_init(&l, line, JSON_DEPTH);
	json_next(&l);
	while (json_next_member(&l, &key, &value)) {
		if (json_key_is(key, STR("record")))
			continue;
		const struct field *field = find_field(r->kind, key);
		uint64_t bit = field ? 1ull << (field - fields) : 0;
		if (!field || seen & bit)
			return fault(f, ERR_BAD_SOURCE, "a record \"%s\" has a field that does not belong there", kinds[r->kind]);
		if (!read_value(a, field, value, r))
			return fault(f, ERR_BAD_SOURCE, "\"%s\" of a record \"%s\" is not what it must be", field->name, kinds[r->kind]);
		seen |= bit;
		n++;
	}
	return n == count_fields(r->kind) ? 0 : fault(f, ERR_BAD_SOURCE, "a record \"%s\" lacks a field", kinds[r->kind]);
}

int record_read(struct arena *a, struct str line, struct record *r, struct fault *f)
{
	struct fault unused = {0};
	*r = (struct record){0};
	if (line.n > RECORD_LINE || !line.n || line.p[0] != '{' || json_check(line, JSON_DEPTH, RECORD_LINE, &unused))
		return fault(f, ERR_BAD_SOURCE, "it is not a record");
	int kind = find_kind(line);
	if (kind < 0)
		return fault(f, ERR_BAD_SOURCE, "it is no record that this Fazt knows");
	r->kind = (enum record_kind)kind;
	if (kind == RECORD_HEAD && is_newer(line))
		return fault(f, ERR_BAD_SOURCE, "it was written by a newer Fazt (its format is above %d); bring this Fazt up to date and try again",
			     RECORD_FORMAT);
	return read_fields(a, line, r, f);
}
