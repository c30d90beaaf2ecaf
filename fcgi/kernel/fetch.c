#include "kernel/fetch.h"

#include "base/log.h"
#include "base/now.h"
#include "store/egress.h"

const struct fetch_client *fetch_client;

static int used_up(struct fetch *f)
{
	return fault(f->fault, ERR_RATE_LIMITED, "The app has exchanged all of the %lld KB with other servers that it may in a day.",
		     (long long)(f->budget / KIB));
}

/* What is left of the day bounds the answer, too. */
static int check_budget(struct fetch *f)
{
	if (!f->budget)
		return 0;
	struct db *db = db_borrow(f->node->store, f->fault);
	if (!db)
		return f->fault->err;
	int64_t left = f->budget - egress_today(db, f->payer, now_ms());
	db_return(db);
	f->most = MIN(f->most, left);
	return left > 0 ? 0 : used_up(f);
}

static void charge(struct fetch *f)
{
	struct fault quiet = {0};
	struct db *db = f->budget && f->sent + f->received ? db_borrow(f->node->store, &quiet) : NULL;
	if (!db)
		return;
	int err = db_begin(db);
	if (!err)
		err = egress_add(db, f->payer, now_ms(), f->sent + f->received);
	if (err ? db_rollback(db) : db_commit(db))
		log_event(LOG_WARN, "egress.uncounted", "app", f->payer, "message", fault_message(&quiet), NULL);
	db_return(db);
}

int fetch_open(struct fetch *f)
{
	f->fd = -1;
	if (!fetch_client || f->node->fetcher == FETCHER_NONE)
		return fault(f->fault, ERR_UNAVAILABLE, "Nothing is fetched here: while an app is only tried there are no other servers.");
	int err = check_budget(f);
	f->opened = !err;
	return err ? err : fetch_client->open(f);
}

int fetch_next(struct fetch *f, struct str *piece)
{
	return f->ended ? 0 : fetch_client->next(f, piece);
}

void fetch_close(struct fetch *f)
{
	if (!f->opened)
		return;
	fetch_client->close(f);
	charge(f);
	f->opened = false;
}

struct str fetch_header(const struct fetch *f, const char *name)
{
	for (int i = 0; i < f->nanswer; i++)
		if (str_is(f->answer[i].name, name))
			return f->answer[i].value;
	return STR_NONE;
}
