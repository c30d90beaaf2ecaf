#include "gate/check.h"

#include "base/embed.h"
#include "base/now.h"
#include "base/out.h"
#include "codec/entry.h"
#include "codec/json.h"
#include "gate/gateway.h"
#include "gate/pool.h"
#include "gate/talk.h"
#include "kernel/app.h"
#include "kernel/clock.h"
#include "kernel/req.h"
#include "wire/syscall.h"

EMBED(check_lua, "fcgi/gate/check.lua");

#define CHECK_MS 10000 /* for one file, or for all facts together */

/* ---- a package as an app of one moment ---- */

static bool is_lua(struct str path)
{
	return str_ends(path, ".lua") && (entry_is_code(path) || str_starts(path, "t/") || str_starts(path, "migrations/"));
}

static void take_files(struct app *a, const struct package *p, const char *folder)
{
	for (int i = 0; i < p->nfiles; i++) {
		struct str path = str_of(p->file[i].path);
		if (str_starts(path, folder) && (app_loads(path) || is_lua(path)))
			a->file[a->nfiles++] = (struct app_file){path, p->file[i].bytes};
	}
}

/* Under an id of its own; version 0: it has no log and no users. */
static struct app *app_new(const char *name)
{
	struct arena *arena = arena_new();
	struct app *a = NEW(arena, struct app);
	*a = (struct app){.refs = 1, .arena = arena};
	id_new(a->id);
	snprintf(a->name, sizeof a->name, "%s", name);
	return a;
}

static struct app *app_of(const struct package *p)
{
	struct app *a = app_new(p->manifest->name);
	a->manifest = p->manifest;
	snprintf(a->title, sizeof a->title, "%s", p->manifest->title ? p->manifest->title : a->name);
	a->file = arena_alloc(a->arena, (size_t)(p->nfiles + 1) * sizeof *a->file);
	take_files(a, p, "api/");
	take_files(a, p, "views/");
	if (a->nfiles) /* migrations are compiled with it, and not run */
		take_files(a, p, "migrations/");
	return a;
}

static int settings_of(struct node *n, struct arena *arena, struct settings *s, struct fault *f)
{
	if (!n->store) {
		settings_default(s);
		return 0;
	}
	struct db *db = db_borrow(n->store, f);
	int err = db ? node_settings(n, db, arena, s) : f->err;
	if (db)
		db_return(db);
	return err;
}

static int loads(struct node *n, const struct package *p, struct fault *f)
{
	struct settings s;
	struct app *a = app_of(p);
	struct cell c = {0};
	int err = settings_of(n, a->arena, &s, f);
	if (!err)
		err = clock_admits(&s, p->manifest, f);
	if (!err && a->nfiles) /* or it has public files only */
		err = pool_apart(n, &s, a, NULL, &c, f);
	pool_apart_end(&c);
	app_release(a);
	return err;
}

/* ---- check.lua in its cell ---- */

struct reader {
	struct node *node;
	struct arena *arena;
	struct settings settings;
	struct app *app;
	struct cell cell;
	struct fault *fault;
};

static int reader_open(struct reader *g, struct node *n, struct arena *a, struct fault *f)
{
	*g = (struct reader){.node = n, .arena = a, .fault = f, .app = app_new("check"), .cell = {.to = -1, .from = -1}};
	g->app->file = NEW(g->app->arena, struct app_file);
	g->app->file[g->app->nfiles++] = (struct app_file){STR("api/main.lua"), EMBEDDED(check_lua)};
	int err = settings_of(n, a, &g->settings, f);
	return err ? err : pool_apart(n, &g->settings, g->app, NULL, &g->cell, f);
}

static void reader_close(struct reader *g)
{
	pool_apart_end(&g->cell);
	app_release(g->app);
}

/* Ask it; the answer's JSON in the arena. */
static int reader_ask(struct reader *g, const char *what, const char *path, struct str body, struct str *answer)
{
	struct req *r = NEW(g->arena, struct req);
	bool sound, stale;
	req_init(r, g->node, g->arena, DOOR_SHELL);
	r->settings = g->settings;
	r->app = g->app;
	r->method = STR("POST");
	r->path = str_of(what);
	r->body = body;
	r->deadline = mono_ms() + CHECK_MS;
	r->header[r->nheaders++] = (struct header){STR("content-type"), STR("application/json")};
	r->header[r->nheaders++] = (struct header){STR("x-path"), str_of(path)};
	int err = talk_request(&g->cell, r, &sound, &stale);
	if (!err && r->res.status != 200)
		err = fail(r, ERR_INTERNAL, "the check failed");
	if (!err)
		*answer = arena_str(g->arena, buf_str(&r->res.body));
	r->app = NULL; /* ours */
	if (err)
		fault(g->fault, err, "%s: %s", path, req_error_message(r, err));
	req_release(r);
	return err;
}

/* ---- what is asked ---- */

static void write_calls(struct out *o)
{
	const struct syscall *row;
	out_key(o, "calls");
	out_object(o);
	for (int i = 0; (row = syscall_row(i)); i++)
		if (!row->local && row->permission)
			out_kcstr(o, row->name, row->permission);
	out_end(o);
}

static int write_facts(struct reader *g, const struct package *p, struct out *o)
{
	struct str facts;
	int err = 0;
	out_key(o, "facts");
	out_object(o);
	for (int i = 0; !err && i < p->nfiles; i++) {
		if (!is_lua(str_of(p->file[i].path)))
			continue;
		err = reader_ask(g, "/facts", p->file[i].path, p->file[i].bytes, &facts);
		if (!err)
			out_kraw(o, p->file[i].path, facts);
	}
	out_end(o);
	return err;
}

/* manifest: whether app.json is one. */
static int write_question(struct reader *g, const struct package *p, bool manifest, struct buf *b)
{
	struct out o = OUT(b);
	const struct package_file *json = manifest ? package_find(p, "app.json") : NULL;
	out_object(&o);
	out_key(&o, "files");
	out_array(&o);
	for (int i = 0; i < p->nfiles; i++)
		out_cstr(&o, p->file[i].path);
	out_end(&o);
	out_key(&o, "json");
	out_str(&o, json ? json->bytes : STR_NONE);
	if (json)
		out_kraw(&o, "manifest", json->bytes);
	write_calls(&o);
	int err = write_facts(g, p, &o);
	out_end(&o);
	return err;
}

/* ---- findings ---- */

static void write_finding(struct out *o, const char *file, int64_t line, int64_t col, const char *message)
{
	out_object(o);
	out_kcstr(o, "level", "error");
	out_kcstr(o, "file", file);
	out_kint(o, "line", line);
	out_kint(o, "col", col);
	out_kcstr(o, "message", message);
	out_end(o);
}

/* A sentence of the installer's checks: those about app.json say where in it. */
static void write_fault(struct check *c, struct out *o, const struct fault *f)
{
	const char *message = fault_message(f);
	int line = 0, col = 0, n = 0;
	bool manifest = !strncmp(message, "app.json: ", 10);
	if (manifest)
		message += 10;
	if (manifest && sscanf(message, "line %d, column %d: %n", &line, &col, &n) == 2)
		message += n;
	write_finding(o, manifest ? "app.json" : "", line, col, message);
	c->errors++;
}

static void copy_findings(struct check *c, struct out *o, struct str list)
{
	struct json_lex l;
	struct str item, level;
	json_lex_init(&l, list, JSON_DEPTH);
	if (json_next(&l) != JSON_ARRAY)
		return;
	while (json_next_item(&l, &item)) {
		out_raw(o, item);
		if (json_member(item, STR("level"), &level)) {
			c->errors += str_is(level, "\"error\"");
			c->warnings += str_is(level, "\"warning\"");
		}
	}
}

static int judge(struct node *n, struct package *p, bool manifest, struct check *c, struct out *o, struct fault *f)
{
	struct reader g;
	struct buf question = BUF_INIT;
	struct arena *a = arena_new();
	struct str findings;
	int err = reader_open(&g, n, a, f);
	if (!err)
		err = write_question(&g, p, manifest, &question);
	if (!err)
		err = reader_ask(&g, "/judge", "the package", buf_str(&question), &findings);
	if (!err)
		copy_findings(c, o, findings);
	reader_close(&g);
	buf_release(&question);
	arena_free(a);
	return err;
}

int check_read(struct node *n, struct package *p, const struct fault *read, struct check *c, struct fault *f)
{
	struct fault whole = {0}, load = {0};
	*c = (struct check){0};
	struct out o = OUT(&c->json);
	out_array(&o);
	if (read->err)
		write_fault(c, &o, read);
	else if (package_finish(p, false, &whole))
		write_fault(c, &o, &whole);
	int err = judge(n, p, !whole.err && !read->err, c, &o, f);
	if (!err && !c->errors && loads(n, p, &load))
		write_fault(c, &o, &load);
	out_end(&o);
	return err;
}

/* ---- for the installer ---- */

static const struct package_file *file_named(const struct package *p, const char *message)
{
	for (int i = 0; i < p->nfiles; i++) {
		size_t n = strlen(p->file[i].path);
		if (is_lua(str_of(p->file[i].path)) && !strncmp(message, p->file[i].path, n) && message[n] == ':')
			return &p->file[i];
	}
	return NULL;
}

/* Lua says in which line of which file something is wrong; check.lua knows the column as well. */
static void add_column(struct node *n, const struct package *p, struct fault *f)
{
	static const char loading[] = "the code does not load: ";
	char text[FAULT_MAX];
	struct fault own = {0};
	struct reader g;
	struct str facts, line, col;
	snprintf(text, sizeof text, "%s", f->message);
	const struct package_file *file = strncmp(text, loading, sizeof loading - 1) ? NULL : file_named(p, text + sizeof loading - 1);
	if (!file)
		return;
	struct arena *a = arena_new();
	int err = reader_open(&g, n, a, &own);
	if (!err)
		err = reader_ask(&g, "/facts", file->path, file->bytes, &facts);
	const char *at = text + sizeof loading + strlen(file->path);
	if (!err && json_path(facts, STR("error.line"), &line) && json_path(facts, STR("error.col"), &col) &&
	    str_starts(str_of(at), arena_printf(a, "%.*s:", STR_FMT(line))))
		fault(f, f->err, "%s%s:%.*s:%.*s%s", loading, file->path, STR_FMT(line), STR_FMT(col), at + line.n);
	reader_close(&g);
	arena_free(a);
}

static int check_package(struct node *n, const struct package *p, struct fault *f)
{
	int err = loads(n, p, f);
	if (err == ERR_BAD_PACKAGE)
		add_column(n, p, f);
	return err;
}

void check_install(void)
{
	package_check = check_package;
}
