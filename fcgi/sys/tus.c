/* /_fazt/upload: files sent in pieces, which survive a broken connection: tus 1.0.0 with creation, expiration and
 * termination. What arrived whole is an upload that the person hands to the app by its id, which storage.blob.put takes.
 *
 *     POST   Upload-Length, Upload-Metadata: filename, filetype     201, Location
 *     HEAD   how much is there                                      200, Upload-Offset
 *     PATCH  more, from Upload-Offset on                            204, Upload-Offset
 *     DELETE                                                        204
 */
#include "base/now.h"
#include "codec/form.h"
#include "codec/tus.h"
#include "kernel/app.h"
#include "kernel/identity.h"
#include "kernel/journal.h"
#include "sys/endpoint.h"
#include "sys/intake.h"
#include "sys/rows.h"

#define VERSION "1.0.0"
#define NAME_MAX 255
#define PIECE (64 * KIB)

static void add_headers(struct req *r)
{
	res_header(r, "tus-resumable", STR(VERSION));
	res_header(r, "cache-control", STR("no-store"));
	res_header(r, "x-content-type-options", STR("nosniff"));
}

/* Every answer of the protocol carries its version, also that something went wrong. */
static int answer_error(struct req *r, int err)
{
	struct buf b = BUF_INIT;
	req_error_write(r, err, &b);
	res_set(r, err_row(err)->http, "application/json", buf_str(&b));
	add_headers(r);
	if (err_row(err)->http == 503)
		res_header(r, "retry-after", STR("5"));
	buf_release(&b);
	return 0;
}

static void answer(struct req *r, int status)
{
	res_set(r, status, NULL, STR_NONE);
	add_headers(r);
}

static void add_upload(struct req *r, const struct upload *u)
{
	char at[30];
	res_headerf(r, "upload-offset", "%lld", (long long)u->received);
	if (!u->finished)
		res_header(r, "upload-expires", str_of(now_http(u->created + UPLOAD_MS, at)));
}

/* ---- who, and what ---- */

static int admit(struct req *r)
{
	if (!r->app || r->app->state == APP_DISABLED)
		return fail(r, ERR_APP_DISABLED, NULL);
	if (!app_granted(r->app, "storage"))
		return fail(r, ERR_PERMISSION_DENIED, "Sending files needs the permission \"storage\", which this app was not granted.");
	return r->who.kind == WHO_IS_USER ? 0 : fail(r, ERR_UNAUTHORIZED, "Sign in to send files in pieces.");
}

/* 412 has no row of err.def: only this protocol knows it. */
static bool spoken(struct req *r)
{
	if (str_is(req_header(r, "tus-resumable"), VERSION))
		return true;
	answer(r, 412);
	res_header(r, "tus-version", STR(VERSION));
	return false;
}

static int number(struct req *r, const char *name, int64_t *n)
{
	if (!str_int(req_header(r, name), n) || *n < 0)
		return fail(r, ERR_BAD_REQUEST, "The header %s is missing, or not a number.", name);
	return 0;
}

static int find(struct req *r, struct upload *u)
{
	struct scope sc = rows_scope(r, false);
	struct str id = form_get(r->arena, r->query, "id");
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int found = id_valid(id) ? upload_get(db, &sc, rows_person(r), id, r->arena, u) : 0;
	db_return(db);
	return found < 0 ? -found : found ? 0 : fail(r, ERR_NOT_FOUND, "There is no such upload, or it was taken already.");
}

/* ---- POST ---- */

static bool clean(struct str s, size_t most)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return s.n <= most && text_utf8(s);
}

static int metadata(struct req *r, struct upload *u)
{
	struct str header = req_header(r, "upload-metadata"), rest;
	if (!tus_metadata(r->arena, header, "filename", &u->name) || !tus_metadata(r->arena, header, "filetype", &u->type) ||
	    !clean(u->name, NAME_MAX) || !clean(u->type, NAME_MAX))
		return fail(r, ERR_BAD_REQUEST, "Upload-Metadata is not well-formed.");
	for (u->name = u->name.n ? u->name : STR("file"); (str_cut(u->name, '/', &rest), rest.p);)
		u->name = rest; /* a name, not a path */
	return 0;
}

static int length(struct req *r, struct upload *u)
{
	int64_t most = r->settings.number[SETTING_UPLOAD_BYTES];
	int err = number(r, "upload-length", &u->length);
	if (!err && u->length > most)
		err = fail(r, ERR_TOO_LARGE, "An upload may have %lld bytes here.", (long long)most);
	if (!err && u->length > r->app->limit[BUDGET_APP_FILES])
		err = fail(r, ERR_QUOTA_EXCEEDED, "The app has not that much room for files.");
	return err;
}

/* One without bytes is finished as it begins. */
static int make(struct req *r, struct upload *u)
{
	struct scope sc = rows_scope(r, false);
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	journal_guard(r, db);
	int err = upload_create(db, &sc, u);
	if (!err && !u->length)
		err = upload_save(db, &sc, u, STR(""), true);
	db_return(db);
	return err;
}

static int create(struct req *r)
{
	struct upload u = {.owner = rows_person(r)};
	int err = length(r, &u);
	if (!err)
		err = metadata(r, &u);
	if (!err)
		err = make(r, &u);
	if (err)
		return err;
	answer(r, 201);
	res_headerf(r, "location", "%s/_fazt/upload?id=%s", req_origin(r), u.id);
	add_upload(r, &u);
	return 0;
}

/* ---- HEAD, PATCH, DELETE ---- */

static int head(struct req *r)
{
	struct upload u;
	int err = find(r, &u);
	if (err)
		return err;
	answer(r, 200);
	res_headerf(r, "upload-length", "%lld", (long long)u.length);
	add_upload(r, &u);
	return 0;
}

/* What came is kept, also when the rest does not: that is what one resumes from. */
static int take(struct req *r, struct intake *in, char *piece)
{
	size_t n;
	int err, kept;
	while (!(err = req_read(r, piece, PIECE, &n)) && n) {
		if ((int64_t)in->n + (int64_t)n > in->u.length - in->u.received / CHUNK_BYTES * CHUNK_BYTES)
			return fail(r, ERR_BAD_REQUEST, "More came than Upload-Length says.");
		if ((err = intake_add(in, piece, n)))
			return err;
	}
	struct fault why = r->fault;
	int64_t there = in->u.received / CHUNK_BYTES * CHUNK_BYTES + (int64_t)in->n;
	kept = intake_end(in, !err && there == in->u.length);
	if (err)
		r->fault = why;
	return err ? err : kept;
}

static int append_to(struct req *r, struct upload *u)
{
	struct intake in;
	int err = intake_open(&in, r);
	if (err)
		return err;
	char *piece = xmalloc(PIECE);
	if (!(err = intake_resume(&in, u)))
		err = take(r, &in, piece);
	*u = in.u;
	free(piece);
	intake_close(&in);
	return err;
}

static int append(struct req *r)
{
	struct upload u;
	int64_t offset;
	struct str type = req_header(r, "content-type");
	if (!str_is(type, "application/offset+octet-stream"))
		return fail(r, ERR_UNSUPPORTED_TYPE, "A piece is sent as application/offset+octet-stream.");
	int err = number(r, "upload-offset", &offset);
	if (!err)
		err = find(r, &u);
	if (!err && (u.finished || offset != u.received))
		err = fail(r, ERR_CONFLICT, "The upload has %lld bytes; go on from there.", (long long)u.received);
	if (!err)
		err = append_to(r, &u);
	if (err)
		return err;
	answer(r, 204);
	add_upload(r, &u);
	return 0;
}

static int end(struct req *r)
{
	struct upload u;
	struct scope sc = rows_scope(r, false);
	int err = find(r, &u);
	struct db *db = err ? NULL : db_borrow(r->node->store, &r->fault);
	if (!db)
		return err ? err : r->fault.err;
	err = upload_drop(db, &sc, &u);
	db_return(db);
	if (!err)
		answer(r, 204);
	return err;
}

/* ---- the endpoints ---- */

static int speak(struct req *r, endpoint_fn *fn)
{
	int err = admit(r);
	if (!err && !spoken(r))
		return 0;
	if (!err)
		err = fn(r);
	return err ? answer_error(r, err) : 0;
}

int endpoint_upload_options(struct req *r)
{
	answer(r, 204);
	res_header(r, "tus-version", STR(VERSION));
	res_header(r, "tus-extension", STR("creation,expiration,termination"));
	res_headerf(r, "tus-max-size", "%lld", (long long)r->settings.number[SETTING_UPLOAD_BYTES]);
	return 0;
}

int endpoint_upload_create(struct req *r)
{
	return speak(r, create);
}

int endpoint_upload_head(struct req *r)
{
	return speak(r, head);
}

int endpoint_upload_append(struct req *r)
{
	return speak(r, append);
}

int endpoint_upload_end(struct req *r)
{
	return speak(r, end);
}
