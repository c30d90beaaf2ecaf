#include "gate/probe.h"

#include "base/now.h"
#include "base/visible.h"
#include "gate/ask.h"
#include "gate/gateway.h"
#include "gate/marks.h"
#include "gate/pool.h"
#include "gate/specimen.h"
#include "gate/survey.h"
#include "kernel/home.h"
#include "kernel/identity.h"
#include "sys/rows.h"

/* First rows are made, and kept: what a request deletes is put back. Then everyone reads, and nothing is undone, because a leak
 * may need two people: one whose rows fill a cache, and one who reads it. What writes is tried last, each time on what was
 * there before. */

enum stage { MAKING, READING, WRITING };

#define FINDINGS_MAX 100
#define FILLS_MAX 24
#define BODY_MAX (256 * KIB) /* of an answer that is searched */
#define REQUEST_MS "3000" /* so that one slow route does not use up the time */

/* ---- who ---- */

enum caller { ANNA, BEN, STRANGER, OWNER, CALLERS };

static const struct {
	const char *account, *word;
} people[CALLERS] = {{"anna", "anna"}, {"ben", "ben"}, {"nobody", "a stranger"}, {"owner", "the owner"}};

static char author(enum caller who)
{
	return (char)('a' + who);
}

/* ---- the whole of it ---- */

struct finding {
	const char *kind, *owner, *why;
	unsigned callers; /* a bit for each */
	struct str route, path;
	int status;
	struct leak row;
	bool as_app;
	int times;
};

struct probe {
	struct trial *trial;
	struct probe_report *report;
	struct fault *fault;
	struct arena *arena;
	struct settings settings;
	struct app *app;
	struct marks marks;
	int64_t until; /* mono_ms */
	char id[CALLERS][PUBLIC_ID_LEN + 1];
	struct survey survey;
	int nfindings;
	struct finding finding[FINDINGS_MAX];
};

static bool over(const struct probe *p)
{
	return mono_ms() >= p->until;
}

static const char *whose(const struct probe *p, struct str owner)
{
	for (int i = 0; i < CALLERS; i++)
		if (p->id[i][0] && str_is(owner, p->id[i]))
			return people[i].word;
	return owner.n ? "somebody else" : "the app";
}

/* ---- findings ---- */

static bool alike(const struct finding *a, const struct finding *b)
{
	return !strcmp(a->kind, b->kind) && str_eq(a->route, b->route) && a->row.kind == b->row.kind &&
	       (a->row.kind == STATE_KEY || str_eq(a->row.where, b->row.where));
}

static void find(struct probe *p, const struct finding *x)
{
	for (int i = 0; i < p->nfindings; i++)
		if (alike(&p->finding[i], x)) {
			p->finding[i].callers |= x->callers;
			if (strcmp(p->finding[i].owner, x->owner))
				p->finding[i].owner = "somebody else";
			p->finding[i].times++;
			return;
		}
	if (p->nfindings == FINDINGS_MAX)
		return;
	struct finding *f = &p->finding[p->nfindings++];
	*f = *x;
	f->times = 1;
	f->route = arena_str(p->arena, x->route);
	f->path = arena_str(p->arena, x->path);
	f->why = x->why ? arena_strdup(p->arena, x->why) : NULL;
	f->row.where = arena_str(p->arena, x->row.where);
	f->row.what = arena_str(p->arena, x->row.what);
}

/* Routes and keys are the author's words, and read by whoever decides. */
static void write_words(struct probe *p, struct out *o, const char *key, struct str text)
{
	out_kcstr(o, key, visible(p->arena, text, 200));
}

static void write_finding(struct probe *p, struct out *o, const struct finding *f)
{
	struct str rest, id = f->row.kind == STATE_SHARE ? str_cut(f->row.what, ' ', &rest) : f->row.what;
	out_object(o);
	out_kcstr(o, "kind", f->kind);
	write_words(p, o, "route", f->route);
	write_words(p, o, "path", f->path);
	out_key(o, "callers");
	out_array(o);
	for (int i = 0; i < CALLERS; i++)
		if (f->callers & 1u << i)
			out_cstr(o, people[i].word);
	out_end(o);
	out_kint(o, "status", f->status);
	if (f->row.kind == STATE_KEY)
		write_words(p, o, "key", f->row.what);
	else
		write_words(p, o, "collection", f->row.where), write_words(p, o, "id", id);
	out_kcstr(o, "owner", f->owner);
	out_kcstr(o, "why", f->why);
	out_kbool(o, "as_app", f->as_app);
	out_kint(o, "times", f->times);
	out_end(o);
}

static void write_report(struct probe *p)
{
	struct probe_report *r = p->report;
	struct out o = OUT(&r->json);
	r->finished = !over(p);
	r->findings = p->nfindings;
	out_object(&o);
	out_kbool(&o, "finished", r->finished);
	out_kint(&o, "routes", r->routes);
	out_kint(&o, "requests", r->requests);
	out_kint(&o, "failed", r->failed);
	out_key(&o, "findings");
	out_array(&o);
	for (int i = 0; i < p->nfindings; i++)
		write_finding(p, &o, &p->finding[i]);
	out_end(&o);
	out_end(&o);
}

/* ---- one request ---- */

struct attempt {
	enum caller caller;
	struct str method, target;
	struct str route; /* what it is an example of */
	const char *type;
	struct str body;
	int status; /* out */
};

static struct finding finding_of(const char *kind, const struct attempt *y, const struct req *r)
{
	return (struct finding){.kind = kind, .route = y->route, .path = y->target, .callers = 1u << y->caller, .status = r->res.status,
				.as_app = r->spoke_as_app};
}

static void look_for_leaks(struct probe *p, const struct attempt *y, struct req *r)
{
	struct scope sc = rows_scope(r, false);
	struct str bytes = {r->res.body.p, MIN(r->res.body.len, (size_t)BODY_MAX)};
	struct finding x = finding_of("read", y, r);
	while (marks_leak(&p->marks, p->app, &sc, author(y->caller), &bytes, r->arena, &x.row, p->fault)) {
		x.why = x.row.why;
		x.owner = whose(p, x.row.owner);
		find(p, &x);
	}
}

static void look_for_changes(struct probe *p, const struct attempt *y, struct req *r)
{
	bool gone;
	const struct state *s = marks_changed(&p->marks, 0, &gone);
	struct finding x = finding_of("get", y, r);
	if (!s)
		return;
	x.row = (struct leak){.kind = s->kind, .where = s->where, .what = s->what};
	x.owner = whose(p, s->owner);
	x.why = "whatever looks at it would do this: what changes something belongs into a POST";
	find(p, &x);
}

/* In the state before: might the caller have changed this row? Whoever owns the row above may delete it. */
static bool may_change(struct probe *p, struct req *r, const struct state *s, bool gone, const char **why)
{
	struct rows k;
	bool yes = true;
	if (rows_open(&k, r, false) || rows_collection(&k, s->where))
		return true;
	*why = scope_why(k.db, &k.scope, k.docs.collection, s->what, VERB_CHANGE, r->arena, &yes);
	if (!yes && gone && s->parent.n) {
		struct state above = {.kind = STATE_DOC, .where = str_of(k.docs.collection->parent ? k.docs.collection->parent->name : ""), .what = s->parent};
		for (int i = 0; i < p->marks.now.n; i++) {
			const struct state *t = &p->marks.now.list[i];
			yes |= t->kind == STATE_DOC && str_eq(t->what, above.what) && str_eq(t->where, above.where) && str_is(t->owner, k.scope.me);
		}
	}
	rows_close(&k, 0);
	return yes;
}

struct changed {
	struct state state;
	bool gone;
};

/* The documents that were there before and are not as they were; in the arena. */
static int list_changed(const struct probe *p, struct arena *a, struct changed **list)
{
	const struct state *s;
	bool gone;
	int n = 0;
	*list = arena_alloc(a, 50 * sizeof **list);
	for (int i = 0; n < 50 && (s = marks_changed(&p->marks, i, &gone)); i++) {
		bool fresh = true;
		for (int k = 0; k < p->marks.before.n && fresh; k++)
			fresh = s != &p->marks.before.list[k];
		if (fresh || s->kind != STATE_DOC)
			continue;
		struct changed *c = &(*list)[n++];
		*c = (struct changed){*s, gone};
		c->state.where = arena_str(a, s->where);
		c->state.what = arena_str(a, s->what);
		c->state.owner = arena_str(a, s->owner);
		c->state.parent = arena_str(a, s->parent);
	}
	return n;
}

/* Back to where it was kept, whatever changed. */
static int undo(struct probe *p)
{
	bool gone;
	int err = marks_changed(&p->marks, 0, &gone) ? trial_again(p->trial, p->fault) : 0;
	return err ? err : marks_look(&p->marks, p->fault);
}

/* A request that made something is kept, one that deleted something is undone. */
static int keep_made(struct probe *p)
{
	bool gone = false, any = false, one;
	const struct state *s;
	for (int i = 0; !gone && (s = marks_changed(&p->marks, i, &one)); i++) {
		gone = one && s->kind == STATE_DOC;
		any = true;
	}
	return gone ? undo(p) : any ? trial_keep(p->trial, p->fault) : 0;
}

/* What hangs below a row goes when that is deleted, whoever wrote it. */
static bool went_along(struct probe *p, struct req *r, const struct changed *list, int n, const struct changed *c)
{
	const struct collection *below = manifest_collection(r->app->manifest, c->state.where);
	const char *why;
	if (!c->gone || !below || !below->parent)
		return false;
	for (int i = 0; i < n; i++) {
		const struct state *s = &list[i].state;
		if (list[i].gone && str_eq(s->what, c->state.parent) && str_is(s->where, below->parent->name))
			return may_change(p, r, s, true, &why) || went_along(p, r, list, n, &list[i]);
	}
	return false;
}

static int look_for_harm(struct probe *p, const struct attempt *y, struct req *r)
{
	struct changed *list;
	int n = list_changed(p, r->arena, &list), err = undo(p);
	for (int i = 0; !err && i < n && !over(p); i++) {
		struct finding x = finding_of("change", y, r);
		if (may_change(p, r, &list[i].state, list[i].gone, &x.why) || went_along(p, r, list, n, &list[i]))
			continue;
		x.row = (struct leak){.kind = STATE_DOC, .where = list[i].state.where, .what = list[i].state.what};
		x.owner = whose(p, list[i].state.owner);
		find(p, &x);
	}
	return err;
}

static bool is_get(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD");
}

static void follow(struct probe *p, struct req *r)
{
	for (int i = 0; i < r->res.nheaders; i++) {
		struct header *h = &r->res.header[i];
		if (str_is(h->name, "location"))
			survey_link(&p->survey, r->arena, r->path, h->value);
		if (str_is(h->name, "content-type") && str_starts(h->value, "text/html"))
			survey_page(&p->survey, r->arena, r->path, buf_str(&r->res.body));
	}
}

static int judge(struct probe *p, struct attempt *y, struct req *r, enum stage stage)
{
	int err = marks_look(&p->marks, p->fault);
	if (err || over(p)) /* perhaps it has not seen all */
		return err;
	if (r->app)
		look_for_leaks(p, y, r);
	if (is_get(y->method))
		look_for_changes(p, y, r);
	if (!r->app || stage == READING)
		return 0;
	if (is_get(y->method)) /* a cache of what was not there yet */
		return undo(p);
	return stage == MAKING ? keep_made(p) : look_for_harm(p, y, r);
}

static int attempt(struct probe *p, struct attempt *y, enum stage stage)
{
	struct req r;
	struct arena *a = arena_new();
	y->status = 0;
	req_init(&r, &p->trial->node, a, DOOR_SHELL);
	int err = ask(&r, &p->settings, p->trial->name, y->method, y->target, str_of(people[y->caller].account));
	if (err)
		err = 0; /* no address the pipeline would get to see */
	else if (!over(p)) {
		r.body = y->body;
		if (y->type)
			ask_header(&r, STR("content-type"), str_of(y->type));
		ask_header(&r, STR("accept"), STR("text/html, application/json, */*"));
		req_run(&r);
		p->report->requests++;
		p->report->failed += r.res.status >= 500;
		y->status = r.res.status;
		follow(p, &r);
		err = judge(p, y, &r, stage);
	}
	req_release(&r);
	arena_free(a);
	return err;
}

/* ---- bodies ---- */

/* As JSON, and where that is not what the route wants, as a form. */
static int attempt_write(struct probe *p, enum caller who, struct str method, struct str target, struct str route, enum stage stage)
{
	struct arena *a = arena_new();
	const char *mark = marks_new(a, author(who));
	struct attempt y = {.caller = who, .method = method, .target = target, .route = route, .type = "application/json", .body = survey_json(&p->survey, a, mark)};
	int err = attempt(p, &y, stage);
	if (!err && (y.status == 400 || y.status == 415 || y.status == 422 || y.status >= 500)) {
		y.type = "application/x-www-form-urlencoded";
		y.body = survey_form(&p->survey, a, mark);
		err = attempt(p, &y, stage);
	}
	arena_free(a);
	return err;
}

static int attempt_form(struct probe *p, enum caller who, const struct page_form *f, enum stage stage)
{
	struct arena *a = arena_new();
	struct str body = form_filled(a, f, marks_new(a, author(who))), query, path = str_cut(f->action, '?', &query);
	bool get = is_get(f->method);
	struct attempt y = {.caller = who, .method = f->method, .target = f->action, .body = get ? STR_NONE : body,
			    .type = get ? NULL : "application/x-www-form-urlencoded",
			    .route = str_of(arena_printf(a, "%.*s %.*s", STR_FMT(f->method), STR_FMT(path)))};
	if (get)
		y.target = str_of(arena_printf(a, "%.*s?%.*s", STR_FMT(path), STR_FMT(body)));
	int err = attempt(p, &y, stage);
	arena_free(a);
	return err;
}

/* ---- addresses ---- */

/* Ids to ask for, in order of promise: some of each person's rows in each collection, then the people themselves. owner: only
 * theirs, or NULL. */
static int fills(const struct probe *p, struct arena *a, const char *owner, struct str list[FILLS_MAX])
{
	int n = 0;
	for (int round = 0; round < 3 && n < FILLS_MAX - 2; round++)
		for (int i = 0, seen = 0; i < p->marks.now.n && n < FILLS_MAX - 2; i++) {
			const struct state *s = &p->marks.now.list[i], *last = i ? s - 1 : NULL;
			if (s->kind != STATE_DOC)
				continue;
			seen = last && str_eq(last->where, s->where) && str_eq(last->owner, s->owner) ? seen + 1 : 0;
			if (seen == round && (!owner || str_is(s->owner, owner)))
				list[n++] = arena_str(a, s->what);
		}
	list[n++] = str_of(p->id[ANNA]);
	list[n++] = str_of(p->id[BEN]);
	return n;
}

/* One route as one caller, with every fill. */
static int attempt_way(struct probe *p, enum caller who, const struct way *w, const char *owner, enum stage stage)
{
	struct arena *a = arena_new();
	struct str list[FILLS_MAX], route = str_of(arena_printf(a, "%.*s %.*s", STR_FMT(w->method), STR_FMT(w->path)));
	int n = way_params(w->path) ? fills(p, a, owner, list) : 1, m = way_several(w->path) ? n : 1, err = 0;
	for (int i = 0; !err && i < n && !over(p); i++)
		for (int k = 0; !err && k < m && !over(p); k++) {
			struct str target = way_params(w->path) ? way_fill(a, w->path, list[i], list[m > 1 ? k : i]) : w->path;
			struct attempt y = {.caller = who, .method = w->method, .target = target, .route = route};
			err = is_get(w->method) ? attempt(p, &y, stage) : attempt_write(p, who, w->method, target, route, stage);
		}
	arena_free(a);
	return err;
}

static int attempt_ways(struct probe *p, enum caller who, bool gets, bool params, const char *owner, enum stage stage)
{
	int err = 0;
	for (int i = 0; !err && i < p->survey.nways; i++)
		if (is_get(p->survey.way[i].method) == gets && way_params(p->survey.way[i].path) == params)
			err = attempt_way(p, who, &p->survey.way[i], owner, stage);
	return err;
}

/* Links that answers held, those found on the way too. */
static int attempt_links(struct probe *p, enum caller who, enum stage stage)
{
	int err = 0;
	for (int i = 0; !err && i < p->survey.nlinks && !over(p); i++) {
		struct attempt y = {.caller = who, .method = STR("GET"), .target = p->survey.link[i], .route = way_shape(p->arena, p->survey.link[i])};
		err = attempt(p, &y, stage);
	}
	return err;
}

static int attempt_forms(struct probe *p, enum caller who, enum stage stage)
{
	int err = 0;
	for (int i = 0; !err && i < p->survey.nforms && !over(p); i++)
		err = attempt_form(p, who, &p->survey.form[i], stage);
	return err;
}

/* ---- what the app is ---- */

static int learn_routes(struct probe *p)
{
	struct watch w = {0};
	struct cell c = {.to = -1, .from = -1};
	int err = pool_apart(&p->trial->node, &p->settings, p->app, &w, &c, p->fault);
	if (!err)
		survey_routes(&p->survey, buf_str(&w.ready));
	pool_apart_end(&c);
	watch_release(&w);
	p->report->routes = p->survey.nways;
	survey_link(&p->survey, p->arena, STR("/"), STR("/"));
	return err;
}

static int settle(struct probe *p, struct db *db)
{
	int err = db_begin(db);
	if (!err)
		err = setting_set(db, STR("deadline"), STR(REQUEST_MS));
	err = err ? db_rollback(db) : db_commit(db);
	if (!err)
		err = node_settings(&p->trial->node, db, p->arena, &p->settings);
	if (!err && !(p->app = app_by_id(&p->trial->node, db, str_of(p->trial->app_id))))
		err = fault(p->fault, ERR_NOT_FOUND, "no app is installed in the trial");
	return err;
}

static int meet(struct probe *p)
{
	struct user u;
	int err = trial_bound(p->trial, p->fault);
	struct db *db = err ? NULL : db_borrow(p->trial->node.store, p->fault);
	if (!err)
		err = db ? settle(p, db) : p->fault->err;
	db_return(db);
	for (int i = 0; !err && i < CALLERS; i++) {
		if (i == STRANGER)
			continue;
		err = home_person(&p->trial->node, str_of(people[i].account), ROLE_MEMBER, &u, p->fault);
		app_public_id(&p->trial->node, p->trial->app_id, u.id, p->id[i]);
	}
	return err;
}

/* ---- rows ---- */

static struct str row_of(const struct probe *p, const char *collection, const char *owner)
{
	for (int i = 0; i < p->marks.now.n; i++) {
		const struct state *s = &p->marks.now.list[i];
		if (s->kind == STATE_DOC && str_is(s->where, collection) && str_is(s->owner, owner))
			return s->what;
	}
	return STR_NONE;
}

/* Two rows as this person: one for nobody else, one shared with the members where the rule knows sharing. What the rule does
 * not let them add is no row of theirs, and no error. */
static void add_rows(struct probe *p, enum caller who, struct req *r, const struct collection *c)
{
	struct rows k;
	char id[ID_LEN + 1];
	struct buf ignored = BUF_INIT;
	struct str parent = c->parent ? row_of(p, c->parent->name, r->who.public_id) : STR_NONE;
	int err = rows_open(&k, r, false);
	if (!err)
		err = rows_collection(&k, str_of(c->name));
	for (int i = 0; !err && i < 2; i++) {
		const char *mark = marks_new(r->arena, author(who));
		struct str body = specimen_doc(p->trial, k.db, r->arena, mark, c->name, parent, survey_json(&p->survey, r->arena, mark));
		err = docs_insert(&k.docs, body, id, &ignored);
		if (!err && i && c->read >= WHO_SHARED)
			docs_share(&k.docs, str_of(id), STR("members"), VERB_READ);
	}
	rows_close(&k, 0);
	buf_release(&ignored);
}

static int add_rows_as(struct probe *p, enum caller who, const struct collection *c)
{
	struct req r;
	struct arena *a = arena_new();
	req_init(&r, &p->trial->node, a, DOOR_SHELL);
	r.settings = p->settings;
	r.app = p->app;
	if (!identity_become(&r, str_of(people[who].account)) && r.who.kind == WHO_IS_USER)
		add_rows(p, who, &r, c);
	r.app = NULL;
	req_release(&r);
	arena_free(a);
	return marks_look(&p->marks, p->fault);
}

/* The app may have made rows of its own; where it made none for somebody, here they are. Parents stand before their children in
 * a manifest or are looked at again in the second round. */
static int seed(struct probe *p)
{
	static const enum caller who[] = {ANNA, BEN, OWNER};
	const struct manifest *m = p->app->manifest;
	int err = 0;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < m->ncollections; i++)
			for (size_t k = 0; !err && k < ARRAY_LEN(who); k++)
				if (!row_of(p, m->collection[i].name, p->id[who[k]]).n && !over(p))
					err = add_rows_as(p, who[k], &m->collection[i]);
	return err;
}

/* ---- the whole ---- */

/* As the app offers itself: pages, then what its forms and routes make, then the routes below rows of one's own. */
static int use(struct probe *p, enum caller who)
{
	int err = attempt_ways(p, who, true, false, NULL, MAKING);
	if (!err)
		err = attempt_links(p, who, MAKING);
	if (!err)
		err = attempt_ways(p, who, false, false, NULL, MAKING);
	if (!err)
		err = attempt_forms(p, who, MAKING);
	for (int i = 0; !err && i < p->survey.nways; i++)
		if (str_is(p->survey.way[i].method, "POST") && way_params(p->survey.way[i].path))
			err = attempt_way(p, who, &p->survey.way[i], p->id[who], MAKING);
	return err;
}

static int read_all(struct probe *p, enum caller who)
{
	int err = attempt_ways(p, who, true, false, NULL, READING);
	if (!err)
		err = attempt_ways(p, who, true, true, NULL, READING);
	return err ? err : attempt_links(p, who, READING);
}

/* With everyone's ids, but first with anna's. */
static int write_all(struct probe *p, enum caller who)
{
	int err = attempt_ways(p, who, false, true, NULL, WRITING);
	if (!err)
		err = attempt_ways(p, who, false, false, NULL, WRITING);
	return err ? err : attempt_forms(p, who, WRITING);
}

static int explore(struct probe *p)
{
	static const enum caller order[] = {BEN, STRANGER, ANNA, OWNER};
	int err = marks_look(&p->marks, p->fault);
	if (!err)
		err = marks_look(&p->marks, p->fault); /* so that before and now are the same */
	if (!err)
		err = trial_keep(p->trial, p->fault);
	if (!err)
		err = use(p, ANNA);
	if (!err)
		err = use(p, BEN);
	if (!err)
		err = seed(p);
	for (size_t i = 0; !err && i < ARRAY_LEN(order); i++)
		err = read_all(p, order[i]);
	if (!err)
		err = trial_keep(p->trial, p->fault);
	for (size_t i = 0; !err && i < ARRAY_LEN(order); i++)
		err = write_all(p, order[i]);
	return err;
}

int probe_run(struct trial *t, int64_t ms, struct probe_report *report, struct fault *f)
{
	struct probe *p = xcalloc(1, sizeof *p);
	*report = (struct probe_report){0};
	*p = (struct probe){.trial = t, .report = report, .fault = f, .arena = arena_new(), .until = mono_ms() + ms};
	p->survey.arena = p->arena;
	int err = meet(p);
	if (!err)
		marks_open(&p->marks, &t->node, t->app_id, p->until);
	if (!err && p->app->nfiles) {
		survey_fields(&p->survey, p->app);
		err = learn_routes(p);
		if (!err)
			err = explore(p);
	}
	if (!err)
		write_report(p);
	marks_close(&p->marks);
	app_release(p->app);
	arena_free(p->arena);
	free(p);
	return err;
}

int probe_package(struct node *n, const struct package *p, const char *app_id, int64_t ms, struct probe_report *report, struct fault *f)
{
	struct trial t;
	int64_t until = mono_ms() + ms;
	*report = (struct probe_report){0};
	int err = trial_beside(&t, n, f);
	if (!err)
		err = trial_install(&t, p, f);
	if (!err && app_id)
		err = specimen_rows(n, app_id, &t, f);
	if (!err)
		err = probe_run(&t, MAX(until - mono_ms(), 1), report, f);
	trial_close(&t);
	return err;
}

/* ---- before consent ---- */

#define CONSENT_MS 10000

static int before_consent(struct node *n, const struct package *p, struct buf *json, struct fault *f)
{
	struct probe_report report;
	int err = probe_package(n, p, NULL, CONSENT_MS, &report, f);
	*json = report.json;
	return err;
}

void probe_install(void)
{
	package_try = before_consent;
}
