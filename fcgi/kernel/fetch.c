#include "kernel/fetch.h"

#include "base/now.h"
#include "kernel/meter.h"
#include "kernel/mock.h"

#define TRUST_BYTES (256 * KIB)

const struct fetch_client *fetch_client;

static struct meter *meter(const struct fetch *f)
{
	return meter_of(f->node->meters, f->payer);
}

/* What is left of the day bounds the answer, too. */
static int check_budget(struct fetch *f)
{
	if (!f->budget)
		return 0;
	int64_t left = (int64_t)((1 - meter_share(meter(f), BUDGET_APP_EGRESS)) * (double)f->budget);
	f->most = MIN(f->most, left);
	if (left > 0)
		return 0;
	return fault(f->fault, ERR_RATE_LIMITED, "The app has exchanged all of the %lld KB with other servers that it may in a day "
		     "(app.egress); it may again little by little.", (long long)(f->budget / KIB));
}

static void charge(struct fetch *f)
{
	if (f->budget)
		meter_add(meter(f), BUDGET_APP_EGRESS, f->budget, (double)(f->sent + f->received));
}

int fetch_open(struct fetch *f)
{
	f->fd = -1;
	f->client = f->node->mock ? &mock_client : f->node->fetcher == FETCHER_NONE ? NULL : fetch_client;
	if (!f->client)
		return fault(f->fault, ERR_UNAVAILABLE, "Nothing is fetched here: while an app is only tried there are no other servers. A test says "
			     "what one would answer: t.server { [\"%.*s %.*s\"] = { json = … } }", STR_FMT(f->method), STR_FMT(f->url));
	int err = check_budget(f);
	f->opened = !err;
	return err ? err : f->client->open(f);
}

int fetch_next(struct fetch *f, struct str *piece)
{
	return f->ended ? 0 : f->client->next(f, piece);
}

void fetch_close(struct fetch *f)
{
	if (!f->opened)
		return;
	f->client->close(f);
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

struct str fetch_trust(const struct node *n, const struct settings *s, struct arena *a)
{
	const char *name = s->text[SETTING_NET_CA];
	char *text = *name ? arena_alloc(a, TRUST_BYTES) : NULL;
	FILE *file = *name ? fopen(arena_printf(a, "%s%s%s", *name == '/' ? "" : n->home, *name == '/' ? "" : "/", name), "re") : NULL;
	size_t length = file ? fread(text, 1, TRUST_BYTES, file) : 0;
	if (file)
		fclose(file);
	return length ? (struct str){text, length} : STR_NONE;
}
