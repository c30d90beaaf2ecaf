/* storage.blob: arguments to store/blob and back, answers that are files, and the signed addresses of files. */
#include "sys/blob.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/form.h"
#include "codec/mime.h"
#include "kernel/content.h"
#include "store/blob.h"
#include "store/files.h"
#include "store/upload.h"
#include "sys/endpoint.h"
#include "sys/options.h"
#include "sys/rows.h"
#include "sys/sys.h"

#define GET_MOST MIB
#define EXPIRES 3600
#define PATH "/_fazt/blob"

typedef int work_fn(struct rows *k, struct blobs *b, const struct call *c, struct out *o);

static int run(struct req *r, const struct call *c, struct out *o, work_fn *work)
{
	struct rows k;
	int err = rows_open(&k, r, c->as_app);
	struct blobs b = {.db = k.db, .arena = r->arena, .scope = &k.scope, .collection = rows_collection_of(r, c->arg[0].s)};
	size_t before = o->buf->len;
	if (!err)
		err = work(&k, &b, c, o);
	if (err)
		o->buf->len = before;
	return rows_close(&k, err);
}

static void write(struct out *o, const struct blob *row)
{
	out_raw(o, STR(""));
	blob_write(o->buf, row);
}

/* ---- put ---- */

static int type_of(struct req *r, struct str asked, struct str uploaded, struct str name, struct str *type)
{
	if (asked.p && !blob_type(asked))
		return fail(r, ERR_BAD_REQUEST, "\"type\" is a content type like image/png, of at most %d bytes.", BLOB_TYPE);
	*type = asked.p ? asked : blob_type(uploaded) ? uploaded : mime_of(name);
	return 0;
}

/* The content, with a reference to it that is ours: the bytes given, or the upload that is named. */
static int content(struct rows *k, const struct arg *a, struct blob *row, struct str *uploaded)
{
	struct upload u;
	if (!a->b) {
		crypt_hash(row->hash, a->s.n ? a->s.p : "", a->s.n);
		row->size = (int64_t)a->s.n;
		return object_store(k->db, row->hash, a->s);
	}
	int err = upload_take(k->db, &k->scope, rows_person(k->req), a->s, k->req->arena, &u);
	if (err)
		return err;
	memcpy(row->hash, u.object, HASH_LEN);
	row->size = u.received;
	*uploaded = u.type;
	return 0;
}

static int put_row(struct rows *k, struct blobs *b, const struct call *c, const struct options *opts, struct blob *row)
{
	struct str uploaded = STR_NONE;
	int err = content(k, &c->arg[1], row, &uploaded);
	if (!err)
		err = type_of(k->req, opts->type, uploaded, row->name, &row->type);
	return err ? err : blob_put(b, row);
}

static int put(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	struct options opts;
	struct blob row = {.name = c->arg[0].s};
	int err = options_read(k->req, &c->arg[2], "type, parent", &opts);
	row.parent = opts.parent;
	if (err || (err = db_begin(k->db)))
		return err;
	err = put_row(k, b, c, &opts, &row);
	err = err ? db_rollback(k->db) : db_commit(k->db);
	if (!err)
		write(o, &row);
	return err;
}

/* ---- get, head, list, delete ---- */

static int add_bytes(struct db *db, const struct object *of, struct buf *out)
{
	int err = 0;
	for (int64_t seq = 0; !err && seq * CHUNK_BYTES < of->size; seq++) {
		struct stmt *s;
		struct str chunk;
		if ((err = body_chunk(db, of->body, seq, &s, &chunk)))
			break;
		buf_addstr(out, chunk);
		stmt_done(s);
	}
	return err;
}

static int get(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	struct blob row;
	struct object of;
	int found = blob_get(b, c->arg[0].s, &row), err;
	out_raw(o, STR(""));
	if (found <= 0)
		return -found;
	if (row.size > GET_MOST)
		return fail(k->req, ERR_TOO_LARGE, "The file is larger than 1 MB, too large to hand over; answer the request with { blob = name } instead.");
	if ((err = object_find(k->db, row.hash, &of)))
		return err;
	blob_write(o->buf, &row);
	buf_addc(o->buf, '\n');
	return add_bytes(k->db, &of, o->buf);
}

static int bytes(struct rows *k, struct blobs *b, struct str name, struct buf *out)
{
	struct blob row;
	struct object of;
	int found = blob_get(b, name, &row);
	if (found <= 0)
		return found ? -found : fail(k->req, ERR_NOT_FOUND, "There is no file \"%s\" that you may read.", visible(k->req->arena, name, 200));
	int err = object_find(k->db, row.hash, &of);
	return err ? err : add_bytes(k->db, &of, out);
}

int blob_bytes(struct req *r, bool as_app, struct str name, struct buf *out)
{
	struct rows k;
	int err = rows_open(&k, r, as_app);
	struct blobs b = {.db = k.db, .arena = r->arena, .scope = &k.scope, .collection = rows_collection_of(r, name)};
	return rows_close(&k, err ? err : bytes(&k, &b, name, out));
}

static int head(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	struct blob row;
	int found = blob_get(b, c->arg[0].s, &row);
	(void)k;
	if (found < 0)
		return -found;
	if (found)
		write(o, &row);
	else
		out_null(o);
	return 0;
}

static int list(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	struct options opts;
	int err = options_read(k->req, &c->arg[1], "limit, cursor", &opts);
	out_raw(o, STR(""));
	return err ? err : blob_list(b, c->arg[0].s, (int)opts.limit, opts.cursor, o->buf);
}

static int delete(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	(void)k;
	out_null(o);
	return blob_delete(b, c->arg[0].s);
}

/* ---- signed addresses ---- */

/* Over everything the address stands for, so it dies with any of it. */
static void sign(const struct req *r, const struct blob *row, int64_t expires, char out[SECRET_LEN + 1])
{
	unsigned char key[KEY_LEN], mac[HASH_LEN];
	struct buf b = BUF_INIT;
	buf_addf(&b, "%s %.*s %lld ", r->app->id, STR_FMT(row->id), (long long)expires);
	buf_add(&b, row->hash, HASH_LEN);
	crypt_derive(key, store_secret(r->node->store), "blob url");
	crypt_mac(mac, key, b.p, b.len);
	buf_clear(&b);
	crypt_b64url(&b, mac, sizeof mac);
	memcpy(out, b.p, SECRET_LEN + 1);
	buf_release(&b);
	crypt_wipe(key, sizeof key);
}

static int url(struct rows *k, struct blobs *b, const struct call *c, struct out *o)
{
	struct req *r = k->req;
	struct options opts;
	struct blob row;
	char mac[SECRET_LEN + 1];
	int err = options_read(r, &c->arg[1], "expires", &opts), found = err ? 0 : blob_get(b, c->arg[0].s, &row);
	if (err || found < 0)
		return err ? err : -found;
	int64_t expires = r->received / 1000 + (opts.expires ? opts.expires : EXPIRES);
	if (!found)
		return out_null(o), 0;
	sign(r, &row, expires, mac);
	out_cstr(o, arena_printf(r->arena, "%s" PATH "?id=%.*s&expires=%lld&mac=%s", req_origin(r), STR_FMT(row.id), (long long)expires, mac));
	return 0;
}

#define HANDLER(name)                                                          \
	int sys_blob_##name(struct req *r, const struct call *c, struct out *o) \
	{                                                                      \
		return run(r, c, o, name);                                     \
	}
HANDLER(put)
HANDLER(get)
HANDLER(head)
HANDLER(list)
HANDLER(delete)
HANDLER(url)

/* ---- answers ---- */

static int content_of(struct db *db, const struct blob *row, struct content *c)
{
	*c = (struct content){.name = row->name, .type = row->type};
	return object_find(db, row->hash, &c->object);
}

static int find_readable(struct req *r, struct str name, struct content *c)
{
	struct rows k;
	struct blob row;
	int err = rows_open(&k, r, false);
	if (err)
		return err;
	struct blobs b = {.db = k.db, .arena = r->arena, .scope = &k.scope, .collection = rows_collection_of(r, name)};
	int found = blob_get(&b, name, &row);
	err = found < 0 ? -found : found ? content_of(k.db, &row, c) : fail(r, ERR_NOT_FOUND, NULL);
	return rows_close(&k, err);
}

int blob_answer(struct req *r, struct str name)
{
	struct content c;
	if (!app_granted(r->app, "storage"))
		return fail(r, ERR_PERMISSION_DENIED, "Answering with a blob needs the permission \"storage\", which this app was not granted.");
	int err = find_readable(r, name, &c);
	return err ? err : content_answer(r, &c);
}

int file_answer(struct req *r, struct str path)
{
	struct content c = {.name = path, .type = mime_of(path), .trusted = true};
	if (!str_starts(path, "private/") && !str_starts(path, "public/"))
		return fail(r, ERR_BAD_RESPONSE, "{ file = … } names a file of the app's private/ or public/ folder.");
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = file_object(db, r->app->package, arena_cstr(r->arena, path), &c.object);
	db_return(db);
	return err ? err : content_answer(r, &c);
}

/* ---- GET /_fazt/blob?id=…&expires=…&mac=… ---- */

static int expired(struct req *r)
{
	return fail(r, ERR_NOT_FOUND, "This address has expired, or the file it led to was replaced or deleted.");
}

static int find_signed(struct req *r, struct db *db, struct content *c)
{
	struct blob row;
	char mac[SECRET_LEN + 1];
	int64_t expires;
	struct str given = form_get(r->arena, r->query, "mac"), id = form_get(r->arena, r->query, "id");
	if (!str_int(form_get(r->arena, r->query, "expires"), &expires) || expires < now_ms() / 1000 || !id_valid(id))
		return expired(r);
	int found = blob_by_id(db, r->arena, r->app->id, id, &row);
	if (found <= 0)
		return found < 0 ? -found : expired(r);
	sign(r, &row, expires, mac);
	if (given.n != SECRET_LEN || !crypt_equal(given.p, mac, SECRET_LEN))
		return expired(r);
	return content_of(db, &row, c);
}

int endpoint_blob(struct req *r)
{
	struct content c;
	if (!r->app || r->app->state == APP_DISABLED || !app_granted(r->app, "storage"))
		return expired(r);
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = find_signed(r, db, &c);
	db_return(db);
	if (err)
		return err;
	res_set(r, 200, NULL, STR_NONE);
	return content_answer(r, &c);
}

void blob_forget(struct req *r)
{
	struct fault quiet = {0};
	if (r->who.kind != WHO_IS_STRANGER || !r->uploads)
		return;
	struct db *db = db_borrow(r->node->store, &quiet);
	if (!db)
		return;
	struct scope sc = rows_scope(r, false);
	upload_drop_all(db, &sc, rows_person(r));
	db_return(db);
}
