#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/log.h"
#include "base/now.h"
#include "base/tree.h"
#include "browser.h"
#include "kernel/identity.h"
#include "kernel/install.h"
#include "sys/endpoint.h"

struct node node;
struct req R;
int E;
struct app *pad, *blog, *diary;
struct buf op_out;

static char home[] = "/tmp/fazt-identity-XXXXXX";
static int64_t held; /* where the clock stands, or 0: it goes */

/* ---- apps ---- */

static void remove_from_home(const char *name)
{
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	tree_remove(dir, name);
	close(dir);
}

struct app *find_app(const char *name)
{
	struct fault f = {0};
	struct db *db = db_borrow(node.store, &f);
	struct app *a = app_by_name(&node, db, str_of(name));
	db_return(db);
	return a;
}

static struct app *make_app(const char *name, const char *visibility)
{
	struct fault f = {0};
	char id[ID_LEN + 1], app_id[ID_LEN + 1], json[200], source[100];
	int dir = open(home, O_RDONLY | O_DIRECTORY);
	snprintf(json, sizeof json, "{\"name\":\"%s\",\"version\":\"1.0\",\"visibility\":\"%s\",\"permissions\":[]}", name,
		 visibility);
	tree_write(dir, "src/app.json", str_of(json), 1000);
	tree_write(dir, "src/api/main.lua", STR("return {}"), 1000);
	close(dir);
	snprintf(source, sizeof source, "%s/src", home);
	if (candidate_begin(&node, str_of(source), STR(""), STR(""), true, id, &f) || candidate_fetch(&node, id, &f))
		die("%s: %s", name, f.message);
	struct db *db = db_borrow(node.store, &f);
	struct candidate *c = candidate_get(db, R.arena, str_of(id));
	db_return(db);
	if (install_consent(&node, &(struct consent){.id = str_of(id), .hash = str_of(c->package), .by = "owner"}, app_id, &f))
		die("%s: %s", name, f.message);
	remove_from_home("src");
	return find_app(name);
}

/* ---- a browser ---- */

static void store_cookie(struct browser *b, struct str host, struct str set)
{
	struct str rest, value, name = str_cut(str_cut(set, ';', &rest), '=', &value);
	value = str_cut(value, ';', &rest);
	int i = 0;
	while (i < b->n && !(str_is(host, b->jar[i].host) && str_is(name, b->jar[i].name)))
		i++;
	if (i == b->n)
		b->n++;
	snprintf(b->jar[i].host, sizeof b->jar[i].host, "%.*s", STR_FMT(host));
	snprintf(b->jar[i].name, sizeof b->jar[i].name, "%.*s", STR_FMT(name));
	snprintf(b->jar[i].value, sizeof b->jar[i].value, "%.*s", STR_FMT(value));
}

struct cookie_row *cookie(struct browser *b, const char *host, const char *name)
{
	for (int i = 0; i < b->n; i++)
		if (!strcmp(b->jar[i].host, host) && !strcmp(b->jar[i].name, name) && b->jar[i].value[0])
			return &b->jar[i];
	return NULL;
}

void header(const char *name, const char *value)
{
	R.header[R.nheaders++] = (struct header){str_of(name), str_of(value)};
}

static void cookie_header(struct browser *b, const char *host)
{
	struct buf all = BUF_INIT;
	for (int i = 0; i < b->n; i++)
		if (!strcmp(b->jar[i].host, host) && b->jar[i].value[0])
			buf_addf(&all, "%s%s=%s", all.len ? "; " : "", b->jar[i].name, b->jar[i].value);
	if (all.len)
		header("cookie", arena_cstr(R.arena, buf_str(&all)));
	buf_release(&all);
}

const char *answer(const char *name)
{
	for (int i = 0; i < R.res.nheaders; i++)
		if (str_is(R.res.header[i].name, name))
			return R.res.header[i].value.p;
	return NULL;
}

int identify(void)
{
	struct db *db = db_borrow(node.store, &R.fault);
	node_settings(&node, db, R.arena, &R.settings);
	R.epoch = db_epoch(db);
	db_return(db);
	return identity_of(&R);
}

/* What the gateway does, from the site to the error. */
static int run(void)
{
	int err = identify();
	if (err)
		return err;
	if (str_starts(R.path, "/_fazt/")) {
		const struct endpoint *e = endpoint_find(&R);
		return e ? e->run(&R) : R.fault.err ? R.fault.err : ERR_NOT_FOUND;
	}
	if ((err = identity_check_origin(&R)))
		return err;
	bool anyone = R.open || R.os || R.app->manifest->visibility == VISIBLE_ANYONE;
	if (!anyone && R.who.kind != WHO_IS_USER)
		return identity_demand(&R);
	if (!R.res.status)
		res_set(&R, 200, "text/plain", STR("app"));
	return 0;
}

void begin(struct browser *b, const char *method, const char *host, const char *target)
{
	app_release(R.app);
	arena_reset(R.arena);
	buf_release(&R.res.body);
	struct arena *a = R.arena;
	R = (struct req){.node = &node, .arena = a, .door = DOOR_HTTP};
	id_new(R.id);
	R.received = now_ms();
	R.method = str_of(arena_strdup(a, method));
	R.host = str_of(arena_strdup(a, host));
	R.target = str_of(arena_strdup(a, target));
	R.path = str_cut(R.target, '?', &R.query);
	R.client = str_of(b->client ? b->client : "127.0.0.1");
	R.os = !strcmp(host, OS);
	struct str rest;
	if (!R.os)
		R.app = find_app(arena_cstr(a, str_cut(R.host, '.', &rest)));
	cookie_header(b, arena_strdup(a, host));
}

int finish(struct browser *b)
{
	E = run();
	if (E == ERR_UNAUTHORIZED && identity_demand(&R) == 0)
		E = 0;
	if (E)
		R.res.status = err_row(E)->http;
	for (int i = 0; i < R.res.nheaders; i++)
		if (str_is(R.res.header[i].name, "set-cookie"))
			store_cookie(b, R.host, R.res.header[i].value);
	return R.res.status;
}

int get(struct browser *b, const char *host, const char *target)
{
	begin(b, "GET", host, target);
	header("accept", "text/html,*/*;q=0.8");
	header("sec-fetch-mode", "navigate");
	header("sec-fetch-dest", "document");
	return finish(b);
}

int post(struct browser *b, const char *host, const char *target, const char *body)
{
	begin(b, "POST", host, target);
	header("accept", "text/html");
	header("content-type", "application/x-www-form-urlencoded");
	header("origin", arena_printf(R.arena, "http://%s:8080", host));
	header("sec-fetch-site", "same-origin");
	R.body = str_of(arena_strdup(R.arena, body));
	return finish(b);
}

int follow(struct browser *b)
{
	char host[64], url[2500];
	const char *to = answer("location");
	if (!to)
		return 0;
	snprintf(url, sizeof url, "%s", to);
	if (url[0] == '/') {
		snprintf(host, sizeof host, "%.*s", STR_FMT(R.host));
		return get(b, host, url);
	}
	struct str path, at, rest;
	str_cut(str_of(url), '/', &rest);
	at = str_cut((struct str){rest.p + 1, rest.n - 1}, '/', &path);
	snprintf(host, sizeof host, "%.*s", STR_FMT(str_cut(at, ':', &rest)));
	return get(b, host, path.p - 1);
}

int open_app(struct browser *b, const char *host, const char *target)
{
	int status = get(b, host, target);
	for (int i = 0; i < 4 && status == 303; i++)
		status = follow(b);
	return status;
}

/* ---- operations ---- */

int op(sys_fn *f, const char *one, const char *two, const char *three)
{
	static struct req r;
	const char *args[] = {one, two, three};
	struct call c = {.nargs = 3};
	struct out o = OUT(&op_out);
	r = (struct req){.node = &node, .arena = R.arena, .door = DOOR_SHELL, .who = {.kind = WHO_IS_SHELL, .via = VIA_SHELL}};
	struct db *db = db_borrow(node.store, &r.fault);
	node_settings(&node, db, r.arena, &r.settings);
	db_return(db);
	for (int i = 0; i < 3; i++)
		if (args[i])
			c.arg[i] = (struct arg){.present = true, .s = str_of(args[i]), .i = strtoll(args[i], NULL, 10)};
	buf_clear(&op_out);
	return f(&r, &c, &o);
}

char *link_of(void)
{
	static char target[200];
	char *at = strstr(op_out.p ? op_out.p : "", "/_fazt/");
	snprintf(target, sizeof target, "%.*s", at ? (int)strcspn(at, "\"") : 0, at ? at : "");
	return target;
}

char *form_of_link(const char *password)
{
	static char body[300];
	snprintf(body, sizeof body, "code=%s%s%s", strstr(link_of(), "code=") + 5, password ? "&password=" : "", password ? password : "");
	return body;
}

int sign_in(struct browser *b, const char *name, const char *password)
{
	char body[200];
	snprintf(body, sizeof body, "name=%s&password=%s&next=/", name, password);
	return post(b, OS, "/_fazt/sign-in", body);
}

const char *csrf_of(struct browser *b)
{
	static char csrf[SECRET_LEN + 1];
	get(b, OS, "/");
	identity_csrf(&R, csrf);
	return csrf;
}

void set(const char *key, const char *value)
{
	struct fault f = {0};
	struct db *db = db_borrow(node.store, &f);
	db_begin(db);
	setting_set(db, str_of(key), str_of(value));
	if (db_commit(db))
		die("%s: %s", key, f.message);
	db_return(db);
}

int op_of(struct browser *b, sys_fn *f, const char *one, const char *two)
{
	const char *args[] = {one, two};
	struct call c = {.nargs = 2};
	struct out o = OUT(&op_out);
	for (int i = 0; i < 2; i++)
		if (args[i])
			c.arg[i] = (struct arg){.present = true, .s = str_of(args[i])};
	if (get(b, OS, "/") >= 500)
		return E;
	buf_clear(&op_out);
	return f(&R, &c, &o);
}

bool is_signed_in(struct browser *b)
{
	get(b, OS, "/");
	return R.who.kind == WHO_IS_USER;
}

const char *token_for(const char *user, const char *app, const char *ttl)
{
	static char token[2000];
	token[0] = 0;
	if (!op(op_user_token, user, app, ttl))
		snprintf(token, sizeof token, "%.*s", (int)op_out.len - 2, op_out.p + 1);
	return token;
}

int with_token(const char *host, const char *method, const char *token)
{
	struct browser b = {0};
	begin(&b, method, host, "/api/x");
	header("authorization", arena_printf(R.arena, "Bearer %s", token));
	return finish(&b);
}

/* ---- the clock, in place of base/now's (-Wl,--wrap=now_ms) ---- */

int64_t __real_now_ms(void);
int64_t __wrap_now_ms(void);

int64_t __wrap_now_ms(void)
{
	return held ? held : __real_now_ms();
}

void clock_hold(int64_t shift)
{
	now_shift(shift);
	held = __real_now_ms();
}

void clock_go(void)
{
	held = 0;
	now_shift(0);
}

/* ---- who is there ---- */

void enter(struct browser *b)
{
	if (op(op_login_link, NULL, NULL, NULL) || post(b, OS, "/_fazt/login", form_of_link(NULL)) != 303)
		die("the owner cannot sign in");
}

void join(struct browser *b, const char *name)
{
	if (op(op_user_add, name, NULL, NULL) || post(b, OS, "/_fazt/invite", form_of_link("correct+horse+battery")) != 303)
		die("%s cannot sign in", name);
}

static void make_home(void)
{
	struct fault f = {0};
	struct user u;
	if (!mkdtemp(home) || node_open(&node, home, STORE_CREATE, &f))
		die("no home: %s", f.message);
	log_open(home);
	set("scheme", "http");
	set("port", "8080");
	struct db *db = db_borrow(node.store, &f);
	db_begin(db);
	if (user_create(db, STR("Owner"), ROLE_OWNER, &u) || db_commit(db))
		die("no owner: %s", f.message);
	db_return(db);
}

static void remove_home(void)
{
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + strlen("/tmp/"));
	close(tmp);
}

void identity_setup(void)
{
	crypt_init();
	R.arena = arena_new();
	make_home();
	pad = make_app("pad", "members");
	blog = make_app("blog", "anyone");
	diary = make_app("diary", "owner");
}

void identity_teardown(void)
{
	app_release(R.app);
	app_release(pad);
	app_release(blog);
	app_release(diary);
	buf_release(&op_out);
	buf_release(&R.res.body);
	arena_free(R.arena);
	node_close(&node);
	remove_home();
}
