#include "gate/gateway.h"

#include "base/now.h"
#include "base/out.h"
#include "gate/charge.h"
#include "gate/desk.h"
#include "gate/dev.h"
#include "gate/form.h"
#include "gate/op.h"
#include "gate/pool.h"
#include "gate/response.h"
#include "gate/suspend.h"
#include "gate/talk.h"
#include "gate/trace.h"
#include "kernel/app.h"
#include "kernel/identity.h"
#include "kernel/install.h"
#include "kernel/journal.h"
#include "kernel/package.h"
#include "kernel/page.h"
#include "kernel/public.h"
#include "sys/blob.h"
#include "sys/endpoint.h"
#include "sys/ntfy.h"

#define RETRY_SECONDS 5 /* what a busy node asks clients to wait */

void req_init(struct req *r, struct node *n, struct arena *a, enum door door)
{
	*r = (struct req){.node = n, .arena = a, .door = door};
	id_new(r->id);
	r->received = now_ms();
	r->res.body.max = MAX(RESPONSE_BODY_MAX, PACKAGE_BYTES); /* what an app sends, or a file of its package */
}

void req_release(struct req *r)
{
	app_release(r->app);
	r->app = NULL;
	buf_release(&r->res.body);
	buf_release(&r->asked);
}

/* ---- site: which app answers at this host ---- */

/* The label in front of the node's domain: "pad" of pad.example.com. STR_NONE: another host. */
static struct str site_label(const struct settings *s, struct str host)
{
	const char *domain = s->text[SETTING_DOMAIN];
	size_t n = strlen(domain);
	if (host.n <= n + 1 || !str_ends(host, domain) || host.p[host.n - n - 1] != '.')
		return STR_NONE;
	struct str label = {host.p, host.n - n - 1};
	return text_label(label) ? label : STR_NONE;
}

static int find_site(struct req *r, struct db *db)
{
	int err = node_settings(r->node, db, r->arena, &r->settings);
	if (err)
		return err;
	r->epoch = db_epoch(db);
	r->deadline = mono_ms() + r->settings.number[SETTING_DEADLINE];
	if (str_is(r->host, r->settings.text[SETTING_DOMAIN])) {
		char *os = arena_printf(r->arena, "%s/", node_origin(&r->settings, r->arena, "os"));
		res_redirect(r, 302, os);
		return 0;
	}
	struct str label = site_label(&r->settings, r->host);
	r->own_domain = !label.p;
	r->os = str_is(label, "os");
	r->ntfy = str_is(label, "ntfy");
	if (r->ntfy)
		return 0;
	r->app = label.p ? app_by_name(r->node, db, label) : app_by_host(r->node, db, r->host);
	if (!r->app && r->own_domain)
		return r->fault.err ? r->fault.err : fail(r, ERR_WRONG_HOST, NULL);
	if (r->fault.err)
		return r->fault.err;
	if (r->app)
		r->deadline += r->app->limit[BUDGET_DEADLINE] - r->settings.number[SETTING_DEADLINE];
	return r->app || r->os ? 0 : fail(r, ERR_NOT_FOUND, "No app lives at this address.");
}

static int site(struct req *r)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = find_site(r, db);
	db_return(db);
	return err;
}

/* ---- who may come in ---- */

/* A path of the manifest's `open`: "/hook", or "/s/" and everything below with a trailing star. What is Fazt's own is no
 * app's to open, however wide its star. */
static bool path_open(const struct manifest *m, struct str path)
{
	if (str_starts(path, "/_fazt/"))
		return false;
	for (int i = 0; i < m->nopen; i++) {
		struct str pattern = str_of(m->open[i]);
		bool rest = str_ends(pattern, "*");
		pattern.n -= rest;
		if (path.n >= pattern.n && !memcmp(path.p, pattern.p, pattern.n) && (rest || path.n == pattern.n))
			return true;
	}
	return false;
}

/* identity_of() made a stranger of everyone who does not belong to the app. */
static bool admitted(const struct req *r)
{
	return r->open || r->app->manifest->visibility == VISIBLE_ANYONE || r->who.kind != WHO_IS_STRANGER;
}

static int admit(struct req *r)
{
	return admitted(r) ? 0 : identity_demand(r);
}

/* ---- the answer ---- */

static bool method_known(struct str m)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_is(m, known[i]))
			return true;
	return false;
}

static int ask_cell(struct req *r, bool *stale)
{
	struct cell *c;
	bool sound;
	int err = pool_lease(r, &c);
	if (err)
		return err;
	err = talk_request(c, r, &sound, stale);
	pool_release(r->node->pool, c, sound);
	return err;
}

/* A cell that died while it was idle has not read the request: once more, on another. */
static int handler(struct req *r)
{
	talk_prepare(r);
	for (int tries = 0;; tries++) {
		bool stale = false;
		int err = suspend_check(r);
		if (err || (err = charge_begin(r)))
			return err;
		err = ask_cell(r, &stale);
		charge_end(r);
		if (err == ERR_APP_TIMEOUT)
			suspend_count(r);
		if (!stale || tries == 2)
			return err;
		fault_clear(&r->fault);
	}
}

/* ---- requests that go on later ---- */

/* It became a run under its own id: where to look, in every way there is. */
static int answer_later(struct req *r)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	char *url = arena_printf(r->arena, "%s/_fazt/run/%s", req_origin(r), r->id);
	out_object(&o);
	out_kcstr(&o, "run", r->id);
	out_kcstr(&o, "url", url);
	out_kcstr(&o, "state", "waiting");
	out_end(&o);
	fault_clear(&r->fault);
	if (req_wants_html(r)) {
		buf_clear(&b);
		page_add(&b, "<p>{} asked the owner of this place before it goes on.</p><p><a href=\"{}\">See how it stands</a></p>", r->app->title, url);
		page_send(r, 202, "Waiting for a decision", &b);
	} else {
		res_set(r, 202, "application/json", buf_str(&b));
		page_headers(r);
	}
	res_header(r, "location", str_of(url));
	buf_release(&b);
	return 0;
}

/* What an app that may halt is asked is written down as it goes, in memory. */
static int run_handler(struct req *r)
{
	if ((app_granted(r->app, "halt") || app_granted(r->app, PROPOSE)) && !r->files.n)
		journal_open(r, NULL);
	int err = handler(r);
	return err == ERR_SUSPENDED && r->journal && r->journal->left == LEFT_PARKED ? answer_later(r) : err;
}

int req_resume(struct req *r, struct app *app, const char *principal)
{
	int err = 0;
	r->app = app;
	r->deadline = mono_ms() + r->settings.number[SETTING_RUN_DEADLINE];
	if (app->state == APP_DISABLED)
		return fail(r, ERR_APP_DISABLED, "%s is switched off.", app->title);
	if (app->paused > now_ms())
		return fail(r, ERR_UNAVAILABLE, "%s is being upgraded; try again in a moment.", app->title);
	r->os = !strcmp(app->name, "os");
	r->who = (struct principal){.kind = !strcmp(principal, "app") ? WHO_IS_APP : WHO_IS_STRANGER};
	if (*principal && r->who.kind != WHO_IS_APP && !(err = identity_become(r, str_of(principal))) && r->who.kind != WHO_IS_USER)
		err = fail(r, ERR_NOT_FOUND, "Whoever started this does not belong to the app any more.");
	if (!err)
		err = handler(r);
	trace_request(r);
	return err;
}

static int read_body(struct req *r)
{
	return form_is_multipart(r) ? 0 : req_read_body(r, r->app->limit[BUDGET_BODY]);
}

/* The body is read in the turn of the app it is for, and on its bill. */
static int receive(struct req *r)
{
	int err = suspend_check(r);
	if (err || (err = charge_begin(r)))
		return err;
	err = form_is_multipart(r) ? form_receive(r) : read_body(r);
	charge_look(r);
	return err;
}

static int app_answer(struct req *r)
{
	bool found = false;
	int err = 0;
	if (!r->app)
		return fail(r, ERR_NOT_FOUND, "The dashboard is not installed; run: fazt-admin app install os");
	if (r->app->state == APP_DISABLED)
		return fail(r, ERR_APP_DISABLED, "%s is switched off.", r->app->title);
	if (r->app->paused > r->received && r->app->paused - r->received < PAUSE_MOST_MS)
		return fail(r, ERR_UNAVAILABLE, "%s is being upgraded; try again in a moment.", r->app->title);
	if ((err = public_file(r, &found)) || found)
		return err;
	if (r->os && ((err = charge_begin(r)) || (err = read_body(r)))) /* the dashboard's forms carry their token inside */
		return err;
	if ((err = identity_check_origin(r)) || (err = admit(r)))
		return err;
	if (r->res.status)
		return 0;
	if ((err = receive(r)))
		return err;
	if ((int64_t)r->body.n > r->app->limit[BUDGET_BODY])
		return fail(r, ERR_TOO_LARGE, "A request body may have %lld bytes here.", (long long)r->app->limit[BUDGET_BODY]);
	err = run_handler(r);
	blob_forget(r);
	return err;
}

static int kernel_answer(struct req *r)
{
	bool api = r->os && str_starts(r->path, "/_fazt/api/"), desk = r->os && str_is(r->path, "/_fazt/settings");
	int err = 0;
	charge_nobody();
	if (!api && !desk && !endpoint_there(r)) /* before anything is read: nginx may be passing the body on as it comes */
		return fail(r, ERR_NOT_FOUND, NULL);
	if (!endpoint_streams(r))
		err = form_is_multipart(r) ? fail(r, ERR_UNSUPPORTED_TYPE, NULL) : req_read_body(r, REQ_BODY);
	if (err)
		return err;
	const struct endpoint *e = endpoint_find(r);
	if (!e && (api || desk)) {
		err = str_is(r->method, "GET") ? 0 : identity_check_origin(r);
		return err ? err : api ? op_http(r) : desk_http(r);
	}
	if (!e)
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, NULL);
	return e->run(r);
}

static int identify(struct req *r)
{
	if (r->door != DOOR_SHELL)
		return identity_of(r);
	return str_is(r->as, "nobody") || r->open ? 0 : identity_become(r, r->as);
}

/* Where no app lives, the page that says so still needs its sheet and icon. */
static int nowhere(struct req *r, int err)
{
	static const char below[] = "/_fazt/";
	struct str name = {r->path.p + sizeof below - 1, r->path.n - (sizeof below - 1)};
	if (!str_starts(r->path, below) || !page_file(r, name))
		return err;
	fault_clear(&r->fault);
	return 0;
}

static int run(struct req *r)
{
	if (!method_known(r->method))
		return fail(r, ERR_METHOD_NOT_ALLOWED, NULL);
	int err = site(r);
	charge_turn(r);
	if (err)
		return nowhere(r, err);
	if (r->res.status)
		return 0;
	if (r->ntfy) /* which knows no forms: nginx would be passing them on as they come */
		return form_is_multipart(r) ? fail(r, ERR_UNSUPPORTED_TYPE, NULL) : ntfy_answer(r);
	r->open = r->app && path_open(r->app->manifest, r->path);
	if ((err = identify(r)))
		return err;
	return str_starts(r->path, "/_fazt/") ? kernel_answer(r) : app_answer(r);
}

void req_run(struct req *r)
{
	int err = run(r);
	if (!r->charged)
		charge_nobody(); /* the app was not asked: what strangers get at its door is not on its bill */
	if (!err)
		err = fault_blind(&r->fault);
	dev_begin(r, err);
	if (err)
		req_error(r, err);
	dev_decorate(r);
	trace_request(r);
}

static void error_json(struct req *r, int err)
{
	struct buf b = BUF_INIT;
	req_error_write(r, err, &b);
	res_set(r, err_row(err)->http, "application/json", buf_str(&b));
	page_headers(r);
	buf_release(&b);
}

void req_error(struct req *r, int err)
{
	const struct err_row *row = err_row(err);
	if (err == ERR_UNAUTHORIZED && identity_demand(r) == 0)
		return; /* a browser goes to sign in and back */
	if (req_wants_html(r))
		page_error(r, err, req_error_message(r, err));
	else
		error_json(r, err);
	if (row->http == 503 || row->http == 429)
		res_headerf(r, "retry-after", "%lld", (long long)(r->retry_after ? r->retry_after : RETRY_SECONDS));
	if (row->http == 401)
		res_header(r, "www-authenticate", STR("Bearer")); /* RFC 9110 §11.6.1; browsers show no dialog for it */
	if (row->http == 405)
		res_header(r, "allow", r->allow.n ? r->allow : STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
}
