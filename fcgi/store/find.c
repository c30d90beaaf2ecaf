/* A query becomes one statement:
 *
 *     SELECT … FROM docs d INDEXED BY <the plan's index>
 *     WHERE <app and collection> AND <narrowing> AND <behind the cursor>
 *       AND CASE WHEN <the caller may read it> THEN doc_match(…) ELSE 0 END
 *     ORDER BY … LIMIT …
 *
 * The conditions themselves are held against the row by doc_match, in C, so that the text of the statement does not
 * depend on them. CASE keeps the order: what the caller may not read is never looked at, and takes no time that
 * could be measured.
 *
 * Where rows have to be sorted, that is a list of their numbers, and the rows themselves are read one by one behind it: a sorter
 * that has them holds as many bodies as the page may have rows.
 */
#include "store/find.h"

#include "base/out.h"
#include "store/cursor.h"
#include "store/docs.h"
#include "store/plan.h"

#define PAGE_BYTES (512 * KIB) /* a page ends early behind this many */
#define LOOKING "fazt-looking"

/* What the functions of one running statement see. */
struct looking {
	const struct query *query;
	struct matching match;
	int64_t left;
	bool budget, over;
	bool ownerless; /* rows are shown to another app */
};

/* ---- the SQL functions: doc_match(:look, row…) and doc_key(:look, row…) ---- */

static struct str value_str(sqlite3_value *v)
{
	const char *p = sqlite3_value_blob(v);
	return (struct str){p ? p : "", (size_t)sqlite3_value_bytes(v)};
}

/* No more: the statement ends with what the clock in on_progress ends it with, which sees what SQLite does alone. */
static bool enough(sqlite3_context *ctx)
{
	sqlite3_result_error_code(ctx, SQLITE_INTERRUPT);
	return false;
}

static bool look(sqlite3_context *ctx, sqlite3_value **v, struct looking **l, struct row *r)
{
	*l = sqlite3_value_pointer(v[0], LOOKING);
	if (!*l || ((*l)->budget && (*l)->left-- <= 0)) {
		if (*l)
			(*l)->over = true;
		return enough(ctx);
	}
	*r = (struct row){
		.id = value_str(v[1]), .owner = value_str(v[2]), .parent = value_str(v[3]), .created = sqlite3_value_int64(v[4]),
		.updated = sqlite3_value_int64(v[5]), .rev = sqlite3_value_int64(v[6]), .body = value_str(v[7]),
	};
	if ((*l)->ownerless)
		r->owner = STR("");
	return !matching_late(&(*l)->match, r->body.n) || enough(ctx);
}

static void doc_match(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct looking *l;
	struct row r;
	(void)n;
	if (!look(ctx, v, &l, &r))
		return;
	bool matches = query_match(&l->query->where, &r, &l->match);
	if (l->match.late)
		enough(ctx);
	else
		sqlite3_result_int(ctx, matches);
}

static void doc_key(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct looking *l;
	struct row r;
	(void)n;
	if (!look(ctx, v, &l, &r))
		return;
	struct buf *key = &l->match.scratch;
	buf_clear(key);
	key_spec(key, &l->query->sort, &r);
	sqlite3_result_blob64(ctx, key->p, key->len, SQLITE_TRANSIENT);
}

void find_functions(struct db *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	sqlite3_create_function_v2(db->conn->sql, "doc_match", 8, flags, NULL, doc_match, NULL, NULL, NULL);
	sqlite3_create_function_v2(db->conn->sql, "doc_key", 8, flags | SQLITE_DETERMINISTIC, NULL, doc_key, NULL, NULL, NULL);
}

/* ---- the statement ---- */

static const char *index_of(const struct plan *p, char name[16])
{
	if (p->narrow == NARROW_SLOT) {
		snprintf(name, 16, "docs_%s", p->slot->name);
		return name;
	}
	return p->narrow == NARROW_PARENT ? "docs_parent" : p->narrow == NARROW_OWNER ? "docs_owner" : "docs_id";
}

static void narrowing(struct buf *b, const struct plan *p, const struct collection *c)
{
	switch (p->narrow) {
	case NARROW_ID:
		buf_adds(b, " AND d.id = :one");
		break;
	case NARROW_PARENT:
		buf_adds(b, " AND d.parent = :one AND d.parent <> ''");
		break;
	case NARROW_OWNER:
		buf_adds(b, " AND d.owner = :one");
		break;
	case NARROW_SLOT:
		if (p->exact)
			buf_addf(b, " AND d.%s = :lo", p->slot->name);
		else
			buf_addf(b, " AND d.%s >= :lo AND d.%s < :hi", p->slot->name, p->slot->name);
		break;
	case NARROW_MINE:
		buf_adds(b, " AND d.id IN (");
		scope_mine(b, c);
		buf_addc(b, ')');
		break;
	case NARROW_NONE:
		break;
	}
}

#define KEY "doc_key(:look, " ROW_COLUMNS ")"

static void behind(struct buf *b, const struct plan *p, const struct query *q)
{
	char than = (p->order == ORDER_ID ? q->backward : p->backward) ? '<' : '>';
	if (p->order == ORDER_ID)
		buf_addf(b, " AND d.id %c :id", than);
	else if (p->order == ORDER_SLOT)
		buf_addf(b, " AND (d.%s, d.id) %c (:key, :id)", p->slot->name, than);
	else
		buf_addf(b, " AND (" KEY " > :key OR (" KEY " = :key AND d.id %c :id))", q->backward ? '<' : '>');
}

static void ordering(struct buf *b, const struct plan *p, const struct query *q)
{
	if (p->narrow == NARROW_ID || (p->narrow == NARROW_SLOT && p->slot->unique))
		return; /* one row at most */
	const char *id = q->backward ? " DESC" : "", *slot = p->backward ? " DESC" : "";
	if (p->order == ORDER_ID)
		buf_addf(b, " ORDER BY d.id%s", id);
	else if (p->order == ORDER_SLOT)
		buf_addf(b, " ORDER BY d.%s%s, d.id%s", p->slot->name, slot, slot);
	else
		buf_addf(b, " ORDER BY " KEY ", d.id%s", id);
}

/* Does no index have the order? docs_owner and docs_parent end with the id as docs_id does, a slot below one key only. */
static bool sorted(const struct plan *p)
{
	if (p->narrow == NARROW_ID || (p->narrow == NARROW_SLOT && p->slot->unique))
		return false;
	return p->order == ORDER_KEY || (p->order == ORDER_ID && p->narrow == NARROW_SLOT && !p->exact);
}

static void where(struct buf *b, const struct docs *d, const struct query *q, const struct plan *p)
{
	char index[16];
	buf_addf(b, " FROM docs d INDEXED BY %s WHERE ", index_of(p, index));
	scope_rows(b);
	narrowing(b, p, d->collection);
	if (q->cursor.n)
		behind(b, p, q);
	buf_adds(b, q->everything ? " AND " : " AND CASE WHEN ");
	scope_may(b, d->collection, MAY_READ);
	if (!q->everything)
		buf_adds(b, " THEN doc_match(:look, " ROW_COLUMNS ") ELSE 0 END");
}

/* The rows themselves. Those of a list are as many as it has at most, and come in its order: CROSS JOIN walks it. */
static void pages(struct buf *b, const char *head, const struct docs *d, const struct query *q, const struct plan *p)
{
	bool list = sorted(p);
	buf_addf(b, list ? "%sWITH list (at) AS MATERIALIZED (SELECT d.rowid" : "%sSELECT " ROW_COLUMNS, head);
	where(b, d, q, p);
	ordering(b, p, q);
	buf_adds(b, " LIMIT :limit");
	if (list)
		buf_adds(b, ") SELECT " ROW_COLUMNS " FROM list CROSS JOIN docs d ON d.rowid = list.at");
}

/* ---- one query, from text to running statement ---- */

struct finding {
	const struct docs *docs;
	struct query query;
	struct slot slot[SLOTS];
	struct plan plan;
	struct looking look;
	struct listing listing;
	struct stmt *stmt;
};

static void listing_of(struct finding *f)
{
	f->listing = (struct listing){.scope = f->docs->scope, .reader = f->docs->reader, .kind = "docs", .what = str_of(f->docs->collection->name),
				      .query = f->query.canonical};
}

/* The place of a row: its sort key with a length in front, and its id. */
static void place_of(const struct finding *f, const struct row *r, struct buf *b)
{
	struct buf key = BUF_INIT;
	key_spec(&key, &f->query.sort, r);
	buf_addc(b, (char)(key.len >> 8));
	buf_addc(b, (char)key.len);
	buf_addstr(b, buf_str(&key));
	buf_addstr(b, r->id);
	buf_release(&key);
}

/* A slot's key is what the query fixes and then the sort key, complemented where the slot is walked backwards. */
static int bind_place(struct finding *f, struct str place)
{
	struct buf key = BUF_INIT;
	size_t n = place.n < 2 ? 0 : (size_t)(unsigned char)place.p[0] << 8 | (unsigned char)place.p[1];
	if (place.n < n + 2)
		return fault(f->docs->db->fault, ERR_BAD_CURSOR, NULL);
	if (f->plan.order == ORDER_SLOT)
		buf_addstr(&key, f->plan.prefix);
	for (size_t i = 0; i < n; i++)
		buf_addc(&key, (char)(f->plan.order == ORDER_SLOT && f->plan.backward ? ~place.p[2 + i] : place.p[2 + i]));
	stmt_bind_bytes(f->stmt, ":key", key.len ? buf_str(&key) : (struct str){"", 0});
	stmt_bind_str(f->stmt, ":id", (struct str){place.p + 2 + n, place.n - 2 - n});
	buf_release(&key);
	return 0;
}

static int bind(struct finding *f)
{
	struct str place;
	const struct plan *p = &f->plan;
	stmt_bind_str(f->stmt, ":one", p->one);
	stmt_bind_bytes(f->stmt, ":lo", p->lo);
	stmt_bind_bytes(f->stmt, ":hi", p->hi);
	stmt_bind_int(f->stmt, ":limit", f->query.limit + 1);
	stmt_bind_pointer(f->stmt, ":look", &f->look, LOOKING);
	if (!f->query.cursor.n)
		return 0;
	int err = cursor_read(f->docs->db, &f->listing, f->query.cursor, f->docs->arena, &place);
	return err ? err : bind_place(f, place);
}

/* Asking about an owner would tell whose a row is, one letter after the other. */
static int owner_asked(struct finding *f)
{
	if (!f->docs->reader || !query_names(&f->query, "owner"))
		return 0;
	return db_fail(f->docs->db, ERR_BAD_QUERY, "Rows of another app have no owner here, so a query cannot ask for it.");
}

/* A collection that has an index on one was declared before there was a bound. */
static int long_path_asked(const struct finding *f, int nslots)
{
	struct str path = query_long_path(&f->query);
	for (int i = 0; path.p && i < nslots; i++)
		for (int j = 0; j < f->slot[i].spec.n; j++)
			if (path_too_long(str_of(f->slot[i].spec.field[j].path)))
				return 0;
	return path.p ? db_fail(f->docs->db, ERR_BAD_QUERY, "\"%.*s\" has more than %d names; keep what is looked for nearer to the top of a row.",
				(int)MIN(path.n, 60), path.p, PATH_NAMES) : 0;
}

static int finding_prepare(struct finding *f, const struct docs *d, struct str query, struct str opts, const char *head,
			   bool paged)
{
	*f = (struct finding){.docs = d};
	int n = 0, err = query_parse(d->arena, query, opts, &f->query, d->db->fault);
	if (!err)
		err = owner_asked(f);
	if (!err && (n = slots_load(d->db, d->arena, d->scope->app_id, d->collection->name, f->slot)) < 0)
		err = -n;
	if (!err)
		err = long_path_asked(f, n);
	if (err)
		return err;
	plan_query(d->arena, d->scope, d->collection, &f->query, f->slot, n, &f->plan);
	f->look = (struct looking){.match.db = d->db, .query = &f->query, .left = d->scan_rows, .budget = f->plan.budget, .ownerless = d->reader};
	listing_of(f);
	struct buf b = BUF_INIT;
	if (paged)
		pages(&b, head, d, &f->query, &f->plan);
	else {
		buf_adds(&b, head);
		where(&b, d, &f->query, &f->plan);
	}
	f->stmt = scope_prepare(d->db, d->scope, d->collection, VERB_READ, b.p);
	buf_release(&b);
	return f->stmt ? bind(f) : d->db->fault->err;
}

/* Word the end of the budget; other errors pass. */
static int looked_enough(struct finding *f, int err)
{
	if (!f->look.over)
		return err;
	struct str index = plan_advice(f->docs->arena, &f->query);
	const char *name = f->docs->collection->name;
	if (!index.n)
		return db_fail(f->docs->db, ERR_BAD_QUERY, "The query looks at more than %lld rows of %s; narrow it.",
			       (long long)f->docs->scan_rows, name);
	return db_fail(f->docs->db, ERR_BAD_QUERY,
		       "The query looks at more than %lld rows of %s. Declare an index for it in app.json: "
		       "\"%s\": { \"index\": [\"%.*s\"] }.",
		       (long long)f->docs->scan_rows, name, name, STR_FMT(index));
}

static void finding_done(struct finding *f)
{
	db_read_end(f->docs->db);
	if (f->stmt)
		stmt_done(f->stmt);
	matching_release(&f->look.match);
}

/* ---- the two calls ---- */

static int step(struct finding *f)
{
	int row = stmt_row(f->stmt);
	return row < 0 ? -looked_enough(f, -row) : row;
}

static void write_row(struct finding *f, const struct row *r, struct buf *text, struct out *o)
{
	buf_clear(text);
	row_write(text, r, f->query.field, f->query.nfields);
	out_raw(o, buf_str(text));
}

/* Rows until the page is full; *more gets the cursor behind the last one when others follow. */
static int page(struct finding *f, struct out *o, struct buf *more)
{
	struct buf text = BUF_INIT, place = BUF_INIT;
	size_t from = o->buf->len;
	int n = 0, row;
	bool full = false, late = false;
	while (!late && (row = step(f)) == 1) {
		struct row r;
		if (full) {
			cursor_make(f->docs->db->store, &f->listing, buf_str(&place), more);
			break;
		}
		docs_row(f->stmt, &r);
		if (f->docs->reader)
			r.owner = STR("");
		late = matching_late(&f->look.match, r.body.n);
		write_row(f, &r, &text, o);
		full = ++n == f->query.limit || o->buf->len - from > PAGE_BYTES;
		if (full)
			place_of(f, &r, &place);
	}
	buf_release(&text);
	buf_release(&place);
	return late ? conn_fail(f->docs->db, SQLITE_INTERRUPT) : row < 0 ? -row : 0;
}

int docs_find(const struct docs *d, struct str query, struct str opts, struct buf *out)
{
	struct finding f;
	struct buf more = BUF_INIT;
	struct out o = OUT(out);
	int err = finding_prepare(&f, d, query, opts, "", true);
	if (!err) {
		db_read_begin(d->db, d->until);
		out_object(&o);
		out_key(&o, "items");
		out_array(&o);
		err = page(&f, &o, &more);
		out_end(&o);
		if (more.len)
			out_kstr(&o, "cursor", buf_str(&more));
		out_end(&o);
	}
	finding_done(&f);
	buf_release(&more);
	return err;
}

int docs_count(const struct docs *d, struct str query, struct buf *out)
{
	struct finding f;
	int err = finding_prepare(&f, d, query, STR_NONE, "SELECT count(*)", false);
	if (!err) {
		db_read_begin(d->db, d->until);
		int row = step(&f);
		if (row == 1)
			buf_addf(out, "%lld", (long long)stmt_int(f.stmt, 0));
		err = row < 0 ? -row : 0;
	}
	finding_done(&f);
	return err;
}

char *docs_plan(const struct docs *d, struct str query, struct str opts)
{
	struct finding f;
	struct buf b = BUF_INIT;
	int err = finding_prepare(&f, d, query, opts, "EXPLAIN QUERY PLAN ", true);
	while (!err && stmt_row(f.stmt) == 1) {
		buf_addstr(&b, stmt_str(f.stmt, 3));
		buf_addc(&b, '\n');
	}
	finding_done(&f);
	char *text = arena_cstr(d->arena, buf_str(&b));
	buf_release(&b);
	return text;
}
