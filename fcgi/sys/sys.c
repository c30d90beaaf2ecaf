#include "sys/sys.h"

#include "kernel/journal.h"

int with_db(struct req *r, const struct call *c, struct out *o, with_db_fn *fn)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = fn(r, db, c, o);
	db_return(db);
	return err;
}

static int transaction(struct req *r, const struct call *c, struct out *o, with_db_fn *fn, bool of_app)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	if (of_app)
		journal_guard(r, db);
	int err = db_begin(db);
	if (!err)
		err = fn(r, db, c, o);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

int in_transaction(struct req *r, const struct call *c, struct out *o, with_db_fn *fn)
{
	return transaction(r, c, o, fn, false);
}

int in_transaction_of_app(struct req *r, const struct call *c, struct out *o, with_db_fn *fn)
{
	return transaction(r, c, o, fn, true);
}
