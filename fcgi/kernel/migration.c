#define _GNU_SOURCE /* O_TMPFILE */

#include "kernel/migration.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/now.h"
#include "codec/json.h"
#include "kernel/portable.h"
#include "store/files.h"
#include "store/row.h"

#define BATCH_ROWS 200
#define BATCH_BYTES (256 * KIB) /* about; a row may be as large */
#define PROGRESS_MS 500

const struct migration_cells *migration_cells;

/* One that some file changes. */
struct migrated {
	const char *name;
	uint64_t *files; /* which ones do: a bit each */
	int64_t rows;    /* seen by compute */
};

/* ---- which ---- */

static bool is_migration(struct str path)
{
	struct str name = {path.p + strlen(MIGRATION_FOLDER), path.n - strlen(MIGRATION_FOLDER)};
	return str_ends(name, ".lua") && !memchr(name.p, '/', name.n);
}

static int take_file(struct migration *m, struct db *db, const char *package, const char *path)
{
	struct migration_files *f = &m->files;
	if (f->n == MIGRATIONS_MAX)
		return db_fail(db, ERR_BAD_PACKAGE, "more than %d data migrations are to run; upgrade in smaller steps", MIGRATIONS_MAX);
	f->path[f->n] = path;
	return file_load(db, m->arena, package, path, &f->text[f->n++]);
}

/* What the version that serves came with was done when it was installed. */
static bool is_pending(struct db *db, const struct app_row *app, const char *path)
{
	return !applied_is(db, app->id, path + strlen(MIGRATION_FOLDER)) && !(app->package && file_there(db, app->package, path));
}

static int take_files(struct migration *m, struct db *db, const struct app_row *app, const char *package)
{
	struct file_row *list;
	int n = files_list(db, m->arena, package, MIGRATION_FOLDER, &list), err = MAX(-n, 0);
	m->files = (struct migration_files){.app_id = arena_strdup(m->arena, app->id), .app_name = arena_strdup(m->arena, app->name)};
	m->files.path = arena_alloc(m->arena, MIGRATIONS_MAX * sizeof *m->files.path);
	m->files.text = arena_alloc(m->arena, MIGRATIONS_MAX * sizeof *m->files.text);
	for (int i = 0; !err && i < n; i++)
		if (is_migration(str_of(list[i].path)) && is_pending(db, app, list[i].path))
			err = take_file(m, db, package, list[i].path);
	return err;
}

int migration_plan(struct node *n, struct db *db, const struct app_row *app, const char *package, struct migration **out)
{
	struct migration *m = xcalloc(1, sizeof *m);
	*m = (struct migration){.node = n, .arena = arena_new(), .most = MIGRATE_MS};
	int err = take_files(m, db, app, package);
	if (err || !m->files.n) {
		migration_free(m);
		m = NULL;
	}
	*out = m;
	return err;
}

void migration_free(struct migration *m)
{
	if (!m)
		return;
	if (m->staged)
		fclose(m->staged);
	arena_free(m->arena);
	free(m);
}

static bool same_files(const struct migration *a, const struct migration *b)
{
	bool same = (a ? a->files.n : 0) == (b ? b->files.n : 0);
	for (int i = 0; same && a && i < a->files.n; i++)
		same = !strcmp(a->files.path[i], b->files.path[i]);
	return same;
}

int migration_current(struct node *n, struct db *db, const struct app_row *app, const char *package, const struct migration *m)
{
	struct migration *now;
	int err = migration_plan(n, db, app, package, &now);
	if (!err && !same_files(m, now))
		err = db_fail(db, ERR_STALE, "%s was upgraded or taken back meanwhile; try again", app->name);
	migration_free(now);
	return err;
}

int migration_done(struct db *db, struct arena *a, const char *app_id, const char *package)
{
	struct file_row *list;
	int n = files_list(db, a, package, MIGRATION_FOLDER, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++)
		if (is_migration(str_of(list[i].path)))
			err = applied_add(db, app_id, list[i].path + strlen(MIGRATION_FOLDER));
	return err;
}

/* ---- computing ---- */

struct computing {
	struct migration *m;
	struct migrator *cell;
	struct fault *fault;
	progress_fn *progress;
	void *arg;
	int64_t total, told; /* rows in all; mono_ms of the last word about it */
	int64_t until;       /* mono_ms */
	struct migrated *collection;
	struct arena *arena, *scratch; /* of the batch, of one document */
	int n;
	size_t bytes;
	struct row row[BATCH_ROWS];
	bool changed[BATCH_ROWS];
	struct buf docs, result, line;
};

static int open_staged(struct computing *c)
{
	int fd = open(c->m->node->home, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (c->m->staged)
		fclose(c->m->staged);
	c->m->staged = fd < 0 ? tmpfile() : fdopen(fd, "w+");
	return c->m->staged ? 0 : fault(c->fault, ERR_UNAVAILABLE, "there is no room for the migrated rows: %s", strerror(errno));
}

static struct migrated *know_collection(struct migration *m, struct str name)
{
	for (int i = 0; i < m->ncollections; i++)
		if (str_is(name, m->collection[i].name))
			return &m->collection[i];
	if (m->ncollections == MIGRATED_MAX)
		return NULL;
	if (!m->collection)
		m->collection = arena_alloc(m->arena, MIGRATED_MAX * sizeof *m->collection);
	m->collection[m->ncollections] = (struct migrated){.name = arena_cstr(m->arena, name),
							   .files = arena_alloc(m->arena, MIGRATIONS_MAX / 8 + sizeof(uint64_t))};
	return &m->collection[m->ncollections++];
}

/* Ask each file which collections it changes. The cell may answer what it likes. */
static int ask_collections(struct computing *c, int file)
{
	struct json_lex l;
	struct str item;
	buf_clear(&c->result);
	int err = migration_cells->run(c->cell, c->m->files.path[file], "", STR("[]"), &c->result, c->fault);
	if (err || json_check(buf_str(&c->result), 2, 1000, c->fault))
		return err ? err : c->fault->err;
	json_lex_init(&l, buf_str(&c->result), 2);
	if (json_next(&l) != JSON_ARRAY)
		return fault(c->fault, ERR_BAD_PACKAGE, "%s changes nothing", c->m->files.path[file]);
	while (json_next_item(&l, &item)) {
		struct str name = {item.p + 1, item.n > 1 ? item.n - 2 : 0};
		struct migrated *known = text_name(name) ? know_collection(c->m, name) : NULL;
		if (known)
			known->files[file / 64] |= 1ull << (file % 64);
		else if (c->m->ncollections == MIGRATED_MAX)
			return fault(c->fault, ERR_BAD_PACKAGE, "more than %d collections are to be migrated", MIGRATED_MAX);
	}
	return 0;
}

static void write_docs(struct computing *c)
{
	buf_clear(&c->docs);
	buf_addc(&c->docs, '[');
	for (int i = 0; i < c->n; i++) {
		buf_adds(&c->docs, i ? "," : "");
		row_write(&c->docs, &c->row[i], NULL, 0);
	}
	buf_addc(&c->docs, ']');
}

/* What one document became: as strict as storage.docs.replace. */
static int take_doc(struct computing *c, const char *path, int i, struct str doc)
{
	struct fields f;
	struct str body;
	struct fault why = {0};
	if (str_is(doc, "null"))
		return 0;
	int err = fields_parse(c->scratch, doc, &f, &why);
	if (!err)
		err = fields_body(c->scratch, &f, &body, &why);
	if (!err)
		err = row_check(body, &why);
	if (err)
		return fault(c->fault, ERR_BAD_PACKAGE, "the rows cannot be migrated: %s, %s/%.*s: %s", path, c->collection->name,
			     STR_FMT(c->row[i].id), why.message);
	c->changed[i] |= !str_eq(body, c->row[i].body);
	c->row[i].body = arena_str(c->arena, body);
	arena_reset(c->scratch);
	return 0;
}

static int run_file(struct computing *c, const char *path)
{
	struct json_lex l;
	struct str doc;
	int i = 0;
	write_docs(c);
	buf_clear(&c->result);
	int err = migration_cells->run(c->cell, path, c->collection->name, buf_str(&c->docs), &c->result, c->fault);
	if (err)
		return err;
	json_lex_init(&l, arena_str(c->arena, buf_str(&c->result)), JSON_DEPTH);
	bool fits = json_next(&l) == JSON_ARRAY;
	while (fits && !err && json_next_item(&l, &doc))
		if ((fits = i < c->n))
			err = take_doc(c, path, i++, doc);
	if (err || (fits && i == c->n))
		return err;
	return fault(c->fault, ERR_BAD_PACKAGE, "%s answered with something else than the documents it was given", path);
}

/* A row that stays as it is must be known as well, so that apply sees that it is still the same. */
static int stage(struct computing *c)
{
	for (int i = 0; i < c->n; i++) {
		const struct row *r = &c->row[i];
		buf_clear(&c->line);
		record_write(&c->line, &(struct record){.kind = RECORD_DOC, .collection = str_of(c->collection->name), .id = r->id,
			     .owner = r->owner, .parent = r->parent, .created = r->created, .updated = r->updated, .rev = r->rev,
			     .body = c->changed[i] ? r->body : STR("null")});
		if (fwrite(c->line.p, 1, c->line.len, c->m->staged) != c->line.len)
			return fault(c->fault, ERR_DISK_FULL, NULL);
		c->m->changed += c->changed[i];
	}
	return 0;
}

static void group(struct buf *b, int64_t n)
{
	if (n >= 1000)
		group(b, n / 1000);
	buf_addf(b, n >= 1000 ? ",%03d" : "%d", (int)(n % 1000));
}

static int tell(struct computing *c)
{
	struct buf b = BUF_INIT;
	if (!c->progress || mono_ms() < c->told + PROGRESS_MS)
		return 0;
	c->told = mono_ms();
	buf_adds(&b, "Migrating ");
	group(&b, c->m->rows);
	buf_adds(&b, " of ");
	group(&b, c->total);
	buf_adds(&b, " rows");
	int err = c->progress(c->arg, b.p);
	buf_release(&b);
	return err;
}

static int check_time(struct computing *c)
{
	if (mono_ms() < c->until)
		return 0;
	return fault(c->fault, ERR_BAD_PACKAGE, "migrating the rows takes longer than %lld seconds; make its files do less, or upgrade in smaller steps",
		     (long long)(c->m->most / 1000));
}

static int flush(struct computing *c)
{
	int err = 0;
	for (int i = 0; c->n && !err && i < c->m->files.n; i++)
		if (c->collection->files[i / 64] & 1ull << (i % 64) && !(err = check_time(c)))
			err = run_file(c, c->m->files.path[i]);
	if (!err)
		err = stage(c);
	c->m->rows += c->n;
	c->collection->rows += c->n;
	c->n = 0;
	c->bytes = 0;
	arena_reset(c->arena);
	return err ? err : tell(c);
}

/* Rows of one owner make a batch. */
static int take_row(void *arg, const struct record *r)
{
	struct computing *c = arg;
	int err = 0;
	if (c->n && (!str_eq(c->row[0].owner, r->owner) || c->n == BATCH_ROWS || c->bytes + r->body.n > BATCH_BYTES))
		err = flush(c);
	c->row[c->n] = (struct row){.id = arena_str(c->arena, r->id), .owner = arena_str(c->arena, r->owner), .parent = arena_str(c->arena, r->parent),
				    .created = r->created, .updated = r->updated, .rev = r->rev, .body = arena_str(c->arena, r->body)};
	c->changed[c->n++] = false;
	c->bytes += r->body.n;
	return err;
}

static int compute_rows(struct computing *c, struct db *db)
{
	int err = 0;
	for (int i = 0; i < c->m->ncollections; i++)
		c->total += MAX(copy_count_docs(db, c->m->files.app_id, c->m->collection[i].name), (int64_t)0);
	for (int i = 0; !err && i < c->m->ncollections; i++) {
		c->collection = &c->m->collection[i];
		c->collection->rows = 0;
		err = copy_by_owner(db, c->m->files.app_id, c->collection->name, take_row, c);
		if (!err)
			err = flush(c);
	}
	return err || !fflush(c->m->staged) ? err : fault(c->fault, ERR_DISK_FULL, NULL);
}

static int compute(struct computing *c)
{
	int err = open_staged(c);
	for (int i = 0; !err && i < c->m->files.n; i++)
		if (!(err = check_time(c)))
			err = ask_collections(c, i);
	struct db *db = err ? NULL : db_borrow(c->m->node->store, c->fault);
	if (!err)
		err = db ? db_look(db) : c->fault->err;
	if (!err)
		err = compute_rows(c, db);
	db_return(db);
	return err;
}

int migration_compute(struct migration *m, progress_fn *progress, void *arg, struct fault *f)
{
	struct computing *c = xcalloc(1, sizeof *c);
	*c = (struct computing){.m = m, .fault = f, .progress = progress, .arg = arg, .arena = arena_new(), .scratch = arena_new(), .told = mono_ms(),
			 .until = mono_ms() + m->most};
	m->rows = m->changed = m->moved = 0;
	int err = migration_cells ? migration_cells->begin(m->node, &m->files, &c->cell, f)
				  : fault(f, ERR_UNSUPPORTED, "this program cannot migrate rows; use: fazt-admin app upgrade");
	if (!err)
		err = compute(c);
	if (c->cell)
		migration_cells->end(c->cell);
	buf_release(&c->docs);
	buf_release(&c->result);
	buf_release(&c->line);
	arena_free(c->arena);
	arena_free(c->scratch);
	free(c);
	return err;
}

/* ---- applying ---- */

static int moved(struct migration *m, struct db *db)
{
	m->moved = true;
	return db_fail(db, ERR_STALE, "rows of %s were changed while they were being migrated; try again", m->files.app_name);
}

/* The next staged row: 1, 0 at the end, or -ERR_*. */
static int next_staged(struct migration *m, struct db *db, struct arena *a, char **line, size_t *room, struct record *r)
{
	ssize_t n = getline(line, room, m->staged);
	if (n <= 0)
		return ferror(m->staged) ? -db_fail(db, ERR_INTERNAL, "the migrated rows cannot be read again") : 0;
	int err = record_read(a, (struct str){*line, (size_t)n - 1}, r, db_fault(db));
	return err ? -db_fail(db, ERR_INTERNAL, "the migrated rows are damaged") : 1;
}

static int apply_rows(struct migration *m, struct db *db, struct copy *c)
{
	struct arena *a = arena_new();
	struct record r;
	char *line = NULL;
	size_t room = 0;
	int more, err = 0;
	rewind(m->staged);
	while (!err && (more = next_staged(m, db, a, &line, &room, &r))) {
		int there = more < 0 ? more : copy_rewrite(c, &r);
		err = there < 0 ? -there : there ? 0 : moved(m, db);
		arena_reset(a);
	}
	free(line);
	arena_free(a);
	return err;
}

/* Rows that came since were not among the staged ones. */
static int none_came(struct migration *m, struct db *db)
{
	for (int i = 0; i < m->ncollections; i++) {
		int64_t n = copy_count_docs(db, m->files.app_id, m->collection[i].name);
		if (n < 0)
			return (int)-n;
		if (n != m->collection[i].rows)
			return moved(m, db);
	}
	return 0;
}

int migration_apply(struct migration *m, struct db *db)
{
	struct copy_limits limits;
	int err = portable_limits(m->node, db, m->files.app_id, &limits);
	m->moved = false;
	if (!err)
		err = none_came(m, db);
	if (!err) {
		struct copy *c = copy_begin(db, m->files.app_id, &limits);
		err = copy_end(c, apply_rows(m, db, c));
	}
	return err;
}
