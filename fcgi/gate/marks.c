#include "gate/marks.h"

#include "base/now.h"
#include "store/copy.h"
#include "store/kv.h"

#define HEAD "zq" /* a text is this, its author, base32, and this again */
#define SIGHTS_MAX 20000
#define SLOTS 32768 /* of a table that has them all */

/* Sights stand in the order in which they were made, and are referred to by their number; 0: none. */
struct sight {
	char text[MARK_LEN + 1];
	enum state_kind kind;
	struct str where, what, owner;
	int look; /* at which it was first seen there */
	int next; /* with the same text; */
	int last; /* and of the first of them, the last */
};

void marks_open(struct marks *m, struct node *n, const char *app_id, int64_t until)
{
	*m = (struct marks){.node = n, .app_id = app_id, .until = until, .arena = arena_new()};
	m->by_text = xcalloc(SLOTS, sizeof *m->by_text);
	m->by_place = xcalloc(SLOTS, sizeof *m->by_place);
	crypt_random(m->key, sizeof m->key);
	m->now.arena = arena_new();
	m->before.arena = arena_new();
}

void marks_close(struct marks *m)
{
	if (!m->arena)
		return;
	arena_free(m->now.arena);
	arena_free(m->before.arena);
	arena_free(m->arena);
	free(m->sights);
	free(m->by_text);
	free(m->by_place);
	*m = (struct marks){0};
}

char *marks_new(struct arena *a, char author)
{
	unsigned char random[13];
	char middle[22];
	crypt_random(random, 12);
	crypt_base32(middle, random, 12); /* 20 characters */
	return arena_printf(a, HEAD "%c%.19s" HEAD, author, middle);
}

/* The next text in s, which goes on behind it; false: no more. */
static bool next_text(struct str *s, char text[MARK_LEN + 1])
{
	while (s->n >= MARK_LEN) {
		const char *at = memchr(s->p, HEAD[0], s->n - MARK_LEN + 1);
		if (!at)
			return false;
		*s = (struct str){at + 1, s->n - (size_t)(at - s->p) - 1};
		if (memcmp(at, HEAD, 2) || memcmp(at + MARK_LEN - 2, HEAD, 2))
			continue;
		memcpy(text, at, MARK_LEN);
		text[MARK_LEN] = 0;
		*s = (struct str){at + MARK_LEN, s->n - MARK_LEN + 1};
		return true;
	}
	return false;
}

bool marks_in(struct str s)
{
	char text[MARK_LEN + 1];
	return next_text(&s, text);
}

/* ---- looking ---- */

static bool late(const struct marks *m)
{
	return mono_ms() >= m->until;
}

static bool same_place(const struct sight *s, const struct state *x)
{
	return s->kind == x->kind && str_eq(s->where, x->where) && str_eq(s->what, x->what);
}

static const struct sight *sight(const struct marks *m, int number)
{
	return number ? &m->sights[number - 1] : NULL;
}

static void hash_part(struct hashing *h, struct str s)
{
	crypt_hash_add(h, &s.n, sizeof s.n);
	crypt_hash_add(h, s.n ? s.p : "", s.n);
}

/* Of a text, or of a text in a place: under a key, so that an app cannot know what falls together. */
static uint32_t hash(const struct marks *m, const char *text, const struct state *x)
{
	struct hashing h;
	unsigned char out[HASH_LEN];
	uint32_t n;
	crypt_hash_init(&h);
	crypt_hash_add(&h, m->key, sizeof m->key);
	crypt_hash_add(&h, text, MARK_LEN);
	if (x) {
		crypt_hash_add(&h, &x->kind, sizeof x->kind);
		hash_part(&h, x->where);
		hash_part(&h, x->what);
	}
	crypt_hash_end(&h, out);
	memcpy(&n, out, sizeof n);
	return n;
}

/* Where the number of the first sight of a text is, or of that in a place; or would be. */
static int *slot(const struct marks *m, const char *text, const struct state *x)
{
	int *table = x ? m->by_place : m->by_text;
	for (uint32_t i = hash(m, text, x);; i++) {
		const struct sight *s = sight(m, table[i % SLOTS]);
		if (!s || (!strcmp(s->text, text) && (!x || same_place(s, x))))
			return &table[i % SLOTS];
	}
}

/* The youngest sight becomes the last one of its text. */
static void chain(struct marks *m)
{
	int number = m->nsights, *first = slot(m, m->sights[number - 1].text, NULL);
	*first = *first ? *first : number;
	struct sight *head = &m->sights[*first - 1];
	if (head->last)
		m->sights[head->last - 1].next = number;
	head->last = number;
}

static void note_text(struct marks *m, const char *text, const struct state *x)
{
	int *place = slot(m, text, x);
	if (*place || m->nsights == SIGHTS_MAX)
		return;
	if (m->nsights == m->room) {
		m->room = MAX(2 * m->room, 256);
		m->sights = xrealloc(m->sights, (size_t)m->room * sizeof *m->sights);
	}
	struct sight *s = &m->sights[m->nsights++];
	*s = (struct sight){.kind = x->kind, .where = arena_str(m->arena, x->where), .what = arena_str(m->arena, x->what),
			    .owner = arena_str(m->arena, x->owner), .look = m->look};
	memcpy(s->text, text, sizeof s->text);
	*place = m->nsights;
	chain(m);
}

static struct state state_of(struct arena *a, const struct record *r)
{
	struct buf line = BUF_INIT;
	unsigned char sum[HASH_LEN];
	struct state x = {.kind = r->kind == RECORD_DOC ? STATE_DOC : r->kind == RECORD_SHARE ? STATE_SHARE : STATE_KEY};
	x.owner = arena_str(a, r->owner);
	x.where = x.kind == STATE_KEY ? x.owner : arena_str(a, r->collection);
	x.what = x.kind == STATE_KEY ? arena_str(a, r->key)
		 : x.kind == STATE_DOC ? arena_str(a, r->id) : str_of(arena_printf(a, "%.*s %.*s", STR_FMT(r->id), STR_FMT(r->who)));
	x.parent = arena_str(a, r->parent);
	record_write(&line, r);
	crypt_hash(sum, line.p, line.len);
	memcpy(x.sum, sum, sizeof x.sum);
	buf_release(&line);
	return x;
}

static int note_record(void *arg, const struct record *r)
{
	struct marks *m = arg;
	char text[MARK_LEN + 1];
	if (m->now.n == MARK_ROWS || late(m))
		return ERR_STALE; /* enough was seen */
	struct state *x = &m->now.list[m->now.n++];
	*x = state_of(m->now.arena, r);
	for (struct str rest = r->kind == RECORD_DOC ? r->body : r->value; next_text(&rest, text);)
		note_text(m, text, x);
	return 0;
}

static int compare(const struct state *a, const struct state *b)
{
	const struct str one[] = {a->where, a->what}, other[] = {b->where, b->what};
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	for (int i = 0; i < 2; i++) {
		size_t n = MIN(one[i].n, other[i].n);
		int c = n ? memcmp(one[i].p, other[i].p, n) : 0;
		if (c || one[i].n != other[i].n)
			return c ? c : one[i].n < other[i].n ? -1 : 1;
	}
	return 0;
}

static int by_place(const void *a, const void *b)
{
	return compare(a, b);
}

int marks_look(struct marks *m, struct fault *f)
{
	struct copy_count n = {0};
	struct states old = m->before;
	struct db *db = db_borrow(m->node->store, f);
	if (!db)
		return f->err;
	m->before = m->now;
	arena_reset(old.arena);
	m->now = (struct states){.arena = old.arena};
	m->now.list = arena_alloc(m->now.arena, MARK_ROWS * sizeof *m->now.list);
	m->look++;
	int err = copy_out(db, m->app_id, 0, note_record, m, &n);
	err = err == ERR_STALE ? 0 : err;
	db_return(db);
	qsort(m->now.list, (size_t)m->now.n, sizeof *m->now.list, by_place);
	return err;
}

static const struct state *find(const struct states *s, const struct state *x)
{
	return s->n ? bsearch(x, s->list, (size_t)s->n, sizeof *x, by_place) : NULL;
}

static bool differs(const struct states *s, const struct state *x)
{
	const struct state *y = find(s, x);
	return !y || memcmp(x->sum, y->sum, sizeof x->sum);
}

const struct state *marks_changed(const struct marks *m, int n, bool *gone)
{
	for (int i = 0; i < m->before.n; i++)
		if (differs(&m->now, &m->before.list[i]) && !n--) {
			*gone = !find(&m->now, &m->before.list[i]);
			return &m->before.list[i];
		}
	*gone = false;
	for (int i = 0; i < m->now.n; i++)
		if (!find(&m->before, &m->now.list[i]) && !n--)
			return &m->now.list[i];
	return NULL;
}

/* ---- may they? ---- */

struct judge {
	struct db *db;
	const struct app *app;
	const struct scope *scope;
	struct arena *arena;
};

static bool reads_doc(const struct judge *j, const struct sight *s, const char **why)
{
	bool yes = false;
	const struct collection *c = app_collection(j->app, s->where, j->arena);
	*why = c ? scope_why(j->db, j->scope, c, s->what, VERB_READ, j->arena, &yes) : "";
	return yes;
}

static bool reads_key(const struct judge *j, const struct sight *s, const char **why)
{
	struct buf value = BUF_INIT;
	struct str name = kv_collection(s->what);
	struct kv k = {.db = j->db, .arena = j->arena, .scope = j->scope, .collection = name.n ? manifest_collection(j->app->manifest, name) : NULL};
	bool yes = !kv_get(&k, s->what, &value) && value.len && strstr(value.p, s->text);
	fault_clear(db_fault(j->db));
	buf_release(&value);
	*why = k.collection ? arena_printf(j->arena, "the rule of %s does not admit them", k.collection->name) : "the key is private to whoever set it";
	return yes;
}

static bool reads(const struct judge *j, const struct sight *s, const char **why)
{
	return s->kind == STATE_DOC ? reads_doc(j, s, why) : reads_key(j, s, why);
}

/* Where a text began: a document of the first look that saw it, else a key. */
static const struct sight *origin(const struct marks *m, const char *text)
{
	const struct sight *first = sight(m, *slot(m, text, NULL));
	for (const struct sight *s = first; s && s->look == first->look; s = sight(m, s->next))
		if (s->kind == STATE_DOC)
			return s;
	return first;
}

static bool there(const struct marks *m, const struct sight *s)
{
	struct state x = {.kind = s->kind, .where = s->where, .what = s->what};
	return find(&m->now, &x) != NULL;
}

/* May the caller have this text from anywhere that counts? */
static bool had(const struct marks *m, const struct judge *j, const struct sight *first, const char **why)
{
	const char *ignored;
	if (!there(m, first) || reads(j, first, why))
		return true;
	for (const struct sight *s = sight(m, *slot(m, first->text, NULL)); s && !late(m); s = sight(m, s->next)) {
		bool counts = first->kind == STATE_DOC ? s->kind == STATE_DOC && str_eq(s->owner, first->owner) : s->look == first->look;
		if (s != first && counts && reads(j, s, &ignored))
			return true;
	}
	return late(m);
}

bool marks_leak(struct marks *m, const struct app *app, const struct scope *sc, char reader, struct str *bytes, struct arena *a,
		struct leak *l, struct fault *f)
{
	char text[MARK_LEN + 1];
	bool found = false;
	struct judge j = {.db = db_borrow(m->node->store, f), .app = app, .scope = sc, .arena = a};
	while (j.db && !found && !late(m) && next_text(bytes, text)) {
		const struct sight *first = text[2] == reader ? NULL : origin(m, text);
		if (!first || had(m, &j, first, &l->why))
			continue;
		*l = (struct leak){first->kind, first->where, first->what, first->owner, l->why};
		found = true;
	}
	db_return(j.db);
	return found;
}
