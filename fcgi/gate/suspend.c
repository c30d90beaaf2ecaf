#include "gate/suspend.h"

#include <pthread.h>

#include "base/log.h"
#include "base/now.h"
#include "kernel/app.h"

#define APPS 64          /* remembered at once; the one that failed longest ago makes room */
#define ENDS 5           /* within WINDOW_MS */
#define WINDOW_MS 60000
#define SPAN_MS 60000
#define SPAN_MAX_MS (16 * SPAN_MS)

static struct record {
	char app_id[ID_LEN + 1];
	int64_t rev;
	int ends;
	int64_t since, last; /* the first and the newest of them, mono_ms */
	int64_t until, span; /* of the suspension */
} records[APPS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct record *find(const struct app *a)
{
	for (int i = 0; i < APPS; i++)
		if (records[i].rev == a->rev && !strcmp(records[i].app_id, a->id))
			return &records[i];
	return NULL;
}

static struct record *make(const struct app *a)
{
	struct record *oldest = records;
	for (int i = 1; i < APPS; i++)
		if (records[i].last < oldest->last)
			oldest = &records[i];
	*oldest = (struct record){.rev = a->rev};
	memcpy(oldest->app_id, a->id, sizeof oldest->app_id);
	return oldest;
}

/* True when this one was one too many. */
static bool count(struct record *s, int64_t now)
{
	if (now - s->since > WINDOW_MS) {
		s->since = now;
		s->ends = 0;
	}
	s->last = now;
	if (++s->ends < ENDS)
		return false;
	bool again = s->span && now - s->until < 10 * SPAN_MS;
	s->span = again ? MIN(2 * s->span, (int64_t)SPAN_MAX_MS) : SPAN_MS;
	s->until = now + s->span;
	s->ends = 0;
	return true;
}

int suspend_check(struct req *r)
{
	pthread_mutex_lock(&lock);
	const struct record *s = find(r->app);
	int64_t left = s ? s->until - mono_ms() : 0;
	pthread_mutex_unlock(&lock);
	if (left <= 0)
		return 0;
	r->retry_after = (left + 999) / 1000;
	return fail(r, ERR_APP_SUSPENDED, "%s took too long again and again and is suspended for %lld seconds.", r->app->title,
		    (long long)r->retry_after);
}

void suspend_count(struct req *r)
{
	if (r->os)
		return;
	pthread_mutex_lock(&lock);
	struct record *s = find(r->app);
	bool suspended = count(s ? s : make(r->app), mono_ms());
	pthread_mutex_unlock(&lock);
	if (suspended)
		log_event(LOG_WARN, "app.suspended", "app", r->app->name, NULL);
}
