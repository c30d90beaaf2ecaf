#include "kernel/portable.h"

#include <strings.h>

#include "config.h"
#include "base/crypt.h"
#include "base/now.h"
#include "kernel/app.h"
#include "store/files.h"
#include "store/snapshot.h"
#include "store/user.h"

/* ---- writing ---- */

struct writing {
	struct node *node;
	struct db *db;
	const struct app_row *app;
	struct arena *arena;
	portable_write_fn *to;
	void *arg;
	struct buf line;
	unsigned char sum[HASH_LEN];
	int64_t records;
	struct user *user; /* every account of the node, and the ids the app knows them by */
	char (*public_id)[PUBLIC_ID_LEN + 1];
	int nusers;
};

static void chain(unsigned char sum[HASH_LEN], struct str line)
{
	unsigned char both[2 * HASH_LEN];
	memcpy(both, sum, HASH_LEN);
	crypt_hash(both + HASH_LEN, line.p, line.n);
	crypt_hash(sum, both, sizeof both);
}

static int emit(void *arg, const struct record *r)
{
	struct writing *w = arg;
	buf_clear(&w->line);
	record_write(&w->line, r);
	chain(w->sum, buf_str(&w->line));
	w->records++;
	return w->to(w->arg, buf_str(&w->line));
}

static int emit_head(struct writing *w, int what)
{
	return emit(w, &(struct record){.kind = RECORD_HEAD, .format = RECORD_FORMAT, .fazt = STR(PACKAGE_VERSION), .app = str_of(w->app->name),
					.app_id = str_of(w->app->id), .code = what & PORTABLE_CODE, .data = what & PORTABLE_DATA,
					.created = now_ms()});
}

static int emit_end(struct writing *w)
{
	char hex[2 * HASH_LEN + 1];
	crypt_hex(hex, w->sum, HASH_LEN);
	return emit(w, &(struct record){.kind = RECORD_END, .records = w->records, .hash = str_of(hex)});
}

static int emit_file(struct writing *w, struct arena *a, const struct file_row *file)
{
	struct str rest;
	int err = file_load(w->db, a, w->app->package, file->path, &rest);
	if (!err)
		err = emit(w, &(struct record){.kind = RECORD_FILE, .path = str_of(file->path), .size = file->size});
	while (!err && rest.n) {
		struct str piece = {rest.p, MIN(rest.n, (size_t)RECORD_CHUNK)};
		err = emit(w, &(struct record){.kind = RECORD_PIECE, .bytes = piece});
		rest = (struct str){rest.p + piece.n, rest.n - piece.n};
	}
	return err;
}

static int emit_files(struct writing *w)
{
	struct file_row *list;
	struct arena *a = arena_new();
	int n = files_list(w->db, w->arena, w->app->package, "", &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		err = emit_file(w, a, &list[i]);
		arena_reset(a);
	}
	arena_free(a);
	return err;
}

static int know_users(struct writing *w)
{
	w->nusers = user_list(w->db, w->arena, str_of(w->app->id), &w->user);
	w->public_id = arena_alloc(w->arena, (size_t)MAX(w->nusers, 1) * sizeof *w->public_id);
	for (int i = 0; i < w->nusers; i++)
		app_public_id(w->node, w->app->id, w->user[i].id, w->public_id[i]);
	return MAX(-w->nusers, 0);
}

/* People without an account any more have no name to be known by. */
static int emit_person(void *arg, const struct record *r)
{
	struct writing *w = arg;
	for (int i = 0; i < w->nusers; i++)
		if (str_is(r->id, w->public_id[i]))
			return emit(w, &(struct record){.kind = RECORD_PERSON, .id = r->id, .name = str_of(w->user[i].name)});
	return 0;
}

static int emit_applied(struct writing *w)
{
	struct stmt *s = applied_query(w->db, w->app->id);
	int row, err = s ? 0 : db_fault(w->db)->err;
	while (!err && (row = stmt_row(s))) {
		if (row < 0)
			return -row;
		err = emit(w, &(struct record){.kind = RECORD_APPLIED, .name = stmt_str(s, 0)});
		if (err)
			stmt_done(s);
	}
	return err;
}

static int emit_rows(struct writing *w, bool objects, struct copy_count *count)
{
	static const struct copy_bounds all;
	int err = know_users(w);
	if (!err)
		err = copy_people(w->db, w->app->id, emit_person, w);
	if (!err)
		err = emit_applied(w);
	if (!err)
		err = copy_out(w->db, w->app->id, 0, emit, w, count);
	return err ? err : copy_files(w->db, w->app->id, &all, objects, emit, w, count);
}

int portable_write(struct node *n, struct db *db, const struct app_row *app, int what, portable_write_fn *to, void *arg,
		   struct copy_count *count)
{
	struct copy_count own;
	struct writing w = {.node = n, .db = db, .app = app, .arena = arena_new(), .to = to, .arg = arg};
	int err = db_look(db);
	if (!err)
		err = emit_head(&w, what);
	if (!err && what & PORTABLE_CODE)
		err = emit_files(&w);
	if (!err && what & PORTABLE_DATA)
		err = emit_rows(&w, what & PORTABLE_OBJECTS, count ? count : &own);
	if (!err)
		err = emit_end(&w);
	db_look_end(db);
	buf_release(&w.line);
	arena_free(w.arena);
	return err;
}

/* ---- reading ---- */

struct reading {
	portable_read_fn *from;
	void *arg;
	struct fault *fault;
	struct buf in;
	size_t at; /* of the next line in it */
	bool ended;
	int64_t records;
	unsigned char sum[HASH_LEN];
};

static int cut_short(const struct reading *r)
{
	return fault(r->fault, ERR_BAD_SOURCE, "it is not whole: it ends behind line %lld", (long long)r->records);
}

static int fill(struct reading *r)
{
	size_t n;
	memmove(r->in.p, r->in.p + r->at, r->in.len - r->at);
	r->in.len -= r->at;
	r->at = 0;
	if (r->in.len > RECORD_LINE)
		return fault(r->fault, ERR_BAD_SOURCE, "line %lld is too long to be a record", (long long)r->records + 1);
	buf_reserve(&r->in, 64 * KIB);
	int err = r->from(r->arg, r->in.p + r->in.len, 64 * KIB, &n);
	if (err)
		return err;
	r->in.len += n;
	r->ended = !n;
	return r->ended ? cut_short(r) : 0;
}

/* The next line, with its end. */
static int next_line(struct reading *r, struct str *line)
{
	size_t looked = 0;
	for (;;) {
		const char *from = r->in.p ? r->in.p + r->at : "", *end;
		size_t have = r->in.len - r->at;
		if (have > looked && (end = memchr(from + looked, '\n', have - looked))) {
			*line = (struct str){from, (size_t)(end - from) + 1};
			r->at += line->n;
			return 0;
		}
		looked = have;
		int err = fill(r);
		if (err)
			return err;
	}
}

static int bad_line(const struct reading *r, const char *why)
{
	return fault(r->fault, ERR_BAD_SOURCE, "line %lld: %s", (long long)r->records + 1, why);
}

static int read_end(struct reading *r, const struct record *end)
{
	char hex[2 * HASH_LEN + 1];
	size_t n = 0;
	crypt_hex(hex, r->sum, HASH_LEN);
	if (end->records != r->records || !str_is(end->hash, hex))
		return fault(r->fault, ERR_BAD_SOURCE, "it was changed or damaged since it was written: its checksum does not fit");
	int err = r->at < r->in.len ? 0 : r->from(r->arg, r->in.p, 1, &n);
	return err || (r->at == r->in.len && !n) ? err : bad_line(r, "something follows behind the end");
}

static int read_one(struct reading *r, struct arena *a, struct record *rec)
{
	struct str line;
	struct fault f = {0};
	int err = next_line(r, &line);
	if (err)
		return err;
	if (record_read(a, (struct str){line.p, line.n - 1}, rec, &f))
		return bad_line(r, f.message);
	if ((rec->kind == RECORD_HEAD) != !r->records)
		return bad_line(r, r->records ? "a second head" : "an exported app begins with a head; this is none");
	if (rec->kind == RECORD_END)
		return 0;
	chain(r->sum, line);
	return 0;
}

int portable_read(portable_read_fn *from, void *arg, record_fn *to, void *to_arg, struct fault *f)
{
	struct reading r = {.from = from, .arg = arg, .fault = f};
	struct arena *a = arena_new();
	struct record rec = {0};
	int err = 0;
	buf_reserve(&r.in, 64 * KIB);
	while (!err && !(err = read_one(&r, a, &rec)) && rec.kind != RECORD_END) {
		err = to(to_arg, &rec);
		arena_reset(a);
		r.records++;
	}
	if (!err)
		err = read_end(&r, &rec);
	buf_release(&r.in);
	arena_free(a);
	return err;
}

/* ---- people ---- */

int portable_same_people(struct node *from, const char *from_app, struct node *to, const char *to_app, struct arena *a,
			 struct portable_people *p, struct fault *f)
{
	struct user *users, there; /* found by name, for ids mean nothing elsewhere */
	*p = (struct portable_people){0};
	struct db *db = db_borrow(from->store, f), *other = db ? db_borrow(to->store, f) : NULL;
	int n = other ? user_list(db, a, str_of(from_app), &users) : -f->err;
	p->person = arena_alloc(a, (size_t)MAX(n, 1) * sizeof *p->person);
	for (int i = 0; i < n; i++)
		if (user_find(other, str_of(users[i].name), &there) && !strcasecmp(there.name, users[i].name)) {
			app_public_id(from, from_app, users[i].id, p->person[p->n].from);
			app_public_id(to, to_app, there.id, p->person[p->n++].to);
		}
	db_return(other);
	db_return(db);
	return MAX(-n, 0);
}

static const char *known(const struct portable_people *p, struct str id)
{
	for (int i = 0; i < p->n; i++)
		if (str_is(id, p->person[i].from))
			return p->person[i].to;
	return NULL;
}

/* Who it is here; only docs and files may go to somebody else. */
static struct str here(struct portable_people *p, struct str id, bool row)
{
	if (!id.n || !record_person(id))
		return id;
	const char *to = known(p, id);
	if (!to && row)
		to = p->owner;
	p->unknown += !to;
	return to ? str_of(to) : id;
}

/* ---- rows ---- */

int portable_rows(void *arg, const struct record *r)
{
	struct portable_rows *rows = arg;
	struct record mapped = *r;
	if (rows->people) {
		mapped.owner = here(rows->people, r->owner, r->kind == RECORD_DOC || r->kind == RECORD_BLOB);
		mapped.who = here(rows->people, r->who, false);
	}
	return copy_in(rows->copy, &mapped);
}

int portable_limits(struct node *n, struct db *db, const char *app_id, struct copy_limits *limits)
{
	struct settings s;
	int64_t limit[BUDGET_COUNT];
	uint32_t own;
	struct arena *a = arena_new();
	int err = node_settings(n, db, a, &s);
	if (!err)
		err = budget_load(db, app_id, &s, limit, &own);
	if (!err)
		*limits = (struct copy_limits){limit[BUDGET_APP_BYTES], limit[BUDGET_APP_ROWS], limit[BUDGET_APP_FILES], false};
	arena_free(a);
	return err;
}

static int empty(struct db *db, const char *app_id)
{
	return app_usage(db, app_id, USAGE_ROWS) ? db_fail(db, ERR_CONFLICT, "the app has rows already") : 0;
}

/* Reads of one connection, writes of another: also where both are of one node. */
static int copy_rows(struct db *from, const char *from_app, struct db *to, const char *to_app, struct portable_people *people,
		     const struct copy_limits *limits, const struct copy_bounds *bounds, struct copy_count *n)
{
	int err = db_begin(to);
	if (!err)
		err = empty(to, to_app);
	if (!err) {
		struct portable_rows rows = {copy_begin(to, to_app, limits), people};
		err = copy_out(from, from_app, bounds->newest, portable_rows, &rows, n);
		if (!err)
			err = copy_files(from, from_app, bounds, false, portable_rows, &rows, n);
		err = copy_end(rows.copy, err);
	}
	return err ? db_rollback(to) : db_commit(to);
}

int portable_copy(struct node *from, const char *from_app, struct node *to, const char *to_app, struct portable_people *people,
		  const struct copy_bounds *bounds, struct copy_count *n, struct fault *f)
{
	struct copy_limits limits;
	struct db *source = db_borrow(from->store, f), *target = source ? db_borrow(to->store, f) : NULL;
	int err = target ? portable_limits(to, target, to_app, &limits) : f->err;
	if (!err)
		err = db_look(source);
	if (!err)
		err = copy_rows(source, from_app, target, to_app, people, &limits, bounds, n);
	db_return(target);
	db_return(source);
	return err;
}

/* ---- snapshots ---- */

int portable_snapshot(struct node *n, struct db *db, const struct app_row *app)
{
	struct copy_count c;
	struct snapshot_writer w = {.db = db, .app_id = app->id};
	int err = portable_write(n, db, app, PORTABLE_DATA | PORTABLE_OBJECTS, snapshot_write, &w, &c);
	if (!err)
		err = snapshot_finish(&w, app->version, c.docs + c.shares + c.keys + c.files);
	snapshot_release(&w);
	return err;
}

struct restoring {
	struct db *db;
	const char *app_id;
	struct copy *copy;
};

static int restore_record(void *arg, const struct record *r)
{
	struct restoring *w = arg;
	struct arena *a = arena_new();
	int err = r->kind == RECORD_APPLIED ? applied_add(w->db, w->app_id, arena_cstr(a, r->name)) : copy_in(w->copy, r);
	arena_free(a);
	return err;
}

/* What was there once is not refused for a quota that became smaller. */
int portable_restore(struct db *db, const char *app_id)
{
	static const struct copy_limits none = {INT64_MAX, INT64_MAX, INT64_MAX, .objects = true};
	struct snapshot_reader r = {.db = db, .app_id = app_id};
	struct restoring w = {db, app_id, NULL};
	int err = applied_clear(db, app_id);
	if (err)
		return err;
	w.copy = copy_begin(db, app_id, &none);
	err = portable_read(snapshot_read, &r, restore_record, &w, db_fault(db));
	err = copy_end(w.copy, err);
	buf_release(&r.part);
	return err;
}
