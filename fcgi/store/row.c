#include "store/row.h"

#include "base/out.h"
#include "codec/json.h"

enum column column_by_name(struct str name)
{
	static const char *const names[] = {
		[COLUMN_ID] = "id",           [COLUMN_OWNER] = "owner",     [COLUMN_PARENT] = "parent",
		[COLUMN_CREATED] = "created", [COLUMN_UPDATED] = "updated", [COLUMN_REV] = "rev",
	};
	for (size_t i = 1; i < ARRAY_LEN(names); i++)
		if (str_is(name, names[i]))
			return (enum column)i;
	return COLUMN_NONE;
}

/* ---- fields ---- */

static struct str unescaped(struct arena *a, struct str raw)
{
	if (!memchr(raw.n ? raw.p : "", '\\', raw.n))
		return raw;
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* Sets, replaces or (with a null) removes one field. */
static void put(struct fields *f, struct field new, bool null_removes)
{
	int i = 0;
	while (i < f->n && !str_eq(f->field[i].name, new.name))
		i++;
	if (!null_removes || !str_is(new.value, "null")) {
		f->field[i] = new;
		f->n = MAX(f->n, i + 1);
	} else if (i < f->n) {
		memmove(&f->field[i], &f->field[i + 1], (size_t)(--f->n - i) * sizeof *f->field);
	}
}

static int not_a_document(const struct json_lex *l, struct fault *f)
{
	if (l->too_deep)
		return fault(f, ERR_TOO_DEEP, "A document may be nested %d levels deep.", ROW_DEPTH);
	return fault(f, ERR_BAD_REQUEST, "A document is a table with named fields.");
}

static int too_many_fields(struct fault *f)
{
	return fault(f, ERR_TOO_LARGE, "A document has at most %d fields: put what belongs together into one that is a table.", ROW_FIELDS);
}

int fields_parse(struct arena *a, struct str text, struct fields *f, struct fault *fl)
{
	struct json_lex l;
	struct str key, value;
	*f = (struct fields){0};
	json_lex_init(&l, text, ROW_DEPTH);
	if (json_next(&l) != JSON_OBJECT)
		return not_a_document(&l, fl);
	f->field = arena_alloc(a, ROW_FIELDS * sizeof *f->field);
	while (json_next_member(&l, &key, &value)) {
		struct str name = unescaped(a, key);
		switch (column_by_name(name)) {
		case COLUMN_NONE:
			if (f->n == ROW_FIELDS)
				return too_many_fields(fl);
			put(f, (struct field){name, value}, false);
			break;
		case COLUMN_PARENT:
			if (value.n > 2 && value.p[0] == '"')
				f->parent = unescaped(a, (struct str){value.p + 1, value.n - 2});
			break;
		default:
			break;
		}
	}
	return l.error || json_next(&l) != JSON_END ? not_a_document(&l, fl) : 0;
}

int fields_merge(struct arena *a, struct fields *old, const struct fields *changes, struct fault *fl)
{
	struct field *room = arena_alloc(a, (size_t)(old->n + changes->n) * sizeof *room);
	memcpy(room, old->field, (size_t)old->n * sizeof *room);
	old->field = room;
	for (int i = 0; i < changes->n; i++)
		put(old, changes->field[i], true);
	return old->n > ROW_FIELDS ? too_many_fields(fl) : 0;
}

int fields_body(struct arena *a, const struct fields *f, struct str *body, struct fault *fl)
{
	struct buf b = BUF_MAX(ROW_BYTES);
	buf_addc(&b, '{');
	for (int i = 0; i < f->n; i++) {
		buf_adds(&b, i ? "," : "");
		json_quote(&b, f->field[i].name);
		buf_addc(&b, ':');
		buf_addstr(&b, f->field[i].value);
	}
	buf_addc(&b, '}');
	bool full = b.full;
	*body = full ? STR_NONE : arena_str(a, buf_str(&b));
	buf_release(&b);
	return full ? fault(fl, ERR_TOO_LARGE, "A document is at most %u KB.", ROW_BYTES / KIB) : 0;
}

int row_check(struct str body, struct fault *f)
{
	if (body.n <= 2 * ROW_VALUES || json_count(body) <= ROW_VALUES) /* each has a byte, and one between it and the next */
		return 0;
	return fault(f, ERR_TOO_LARGE, "A document has at most %d values, those in its lists and tables counted: spread them over several "
		     "documents.", ROW_VALUES);
}

bool row_too_deep(struct str value)
{
	return value.n > 2 * ROW_DEPTH && json_check(value, ROW_DEPTH, value.n, NULL) == ERR_TOO_DEEP;
}

/* ---- a row as the app sees it ---- */

static bool wanted(const char *name, const struct str *names, int n)
{
	for (int i = 0; i < n; i++)
		if (str_is(names[i], name))
			return true;
	return !names;
}

static void columns(struct out *o, const struct row *r, const struct str *names, int n)
{
	out_kstr(o, "id", r->id);
	if (r->owner.n && wanted("owner", names, n))
		out_kstr(o, "owner", r->owner);
	if (r->parent.n && wanted("parent", names, n))
		out_kstr(o, "parent", r->parent);
	if (wanted("created", names, n))
		out_kint(o, "created", r->created);
	if (wanted("updated", names, n))
		out_kint(o, "updated", r->updated);
	if (wanted("rev", names, n))
		out_kint(o, "rev", r->rev);
}

static void picked(struct out *o, const struct row *r, const struct str *names, int n)
{
	struct str *value = xmalloc(((size_t)n + 1) * sizeof *value);
	json_pick(r->body, names, n, value);
	for (int i = 0; i < n; i++)
		if (value[i].p && !column_by_name(names[i])) {
			out_keystr(o, names[i]);
			out_raw(o, value[i]);
		}
	free(value);
}

void row_write(struct buf *b, const struct row *r, const struct str *names, int n)
{
	struct out o = OUT(b);
	out_object(&o);
	columns(&o, r, names, n);
	if (!names && r->body.n > 2) {
		buf_addc(b, ',');
		buf_add(b, r->body.p + 1, r->body.n - 2);
	}
	if (names)
		picked(&o, r, names, n);
	out_end(&o);
}
