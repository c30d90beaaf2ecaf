#include "kernel/mailer.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/json.h"
#include "codec/mail.h"
#include "kernel/fetch.h"
#include "kernel/meter.h"
#include "kernel/people.h"

#define MARGIN_MS 500
#define SAID_MAX 300 /* bytes of what a server says that anybody gets to see */

/* ---- who gets it ---- */

/* In a trial everybody has an address, and nothing goes there. */
static bool has_address(const struct req *r, struct user *u)
{
	if (!u->mail[0] && r->node->trial)
		snprintf(u->mail, sizeof u->mail, "somebody@example.org");
	return u->mail[0];
}

static int of_owner(struct req *r, struct db *db, struct user *u)
{
	int err = user_owner(db, u);
	return err || has_address(r, u) ? err : fail(r, ERR_BAD_REQUEST, "The owner of this node has no mail address yet: fazt-admin user mail %s ADDRESS", u->name);
}

static int of_person(struct req *r, struct db *db, struct str id, struct user *u)
{
	if (!people_find(r->node, db, r->app, id, r->arena, u))
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "mail: to is \"owner\", the id of a person of this app, or an address.");
	return has_address(r, u) ? 0 : fail(r, ERR_BAD_REQUEST, "This person has no mail address; the owner gives them one: fazt-admin user mail NAME ADDRESS");
}

static int find_address(struct req *r, struct db *db, struct str to, struct str *address)
{
	struct user u = {0};
	bool owner = str_is(to, "owner"), anyone = to.n && memchr(to.p, '@', to.n);
	const char *permission = owner ? "mail:owner" : anyone ? "mail:anyone" : "mail:members";
	if (!to.n)
		return fail(r, ERR_BAD_REQUEST, "Say whom a mail is to: \"owner\", the id of a person of this app, or an address.");
	if (!app_granted(r->app, permission))
		return fail(r, ERR_PERMISSION_DENIED, "Mail to %s needs the permission \"%s\", which this app was not granted.",
			    owner ? "the owner" : anyone ? "an address" : "a person of the app", permission);
	int err = anyone ? 0 : owner ? of_owner(r, db, &u) : of_person(r, db, to, &u);
	*address = anyone ? to : str_of(arena_strdup(r->arena, u.mail));
	return err;
}

/* ---- what an app says ---- */

#define PARTS(l)                                                                                                       \
	{{"to", &(l)->to}, {"subject", &(l)->subject}, {"text", &(l)->text}, {"html", &(l)->html}, {"reply_to", &(l)->reply_to}}

static struct str write_letter(struct arena *a, struct letter *l)
{
	const struct { const char *name; struct str *at; } parts[] = PARTS(l);
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].at->n)
			out_kstr(&o, parts[i].name, *parts[i].at);
	out_end(&o);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static void read_letter(struct arena *a, struct str json, struct letter *l)
{
	const struct { const char *name; struct str *at; } parts[] = PARTS(l);
	*l = (struct letter){STR(""), STR(""), STR(""), STR(""), STR("")};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct str raw;
		struct buf b = BUF_INIT;
		if (!json_member(json, str_of(parts[i].name), &raw) || raw.n < 2)
			continue;
		json_unescape(&b, (struct str){raw.p + 1, raw.n - 2});
		*parts[i].at = arena_str(a, b.len ? buf_str(&b) : STR(""));
		buf_release(&b);
	}
}

static struct mail compose(const struct req *r, const struct letter *l, const char *name, const char *id, int64_t date)
{
	const struct settings *s = &r->settings;
	return (struct mail){.id = str_of(id), .domain = str_of(s->text[SETTING_DOMAIN]), .date = date, .name = str_of(name),
			     .from = str_of(s->text[SETTING_MAIL_FROM]), .to = l->to, .reply_to = l->reply_to, .subject = l->subject, .text = l->text,
			     .html = l->html};
}

static int check_settings(struct req *r)
{
	const struct settings *s = &r->settings;
	const char *lacks = !*s->text[SETTING_MAIL_SERVER] ? "mail.server smtp://HOST" : !*s->text[SETTING_MAIL_FROM] ? "mail.from ADDRESS" : NULL;
	if (!lacks || r->node->trial)
		return 0;
	return fail(r, ERR_UNSUPPORTED, "This node sends no mail until its owner says how: fazt-admin setting set %s", lacks);
}

/* There has to be room for a whole one. */
static int check_budget(struct req *r)
{
	int64_t most = r->app->limit[BUDGET_APP_MAILS];
	double one = most ? 1 / (double)most : 2, over = meter_share(meter_of(r->node->meters, r->app->id), BUDGET_APP_MAILS) + one - 1;
	if (over < 1e-9)
		return 0;
	r->retry_after = (int64_t)(over * (double)span_ms(SPAN_DAY) / 1000) + 1;
	return fail(r, ERR_RATE_LIMITED, "The app has sent all of the %lld mails that it may in a day (app.mails); it may again little by little.",
		    (long long)most);
}

int mailer_send(struct req *r, struct db *db, const struct scope *sc, const struct letter *l, char id[ID_LEN + 1])
{
	struct letter said = *l, whom = *l;
	int err = find_address(r, db, l->to, &whom.to);
	struct mail m = compose(r, &whom, r->app->name, r->id, 0);
	if (err || (err = mail_check(&m, &r->fault)) || (err = check_settings(r)) || (err = check_budget(r)))
		return err;
	struct run run = {.app_id = r->app->id, .handler = RUN_MAIL, .version = r->app->version, .principal = journal_principal(r, false), .input = write_letter(r->arena, &said),
			  .parent = r->journal ? r->journal->run.id : NULL, .retries = MAILER_TRIES,
			  .backoff = 1000 * r->settings.number[SETTING_MAIL_RETRY], .due = now_ms()};
	err = run_errand(db, sc, &run, r->app->limit[BUDGET_APP_RUNS], id);
	if (!err)
		meter_add(meter_of(r->node->meters, r->app->id), BUDGET_APP_MAILS, r->app->limit[BUDGET_APP_MAILS], 1);
	return err;
}

/* ---- to the server ---- */

struct posting {
	struct req *r;
	struct fetch f;
	const char *said; /* by the server, or of it */
};

static int pass(void *arg, const struct fetch_dial *d, struct fetch_pass *p)
{
	struct posting *s = arg;
	const struct settings *set = &s->r->settings;
	if (*set->text[SETTING_MAIL_USER])
		p->secret = (struct header){str_of(set->text[SETTING_MAIL_USER]), str_of(set->text[SETTING_MAIL_PASSWORD])};
	return way_owned(set, d->host, d->port, &p->way, &s->r->fault);
}

/* 0, whatever the server says; or what came in between. */
static int post(struct posting *s, const struct mail *m)
{
	struct req *r = s->r;
	struct buf message = BUF_INIT;
	const struct header envelope[] = {{STR("from"), m->from}, {STR("to"), m->to}};
	mail_write(&message, m);
	s->f = (struct fetch){.node = r->node, .arena = r->arena, .fault = &r->fault, .payer = "mail", .method = FETCH_MAIL,
			      .url = str_of(arena_printf(r->arena, "%s/%.*s", r->settings.text[SETTING_MAIL_SERVER], STR_FMT(m->domain))),
			      .nheaders = 2, .header = envelope, .body = buf_str(&message), .trust = fetch_trust(r->node, &r->settings, r->arena),
			      .deadline = MIN(r->deadline, mono_ms() + ERRAND_MS) - MARGIN_MS, .pass = pass, .arg = s};
	int err = fetch_open(&s->f);
	fetch_close(&s->f);
	buf_release(&message);
	struct str reply = fetch_header(&s->f, "reply");
	if (err)
		reply = str_of(s->f.why ? s->f.why : fault_message(&r->fault));
	reply.n -= str_ends(reply, ".");
	s->said = visible(r->arena, reply, SAID_MAX);
	return err;
}

static bool taken(const struct posting *s)
{
	return s->f.status >= 200 && s->f.status < 300;
}

/* Whom it sends mail for is the server's affair, not the recipient's (RFC 4954 §6): it may change its mind. */
static bool last_word(const struct posting *s)
{
	return s->f.status >= 500 && s->f.status != 530 && s->f.status != 535;
}

/* ---- the errand ---- */

static int find_mail(struct req *r, struct mail *m)
{
	const struct run *run = &r->journal->run;
	struct letter l;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	read_letter(r->arena, run->input, &l);
	int err = check_settings(r);
	if (!err && (err = find_address(r, db, l.to, &l.to)))
		errand_final(r, err);
	db_return(db);
	*m = compose(r, &l, r->app->name, run->id, run->created);
	return err;
}

bool mailer_tells(const struct run *run)
{
	struct str to;
	return strcmp(run->handler, RUN_MAIL) || (json_member(run->input, STR("to"), &to) && memchr(to.p, '@', to.n));
}

/* Where it broke off when some of the message had gone, that may be what this app writes; nobody else waits for it. */
static void server_fails(struct req *r, const struct posting *s)
{
	const struct run *run = &r->journal->run;
	const char *of = s->f.sent ? run->app_id : NULL;
	const char *title = of ? arena_printf(r->arena, "Your mail server breaks off what %s sends", r->app->title) : "Your mail server takes no mail";
	errand_stalled(r, ERRAND_MAIL, of, now_ms() + (run->backoff << MIN(run->attempt, (int64_t)6)), NOTICE_MAIL_SERVER, title,
		       arena_printf(r->arena, "%s. What waits is tried again for hours; to see whether it works: fazt-admin mail test", s->said));
}

int mailer_deliver(struct req *r)
{
	struct posting s = {.r = r};
	struct mail m;
	if (!r->app)
		return errand_final(r, fail(r, ERR_NOT_FOUND, "The app is gone."));
	int err = find_mail(r, &m);
	if (err || r->node->trial)
		return err;
	err = post(&s, &m);
	if (err && err != ERR_UNAVAILABLE && err != ERR_RATE_LIMITED)
		server_fails(r, &s);
	if (err)
		return fail(r, err, "The mail server takes nothing: %s", s.said);
	if (!taken(&s)) {
		fail(r, ERR_FETCH_FAILED, "The mail server said: %s", s.said);
		return last_word(&s) ? errand_final(r, ERR_FETCH_FAILED) : ERR_FETCH_FAILED;
	}
	if (mailer_tells(&r->journal->run))
		json_quote(&r->res.body, str_of(s.said));
	return 0;
}

int mailer_lost(struct req *r, struct db *db)
{
	const struct run *run = &r->journal->run;
	struct letter l;
	read_letter(r->arena, run->input, &l);
	char *body = arena_printf(r->arena, "To %s, \"%s\": %s To try it again: fazt-admin run retry %s", visible(r->arena, l.to, 100),
				  visible(r->arena, l.subject, 100), run->error, run->id);
	char *title = arena_printf(r->arena, "A mail of %s was not delivered", r->app ? r->app->title : "an app that is gone");
	return notice_add(db, NOTICE_MAIL_FAILED, run->app_id, "", title, body);
}

/* ---- trying it ---- */

/* What to do about it, by what libcurl and servers say. */
static const char *advice(const struct posting *s)
{
	static const struct { const char *said, *advice; } table[] = {
		{"STARTTLS", "It does not encrypt there, and nothing is sent in the clear. Try its other port, 587 or smtps://HOST:465."},
		{"SSL", "Its certificate is not trusted, or is for another name: mail.server has to be the name in it. That of a private authority goes into net.ca."},
		{"certificate", "Its certificate is not trusted, or is for another name: mail.server has to be the name in it. That of a private authority goes into net.ca."},
		{"535", "It does not know that name or password: look at mail.user and mail.password. Some providers want a password for programs."},
		{"denied", "It does not know that name or password: look at mail.user and mail.password. Some providers want a password for programs."},
		{"530", "It wants a name and a password: mail.user and mail.password."},
		{"public Internet", "A server in your own network has to be listed: fazt-admin setting set net.allow HOST:PORT"},
		{"resolve", "There is no such host; look at mail.server."},
		{"onnect", "Nobody answers there. Look at mail.server; many providers of servers block ports for mail until they are asked."},
		{"time was up", "It does not answer. Look at mail.server; many providers of servers block ports for mail until they are asked."},
		{"imed out", "Nobody answers there. Look at mail.server; many providers of servers block ports for mail until they are asked."},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strstr(s->said, table[i].said))
			return table[i].advice;
	return s->f.status >= 400 ? "It does not take this mail; perhaps it lets you send from another address than mail.from only." : "";
}

int mailer_test(struct req *r, struct str address, const char **reply)
{
	struct posting s = {.r = r};
	struct letter l = {.to = address, .subject = STR("Fazt can send mail"), .html = STR(""), .reply_to = STR(""),
			   .text = STR("This came the way the mail of your apps goes.\n")};
	char id[ID_LEN + 1];
	id_new(id);
	struct mail m = compose(r, &l, "Fazt", id, now_ms());
	int err = check_settings(r);
	if (err || (err = mail_check(&m, &r->fault)))
		return err;
	err = post(&s, &m);
	*reply = s.said;
	if (!err && taken(&s))
		return 0;
	return fail(r, err ? err : ERR_FETCH_FAILED, "%s. %s", s.said, advice(&s));
}
