#include "store/plan.h"

/* ---- conditions that hold for every row of the result ---- */

static const struct cond *top(const struct cond *c, enum op op, const char *path)
{
	if (c->op == op && str_is(c->path, path))
		return c;
	const struct cond *found = NULL;
	for (int i = 0; c->op == OP_AND && i < c->n && !found; i++)
		found = top(&c->child[i], op, path);
	return found;
}

static const struct cond *equal_to(const struct query *q, const char *path)
{
	const struct cond *c = top(&q->where, OP_EQ, path);
	return c && c->key.p[0] != KEY_NULL ? c : NULL; /* null also matches what is missing */
}

static const struct cond *either(const struct query *q, enum op one, enum op two, const char *path)
{
	const struct cond *c = top(&q->where, one, path);
	return c ? c : top(&q->where, two, path);
}

static struct str first_of_kind(struct str key)
{
	return key.p[0] == KEY_TRUE ? (struct str){"\x03", 1} : (struct str){key.p, 1};
}

static struct str last_of_kind(struct str key)
{
	return key.p[0] == KEY_FALSE ? (struct str){"\x04", 1} : (struct str){key.p, 1};
}

/* What the values of a field begin with at the least and at the most. */
static bool bounds(const struct query *q, const char *path, struct str *lo, struct str *hi)
{
	const struct cond *prefix = top(&q->where, OP_PREFIX, path);
	const struct cond *low = either(q, OP_GT, OP_GTE, path), *high = either(q, OP_LT, OP_LTE, path);
	if (prefix) {
		*lo = *hi = (struct str){prefix->key.p, prefix->key.n - 2};
		return true;
	}
	if (!low && !high)
		return false;
	*lo = low ? low->key : first_of_kind(high->key);
	*hi = high ? high->key : last_of_kind(low->key);
	return true;
}

/* ---- does a slot fit? ---- */

struct fit {
	const struct slot *slot;
	int equal; /* leading fields with one value */
	bool range, sorted, backward;
	struct buf prefix, lo, hi;
};

static void fit_release(struct fit *f)
{
	buf_release(&f->prefix);
	buf_release(&f->lo);
	buf_release(&f->hi);
}

static int score(const struct fit *f)
{
	return f->slot ? 4 * f->equal + 3 * f->sorted + 2 * f->range : 0;
}

static void fit_equal(struct fit *f, const struct query *q)
{
	const struct key_spec *spec = &f->slot->spec;
	const struct cond *c;
	while (f->equal < spec->n && (c = equal_to(q, spec->field[f->equal].path)) &&
	       key_part(&f->prefix, c->key, spec->field[f->equal].desc))
		f->equal++;
}

/* Prefix alone, or with the bounds of the next field; a descending field's keys are complemented, so they change
 * places. */
static void fit_range(struct fit *f, const struct query *q)
{
	const struct key_spec *spec = &f->slot->spec;
	struct str lo, hi;
	buf_addstr(&f->lo, buf_str(&f->prefix));
	buf_addstr(&f->hi, buf_str(&f->prefix));
	if (f->equal < spec->n && bounds(q, spec->field[f->equal].path, &lo, &hi)) {
		bool desc = spec->field[f->equal].desc;
		f->range = key_part(&f->lo, desc ? hi : lo, desc) && key_part(&f->hi, desc ? lo : hi, desc);
		if (!f->range) {
			f->lo.len = f->hi.len = f->prefix.len;
		}
	}
	key_after(&f->hi);
}

/* The query's order must be all that is left of the slot, in its directions or in all the opposite ones. */
static void fit_sort(struct fit *f, const struct query *q)
{
	const struct key_field *have = f->slot->spec.field + f->equal, *want = q->sort.field;
	int n = q->sort.n;
	if (n != f->slot->spec.n - f->equal)
		return;
	f->backward = have[0].desc != want[0].desc;
	for (int i = 0; i < n; i++)
		if (strcmp(have[i].path, want[i].path) || (have[i].desc != want[i].desc) != f->backward)
			return;
	f->sorted = true;
}

/* Is every row of this slot's range open to the caller, or at least no one's business but its parent's? */
static bool open_slot(const struct slot *s, const struct scope *sc, const struct collection *c, const struct query *q)
{
	if (!s->usable || s->by_owner != (c->read == WHO_OWNER))
		return false;
	return s->by_owner || sc->level <= c->read || (!strcmp(s->spec.field[0].path, "parent") && equal_to(q, "parent"));
}

static struct fit fit_of(const struct slot *s, const struct scope *sc, const struct query *q)
{
	struct fit f = {.slot = s};
	if (s->by_owner)
		key_str(&f.prefix, str_of(sc->me));
	fit_equal(&f, q);
	fit_range(&f, q);
	fit_sort(&f, q);
	if (s->unique && f.equal < s->spec.n)
		f.slot = NULL; /* it leaves rows out, and holds no order */
	return f;
}

static void keep(struct arena *a, struct plan *p, const struct fit *f)
{
	*p = (struct plan){
		.narrow = NARROW_SLOT, .order = f->sorted ? ORDER_SLOT : ORDER_KEY, .slot = f->slot,
		.budget = !f->equal && !f->range, .exact = f->equal == f->slot->spec.n, .backward = f->backward,
		.lo = arena_str(a, buf_str(&f->lo)), .hi = arena_str(a, buf_str(&f->hi)), .prefix = arena_str(a, buf_str(&f->prefix)),
	};
}

static int best_slot(struct arena *a, const struct scope *sc, const struct collection *c, const struct query *q,
		     const struct slot *slots, int n, struct plan *p)
{
	int best = 0;
	for (int i = 0; i < n; i++) {
		if (!open_slot(&slots[i], sc, c, q))
			continue;
		struct fit f = fit_of(&slots[i], sc, q);
		if (score(&f) > best) {
			best = score(&f);
			keep(a, p, &f);
		}
		fit_release(&f);
	}
	return best;
}

/* ---- choosing ---- */

static void take(struct plan *p, enum narrow narrow, struct str one)
{
	*p = (struct plan){.narrow = narrow, .one = one, .order = ORDER_KEY, .budget = narrow != NARROW_ID};
}

void plan_query(struct arena *a, const struct scope *sc, const struct collection *c, const struct query *q,
		const struct slot *slots, int nslots, struct plan *p)
{
	const struct cond *id = equal_to(q, "id"), *parent = equal_to(q, "parent"), *owner = equal_to(q, "owner");
	int best = best_slot(a, sc, c, q, slots, nslots, p);
	if (id && id->text.p)
		take(p, NARROW_ID, id->text);
	else if (best >= 4 || (best && !parent))
		;
	else if (parent && parent->text.p)
		take(p, NARROW_PARENT, parent->text);
	else if (c->read == WHO_OWNER)
		take(p, NARROW_OWNER, str_of(sc->me));
	else if (sc->level > c->read)
		take(p, NARROW_MINE, STR_NONE);
	else if (owner && owner->text.p)
		take(p, NARROW_OWNER, owner->text);
	else
		take(p, NARROW_NONE, STR_NONE);
	if (q->by_id && p->order != ORDER_SLOT)
		p->order = ORDER_ID;
}

/* ---- advice ---- */

static void advise(struct key_spec *s, const char *path, bool desc)
{
	for (int i = 0; i < s->n; i++)
		if (!strcmp(s->field[i].path, path))
			return;
	if (s->n < INDEX_FIELDS)
		s->field[s->n++] = (struct key_field){path, desc};
}

static void advise_ops(struct arena *a, struct key_spec *s, const struct cond *c, enum op first, enum op last)
{
	for (int i = 0; c->op == OP_AND && i < c->n; i++)
		advise_ops(a, s, &c->child[i], first, last);
	if (c->op >= first && c->op <= last && !str_is(c->path, "id"))
		advise(s, arena_cstr(a, c->path), false);
}

struct str plan_advice(struct arena *a, const struct query *q)
{
	struct key_spec s = {0};
	struct buf b = BUF_INIT;
	advise_ops(a, &s, &q->where, OP_EQ, OP_EQ);
	for (int i = 0; i < q->sort.n && !q->unsorted; i++)
		advise(&s, q->sort.field[i].path, q->sort.field[i].desc);
	if (q->unsorted)
		advise_ops(a, &s, &q->where, OP_GT, OP_LTE);
	key_spec_text(&b, &s);
	struct str text = arena_str(a, buf_str(&b));
	buf_release(&b);
	return text;
}
