#include "gate/suspend.h"

#include "base/log.h"
#include "kernel/app.h"
#include "kernel/meter.h"
#include "store/notice.h"

int suspend_check(struct req *r)
{
	int64_t left = r->app->suspended - r->received;
	if (left <= 0 || r->os)
		return 0;
	r->retry_after = (left + 999) / 1000;
	return fail(r, ERR_APP_SUSPENDED, "%s took too long again and again and is suspended for %lld seconds. The owner may end that: "
		    "fazt-admin app enable %s", r->app->title, (long long)r->retry_after, r->app->name);
}

static int suspend(struct db *db, const struct app *a)
{
	char title[200], body[300];
	int64_t until;
	int err = app_suspend(db, a->id, &until);
	if (err || !until)
		return err;
	snprintf(title, sizeof title, "%s was suspended", a->title);
	snprintf(body, sizeof body, "It took too long five times within a minute and answers 503 for a while. Its log says why; to end that "
				    "now: fazt-admin app enable %s", a->name);
	return notice_add(db, NOTICE_SUSPENDED, a->id, "", title, body);
}

void suspend_count(struct req *r)
{
	struct fault ignored = {0};
	if (r->os || !meter_killed(meter_of(r->node->meters, r->app->id)))
		return;
	struct db *db = db_borrow(r->node->store, &ignored);
	int err = db ? db_begin(db) : ignored.err;
	if (db && !err) {
		err = suspend(db, r->app);
		err = err ? db_rollback(db) : db_commit(db);
	}
	if (db)
		db_return(db);
	log_event(err ? LOG_ERROR : LOG_WARN, "app.suspended", "app", r->app->name, err ? "error" : NULL, fault_message(&ignored), NULL);
}
