#include "gate/form.h"

#include "base/now.h"
#include "base/out.h"
#include "codec/form.h"
#include "codec/multipart.h"
#include "gate/charge.h"
#include "gate/flood.h"
#include "kernel/app.h"
#include "sys/intake.h"

#define PIECE (64 * KIB)
#define MULTIPART "multipart/form-data" /* what begins like this is what nginx passes on unbuffered */

struct file {
	struct str field;
	struct upload upload;
};

struct receiving {
	struct req *r;
	struct multipart parser;
	struct intake intake;
	struct buf texts; /* urlencoded */
	struct file file[MULTIPART_FILES];
	int nfiles;
	enum { NOTHING, TEXT, FILE_PART, NO_FILE } part;
	char piece[PIECE];
};

bool form_is_multipart(const struct req *r)
{
	struct str type = req_header(r, "content-type");
	type.n = MIN(type.n, strlen(MULTIPART));
	return str_ieq(type, MULTIPART) && !str_is(r->method, "GET") && !str_is(r->method, "HEAD");
}

/* ---- parts ---- */

static int begin_file(struct receiving *f)
{
	struct req *r = f->r;
	int err = flood_charge(r);
	r->uploads = true;
	f->file[f->nfiles].field = arena_str(r->arena, f->parser.name);
	return err ? err : intake_begin(&f->intake, f->parser.filename, f->parser.type.n ? f->parser.type : STR(""));
}

/* A browser sends a part without a name and without bytes where no file was chosen. */
static int begin(struct receiving *f)
{
	const struct multipart *m = &f->parser;
	f->part = !m->filename.p ? TEXT : m->filename.n ? FILE_PART : NO_FILE;
	if (f->part == TEXT)
		form_add(&f->texts, arena_cstr(f->r->arena, m->name), STR(""));
	return f->part == FILE_PART ? begin_file(f) : 0;
}

static int data(struct receiving *f, struct str bytes)
{
	if (f->part == FILE_PART)
		return intake_add(&f->intake, bytes.p, bytes.n);
	if (f->part == TEXT)
		form_encode(&f->texts, bytes);
	if (f->texts.full)
		return fail(f->r, ERR_TOO_LARGE, "The texts of a form may have %lld bytes here.", (long long)f->r->app->limit[BUDGET_BODY]);
	return 0;
}

static int end(struct receiving *f)
{
	int err = f->part == FILE_PART ? intake_end(&f->intake, true) : 0;
	if (err)
		return err; /* the file is still the one under way: forget() drops it */
	if (f->part == FILE_PART)
		f->file[f->nfiles++].upload = f->intake.u;
	f->part = NOTHING;
	return 0;
}

/* ---- the body ---- */

static int event(struct receiving *f, enum multipart_event e, struct str bytes)
{
	switch (e) {
	case MULTIPART_PART: return begin(f);
	case MULTIPART_DATA: return data(f, bytes);
	case MULTIPART_END: return end(f);
	default: return fail(f->r, ERR_BAD_REQUEST, "The form is not well-formed: %s.", f->parser.problem);
	}
}

static int feed(struct receiving *f, struct str in)
{
	struct str bytes = STR_NONE;
	enum multipart_event e;
	int err = 0;
	while (!err && (e = multipart_next(&f->parser, &in, &bytes)) != MULTIPART_MORE)
		err = event(f, e, bytes);
	return err;
}

static int receive(struct receiving *f)
{
	struct req *r = f->r;
	int64_t most = r->settings.number[SETTING_UPLOAD_BYTES];
	size_t n;
	int err = multipart_init(&f->parser, req_header(r, "content-type"));
	if (err)
		return fail(r, err, "The form has no boundary.");
	if (r->source.left > most)
		return fail(r, ERR_TOO_LARGE, "A form may have %lld bytes here.", (long long)most);
	while (!(err = req_read(r, f->piece, sizeof f->piece, &n)) && n) {
		if (r->source.total > most)
			return fail(r, ERR_TOO_LARGE, "A form may have %lld bytes here.", (long long)most);
		if ((err = feed(f, (struct str){f->piece, n})))
			return err;
		charge_look(r);
	}
	return err || f->parser.done ? err : fail(r, ERR_BAD_REQUEST, "The form ends before its last boundary.");
}

/* ---- what the app is told ---- */

static void write_file(struct out *o, const struct upload *u)
{
	out_object(o);
	out_kstr(o, "name", u->name);
	out_kstr(o, "type", u->type.n ? u->type : STR("application/octet-stream"));
	out_kint(o, "size", u->received);
	out_kcstr(o, "upload", u->id);
	out_end(o);
}

/* The files of one field, told at its last one. */
static void write_field(struct out *o, const struct receiving *f, int i)
{
	struct str field = f->file[i].field;
	for (int k = i + 1; k < f->nfiles; k++)
		if (str_eq(f->file[k].field, field))
			return;
	bool list = str_ends(field, "[]");
	out_keystr(o, (struct str){field.p, field.n - 2 * list});
	if (!list) {
		write_file(o, &f->file[i].upload);
		return;
	}
	out_array(o);
	for (int k = 0; k <= i; k++)
		if (str_eq(f->file[k].field, field))
			write_file(o, &f->file[k].upload);
	out_end(o);
}

static void tell(struct receiving *f)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	for (int i = 0; i < f->nfiles; i++)
		write_field(&o, f, i);
	out_end(&o);
	f->r->files = arena_str(f->r->arena, buf_str(&b));
	f->r->form = f->texts.len ? arena_str(f->r->arena, buf_str(&f->texts)) : STR("");
	buf_release(&b);
}

/* Half a form is none. */
static void forget(struct receiving *f)
{
	for (int i = 0; i < f->nfiles; i++)
		intake_drop(&f->intake, &f->file[i].upload);
	if (f->part == FILE_PART && f->intake.there)
		intake_drop(&f->intake, &f->intake.u);
}

int form_receive(struct req *r)
{
	struct receiving *f = xcalloc(1, sizeof *f);
	f->r = r;
	f->texts.max = (size_t)r->app->limit[BUDGET_BODY];
	int err = intake_open(&f->intake, r);
	if (!err && (err = receive(f)))
		forget(f);
	if (!err)
		tell(f);
	intake_close(&f->intake);
	buf_release(&f->texts);
	free(f);
	r->body = STR_NONE;
	r->deadline = mono_ms() + r->app->limit[BUDGET_DEADLINE]; /* the app's time begins now */
	return err;
}
