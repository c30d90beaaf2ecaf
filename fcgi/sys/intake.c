#include "sys/intake.h"

#include "kernel/journal.h"
#include "kernel/place.h"
#include "sys/rows.h"

static struct places places = PLACES_INIT; /* for bodies on their way in */

int intake_open(struct intake *in, struct req *r)
{
	*in = (struct intake){.place = place_take(&places, r)};
	if (in->place < 0)
		return fail(r, ERR_UNAVAILABLE, "Too much is being sent at once; try again in a moment.");
	in->r = r;
	in->scope = rows_scope(r, false);
	return 0;
}

void intake_close(struct intake *in)
{
	if (!in->r)
		return;
	free(in->window);
	place_leave(&places, in->place);
	*in = (struct intake){0};
}

static int prepare(struct intake *in)
{
	if (!app_granted(in->r->app, "storage"))
		return fail(in->r, ERR_PERMISSION_DENIED, "Sending files needs the permission \"storage\", which this app was not granted.");
	in->window = in->window ? in->window : xmalloc(CHUNK_BYTES);
	return 0;
}

int intake_begin(struct intake *in, struct str name, struct str type)
{
	struct arena *a = in->r->arena;
	int err = prepare(in);
	in->u = (struct upload){.owner = rows_person(in->r), .name = arena_str(a, name), .type = arena_str(a, type), .length = -1};
	in->n = 0;
	in->there = false;
	return err;
}

int intake_resume(struct intake *in, const struct upload *u)
{
	int err = prepare(in);
	struct db *db = err ? NULL : db_borrow(in->r->node->store, &in->r->fault);
	if (!db)
		return in->r->fault.err;
	in->u = *u;
	in->there = true;
	err = upload_resume(db, u, in->window, &in->n);
	db_return(db);
	return err;
}

static int save(struct intake *in, bool last)
{
	struct db *db = db_borrow(in->r->node->store, &in->r->fault);
	if (!db)
		return in->r->fault.err;
	journal_guard(in->r, db);
	int err = in->there ? 0 : upload_create(db, &in->scope, &in->u);
	in->there |= !err;
	if (!err)
		err = upload_save(db, &in->scope, &in->u, (struct str){in->window, in->n}, last);
	db_return(db);
	if (in->n == CHUNK_BYTES)
		in->n = 0;
	return err;
}

int intake_add(struct intake *in, const char *p, size_t n)
{
	int err = 0;
	while (!err && n) {
		size_t part = MIN(n, CHUNK_BYTES - in->n);
		memcpy(in->window + in->n, p, part);
		in->n += part;
		p += part;
		n -= part;
		if (in->n == CHUNK_BYTES)
			err = save(in, false);
	}
	return err;
}

int intake_end(struct intake *in, bool last)
{
	bool nothing = in->there && !last && in->n == (size_t)(in->u.received % CHUNK_BYTES);
	return nothing ? 0 : save(in, last);
}

void intake_drop(struct intake *in, const struct upload *u)
{
	struct fault quiet = {0};
	struct db *db = db_borrow(in->r->node->store, &quiet);
	if (!db)
		return;
	upload_drop(db, &in->scope, u);
	db_return(db);
}
