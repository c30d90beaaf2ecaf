#include "store/blob.h"

#include "base/id.h"
#include "base/now.h"
#include "base/out.h"
#include "base/visible.h"
#include "store/conn.h"
#include "store/cursor.h"
#include "store/key.h"
#include "store/row.h"
#include "store/usage.h"

#define PAGE_BYTES (512 * KIB)
#define COLUMNS "d.id, d.owner, d.parent, d.name, d.type, d.size, d.created, d.updated, d.object"

/* ---- whose names ---- */

static const struct collection private = {.name = "", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER};

static const struct collection *collection(const struct blobs *b)
{
	return b->collection ? b->collection : &private;
}

/* Are names each person's own here? Then everything readable is the caller's, which an index knows. */
static bool own_names(const struct blobs *b)
{
	return collection(b)->read == WHO_OWNER;
}

static int check_name(struct db *db, struct str name, size_t least)
{
	if (name.n < least || name.n > BLOB_NAME)
		return db_fail(db, ERR_BAD_REQUEST, "The name of a file is 1 to %d bytes long.", BLOB_NAME);
	if (name.n && text_deceptive(name))
		return db_fail(db, ERR_BAD_REQUEST, "The name of a file is text without control characters.");
	return 0;
}

static int check(const struct blobs *b, struct str name, size_t least)
{
	int err = check_name(b->db, name, least);
	if (err)
		return err;
	if (!b->collection && b->scope->me[0] && !b->scope->known)
		return db_fail(b->db, ERR_UNAUTHORIZED, "Sign in to keep files of your own.");
	return 0;
}

/* ---- rows ---- */

static void row_read(struct stmt *s, struct arena *a, struct blob *row)
{
	*row = (struct blob){
		.id = arena_str(a, stmt_str(s, 0)), .owner = arena_str(a, stmt_str(s, 1)), .parent = arena_str(a, stmt_str(s, 2)),
		.name = arena_str(a, stmt_str(s, 3)), .type = arena_str(a, stmt_str(s, 4)), .size = stmt_int(s, 5),
		.created = stmt_int(s, 6), .updated = stmt_int(s, 7),
	};
	struct str hash = stmt_str(s, 8);
	memcpy(row->hash, hash.p, MIN(hash.n, sizeof row->hash));
}

/* "HEAD WHERE d is of the collection and may be … TAIL" */
static struct stmt *prepare(const struct blobs *b, const char *head, enum may may, enum verb v, const char *tail)
{
	struct buf text = BUF_INIT;
	buf_adds(&text, head);
	buf_adds(&text, " WHERE ");
	scope_rows(&text);
	buf_adds(&text, own_names(b) ? " AND d.owner = :me AND " : " AND ");
	scope_may(&text, collection(b), may);
	buf_adds(&text, tail);
	struct stmt *s = scope_prepare(b->db, b->scope, collection(b), v, text.p);
	buf_release(&text);
	return s;
}

static int get(const struct blobs *b, struct str name, struct blob *row)
{
	struct stmt *s = prepare(b, "SELECT " COLUMNS " FROM blobs d", MAY_READ, VERB_READ,
				 " AND d.name = :name ORDER BY d.owner = :me DESC, d.created, d.id LIMIT 1");
	if (!s)
		return -b->db->fault->err;
	stmt_bind_str(s, ":name", name);
	int found = stmt_row(s);
	if (found <= 0)
		return found;
	row_read(s, b->arena, row);
	stmt_done(s);
	return 1;
}

int blob_get(const struct blobs *b, struct str name, struct blob *row)
{
	int err = check(b, name, 1);
	return err ? -err : get(b, name, row);
}

int blob_by_id(struct db *db, struct arena *a, const char *app_id, struct str id, struct blob *row)
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT " COLUMNS " FROM blobs d WHERE d.app_id = :app AND d.id = :id");
	if (!s)
		return -db->fault->err;
	stmt_bind_str(s, ":id", id);
	int found = stmt_row(s);
	if (found <= 0)
		return found;
	row_read(s, a, row);
	stmt_done(s);
	return 1;
}

static int64_t cost(const struct blob *row)
{
	return (int64_t)(row->name.n + row->type.n) + ROW_COST;
}

/* ---- put ---- */

static int replace(const struct blobs *b, const struct blob *old, struct blob *row)
{
	struct stmt *s = prepare(b, "UPDATE blobs AS d SET type = :type, size = :size, object = :object, updated = :now", MAY_CHANGE, VERB_CHANGE,
				 " AND d.id = :id");
	if (!s)
		return b->db->fault->err;
	row->id = old->id;
	row->owner = old->owner;
	row->parent = old->parent;
	row->created = old->created;
	row->updated = MAX(now_ms(), old->updated);
	stmt_bind_str(s, ":id", old->id);
	stmt_bind_str(s, ":type", row->type);
	stmt_bind_int(s, ":size", row->size);
	stmt_bind_bytes(s, ":object", (struct str){(const char *)row->hash, HASH_LEN});
	stmt_bind_int(s, ":now", row->updated);
	int err = stmt_run(s);
	if (!err && !db_changes(b->db))
		return scope_denied(b->db, b->scope, "change this file");
	if (!err)
		err = object_release(b->db, old->hash);
	if (!err)
		err = object_sweep(b->db);
	return err ? err : usage_change(b->db, b->scope, (struct used){cost(row) - cost(old), 0, row->size - old->size});
}

/* May the caller read a row of c with this id? 1, 0 or -ERR_*. */
static int readable(const struct blobs *b, const struct collection *c, struct str id)
{
	struct buf text = BUF_INIT;
	buf_adds(&text, "SELECT 1 FROM docs d WHERE d.id = :id AND ");
	scope_rows(&text);
	buf_adds(&text, " AND ");
	scope_may(&text, c, MAY_READ);
	struct stmt *s = scope_prepare(b->db, b->scope, c, VERB_READ, text.p);
	buf_release(&text);
	if (!s)
		return -b->db->fault->err;
	stmt_bind_str(s, ":id", id);
	int row = stmt_row(s);
	if (row == 1)
		stmt_done(s);
	return row;
}

static int refused(const struct blobs *b, struct str parent)
{
	const struct collection *above = collection(b)->parent;
	int row = above ? readable(b, above, parent) : 1;
	if (row < 0)
		return -row;
	return row ? scope_denied(b->db, b->scope, "add files here") :
		     db_fail(b->db, ERR_NOT_FOUND, "There is no row of %s for this file to hang below: set parent to its id.", above->name);
}

#define INSERT "INSERT INTO blobs (app_id, collection, id, owner, parent, space, name, type, size, object, created, updated) "
#define VALUES ":id, :owner, :parent, :space, :name, :type, :size, :object, :created, :updated"

static struct stmt *insert_prepare(const struct blobs *b)
{
	struct buf text = BUF_INIT;
	buf_adds(&text, INSERT "SELECT :app, :c0, " VALUES " WHERE :me = :me AND ");
	scope_add(&text, collection(b));
	struct stmt *s = scope_prepare(b->db, b->scope, collection(b), VERB_ADD, text.p);
	buf_release(&text);
	return s;
}

static void bind_row(struct stmt *s, const struct blob *row, bool own)
{
	stmt_bind_str(s, ":id", row->id);
	stmt_bind_str(s, ":owner", row->owner);
	stmt_bind_str(s, ":parent", row->parent);
	stmt_bind_str(s, ":space", own ? row->owner : STR(""));
	stmt_bind_str(s, ":name", row->name);
	stmt_bind_str(s, ":type", row->type);
	stmt_bind_int(s, ":size", row->size);
	stmt_bind_bytes(s, ":object", (struct str){(const char *)row->hash, HASH_LEN});
	stmt_bind_int(s, ":created", row->created);
	stmt_bind_int(s, ":updated", row->updated);
}

static int insert(const struct blobs *b, struct blob *row)
{
	char *id = arena_alloc(b->arena, ID_LEN + 1);
	struct stmt *s = insert_prepare(b);
	if (!s)
		return b->db->fault->err;
	id_new(id);
	row->id = str_of(id);
	row->owner = str_of(strcmp(b->scope->me, "!") ? b->scope->me : "");
	row->parent = collection(b)->parent && row->parent.n ? row->parent : STR("");
	row->created = row->updated = id_time(row->id);
	bind_row(s, row, own_names(b));
	int err = stmt_run(s);
	if (err == ERR_CONFLICT)
		return db_fail(b->db, ERR_CONFLICT, "That name is taken.");
	if (!err && !db_changes(b->db))
		return refused(b, row->parent);
	return err ? err : usage_change(b->db, b->scope, (struct used){cost(row), 1, row->size});
}

int blob_put(const struct blobs *b, struct blob *row)
{
	struct blob old;
	int err = check(b, row->name, 1), found = err ? 0 : get(b, row->name, &old);
	if (err || found < 0)
		return err ? err : -found;
	return found ? replace(b, &old, row) : insert(b, row);
}

/* ---- the kernel's own ---- */

bool blob_type(struct str s)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!slash || slash == s.p || s.n > BLOB_TYPE)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return true;
}

/* What blob_put makes sure of. */
static int check_row(struct db *db, struct str collection, bool own, const struct blob *row)
{
	struct str rest, first = str_cut(row->name, '/', &rest);
	int err = check_name(db, row->name, 1);
	if (err)
		return err;
	if (!blob_type(row->type))
		return db_fail(db, ERR_BAD_REQUEST, "The type of a file is a content type like image/png.");
	if (collection.n ? !rest.p || !str_eq(first, collection) : !own && row->owner.n)
		return db_fail(db, ERR_BAD_REQUEST, "A file is in the collection its name begins with, or private to its owner.");
	return 0;
}

int blob_add(struct db *db, const char *app_id, struct str collection, bool own, const struct blob *row)
{
	int err = check_row(db, collection, own, row);
	struct stmt *s = err ? NULL : scope_kernel(db, app_id, INSERT "VALUES (:app, :c, " VALUES ")");
	if (!s)
		return err ? err : db->fault->err;
	stmt_bind_str(s, ":c", collection.n ? collection : STR(""));
	bind_row(s, row, own);
	err = stmt_run(s);
	return err == ERR_CONFLICT ? db_fail(db, err, "Two files would have the same id, or the same name and owner.") : err;
}

int blob_clear(struct db *db, const char *app_id)
{
	static const char *const texts[] = {
		"UPDATE objects SET refs = refs - (SELECT count(*) FROM blobs WHERE app_id = :app AND object = hash)"
		" WHERE hash IN (SELECT object FROM blobs WHERE app_id = :app)",
		"DELETE FROM blobs WHERE app_id = :app",
	};
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++) {
		struct stmt *s = scope_kernel(db, app_id, texts[i]);
		err = s ? stmt_run(s) : db->fault->err;
	}
	return err ? err : object_sweep(db);
}

/* ---- delete ---- */

static int delete(const struct blobs *b, struct str name)
{
	struct blob old;
	int found = get(b, name, &old);
	if (found <= 0)
		return -found;
	struct stmt *s = prepare(b, "DELETE FROM blobs AS d", MAY_DELETE, VERB_CHANGE, " AND d.id = :id");
	if (!s)
		return b->db->fault->err;
	stmt_bind_str(s, ":id", old.id);
	int err = stmt_run(s);
	if (!err && !db_changes(b->db))
		return scope_denied(b->db, b->scope, "delete this file");
	if (!err)
		err = object_release(b->db, old.hash);
	if (!err)
		err = object_sweep(b->db);
	return err ? err : usage_change(b->db, b->scope, (struct used){-cost(&old), -1, -old.size});
}

static int delete_once(const struct blobs *b, struct str name)
{
	int err = db_begin(b->db);
	if (err)
		return err;
	err = delete(b, name);
	return err ? db_rollback(b->db) : db_commit(b->db);
}

int blob_delete(const struct blobs *b, struct str name)
{
	int err = check(b, name, 1);
	if (!err)
		err = delete_once(b, name);
	return db_make_room(b->db, err) ? delete_once(b, name) : err;
}

/* ---- list ---- */

static void write(struct out *o, const struct blob *row)
{
	char hash[2 * HASH_LEN + 1];
	crypt_hex(hash, row->hash, HASH_LEN);
	out_object(o);
	out_kstr(o, "name", row->name);
	out_kint(o, "size", row->size);
	out_kstr(o, "type", row->type);
	out_kcstr(o, "hash", hash);
	out_kint(o, "created", row->created);
	out_kint(o, "updated", row->updated);
	if (row->owner.n)
		out_kstr(o, "owner", row->owner);
	if (row->parent.n)
		out_kstr(o, "parent", row->parent);
	out_end(o);
}

void blob_write(struct buf *out, const struct blob *row)
{
	struct out o = OUT(out);
	write(&o, row);
}

/* The first text behind everything that begins with prefix, or "". */
static struct str above(struct arena *a, struct str prefix)
{
	struct buf b = BUF_INIT;
	buf_addstr(&b, prefix);
	if (prefix.n)
		key_after(&b);
	struct str s = prefix.n ? arena_str(a, buf_str(&b)) : STR("");
	buf_release(&b);
	return s;
}

static int list_page(const struct blobs *b, struct stmt *s, int limit, const struct listing *l, struct buf *out)
{
	struct out o = OUT(out);
	struct blob row = {0};
	struct buf more = BUF_INIT;
	size_t from = out->len;
	int found, n = 0;
	out_object(&o);
	out_key(&o, "items");
	out_array(&o);
	db_read_begin(b->db, 0);
	while ((found = stmt_row(s)) == 1) {
		if (n++ == limit || out->len - from > PAGE_BYTES) {
			cursor_make(b->db->store, l, row.name, &more);
			stmt_done(s);
			found = 0;
			break;
		}
		row_read(s, b->arena, &row);
		write(&o, &row);
	}
	db_read_end(b->db);
	out_end(&o);
	if (more.len)
		out_kstr(&o, "cursor", buf_str(&more));
	out_end(&o);
	buf_release(&more);
	return -found;
}

int blob_list(const struct blobs *b, struct str prefix, int limit, struct str cursor, struct buf *out)
{
	struct listing l = {.scope = b->scope, .kind = "blob", .what = prefix};
	struct str last = STR("");
	int err = check(b, prefix, 0);
	if (!err && cursor.p)
		err = cursor_read(b->db, &l, cursor, b->arena, &last);
	struct stmt *s = err ? NULL : prepare(b, "SELECT " COLUMNS " FROM blobs d", MAY_READ, VERB_READ,
					      " AND d.name >= :prefix AND d.name > :last AND (:above = '' OR d.name < :above)"
					      " ORDER BY d.name LIMIT :limit");
	if (!s)
		return err ? err : b->db->fault->err;
	stmt_bind_str(s, ":prefix", prefix.n ? prefix : STR(""));
	stmt_bind_str(s, ":above", above(b->arena, prefix));
	stmt_bind_str(s, ":last", last);
	stmt_bind_int(s, ":limit", limit + 1);
	return list_page(b, s, limit, &l, out);
}
