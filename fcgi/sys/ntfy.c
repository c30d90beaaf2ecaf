#include "sys/ntfy.h"

#include "base/now.h"
#include "codec/ntfy.h"
#include "kernel/content.h"
#include "sys/ntfy_ask.h"

#define RETRY_SECONDS 30

static const struct {
	int code;
	const char *text;
} errors[] = {
	[NTFY_FINE] = {0, NULL},
#define NTFY(name, code, text) [NTFY_E_##name] = {code, text},
#include "sys/ntfy.def"
#undef NTFY
};

static int subscribe_ws(struct ask *k)
{
	int err = ask_with(k, ask_may_read);
	return err ? err : ask_refuse(k, NTFY_E_NO_STREAM);
}

static int auth(struct ask *k)
{
	int err = ask_with(k, ask_may_read);
	return err ? err : ask_json(k, "{\"success\":true}\n");
}

static int health(struct ask *k)
{
	return ask_json(k, "{\"healthy\":true}\n");
}

/* What clients that sign in want to see. */
static int account(struct ask *k)
{
	int err = ask_with(k, ask_identify);
	const char *name = k->known ? k->token.name : "*";
	return err ? err : ask_json(k, arena_printf(k->r->arena, "{\"username\":\"%s\",\"role\":\"%s\"}\n", name, k->known ? "user" : "anonymous"));
}

static int hello(struct ask *k)
{
	res_set(k->r, 200, "text/plain; charset=utf-8",
		STR("Notifications of a Fazt. Subscribe with the ntfy app: this address as the server, a topic, and a token as the password.\n"
		    "Its owner makes one with: fazt-admin topic token add phone --read TOPIC\n"));
	return 0;
}

static int topic_page(struct ask *k)
{
	return ntfy_bool(ask_line(k, "x-unifiedpush,unifiedpush,up"), false) ? ask_json(k, "{\"unifiedpush\":{\"version\":1}}\n") : hello(k);
}

static int find_file(struct ask *k, struct db *db, struct str name, struct content *c)
{
	struct message m;
	struct str ext;
	if (!message_file(db, k->r->arena, str_cut(name, '.', &ext), now_ms(), &m))
		return k->r->fault.err ? k->r->fault.err : ask_refuse(k, NTFY_E_NOT_FOUND);
	*c = (struct content){.name = m.file_name, .type = m.file_type};
	return object_find(db, m.object, &c->object);
}

/* As everywhere in ntfy, whoever has the address of a file may fetch it: it is as hard to guess as a token. */
static int file(struct ask *k, struct str name)
{
	struct content c;
	struct db *db = db_borrow(k->r->node->store, &k->r->fault);
	if (!db)
		return k->r->fault.err;
	int err = find_file(k, db, name, &c);
	db_return(db);
	if (err)
		return err;
	res_set(k->r, 200, NULL, STR_NONE);
	return content_answer(k->r, &c);
}

static int options(struct ask *k)
{
	res_set(k->r, 200, NULL, STR(""));
	res_header(k->r, "access-control-allow-methods", STR("GET, PUT, POST"));
	res_header(k->r, "access-control-allow-headers", STR("*, authorization"));
	return 0;
}

/* ---- which is which ---- */

typedef int answer_fn(struct ask *k);

static const struct {
	const char *methods, *path;
	answer_fn *run;
} pages[] = {
	{"GET HEAD", "/", hello},
	{"PUT POST", "/", ntfy_publish_json},
	{"GET HEAD", "/v1/health", health},
	{"GET", "/v1/account", account},
};

static const struct {
	const char *methods, *tail; /* what stands behind /TOPIC */
	bool several;               /* /TOPIC,TOPIC */
	answer_fn *run;
} table[] = {
	{"PUT POST", "", false, ntfy_publish},
	{"GET HEAD", "", false, topic_page},
	{"GET", "publish", false, ntfy_publish},
	{"GET", "send", false, ntfy_publish},
	{"GET", "trigger", false, ntfy_publish},
	{"GET HEAD", "json", true, ntfy_subscribe_json},
	{"GET HEAD", "sse", true, ntfy_subscribe_sse},
	{"GET HEAD", "raw", true, ntfy_subscribe_raw},
	{"GET", "ws", true, subscribe_ws},
	{"GET", "auth", true, auth},
};

static bool method_is(const struct ask *k, const char *methods)
{
	struct str rest = str_of(methods);
	while (rest.n)
		if (str_eq(str_cut(rest, ' ', &rest), k->r->method))
			return true;
	return false;
}

static bool topics_valid(struct str s, bool several)
{
	do
		if (!ntfy_topic(str_cut(s, ',', &s)))
			return false;
	while (several && s.p);
	return !s.p;
}

static int route(struct ask *k)
{
	struct str tail, rest = {k->r->path.p + 1, k->r->path.n - 1};
	if (str_is(k->r->method, "OPTIONS"))
		return options(k);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (str_is(k->r->path, pages[i].path) && method_is(k, pages[i].methods))
			return pages[i].run(k);
	k->topic = str_cut(rest, '/', &tail);
	if (str_is(k->topic, "file") && method_is(k, "GET HEAD"))
		return file(k, tail);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_is(tail, table[i].tail) && method_is(k, table[i].methods) && topics_valid(k->topic, table[i].several))
			return table[i].run(k);
	return ask_refuse(k, NTFY_E_NOT_FOUND);
}

/* An error of Fazt's own has the first one here of its status. */
static enum ntfy_error error_of(int err)
{
	int http = err_row(err)->http;
	for (size_t i = 1; i < ARRAY_LEN(errors); i++)
		if (errors[i].code / 100 == http)
			return (enum ntfy_error)i;
	return http < 500 ? NTFY_E_INVALID : NTFY_E_INTERNAL;
}

static void answer_error(struct ask *k, int err)
{
	enum ntfy_error e = k->error ? k->error : error_of(err);
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	int http = errors[e].code / 100;
	struct str why = k->error ? k->why : str_of(k->r->fault.message);
	out_object(&o);
	out_kint(&o, "code", errors[e].code);
	out_kint(&o, "http", http);
	out_kcstr(&o, "error", arena_printf(k->r->arena, "%s%s%.*s", errors[e].text, why.n ? "; " : "", STR_FMT(why)));
	out_end(&o);
	buf_addc(&b, '\n');
	res_set(k->r, http, "application/json", buf_str(&b));
	if (http == 429 || http == 503)
		res_headerf(k->r, "retry-after", "%d", RETRY_SECONDS);
	if (http == 401)
		res_header(k->r, "www-authenticate", STR("Basic realm=\"ntfy\""));
	buf_release(&b);
}

int ntfy_answer(struct req *r)
{
	struct ask *k = NEW(r->arena, struct ask);
	k->r = r;
	int err = route(k);
	if (err)
		answer_error(k, err);
	fault_clear(&r->fault);
	res_header(r, "access-control-allow-origin", STR("*"));
	if (!r->res.file.length && !str_is(k->topic, "file"))
		res_header(r, "cache-control", STR("no-store"));
	return 0;
}
