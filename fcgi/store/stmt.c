/* Statements: prepared once per connection and text, found again by their text and by what they were admitted to — a
 * tenant statement in the cache is never handed to someone who came by the other door. One that is in use is not
 * handed out twice; the second user gets a twin, which joins the cache when it is done.
 */
#include <stdarg.h>

#include "store/conn.h"

static struct stmt **bucket(struct conn *c, const char *sql)
{
	uint32_t h = 2166136261u;
	for (const char *p = sql; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return &c->cache[h % CACHE_BUCKETS];
}

static struct stmt **find_idle(struct stmt **at, const char *sql, enum admit admit)
{
	for (; *at; at = &(*at)->next)
		if (!(*at)->busy && (!sql || ((*at)->admit == admit && !strcmp((*at)->text, sql))))
			return at;
	return NULL;
}

static void drop(struct conn *c, struct stmt **at)
{
	struct stmt *s = *at;
	*at = s->next;
	sqlite3_finalize(s->sql);
	free(s->text);
	free(s);
	c->cached--;
}

static void make_room(struct conn *c)
{
	for (int i = 0; i < CACHE_BUCKETS && c->cached >= CACHE_STATEMENTS; i++) {
		struct stmt **at = find_idle(&c->cache[i], NULL, 0);
		if (at)
			drop(c, at);
	}
}

static struct stmt *prepare(struct conn *c, const char *sql, enum admit admit)
{
	make_room(c);
	enum admit before = c->admit;
	sqlite3_stmt *prepared = NULL;
	c->admit = admit;
	int rc = sqlite3_prepare_v3(c->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL);
	c->admit = before;
	if (rc || !prepared) {
		conn_fail(c->db, rc ? rc : SQLITE_MISUSE);
		return NULL;
	}
	struct stmt *s = xcalloc(1, sizeof *s), **head = bucket(c, sql);
	*s = (struct stmt){.conn = c, .sql = prepared, .text = xstrdup(sql), .admit = admit, .next = *head};
	*head = s;
	c->cached++;
	return s;
}

struct stmt *stmt_get(struct db *db, const char *sql, enum admit admit)
{
	struct stmt **at = find_idle(bucket(db->conn, sql), sql, admit);
	struct stmt *s = at ? *at : prepare(db->conn, sql, admit);
	if (s)
		s->busy = true;
	return s;
}

void stmt_forget(struct conn *c)
{
	for (int i = 0; i < CACHE_BUCKETS; i++)
		while (c->cache[i])
			drop(c, &c->cache[i]);
}

void stmt_reset_all(struct db *db)
{
	for (int i = 0; i < CACHE_BUCKETS; i++)
		for (struct stmt *s = db->conn->cache[i]; s; s = s->next)
			if (s->busy)
				stmt_done(s);
}

bool stmt_any_busy(const struct conn *c)
{
	for (int i = 0; i < CACHE_BUCKETS; i++)
		for (const struct stmt *s = c->cache[i]; s; s = s->next)
			if (s->busy)
				return true;
	return false;
}

/* SQLite gave the transaction up when something failed: what came now would be committed by itself. */
static bool given_up(const struct db *db)
{
	return db->locked && sqlite3_get_autocommit(db->conn->sql);
}

int stmt_row(struct stmt *s)
{
	struct conn *c = s->conn;
	enum admit before = c->admit;
	c->admit = s->admit;
	int rc = s->unbound ? s->unbound : given_up(c->db) ? SQLITE_ABORT : sqlite3_step(s->sql);
	c->admit = before;
	if (rc == SQLITE_ROW)
		return 1;
	int err = rc == SQLITE_DONE ? 0 : conn_fail(c->db, rc);
	stmt_done(s);
	return -err;
}

void stmt_done(struct stmt *s)
{
	sqlite3_reset(s->sql);
	sqlite3_clear_bindings(s->sql);
	s->unbound = 0;
	s->busy = false;
}

int64_t stmt_int(struct stmt *s, int col)
{
	return sqlite3_column_int64(s->sql, col);
}

double stmt_num(struct stmt *s, int col)
{
	return sqlite3_column_double(s->sql, col);
}

struct str stmt_str(struct stmt *s, int col)
{
	if (stmt_null(s, col))
		return STR_NONE;
	const char *p = sqlite3_column_blob(s->sql, col);
	return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(s->sql, col)};
}

char *stmt_dup(struct stmt *s, int col, struct arena *a)
{
	return stmt_null(s, col) ? NULL : arena_cstr(a, stmt_str(s, col));
}

bool stmt_null(struct stmt *s, int col)
{
	return sqlite3_column_type(s->sql, col) == SQLITE_NULL;
}

/* Values are copied, so that a statement may outlive what it was given. */
static int bind_text(sqlite3_stmt *sql, int i, struct str s)
{
	return s.p ? sqlite3_bind_text64(sql, i, s.p, s.n, SQLITE_TRANSIENT, SQLITE_UTF8) : sqlite3_bind_null(sql, i);
}

bool stmt_param(struct stmt *s, const char *name)
{
	return sqlite3_bind_parameter_index(s->sql, name) != 0;
}

static int place_of(struct stmt *s, const char *name)
{
	return sqlite3_bind_parameter_index(s->sql, name);
}

/* A name that is not there is passed over. A value that is left out would be NULL, in a condition as well. */
static void bound(struct stmt *s, int rc)
{
	if (rc && rc != SQLITE_RANGE)
		s->unbound = rc;
}

void stmt_bind_int(struct stmt *s, const char *name, int64_t v)
{
	bound(s, sqlite3_bind_int64(s->sql, place_of(s, name), v));
}

void stmt_bind_str(struct stmt *s, const char *name, struct str v)
{
	bound(s, bind_text(s->sql, place_of(s, name), v));
}

void stmt_bind_bytes(struct stmt *s, const char *name, struct str v)
{
	int i = place_of(s, name);
	bound(s, v.p ? sqlite3_bind_blob64(s->sql, i, v.p, v.n, SQLITE_TRANSIENT) : sqlite3_bind_null(s->sql, i));
}

void stmt_bind_pointer(struct stmt *s, const char *name, void *p, const char *type)
{
	bound(s, sqlite3_bind_pointer(s->sql, place_of(s, name), p, type, NULL));
}

int stmt_run(struct stmt *s)
{
	int row;
	do
		row = stmt_row(s);
	while (row > 0);
	return -row;
}

static int bind_one(sqlite3_stmt *sql, int i, char type, va_list *ap)
{
	const void *p;
	switch (type) {
	case 'i':
		return sqlite3_bind_int64(sql, i, va_arg(*ap, int64_t));
	case 'd':
		return sqlite3_bind_double(sql, i, va_arg(*ap, double));
	case 's':
		return bind_text(sql, i, va_arg(*ap, struct str));
	case 'c':
		return bind_text(sql, i, str_of(va_arg(*ap, const char *)));
	case 'b':
		p = va_arg(*ap, const void *);
		return sqlite3_bind_blob64(sql, i, p, va_arg(*ap, size_t), SQLITE_TRANSIENT);
	case 'n':
		return sqlite3_bind_null(sql, i);
	default:
		return SQLITE_MISUSE;
	}
}

static struct stmt *query(struct db *db, const char *sql, const char *fmt, va_list *ap)
{
	struct stmt *s = stmt_get(db, sql, ADMIT_CONTROL);
	if (!s)
		return NULL;
	int rc = strlen(fmt) == (size_t)sqlite3_bind_parameter_count(s->sql) ? SQLITE_OK : SQLITE_MISUSE;
	for (int i = 0; !rc && fmt[i]; i++)
		rc = bind_one(s->sql, i + 1, fmt[i], ap);
	if (!rc)
		return s;
	conn_fail(db, rc);
	stmt_done(s);
	return NULL;
}

struct stmt *db_query(struct db *db, const char *sql, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct stmt *s = query(db, sql, fmt, &ap);
	va_end(ap);
	return s;
}

int db_run(struct db *db, const char *sql, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct stmt *s = query(db, sql, fmt, &ap);
	va_end(ap);
	return s ? stmt_run(s) : db->fault->err;
}

int64_t db_int(struct db *db, int64_t otherwise, const char *sql, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct stmt *s = query(db, sql, fmt, &ap);
	va_end(ap);
	if (!s || stmt_row(s) != 1)
		return otherwise;
	int64_t v = stmt_null(s, 0) ? otherwise : stmt_int(s, 0);
	stmt_done(s);
	return v;
}

char *db_text(struct db *db, struct arena *a, const char *sql, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct stmt *s = query(db, sql, fmt, &ap);
	va_end(ap);
	if (!s || stmt_row(s) != 1)
		return NULL;
	char *text = stmt_dup(s, 0, a);
	stmt_done(s);
	return text;
}
