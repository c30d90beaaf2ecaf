#include "gate/charge.h"

#include <sched.h>
#include <time.h>

#include "base/now.h"
#include "gate/turns.h"
#include "kernel/app.h"
#include "store/notice.h"

#define WARN_SHARE 0.8

/* For whom this thread works, and since when. Its clock was at cpu when it was last looked at. */
static __thread struct worker {
	struct meters *all;
	char app_id[ID_LEN + 1];
	int64_t limit;
	int64_t cpu, looked; /* µs */
} self;

static int64_t thread_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What this thread has worked since the last look goes to whom it was for. */
static int64_t settle(void)
{
	int64_t cpu = thread_us(), us = cpu - self.cpu;
	self.cpu = cpu;
	self.looked = mono_us();
	if (self.all) {
		struct meter *m = meter_of(self.all, self.app_id);
		meter_add(m, BUDGET_APP_CPU, self.limit, (double)us / 1000);
		meter_work(m, us);
	}
	return us;
}

static bool works_for(const struct req *r)
{
	return r->app && self.all == r->node->meters && !strcmp(self.app_id, r->app->id);
}

static void work_for(struct req *r)
{
	self.limit = r->app->limit[BUDGET_APP_CPU];
	if (works_for(r))
		return;
	settle();
	self.all = r->node->meters;
	memcpy(self.app_id, r->app->id, sizeof self.app_id);
}

static bool due(void)
{
	return mono_us() - self.looked > CHARGE_LOOK_MS * 1000;
}

int charge_begin(struct req *r)
{
	struct meter *m = meter_of(r->node->meters, r->app->id);
	work_for(r);
	r->charged = true;
	int64_t wait = r->os ? 0 : meter_wait(m, BUDGET_APP_CPU);
	if (!wait) {
		turns_work(m);
		return 0;
	}
	r->retry_after = (wait + 999) / 1000;
	charge_tell(r->node, r->app, BUDGET_APP_CPU);
	return fail(r, ERR_OVER_BUDGET, "%s has used up its processor time: app.cpu is %lld ms in a minute. Try again in a moment; the owner "
		    "may allow it more: fazt-admin app limit %s app.cpu VALUE", r->app->title, (long long)self.limit, r->app->name);
}

int charge_call(struct req *r)
{
	int64_t most = r->app->limit[BUDGET_CPU];
	if (due() || !r->charged) {
		int64_t us = settle();
		r->work += r->charged ? us : 0;
		r->charged = true;
		const struct meter *m = meter_of(r->node->meters, r->app->id);
		turns_go_on(m);
		if (turns_crowded(m))
			sched_yield(); /* whoever waits for this processor goes first */
	}
	if (r->work <= most * 1000)
		return 0;
	return fail(r, ERR_SYSCALL_LIMIT, "The calls of one request may take %lld ms of the kernel's processor time (cpu); these took more. "
		    "Ask for less at once.", (long long)most);
}

bool charge_look(struct req *r)
{
	if (!due())
		return false;
	settle();
	turns_go_on(meter_of(r->node->meters, r->app->id));
	return true;
}

void charge_end(struct req *r)
{
	if (!charge_look(r))
		return;
	charge_tell(r->node, r->app, BUDGET_APP_CPU);
	charge_tell(r->node, r->app, BUDGET_APP_EGRESS);
	charge_tell(r->node, r->app, BUDGET_APP_STARTS);
	charge_tell(r->node, r->app, BUDGET_APP_MAILS);
}

void charge_nobody(void)
{
	if (self.all)
		settle();
	self.all = NULL;
}

void charge_turn(const struct req *r)
{
	if (!works_for(r))
		charge_nobody();
}

bool charge_line(struct meters *all, const struct app *a, int64_t *dropped)
{
	struct meter *m = meter_of(all, a->id);
	*dropped = 0;
	if (meter_wait(m, BUDGET_APP_LOG)) {
		meter_drop(m, BUDGET_APP_LOG);
		return false;
	}
	*dropped = meter_dropped(m, BUDGET_APP_LOG);
	meter_add(m, BUDGET_APP_LOG, a->limit[BUDGET_APP_LOG], 1);
	return true;
}

static void tell(struct node *n, const struct app *a, enum budget b, bool full)
{
	const struct budget_row *row = budget_row(b);
	struct fault ignored = {0};
	char title[300], body[300];
	struct db *db = db_borrow(n->store, &ignored);
	if (!db)
		return;
	snprintf(title, sizeof title, full ? "%s has used up %s" : "%s has used most of %s", a->title, row->key);
	snprintf(body, sizeof body, "%s %s is %lld; to allow it more: fazt-admin app limit %s %s VALUE", row->doc, row->key,
		 (long long)a->limit[b], a->name, row->key);
	notice_add(db, NOTICE_LIMIT, a->id, row->key, title, body);
	db_return(db);
}

void charge_tell(struct node *n, const struct app *a, enum budget b)
{
	struct meter *m = meter_of(n->meters, a->id);
	double share = meter_share(m, b);
	if (share >= WARN_SHARE && a->version && meter_tell(m, b, share >= 1))
		tell(n, a, b, share >= 1);
}
