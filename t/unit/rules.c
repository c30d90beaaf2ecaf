/* The row rules as a model in memory, without any care for speed, and random operations held against it.
 *
 * Ten people, strangers and jobs work in ten apps whose collections have random rules; the identity changes with every
 * operation. Results, error codes and whole lists must be those of the model. RULES_SEED and RULES_OPS change the run;
 * with FAZT_LONG it is a million.
 */
#include <stdlib.h>

#include "base/out.h"
#include "home.h"
#include "store/docs.h"
#include "store/kv.h"
#include "tap.h"

#define APPS 10
#define USERS 10
#define COLLECTIONS 5
#define ROUND_OPS 1500 /* per app, then it starts anew with other rules */
#define ROWS 600
#define KEYS 200

static uint64_t state;

static unsigned rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state * 2685821657736338717ull) >> 33) % n;
}

/* ---- who ---- */

enum { STRANGER = -1, JOB = -2 };

static struct {
	int me; /* a user, STRANGER or JOB */
	bool admin, as_app;
} now;

static char users[USERS][27];

/* ---- the model ---- */

struct mrow {
	int collection;
	char id[27], parent[27];
	int owner; /* a user, or JOB for the app */
	int n;
	bool alive;
	int share[USERS + 2]; /* by user, then members, then anyone: 0…3 */
};
enum { MEMBERS = USERS, ANYONE };

static struct app {
	char id[27];
	char name[COLLECTIONS][8];
	struct collection c[COLLECTIONS];
	int parent[COLLECTIONS]; /* or -1 */
	struct mrow row[ROWS];
	int rows;
	struct {
		char key[40];
		double v;
	} key[KEYS];
	int keys, ops;
} apps[APPS], *app;

static bool is_app(void)
{
	return now.as_app || now.me == JOB;
}

static int level(void)
{
	if (is_app())
		return WHO_ADMINS;
	return now.me == STRANGER ? WHO_ANYONE : now.admin ? WHO_ADMINS : WHO_MEMBERS;
}

static int rule(int c, int verb)
{
	return verb == VERB_READ ? app->c[c].read : verb == VERB_ADD ? app->c[c].add : app->c[c].change;
}

static bool shared(const struct mrow *r, int verb)
{
	int best = r->share[ANYONE];
	if (now.me != STRANGER)
		best = MAX(best, r->share[MEMBERS]);
	if (now.me >= 0)
		best = MAX(best, r->share[now.me]);
	return best >= verb;
}

static bool owns(const struct mrow *r)
{
	return is_app() ? r->owner == JOB : now.me >= 0 && r->owner == now.me;
}

static struct mrow *row_by_id(int c, const char *id)
{
	for (int i = 0; i < app->rows; i++)
		if (app->row[i].alive && app->row[i].collection == c && !strcmp(app->row[i].id, id))
			return &app->row[i];
	return NULL;
}

enum { NO, YES, DELETE_ONLY };

static int can(int verb, const struct mrow *r)
{
	int c = r->collection, pc = app->parent[c], lv = rule(c, verb);
	const struct mrow *p = pc < 0 ? NULL : row_by_id(pc, r->parent);
	if (pc >= 0 && (!p || !can(VERB_READ, p)))
		return NO;
	if (owns(r))
		return YES;
	if (lv >= WHO_SHARED && (shared(r, verb) || (p && (owns(p) || shared(p, verb)))))
		return YES;
	if (lv >= level() && lv >= WHO_ADMINS)
		return YES;
	return verb == VERB_CHANGE && p && owns(p) ? DELETE_ONLY : NO;
}

static int refused(void)
{
	return now.me == STRANGER ? ERR_UNAUTHORIZED : ERR_DENIED;
}

static int may_add(int c, const char *parent)
{
	int lv = rule(c, VERB_ADD);
	if (app->parent[c] >= 0) {
		const struct mrow *p = row_by_id(app->parent[c], parent);
		if (!p || !can(VERB_READ, p))
			return ERR_NOT_FOUND;
		if (owns(p))
			return 0;
		if (lv <= WHO_SHARED)
			return shared(p, VERB_ADD) ? 0 : refused();
	}
	if (lv < WHO_ADMINS)
		lv = WHO_MEMBERS;
	return lv < level() ? refused() : 0;
}

static int visible(const struct mrow *r, int verb, int *how)
{
	if (!r || !can(VERB_READ, r))
		return ERR_NOT_FOUND;
	*how = can(verb, r);
	return *how ? 0 : refused();
}

static void drop_below(const char *id)
{
	for (int i = 0; i < app->rows; i++)
		if (app->row[i].alive && !strcmp(app->row[i].parent, id)) {
			app->row[i].alive = false;
			drop_below(app->row[i].id);
		}
}

/* ---- the same in the store ---- */

static struct store *store;
static struct db *db;
static struct fault fault_;
static struct arena *arena;
static struct scope scope;
static long violations, done, lists, shown;

static struct docs docs_of(int c)
{
	scope = now.me == STRANGER ? scope_stranger(app->id) : now.me == JOB ? scope_app(app->id) :
		scope_person(app->id, users[now.me], now.admin);
	if (now.as_app)
		scope = scope_as_app(scope);
	scope.max_bytes = scope.max_rows = INT64_MAX;
	return (struct docs){.db = db, .arena = arena, .scope = &scope, .collection = &app->c[c], .scan_rows = 1000000};
}

static void tell(const char *what, int c, const char *id)
{
	if (++violations > 20)
		return;
	printf("# %s of %s %s by %d%s%s: read %s add %s change %s parent %d\n", what, app->name[c], id, now.me, now.admin ? " admin" : "",
	       now.as_app ? " as app" : "", who_name(app->c[c].read), who_name(app->c[c].add), who_name(app->c[c].change), app->parent[c]);
}

static void expect(const char *what, int c, const char *id, int got, int want)
{
	if (got == want)
		return;
	tell(what, c, id);
	if (violations <= 20)
		printf("# got %s, want %s: %s\n", err_row(got)->code, err_row(want)->code, fault_.message);
}

/* A row of the collection, of a neighbour, or of nowhere. */
static const char *some_id(int c)
{
	static const char *const nowhere = "00000000000000000000000000";
	for (int tries = 0; tries < 8 && app->rows; tries++) {
		const struct mrow *r = &app->row[rnd((unsigned)app->rows)];
		if (r->collection == c || !rnd(20))
			return r->id;
	}
	return nowhere;
}

static void op_insert(int c)
{
	struct docs d = docs_of(c);
	struct buf out = BUF_INIT;
	char id[27] = "";
	struct mrow *r = &app->row[app->rows];
	*r = (struct mrow){.collection = c, .owner = is_app() || now.me == STRANGER ? JOB : now.me, .n = (int)rnd(6), .alive = true};
	if (app->parent[c] >= 0)
		snprintf(r->parent, sizeof r->parent, "%s", some_id(app->parent[c]));
	char *doc = arena_printf(arena, "{\"n\":%d,\"owner\":\"%s\",\"id\":\"x\",\"parent\":\"%s\"}", r->n, users[rnd(USERS)], r->parent);
	int want = may_add(c, r->parent), got = docs_insert(&d, str_of(doc), id, &out);
	expect("insert", c, id, got, want);
	snprintf(r->id, sizeof r->id, "%s", id);
	app->rows += !got && !want;
	buf_release(&out);
}

/* The row as {"id","owner","parent","n"}, as `fields` selects it. */
static void row_text(struct buf *b, const struct mrow *r)
{
	struct out o = OUT(b);
	out_object(&o);
	out_kcstr(&o, "id", r->id);
	if (r->owner >= 0)
		out_kcstr(&o, "owner", users[r->owner]);
	if (r->parent[0])
		out_kcstr(&o, "parent", r->parent);
	out_kint(&o, "n", r->n);
	out_end(&o);
}

/* ---- lists ---- */

struct asked {
	int c, n;           /* n: -1 any */
	const char *parent; /* NULL any */
	int owner;          /* -1 any */
	int sort;           /* 0 id, 1 n, 2 -n, 3 -created */
	const struct mrow *hit[ROWS];
	int hits;
};

static int sorting;

static int by_sort(const void *a, const void *b)
{
	const struct mrow *x = *(const struct mrow *const *)a, *y = *(const struct mrow *const *)b;
	int n = sorting == 1 ? x->n - y->n : sorting == 2 ? y->n - x->n : 0;
	return n ? n : strcmp(x->id, y->id) * (sorting >= 2 ? -1 : 1);
}

static void model_find(struct asked *a)
{
	for (int i = 0; i < app->rows; i++) {
		const struct mrow *r = &app->row[i];
		if (r->alive && r->collection == a->c && (a->n < 0 || r->n == a->n) && (!a->parent || !strcmp(a->parent, r->parent)) &&
		    (a->owner < 0 || r->owner == a->owner) && can(VERB_READ, r))
			a->hit[a->hits++] = r;
	}
	sorting = a->sort;
	qsort(a->hit, (size_t)a->hits, sizeof *a->hit, by_sort);
}

static char *query_text(const struct asked *a)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	if (a->n >= 0)
		out_kint(&o, "n", a->n);
	if (a->parent)
		out_kcstr(&o, "parent", a->parent);
	if (a->owner >= 0)
		out_kcstr(&o, "owner", users[a->owner]);
	out_end(&o);
	char *text = arena_cstr(arena, buf_str(&b));
	buf_release(&b);
	return text;
}

static char *opts_text(const struct asked *a, int limit, const char *cursor)
{
	static const char *const sorts[] = {"id", "n", "-n", "-created"};
	return arena_printf(arena, "{\"fields\":[\"n\",\"owner\",\"parent\"],\"sort\":\"%s\",\"limit\":%d%s%s%s}", sorts[a->sort], limit,
			    cursor ? ",\"cursor\":\"" : "", cursor ? cursor : "", cursor ? "\"" : "");
}

static void page_text(struct buf *b, const struct asked *a, int from, int limit)
{
	buf_adds(b, "{\"items\":[");
	for (int i = from; i < MIN(a->hits, from + limit); i++) {
		if (i > from)
			buf_addc(b, ',');
		row_text(b, a->hit[i]);
	}
	buf_addc(b, ']');
}

static void op_find(int c)
{
	struct asked a = {.c = c, .n = rnd(3) ? -1 : (int)rnd(6), .owner = rnd(8) ? -1 : (int)rnd(USERS), .sort = (int)rnd(4),
			  .parent = app->parent[c] >= 0 && rnd(2) ? some_id(app->parent[c]) : NULL};
	struct docs d = docs_of(c);
	struct buf got = BUF_INIT, want = BUF_INIT;
	int limit = rnd(3) ? 1000 : 1 + (int)rnd(10), err = 0;
	const char *cursor = NULL;
	model_find(&a);
	lists++, shown += a.hits;
	for (int from = 0; !err; from += limit) {
		buf_clear(&got);
		buf_clear(&want);
		err = docs_find(&d, str_of(query_text(&a)), str_of(opts_text(&a, limit, cursor)), &got);
		page_text(&want, &a, from, limit);
		bool more = from + limit < a.hits;
		const char *at = err || !more ? NULL : strstr(got.p, "],\"cursor\":\"");
		buf_adds(&want, more ? ",\"cursor\":\"" : "}");
		if (err || strncmp(got.p, want.p, want.len) || (!more && got.len != want.len)) {
			tell("find", c, query_text(&a));
			if (violations <= 20)
				printf("# %s\n# got  %.300s\n# want %.300s\n", opts_text(&a, limit, NULL), err ? fault_.message : got.p, want.p);
			break;
		}
		if (!more)
			break;
		cursor = arena_str(arena, (struct str){at + 12, got.len - 2 - (size_t)(at + 12 - got.p)}).p;
	}
	buf_clear(&got);
	expect("count", c, "", docs_count(&d, str_of(query_text(&a)), &got), 0);
	if (got.len && strtol(got.p, NULL, 10) != a.hits)
		tell("count", c, got.p);
	buf_release(&got);
	buf_release(&want);
}

static void op_get(int c)
{
	const char *id = some_id(c);
	struct docs d = docs_of(c);
	struct buf out = BUF_INIT;
	const struct mrow *r = row_by_id(c, id);
	bool want = r && can(VERB_READ, r);
	expect("get", c, id, docs_get(&d, str_of(id), &out), 0);
	if (want != (out.len && out.p[0] == '{'))
		tell("get", c, id);
	buf_release(&out);
}

static void op_update(int c)
{
	const char *id = some_id(c);
	struct docs d = docs_of(c);
	struct buf out = BUF_INIT;
	struct mrow *r = row_by_id(c, id);
	int how = NO, n = (int)rnd(6), want = visible(r, VERB_CHANGE, &how);
	if (!want && how == DELETE_ONLY)
		want = ERR_DENIED;
	char *changes = arena_printf(arena, "{\"n\":%d,\"owner\":\"%s\",\"parent\":\"x\",\"app_id\":\"y\"}", n, users[rnd(USERS)]);
	int got = docs_update(&d, str_of(id), str_of(changes), rnd(2), 0, &out);
	expect("update", c, id, got, want);
	if (!got && r)
		r->n = n;
	buf_release(&out);
}

static void op_delete(int c)
{
	const char *id = some_id(c);
	struct docs d = docs_of(c);
	struct mrow *r = row_by_id(c, id);
	int how, want = visible(r, VERB_CHANGE, &how), got = docs_delete(&d, str_of(id));
	expect("delete", c, id, got, want);
	if (!got && !want) {
		r->alive = false;
		drop_below(id);
	}
}

static void op_share(int c)
{
	const char *id = some_id(c);
	struct docs d = docs_of(c);
	struct mrow *r = row_by_id(c, id);
	int to = (int)rnd(USERS + 2), as = (int)rnd(4);
	const char *who = to == MEMBERS ? "members" : to == ANYONE ? "anyone" : users[to];
	int want = !r || !can(VERB_READ, r) ? ERR_NOT_FOUND : owns(r) ? 0 : ERR_DENIED;
	int got = docs_share(&d, str_of(id), str_of(who), as);
	expect("share", c, id, got, want);
	if (!got && !want)
		r->share[to] = as;
}

/* ---- keys ---- */

static int model_key(const char *key, int verb, char space[40])
{
	const char *slash = strchr(key, '/');
	for (int c = 0; slash && c < COLLECTIONS; c++)
		if (!strncmp(key, app->name[c], (size_t)(slash - key)) && !app->name[c][slash - key]) {
			snprintf(space, 40, "app|%s", key);
			return rule(c, verb) < level() && !is_app() ? ERR_DENIED : 0;
		}
	if (now.me == STRANGER && !is_app())
		return ERR_UNAUTHORIZED;
	if (is_app())
		snprintf(space, 40, "app|%s", key);
	else
		snprintf(space, 40, "%d|%s", now.me, key);
	return 0;
}

static double *model_value(const char *space)
{
	for (int i = 0; i < app->keys; i++)
		if (!strcmp(app->key[i].key, space))
			return &app->key[i].v;
	if (app->keys == KEYS)
		die("too many keys");
	snprintf(app->key[app->keys].key, sizeof app->key[0].key, "%s", space);
	app->key[app->keys].v = 0;
	return &app->key[app->keys++].v;
}

static void op_key(int c)
{
	struct docs d = docs_of(c);
	bool declared = rnd(2), write = rnd(2);
	char key[20], space[40];
	snprintf(key, sizeof key, "%s%sk%u", declared ? app->name[c] : rnd(2) ? "other" : "", declared || rnd(2) ? "/" : "", rnd(3));
	struct kv k = {.db = db, .arena = arena, .scope = &scope};
	for (int i = 0; i < COLLECTIONS; i++)
		if (str_is(kv_collection(str_of(key)), app->name[i]))
			k.collection = &app->c[i];
	(void)d;
	struct buf out = BUF_INIT;
	int want = model_key(key, write ? VERB_CHANGE : VERB_READ, space);
	int got = write ? kv_incr(&k, str_of(key), 1, &out) : kv_get(&k, str_of(key), &out);
	expect(write ? "incr" : "key", c, key, got, want);
	if (!got && !want) {
		double *v = model_value(space);
		*v += write;
		if (strcmp(out.p, "null") ? strtod(out.p, NULL) != *v : *v != 0)
			tell("value", c, key);
	}
	buf_release(&out);
}

/* ---- the run ---- */

static enum who some_rule(void)
{
	return (enum who)(1 + rnd(5));
}

/* t0 and t1 stand alone, c0 hangs below t0, c1 below c0, c2 below t1; some have indexes. */
static void app_start(struct app *a)
{
	static const int parents[COLLECTIONS] = {-1, -1, 0, 2, 1};
	static const char *const names[COLLECTIONS] = {"t0", "t1", "c0", "c1", "c2"};
	memset(a, 0, sizeof *a);
	id_new(a->id);
	for (int i = 0; i < COLLECTIONS; i++) {
		a->parent[i] = parents[i];
		snprintf(a->name[i], sizeof a->name[i], "%s", names[i]);
		a->c[i] = (struct collection){.name = a->name[i], .read = some_rule(), .add = some_rule(), .change = some_rule(),
					      .parent = parents[i] < 0 ? NULL : &a->c[parents[i]]};
		if (rnd(2))
			a->c[i].index[a->c[i].nindex++] = (struct key_spec){1, {{"n", rnd(2)}}};
		if (parents[i] >= 0 && rnd(2))
			a->c[i].index[a->c[i].nindex++] = (struct key_spec){2, {{"parent", false}, {"n", rnd(2)}}};
	}
	if (db_begin(db) || docs_declare(db, a->id, a->c, COLLECTIONS) || db_commit(db))
		die("declare: %s", fault_.message);
}

static void identity(void)
{
	unsigned who = rnd(14);
	now.me = who < USERS ? (int)who : who == 13 ? JOB : STRANGER;
	now.admin = now.me == 0 || now.me == 1;
	now.as_app = !rnd(6);
}

static void one_op(void)
{
	static void (*const ops[])(int) = {
		op_insert, op_insert, op_insert, op_insert, op_find, op_find, op_find, op_get, op_get, op_update, op_update,
		op_share, op_share, op_share, op_key, op_key, op_delete,
	};
	app = &apps[rnd(APPS)];
	if (app->ops++ == ROUND_OPS || app->rows == ROWS)
		app_start(app);
	identity();
	ops[rnd(ARRAY_LEN(ops))]((int)rnd(COLLECTIONS));
	arena_reset(arena);
}

int main(void)
{
	const char *seed = getenv("RULES_SEED"), *ops = getenv("RULES_OPS");
	unsigned char random[8];
	store = home_make();
	crypt_random(random, sizeof random);
	memcpy(&state, random, sizeof state);
	if (seed)
		state = strtoull(seed, NULL, 10);
	state |= 1;
	printf("# RULES_SEED=%llu\n", (unsigned long long)state);
	for (int i = 0; i < USERS; i++)
		snprintf(users[i], sizeof users[i], "u_%024d", i);
	arena = arena_new();
	db = db_borrow(store, &fault_);
	for (int i = 0; i < APPS; i++)
		app_start(&apps[i]);
	long total = ops ? strtol(ops, NULL, 10) : getenv("FAZT_LONG") ? 1000000 : 100000;
	for (done = 0; done < total && violations < 20; done++)
		one_op();
	db_return(db);
	is_int(violations, 0, "RLS-07 %ld operations of 10 people in 10 apps, as the model has it", done);
	ok(shown > lists, "and the lists were not empty: %ld rows in %ld lists", shown, lists);
	arena_free(arena);
	home_remove(store);
	return done_testing();
}
