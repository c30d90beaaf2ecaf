#include "gate/specimen.h"

#include "codec/json.h"
#include "gate/marks.h"
#include "kernel/portable.h"

#define NEWEST 50                      /* rows of each collection that are copied, */
#define COPY_BYTES (16 * (int64_t)MIB) /* and of all of them at most so much; of files as well, */
#define COPY_FILE (64 * (int64_t)KIB)  /* and only those up to this size */

/* body with mark in its free texts, those with a space or a mark already: behind each, or (replace) in its place. The number of them. */
static int put_mark(struct buf *b, struct str body, const char *mark, bool replace)
{
	struct json_lex l;
	int n = 0;
	const char *done = body.p;
	json_lex_init(&l, body, JSON_DEPTH);
	for (enum json_tok t; (t = json_next(&l)) != JSON_END && t != JSON_ERROR;) {
		if (t != JSON_STRING || !l.text.n || (!memchr(l.text.p, ' ', l.text.n) && !marks_in(l.text)))
			continue;
		buf_add(b, done, (size_t)(replace ? l.text.p - done : l.text.p + l.text.n - done));
		buf_addf(b, replace ? "%s" : " %s", mark);
		done = l.text.p + l.text.n;
		n++;
	}
	buf_add(b, done, (size_t)(body.p + body.n - done));
	return n;
}

struct sample {
	struct str collection;
	struct buf body;
};

static int take_sample(void *arg, const struct record *r)
{
	struct sample *s = arg;
	if (r->kind == RECORD_DOC && str_eq(r->collection, s->collection) && !s->body.len)
		buf_addstr(&s->body, r->body);
	return 0;
}

struct str specimen_doc(struct trial *t, struct db *db, struct arena *a, const char *mark, const char *collection, struct str parent,
			struct str otherwise)
{
	struct copy_count n = {0};
	struct sample s = {.collection = str_of(collection)};
	struct buf b = BUF_INIT;
	copy_out(db, t->app_id, 1, take_sample, &s, &n);
	if (!s.body.len || !put_mark(&b, buf_str(&s.body), mark, true)) {
		buf_clear(&b);
		buf_addstr(&b, otherwise);
	}
	if (parent.n && b.len > 2)
		b.len--, buf_addf(&b, ",\"parent\":\"%.*s\"}", STR_FMT(parent));
	struct str body = arena_str(a, buf_str(&b));
	buf_release(&s.body);
	buf_release(&b);
	return body;
}

/* ---- the rows of an installed app ---- */

struct taking {
	struct portable_rows rows;
	struct copy_count n;
};

/* Rows keep the ids of their people, whom nobody here has: they are other people's rows to everyone. */
static int take_row(void *arg, const struct record *r)
{
	struct taking *t = arg;
	bool of_file = r->kind == RECORD_CONTENT || r->kind == RECORD_PIECE || r->kind == RECORD_BLOB;
	struct record marked = *r;
	if (t->n.bytes > COPY_BYTES && !of_file)
		return 0;
	struct buf body = BUF_INIT;
	struct arena *a = arena_new();
	if (r->kind == RECORD_DOC) {
		put_mark(&body, r->body, marks_new(a, 'x'), false);
		marked.body = buf_str(&body);
	}
	int err = portable_rows(&t->rows, &marked);
	buf_release(&body);
	arena_free(a);
	return err;
}

static bool among(const char *permission, const struct grant *list, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i].permission, permission))
			return true;
	return false;
}

/* What the owner took back, or never gave, it does not have here either. */
static int take_grants(struct db *from, const char *app_id, struct db *to, struct trial *t)
{
	struct grant *given, *asked;
	struct arena *a = arena_new();
	int n = grants_list(from, a, app_id, &given), m = grants_list(to, a, t->app_id, &asked), err = MAX(MAX(-n, -m), 0);
	for (int i = 0; !err && i < m; i++)
		if (!among(asked[i].permission, given, n))
			err = grant_remove(to, t->app_id, asked[i].permission);
	arena_free(a);
	return err;
}

static int take_rows(struct db *from, const char *app_id, struct db *to, struct trial *t)
{
	int err = db_begin(to);
	if (err)
		return err;
	static const struct copy_limits limits = {INT64_MAX / 2, INT64_MAX / 2, INT64_MAX / 2, false};
	static const struct copy_bounds bounds = {NEWEST, COPY_FILE, COPY_BYTES};
	struct taking w = {.rows.copy = copy_begin(to, t->app_id, &limits)};
	err = copy_out(from, app_id, bounds.newest, take_row, &w, &w.n);
	if (!err)
		err = copy_files(from, app_id, &bounds, false, take_row, &w, &w.n);
	err = copy_end(w.rows.copy, err);
	if (!err)
		err = take_grants(from, app_id, to, t);
	return err ? db_rollback(to) : db_commit(to);
}

int specimen_rows(struct node *n, const char *app_id, struct trial *t, struct fault *f)
{
	struct db *from = db_borrow(n->store, f), *to = from ? db_borrow(t->node.store, f) : NULL;
	int err = to ? db_look(from) : f->err;
	if (!err) {
		err = take_rows(from, app_id, to, t);
		db_look_end(from);
	}
	db_return(to);
	db_return(from);
	return err;
}
