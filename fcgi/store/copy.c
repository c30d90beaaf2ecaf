#include "store/copy.h"

#include "codec/json.h"
#include "store/blob.h"
#include "store/docs.h"
#include "store/kv.h"
#include "store/parcel.h"
#include "store/slot.h"
#include "store/usage.h"

/* ---- out ---- */

struct going {
	struct db *db;
	const char *app_id;
	record_fn *to;
	void *arg;
	struct copy_count *n;
};

/* Hand out every row of a statement; read takes one apart and counts it. */
static int each(const struct going *g, struct stmt *s, void (*read)(struct stmt *, struct record *, struct copy_count *))
{
	int row, err = s ? 0 : g->db->fault->err;
	while (!err && (row = stmt_row(s))) {
		struct record r = {0};
		if (row < 0)
			return -row;
		read(s, &r, g->n);
		err = g->to(g->arg, &r);
		if (err)
			stmt_done(s);
	}
	return err;
}

static void read_doc(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_DOC, .collection = stmt_str(s, 0), .id = stmt_str(s, 1), .owner = stmt_str(s, 2),
			     .parent = stmt_str(s, 3), .created = stmt_int(s, 4), .updated = stmt_int(s, 5), .rev = stmt_int(s, 6),
			     .body = stmt_str(s, 7)};
	n->docs++;
	n->bytes += (int64_t)r->body.n + ROW_COST;
}

static void read_share(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_SHARE, .collection = stmt_str(s, 0), .id = stmt_str(s, 1), .who = stmt_str(s, 2),
			     .level = stmt_int(s, 3)};
	n->shares++;
	n->bytes += ROW_COST;
}

static void read_key(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_KEY, .owner = stmt_str(s, 0), .key = stmt_str(s, 1), .value = stmt_str(s, 2),
			     .expires = stmt_int(s, 3)};
	n->keys++;
	n->bytes += (int64_t)(r->key.n + r->value.n) + ROW_COST;
}

static int out_docs(const struct going *g, const char *collection, int64_t newest)
{
	static const char rows[] = "SELECT collection, id, owner, parent, created, updated, rev, body FROM docs "
				   "WHERE app_id = :app AND collection = :c ORDER BY id DESC LIMIT :n";
	struct stmt *s = scope_kernel(g->db, g->app_id, rows);
	if (s) {
		stmt_bind_str(s, ":c", str_of(collection));
		stmt_bind_int(s, ":n", newest ? newest : -1);
	}
	int64_t before = g->n->docs, all = newest ? copy_count_docs(g->db, g->app_id, collection) : 0;
	int err = each(g, s, read_doc);
	g->n->left_out += newest ? all - (g->n->docs - before) : 0;
	return err;
}

/* The collection behind this one: 1, 0 for none, or -ERR_*. */
static int next_collection(const struct going *g, char name[65])
{
	struct stmt *s = scope_kernel(g->db, g->app_id, "SELECT collection FROM docs WHERE app_id = :app AND collection > :c "
							"ORDER BY collection LIMIT 1");
	if (!s)
		return -g->db->fault->err;
	stmt_bind_str(s, ":c", str_of(name));
	int row = stmt_row(s);
	if (row == 1) {
		snprintf(name, 65, "%.*s", STR_FMT(stmt_str(s, 0)));
		stmt_done(s);
	}
	return row;
}

int64_t copy_count_docs(struct db *db, const char *app_id, const char *collection)
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT count(*) FROM docs WHERE app_id = :app AND collection = :c");
	if (!s)
		return -db->fault->err;
	stmt_bind_str(s, ":c", str_of(collection));
	int row = stmt_row(s);
	int64_t n = row == 1 ? stmt_int(s, 0) : row;
	stmt_done(s);
	return n;
}

int copy_by_owner(struct db *db, const char *app_id, const char *collection, record_fn *to, void *arg)
{
	static const char rows[] = "SELECT collection, id, owner, parent, created, updated, rev, body FROM docs INDEXED BY docs_owner "
				   "WHERE app_id = :app AND collection = :c ORDER BY owner, id";
	struct copy_count none = {0};
	struct going g = {db, app_id, to, arg, &none};
	struct stmt *s = scope_kernel(db, app_id, rows);
	if (s)
		stmt_bind_str(s, ":c", str_of(collection));
	return each(&g, s, read_doc);
}

int copy_out(struct db *db, const char *app_id, int64_t newest, record_fn *to, void *arg, struct copy_count *n)
{
	struct going at = {db, app_id, to, arg, n}, *g = &at;
	char collection[65] = "";
	int more, err = 0;
	*n = (struct copy_count){0};
	while (!err && (more = next_collection(g, collection)))
		err = more < 0 ? -more : out_docs(g, collection, newest);
	if (!err)
		err = each(g, scope_kernel(g->db, g->app_id, "SELECT collection, id, who, level FROM shares WHERE app_id = :app"), read_share);
	if (!err)
		err = each(g, scope_kernel(g->db, g->app_id, "SELECT owner, key, value, expires FROM kv WHERE app_id = :app"), read_key);
	return err;
}

/* ---- files out ---- */

static void read_blob(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_BLOB, .collection = stmt_str(s, 0), .id = stmt_str(s, 1), .owner = stmt_str(s, 2),
			     .parent = stmt_str(s, 3), .own = stmt_int(s, 4), .name = stmt_str(s, 5), .type = stmt_str(s, 6),
			     .created = stmt_int(s, 7), .updated = stmt_int(s, 8)};
	n->files++;
	n->content += stmt_int(s, 9);
	n->bytes += (int64_t)(r->name.n + r->type.n) + ROW_COST;
}

/* "COLUMNS of all files of the app with this content" */
static struct stmt *sharing(const struct going *g, const struct object *o, const char *sql)
{
	struct stmt *s = scope_kernel(g->db, g->app_id, sql);
	if (s)
		stmt_bind_bytes(s, ":object", (struct str){(const char *)o->hash, HASH_LEN});
	return s;
}
#define SHARING " FROM blobs INDEXED BY blobs_object WHERE app_id = :app AND object = :object"

/* The content behind this one, in order of hash: 1, 0 for none, or -ERR_*. */
static int next_object(const struct going *g, struct object *o)
{
	struct stmt *s = sharing(g, o, "SELECT object FROM blobs INDEXED BY blobs_object WHERE app_id = :app AND object > :object "
				       "ORDER BY object LIMIT 1");
	int row = s ? stmt_row(s) : -g->db->fault->err;
	if (row <= 0)
		return row;
	memcpy(o->hash, stmt_str(s, 0).p, MIN(stmt_str(s, 0).n, sizeof o->hash));
	stmt_done(s);
	int err = object_find(g->db, o->hash, o);
	return err ? -err : 1;
}

static int out_pieces(const struct going *g, struct str chunk)
{
	int err = 0;
	while (!err && chunk.n) {
		struct str piece = {chunk.p, MIN(chunk.n, (size_t)RECORD_CHUNK)};
		err = g->to(g->arg, &(struct record){.kind = RECORD_PIECE, .bytes = piece});
		chunk = (struct str){chunk.p + piece.n, chunk.n - piece.n};
	}
	return err;
}

static int out_chunks(const struct going *g, const struct object *o)
{
	int err = 0;
	for (int64_t seq = 0; !err && seq * CHUNK_BYTES < o->size; seq++) {
		struct stmt *s;
		struct str chunk;
		err = body_chunk(g->db, o->body, seq, &s, &chunk);
		if (err)
			break;
		err = out_pieces(g, chunk);
		stmt_done(s);
	}
	return err;
}

static int out_object(const struct going *g, const struct object *o, bool stays)
{
	static const char rows[] = "SELECT collection, id, owner, parent, space <> '', name, type, created, updated, size" SHARING " ORDER BY id";
	char hash[2 * HASH_LEN + 1];
	crypt_hex(hash, o->hash, HASH_LEN);
	int err = g->to(g->arg, &(struct record){.kind = stays ? RECORD_OBJECT : RECORD_CONTENT, .size = o->size, .hash = str_of(hash)});
	if (!err && !stays)
		err = out_chunks(g, o);
	return err ? err : each(g, sharing(g, o, rows), read_blob);
}

static int leave_out(const struct going *g, const struct object *o)
{
	struct stmt *s = sharing(g, o, "SELECT count(*)" SHARING);
	int row = s ? stmt_row(s) : -g->db->fault->err;
	if (row < 0)
		return -row;
	g->n->files_left_out += stmt_int(s, 0);
	stmt_done(s);
	return 0;
}

int copy_files(struct db *db, const char *app_id, const struct copy_bounds *bounds, bool objects, record_fn *to, void *arg,
	       struct copy_count *n)
{
	struct going at = {db, app_id, to, arg, n}, *g = &at;
	struct object o = {0};
	int64_t gone = 0;
	int more, err = 0;
	while (!err && (more = next_object(g, &o))) {
		bool fits = more > 0 && !(bounds->file && o.size > bounds->file) && !(bounds->content && o.size > bounds->content - gone);
		gone += fits ? o.size : 0;
		err = more < 0 ? -more : fits ? out_object(g, &o, objects) : leave_out(g, &o);
	}
	return err;
}

static void read_person(struct stmt *s, struct record *r, struct copy_count *n)
{
	(void)n;
	*r = (struct record){.kind = RECORD_PERSON, .id = stmt_str(s, 0)};
}

int copy_people(struct db *db, const char *app_id, record_fn *to, void *arg)
{
	static const char all[] = "SELECT owner FROM docs WHERE app_id = :app AND owner <> '' UNION "
				  "SELECT who FROM shares WHERE app_id = :app AND who NOT IN ('members', 'anyone') UNION "
				  "SELECT owner FROM kv WHERE app_id = :app AND owner <> '' UNION "
				  "SELECT owner FROM blobs WHERE app_id = :app AND owner <> ''";
	struct copy_count none = {0};
	struct going g = {db, app_id, to, arg, &none};
	return each(&g, scope_kernel(db, app_id, all), read_person);
}

/* ---- in ---- */

struct copy {
	struct db *db;
	char app_id[ID_LEN + 1];
	struct copy_limits limits;
	struct copy_count n;
	char collection[65]; /* the one whose slots these are */
	struct arena *slots, *scratch;
	struct slot slot[SLOTS];
	int nslots;
	enum { AT_ROWS, AT_CODE, AT_CONTENT, AT_FILES } at;
	struct parcel parcel;  /* content that is coming */
	struct object content; /* that has come: the files that have it follow, */
	int64_t sharing;       /* so many until now */
};

struct copy *copy_begin(struct db *db, const char *app_id, const struct copy_limits *limits)
{
	struct copy *c = xcalloc(1, sizeof *c);
	*c = (struct copy){.db = db, .limits = *limits, .slots = arena_new(), .scratch = arena_new()};
	snprintf(c->app_id, sizeof c->app_id, "%s", app_id);
	return c;
}

const struct copy_count *copy_counts(const struct copy *c)
{
	return &c->n;
}

/* Docs of a collection come one after the other, so its slots are looked up once. */
static int know_slots(struct copy *c, struct str collection)
{
	if (str_is(collection, c->collection))
		return 0;
	arena_reset(c->slots);
	snprintf(c->collection, sizeof c->collection, "%.*s", STR_FMT(collection));
	c->nslots = slots_load(c->db, c->slots, c->app_id, c->collection, c->slot);
	int err = MAX(-c->nslots, 0);
	if (err)
		c->collection[0] = 0;
	return err;
}

static int insert_doc(struct copy *c, const struct row *r)
{
	static const char insert[] =
		"INSERT INTO docs (app_id, collection, id, owner, parent, created, updated, rev, body, " SLOT_COLUMNS ") "
		"VALUES (:app, :c, :id, :owner, :parent, :created, :updated, :rev, :body, " SLOT_VALUES ")";
	struct stmt *s = scope_kernel(c->db, c->app_id, insert);
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", str_of(c->collection));
	stmt_bind_str(s, ":id", r->id);
	stmt_bind_str(s, ":owner", r->owner);
	stmt_bind_str(s, ":parent", r->parent);
	stmt_bind_int(s, ":created", r->created);
	stmt_bind_int(s, ":updated", r->updated);
	stmt_bind_int(s, ":rev", r->rev);
	stmt_bind_str(s, ":body", r->body);
	slots_bind(s, c->slot, c->nslots, r);
	return slots_written(c->db, c->collection, c->slot, c->nslots, stmt_run(s));
}

/* A snapshot's is as it was stored: it comes back also where a bound has come since. */
static int in_body(struct copy *c, struct str text, struct str *body)
{
	struct fields f;
	*body = text;
	if (c->limits.objects)
		return 0;
	int err = fields_parse(c->scratch, text, &f, c->db->fault);
	return err ? err : fields_body(c->scratch, &f, body, c->db->fault);
}

static int in_doc(struct copy *c, const struct record *rec)
{
	struct row r = {.id = rec->id, .owner = rec->owner, .parent = rec->parent, .created = rec->created, .updated = rec->updated,
			.rev = MAX(rec->rev, (int64_t)1)};
	int err = know_slots(c, rec->collection);
	if (!err)
		err = in_body(c, rec->body, &r.body);
	if (!err)
		err = insert_doc(c, &r);
	c->n.docs += !err;
	c->n.bytes += (int64_t)r.body.n + ROW_COST;
	return err;
}

static int in_share(struct copy *c, const struct record *rec)
{
	struct stmt *s = scope_kernel(c->db, c->app_id, "INSERT INTO shares (app_id, collection, id, who, level) "
							"VALUES (:app, :c, :id, :who, :level)");
	if (rec->level < VERB_READ || rec->level > VERB_CHANGE)
		return db_fail(c->db, ERR_BAD_REQUEST, "A share has a level from 1 to 3.");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", rec->collection);
	stmt_bind_str(s, ":id", rec->id);
	stmt_bind_str(s, ":who", rec->who);
	stmt_bind_int(s, ":level", rec->level);
	c->n.shares++;
	c->n.bytes += ROW_COST;
	return stmt_run(s);
}

static int in_key(struct copy *c, const struct record *rec)
{
	if (!rec->key.n || rec->key.n > KV_KEY || rec->value.n > KV_VALUE || json_check(rec->value, JSON_DEPTH, KV_VALUE, c->db->fault))
		return db_fail(c->db, ERR_TOO_LARGE, "A key has 1 to %d bytes, and its value at most %u KB.", KV_KEY, KV_VALUE / KIB);
	struct stmt *s = scope_kernel(c->db, c->app_id, "INSERT INTO kv (app_id, owner, key, value, expires) "
							"VALUES (:app, :owner, :key, :value, :expires)");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":owner", rec->owner);
	stmt_bind_str(s, ":key", rec->key);
	stmt_bind_str(s, ":value", rec->value);
	stmt_bind_int(s, ":expires", rec->expires);
	c->n.keys++;
	c->n.bytes += (int64_t)(rec->key.n + rec->value.n) + ROW_COST;
	return stmt_run(s);
}

/* ---- files in ---- */

/* What is no piece and no file comes behind both. */
static int end_content(struct copy *c)
{
	bool nobodys = c->at == AT_CONTENT || (c->at == AT_FILES && !c->sharing);
	c->at = AT_ROWS;
	return nobodys ? db_fail(c->db, ERR_BAD_SOURCE, "it has content that is no file's") : 0;
}

static int in_content(struct copy *c, const struct record *r)
{
	if (r->size > c->limits.files - c->n.content)
		return db_fail(c->db, ERR_QUOTA_EXCEEDED, "Its files are larger than an app may store here (setting app.files).");
	c->at = AT_CONTENT;
	return parcel_begin(&c->parcel, c->db, r->size, r->hash);
}

static int in_object(struct copy *c, const struct record *r)
{
	if (!c->limits.objects || !crypt_unhex(c->content.hash, HASH_LEN, r->hash))
		return db_fail(c->db, ERR_BAD_SOURCE, "it names content instead of bringing it");
	c->at = AT_FILES;
	c->sharing = 0;
	return 0;
}

static int in_piece(struct copy *c, const struct record *r)
{
	if (c->at == AT_CODE)
		return 0;
	return c->at == AT_CONTENT ? parcel_add(&c->parcel, r->bytes) : db_fail(c->db, ERR_BAD_SOURCE, "a chunk belongs to no file");
}

/* The content has come, and this file has a reference to it. */
static int share_content(struct copy *c)
{
	if (c->at == AT_ROWS || c->at == AT_CODE)
		return db_fail(c->db, ERR_BAD_SOURCE, "a file comes without its content");
	if (c->at == AT_FILES)
		return object_share(c->db, c->content.hash, &c->content);
	c->at = AT_FILES;
	c->sharing = 0;
	c->content.size = c->parcel.size;
	return parcel_end(&c->parcel, c->content.hash);
}

static int in_blob(struct copy *c, const struct record *r)
{
	int err = share_content(c);
	struct blob row = {.id = r->id, .owner = r->owner, .parent = r->parent, .name = r->name, .type = r->type, .size = c->content.size,
			   .created = r->created, .updated = r->updated};
	memcpy(row.hash, c->content.hash, HASH_LEN);
	if (!err)
		err = blob_add(c->db, c->app_id, r->collection, r->own, &row);
	c->sharing++;
	c->n.files++;
	c->n.content += row.size;
	c->n.bytes += (int64_t)(row.name.n + row.type.n) + ROW_COST;
	return err;
}

/* ---- in place ---- */

/* How long the body is of a doc that still has this rev: -1 for none such, below that -1 - ERR_*. */
static int64_t length_of(struct copy *c, const struct record *r)
{
	struct stmt *s = scope_kernel(c->db, c->app_id, "SELECT length(CAST(body AS BLOB)) FROM docs WHERE app_id = :app "
							"AND collection = :c AND id = :id AND rev = :rev");
	if (!s)
		return -1 - c->db->fault->err;
	stmt_bind_str(s, ":c", r->collection);
	stmt_bind_str(s, ":id", r->id);
	stmt_bind_int(s, ":rev", r->rev);
	int row = stmt_row(s);
	int64_t n = row == 1 ? stmt_int(s, 0) : row - 1;
	if (row == 1)
		stmt_done(s);
	return n;
}

static int rewrite(struct copy *c, const struct record *rec, int64_t before)
{
	struct row r = {.id = rec->id, .owner = rec->owner, .parent = rec->parent, .created = rec->created, .updated = rec->updated,
			.rev = rec->rev + 1, .body = rec->body};
	struct stmt *s = scope_kernel(c->db, c->app_id, "UPDATE docs SET body = :body, rev = :rev, " SLOT_SETS
							" WHERE app_id = :app AND collection = :c AND id = :id");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", rec->collection);
	stmt_bind_str(s, ":id", r.id);
	stmt_bind_str(s, ":body", r.body);
	stmt_bind_int(s, ":rev", r.rev);
	slots_bind(s, c->slot, c->nslots, &r);
	c->n.bytes += (int64_t)r.body.n - before;
	return slots_written(c->db, c->collection, c->slot, c->nslots, stmt_run(s));
}

int copy_rewrite(struct copy *c, const struct record *r)
{
	int64_t before = length_of(c, r);
	if (before < 0)
		return (int)(before + 1);
	if (str_is(r->body, "null"))
		return 1;
	int err = know_slots(c, r->collection);
	if (!err)
		err = rewrite(c, r, before);
	return err ? -err : 1;
}

static int in(struct copy *c, const struct record *r)
{
	int err = r->kind == RECORD_PIECE || r->kind == RECORD_BLOB ? 0 : end_content(c);
	if (err)
		return err;
	switch (r->kind) {
	case RECORD_FILE:
		c->at = AT_CODE;
		return 0;
	case RECORD_PIECE:
		return in_piece(c, r);
	case RECORD_DOC:
		return in_doc(c, r);
	case RECORD_SHARE:
		return in_share(c, r);
	case RECORD_KEY:
		return in_key(c, r);
	case RECORD_CONTENT:
		return in_content(c, r);
	case RECORD_OBJECT:
		return in_object(c, r);
	case RECORD_BLOB:
		return in_blob(c, r);
	default:
		return 0;
	}
}

static int64_t rows(const struct copy *c)
{
	return c->n.docs + c->n.shares + c->n.keys + c->n.files;
}

int copy_in(struct copy *c, const struct record *r)
{
	int err = in(c, r);
	arena_reset(c->scratch);
	if (!err && (c->n.bytes > c->limits.bytes || rows(c) > c->limits.rows || c->n.content > c->limits.files))
		return db_fail(c->db, ERR_QUOTA_EXCEEDED, "It is more than an app may store here (settings app.bytes, app.rows and app.files).");
	return err;
}

int copy_end(struct copy *c, int err)
{
	struct scope sc = scope_app(c->app_id);
	sc.max_bytes = c->limits.bytes;
	sc.max_rows = c->limits.rows;
	sc.max_files = c->limits.files;
	if (!err)
		err = end_content(c);
	if (!err)
		err = usage_change(c->db, &sc, (struct used){c->n.bytes, rows(c), c->n.content});
	parcel_release(&c->parcel);
	arena_free(c->slots);
	arena_free(c->scratch);
	free(c);
	return err;
}

/* ---- the rest ---- */

int copy_clear(struct db *db, const char *app_id)
{
	static const char *const texts[] = {"DELETE FROM shares WHERE app_id = :app", "DELETE FROM docs WHERE app_id = :app",
					    "DELETE FROM kv WHERE app_id = :app"};
	int err = blob_clear(db, app_id);
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++) {
		struct stmt *s = scope_kernel(db, app_id, texts[i]);
		err = s ? stmt_run(s) : db->fault->err;
	}
	return err ? err : docs_recount(db, app_id); /* uploads are left */
}

int copy_since(struct db *db, const char *app_id, int64_t moment, int64_t *added, int64_t *changed)
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT count(*) FILTER (WHERE created > :at), "
						  "count(*) FILTER (WHERE created <= :at AND updated > :at) FROM ("
						  "SELECT created, updated FROM docs WHERE app_id = :app UNION ALL "
						  "SELECT created, updated FROM blobs WHERE app_id = :app)");
	if (!s)
		return db->fault->err;
	stmt_bind_int(s, ":at", moment);
	int row = stmt_row(s);
	*added = row == 1 ? stmt_int(s, 0) : 0;
	*changed = row == 1 ? stmt_int(s, 1) : 0;
	if (row == 1)
		stmt_done(s);
	return row < 0 ? -row : 0;
}
