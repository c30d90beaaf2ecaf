/* Compiling. Its tree of conditions is held against rows in match.c. */
#include "store/query.h"

#include <jansson.h>

static const char *const ops[] = {
	[OP_EQ] = "eq",   [OP_NE] = "ne",   [OP_GT] = "gt",   [OP_GTE] = "gte",       [OP_LT] = "lt",           [OP_LTE] = "lte",
	[OP_IN] = "in",   [OP_NIN] = "nin", [OP_PREFIX] = "prefix", [OP_CONTAINS] = "contains", [OP_EXISTS] = "exists",
	[OP_AND] = "and", [OP_OR] = "or",   [OP_NOT] = "not",
};
#define LEAF_OPS (OP_EXISTS + 1)

const char *op_name(enum op op)
{
	return ops[op];
}

struct parsing {
	struct arena *arena;
	struct fault *fault;
	int conditions;
};

#define bad(p, ...) fault((p)->fault, ERR_BAD_QUERY, __VA_ARGS__)

/* ---- values ---- */

static struct str keep(struct parsing *p, struct buf *b)
{
	struct str s = arena_str(p->arena, buf_str(b));
	buf_release(b);
	return s;
}

static struct str text_of(json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static int scalar(struct parsing *p, json_t *v, struct str path, struct str *key)
{
	struct buf b = BUF_INIT;
	switch (json_typeof(v)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return bad(p, "\"%.*s\" is compared with a table; use a text, a number, true, false or null.", STR_FMT(path));
	case JSON_STRING:
		key_str(&b, text_of(v));
		break;
	case JSON_INTEGER:
		key_int(&b, json_integer_value(v));
		break;
	case JSON_REAL:
		key_num(&b, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		key_bool(&b, json_is_true(v));
		break;
	default:
		key_null(&b);
	}
	*key = keep(p, &b);
	return 0;
}

static int list_of(struct parsing *p, json_t *v, struct cond *c)
{
	if (!json_is_array(v))
		return bad(p, "\"%s\" of \"%.*s\" wants a list of values.", ops[c->op], STR_FMT(c->path));
	c->n = (int)json_array_size(v);
	if (c->n > QUERY_LIST)
		return bad(p, "\"%s\" of \"%.*s\" has %d values; %d are allowed.", ops[c->op], STR_FMT(c->path), c->n, QUERY_LIST);
	c->child = arena_alloc(p->arena, (size_t)c->n * sizeof *c->child + 1);
	int err = 0;
	for (int i = 0; i < c->n && !err; i++)
		err = scalar(p, json_array_get(v, (size_t)i), c->path, &c->child[i].key);
	return err;
}

static int needle(struct parsing *p, json_t *v, struct cond *c)
{
	int err = scalar(p, v, c->path, &c->key);
	if (err)
		return err;
	if (json_is_string(v))
		c->text = arena_str(p->arena, text_of(v));
	else if (c->op == OP_PREFIX)
		return bad(p, "\"prefix\" of \"%.*s\" wants a text.", STR_FMT(c->path));
	return c->text.n > QUERY_NEEDLE ? bad(p, "The text \"%s\" of \"%.*s\" looks for is longer than %d bytes.", ops[c->op],
					      STR_FMT(c->path), QUERY_NEEDLE) : 0;
}

static int operand(struct parsing *p, json_t *v, struct cond *c)
{
	if (++p->conditions > QUERY_CONDITIONS)
		return bad(p, "The query has more than %d conditions.", QUERY_CONDITIONS);
	if (c->op == OP_IN || c->op == OP_NIN)
		return list_of(p, v, c);
	if (c->op == OP_PREFIX || c->op == OP_CONTAINS)
		return needle(p, v, c);
	if (c->op == OP_EQ && json_is_string(v))
		c->text = arena_str(p->arena, text_of(v));
	if (c->op == OP_EXISTS && !json_is_boolean(v))
		return bad(p, "\"exists\" of \"%.*s\" is true or false.", STR_FMT(c->path));
	return scalar(p, v, c->path, &c->key);
}

/* ---- conditions ---- */

static int table(struct parsing *p, json_t *v, struct cond *c, int depth);

static int op_by_name(const char *name)
{
	for (int i = 0; i < LEAF_OPS; i++)
		if (!strcmp(name, ops[i]))
			return i;
	return -1;
}

static struct cond *children(struct parsing *p, struct cond *c, enum op op, size_t n)
{
	*c = (struct cond){.op = op, .child = arena_alloc(p->arena, n * sizeof *c + 1)};
	return c->child;
}

/* field = { op = value, … } */
static int operators(struct parsing *p, struct str path, json_t *v, struct cond *c)
{
	const char *name;
	json_t *value;
	if (!json_object_size(v))
		return bad(p, "\"%.*s\" has an empty table where an operator should be.", STR_FMT(path));
	children(p, c, OP_AND, json_object_size(v));
	json_object_foreach(v, name, value) {
		int op = op_by_name(name), err;
		if (op < 0)
			return bad(p,
				   "\"%.40s\" of \"%.*s\" is not an operator; there are eq ne gt gte lt lte in nin "
				   "prefix contains exists.",
				   name, STR_FMT(path));
		c->child[c->n] = (struct cond){.op = (enum op)op, .path = path};
		if ((err = operand(p, value, &c->child[c->n++])))
			return err;
	}
	return 0;
}

static int field(struct parsing *p, const char *name, json_t *v, struct cond *c)
{
	struct str path = str_of(name);
	if (!key_path_valid(path))
		return bad(p, "\"%.60s\" is not the name of a field.", name);
	path = arena_str(p->arena, path);
	if (json_is_object(v))
		return operators(p, path, v, c);
	*c = (struct cond){.op = OP_EQ, .path = path};
	return operand(p, v, c);
}

/* and = { query, … }, or = { query, … } */
static int several(struct parsing *p, enum op op, json_t *v, struct cond *c, int depth)
{
	if (!json_is_array(v) || !json_array_size(v))
		return bad(p, "\"%s\" wants a list of conditions.", ops[op]);
	if (json_array_size(v) > QUERY_CONDITIONS)
		return bad(p, "The query has more than %d conditions.", QUERY_CONDITIONS);
	children(p, c, op, json_array_size(v));
	int err = 0;
	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = table(p, json_array_get(v, i), &c->child[c->n++], depth + 1);
	return err;
}

static int member(struct parsing *p, const char *name, json_t *v, struct cond *c, int depth)
{
	if (!strcmp(name, "and"))
		return several(p, OP_AND, v, c, depth);
	if (!strcmp(name, "or"))
		return several(p, OP_OR, v, c, depth);
	if (strcmp(name, "not"))
		return field(p, name, v, c);
	children(p, c, OP_NOT, 1);
	c->n = 1;
	return table(p, v, c->child, depth + 1);
}

static int table(struct parsing *p, json_t *v, struct cond *c, int depth)
{
	const char *name;
	json_t *value;
	if (!json_is_object(v))
		return bad(p, "A condition is a table: { field = value } or { field = { op = value } }.");
	if (depth > QUERY_DEPTH)
		return bad(p, "Conditions are nested more than %d deep.", QUERY_DEPTH);
	if (json_object_size(v) > QUERY_CONDITIONS)
		return bad(p, "The query has more than %d conditions.", QUERY_CONDITIONS);
	children(p, c, OP_AND, json_object_size(v));
	int err = 0;
	json_object_foreach(v, name, value)
		if (!err)
			err = member(p, name, value, &c->child[c->n++], depth);
	return err;
}

/* ---- options ---- */

static int sort_key(struct parsing *p, json_t *v, struct key_spec *s)
{
	const char *name = json_string_value(v);
	bool desc = name && name[0] == '-';
	if (!name || !key_path_valid(str_of(name + desc)))
		return bad(p, "\"sort\" is the name of a field, with a - in front for descending, or a list of them.");
	if (s->n == INDEX_FIELDS)
		return bad(p, "\"sort\" has more than %d fields.", INDEX_FIELDS);
	s->field[s->n++] = (struct key_field){arena_strdup(p->arena, name + desc), desc};
	return 0;
}

static int sort_option(struct parsing *p, json_t *v, struct query *q)
{
	int err = json_is_array(v) ? 0 : sort_key(p, v, &q->sort);
	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = sort_key(p, json_array_get(v, i), &q->sort);
	return err;
}

/* An id begins with the moment its row was created, so by id and by creation are one order; it is kept as the latter,
 * which is what an index can end with. */
static void sort_done(struct query *q)
{
	struct key_field *first = &q->sort.field[0];
	q->unsorted = !q->sort.n;
	if (q->unsorted)
		q->sort = (struct key_spec){1, {{"created", false}}};
	enum column only = q->sort.n == 1 ? column_by_name(str_of(first->path)) : COLUMN_NONE;
	q->by_id = only == COLUMN_ID || only == COLUMN_CREATED;
	if (q->by_id)
		first->path = "created";
	q->backward = q->sort.field[q->sort.n - 1].desc;
}

static int limit_option(struct parsing *p, json_t *v, struct query *q)
{
	double n = json_number_value(v);
	if (n < 1 || n > QUERY_LIMIT || n != (int)n)
		return bad(p, "\"limit\" is a whole number from 1 to %d.", QUERY_LIMIT);
	q->limit = (int)n;
	return 0;
}

static int cursor_option(struct parsing *p, json_t *v, struct query *q)
{
	if (!json_is_string(v))
		return fault(p->fault, ERR_BAD_CURSOR, NULL);
	q->cursor = arena_str(p->arena, text_of(v));
	return q->cursor.n ? 0 : fault(p->fault, ERR_BAD_CURSOR, NULL);
}

static int fields_option(struct parsing *p, json_t *v, struct query *q)
{
	if (!json_is_array(v) || json_array_size(v) > QUERY_FIELDS)
		return bad(p, "\"fields\" is a list of at most %d names.", QUERY_FIELDS);
	q->field = arena_alloc(p->arena, (json_array_size(v) + 1) * sizeof *q->field);
	for (size_t i = 0; i < json_array_size(v); i++) {
		json_t *name = json_array_get(v, i);
		if (!json_is_string(name))
			return bad(p, "\"fields\" is a list of names.");
		q->field[q->nfields++] = arena_str(p->arena, text_of(name));
	}
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct parsing *p, json_t *v, struct query *q);
} options[] = {{"sort", sort_option}, {"limit", limit_option}, {"cursor", cursor_option}, {"fields", fields_option}};

static int option(struct parsing *p, const char *name, json_t *v, struct query *q)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (!strcmp(name, options[i].name))
			return json_is_null(v) ? 0 : options[i].read(p, v, q);
	return bad(p, "\"%.40s\" is not an option; there are sort, limit, cursor and fields.", name);
}

/* ---- the whole ---- */

/* Absent, null and an empty list (an empty table of Lua may look like one) are all an empty table. */
static int load(struct parsing *p, struct str text, json_t **v)
{
	if (text.n > QUERY_BYTES)
		return bad(p, "The query is longer than %u KB.", QUERY_BYTES / KIB);
	*v = text.n ? json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
		    : json_object();
	if (*v && (json_is_null(*v) || (json_is_array(*v) && !json_array_size(*v)))) {
		json_decref(*v);
		*v = json_object();
	}
	if (!*v)
		return bad(p, "The query is not well-formed.");
	return json_is_object(*v) ? 0 : bad(p, "A query and its options are tables.");
}

static void canonical(struct parsing *p, json_t *where, struct query *q)
{
	struct buf b = BUF_INIT;
	char *text = json_dumps(where, JSON_COMPACT | JSON_SORT_KEYS);
	buf_adds(&b, text ? text : "");
	buf_addc(&b, ' ');
	key_spec_text(&b, &q->sort);
	free(text);
	q->canonical = keep(p, &b);
}

static int parse(struct parsing *p, json_t *where, json_t *opts, struct query *q)
{
	const char *name;
	json_t *value;
	int err = table(p, where, &q->where, 0);
	q->everything = !q->where.n;
	json_object_foreach(opts, name, value)
		if (!err)
			err = option(p, name, value, q);
	if (err)
		return err;
	sort_done(q);
	canonical(p, where, q);
	return 0;
}

int query_parse(struct arena *a, struct str where, struct str opts, struct query *q, struct fault *f)
{
	struct parsing p = {.arena = a, .fault = f};
	json_t *w = NULL, *o = NULL;
	*q = (struct query){.limit = 100};
	int err = load(&p, where, &w);
	if (!err)
		err = load(&p, opts, &o);
	if (!err)
		err = parse(&p, w, o, q);
	json_decref(w);
	json_decref(o);
	return err;
}

static bool cond_names(const struct cond *c, const char *path)
{
	for (int i = 0; c->op >= OP_AND && i < c->n; i++)
		if (cond_names(&c->child[i], path))
			return true;
	return c->op < OP_AND && str_is(c->path, path);
}

bool query_names(const struct query *q, const char *path)
{
	for (int i = 0; i < q->sort.n; i++)
		if (!strcmp(q->sort.field[i].path, path))
			return true;
	return cond_names(&q->where, path);
}

static struct str cond_long_path(const struct cond *c)
{
	struct str path = STR_NONE;
	for (int i = 0; c->op >= OP_AND && i < c->n && !path.p; i++)
		path = cond_long_path(&c->child[i]);
	return c->op < OP_AND && path_too_long(c->path) ? c->path : path;
}

struct str query_long_path(const struct query *q)
{
	for (int i = 0; i < q->sort.n; i++)
		if (path_too_long(str_of(q->sort.field[i].path)))
			return str_of(q->sort.field[i].path);
	return cond_long_path(&q->where);
}
