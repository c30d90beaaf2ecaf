/* The predicate, spoken:
 *
 *   may(verb, row) = the parent, where the collection has one, exists and may be read, and
 *       the caller's level is admitted, or the row is the caller's,
 *       or the rule admits sharing, and the row is shared with the caller for this verb,
 *                                   or the parent is the caller's or so shared.
 *
 * Cheap terms stand first. d is the row, p1 its parent, p2 the parent's parent. Bound are :app, :me, :who, :grp and
 * :level, the names :c0… and read rules :r0… of the chain, the rule :lv and number :vb of the verb.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "store/scope.h"

#include "store/conn.h"

#ifndef MUTANT /* a predicate that t/920-mutants.t leaves out */
#define MUTANT 0
#endif

/* ---- who ---- */

struct scope scope_person(const char *app_id, const char *public_id, bool admin)
{
	return (struct scope){.app_id = app_id, .me = public_id, .who = public_id, .group = "members", .known = true,
			      .level = admin ? WHO_ADMINS : WHO_MEMBERS};
}

struct scope scope_stranger(const char *app_id)
{
	return (struct scope){.app_id = app_id, .me = "!", .who = "!", .group = "!", .level = WHO_ANYONE};
}

struct scope scope_nowhere(void)
{
	return scope_stranger(""); /* no app has that id */
}

struct scope scope_app(const char *app_id)
{
	return (struct scope){.app_id = app_id, .me = "", .who = "!", .group = "members", .known = true, .level = WHO_ADMINS};
}

struct scope scope_as_app(struct scope caller)
{
	caller.me = "";
	caller.level = WHO_ADMINS;
	return caller;
}

/* ---- the predicate ---- */

static const char *alias(int i)
{
	static const char *const names[] = {"d", "p1", "p2", "p3", "p4"};
	return names[i];
}

static void of_app(struct buf *b, const char *of)
{
#if MUTANT == 2
	buf_addf(b, "%s.app_id = %s.app_id", of, of);
#else
	buf_addf(b, "%s.app_id = :app", of);
#endif
}

static void owned(struct buf *b, int i)
{
#if MUTANT == 1
	buf_addf(b, "(%s.owner = :me OR 1)", alias(i));
#else
	buf_addf(b, "%s.owner = :me", alias(i));
#endif
}

static void shared(struct buf *b, int i, const char *verb)
{
	buf_adds(b, "EXISTS (SELECT 1 FROM shares s WHERE ");
	of_app(b, "s");
	buf_addf(b, " AND s.collection = :c%d AND s.id = %s.id", i, alias(i));
#if MUTANT != 3
	buf_adds(b, " AND s.who IN ('anyone', :grp, :who)");
#endif
	buf_addf(b, " AND s.level >= %s)", verb);
}

/* The row at depth i of a chain of n, for the verb with this rule and number. */
static void may(struct buf *b, int i, int n, const char *rule, const char *verb, bool deleting)
{
	bool parent = i + 1 < n;
	if (parent) {
		buf_addf(b, "EXISTS (SELECT 1 FROM docs %s WHERE ", alias(i + 1));
		of_app(b, alias(i + 1));
		buf_addf(b, " AND %s.collection = :c%d AND %s.id = %s.parent AND ", alias(i + 1), i + 1, alias(i + 1), alias(i));
	}
	buf_addf(b, "(:level <= %s OR ", rule);
	owned(b, i);
	if (parent && deleting) {
		buf_adds(b, " OR ");
		owned(b, i + 1);
	}
	buf_addf(b, " OR (%s >= %d AND (", rule, WHO_SHARED);
	shared(b, i, verb);
	if (parent) {
		buf_adds(b, " OR ");
		owned(b, i + 1);
		buf_adds(b, " OR ");
		shared(b, i + 1, verb);
	}
	buf_adds(b, ")))");
	if (parent) {
		char read[16];
		snprintf(read, sizeof read, ":r%d", i + 1);
		buf_adds(b, " AND ");
		may(b, i + 1, n, read, "1", false);
		buf_addc(b, ')');
	}
}

static int depth(const struct collection *c)
{
	int n = 0;
	for (; c; c = c->parent)
		n++;
	return n;
}

void scope_rows(struct buf *b)
{
	of_app(b, "d");
	buf_adds(b, " AND d.collection = :c0");
}

void scope_may(struct buf *b, const struct collection *c, enum may what)
{
	int n = depth(c);
	buf_addc(b, '(');
	may(b, 0, n, ":r0", "1", false);
	if (what == MAY_OWN) {
		buf_adds(b, " AND ");
		owned(b, 0);
	} else if (what != MAY_READ) {
		buf_adds(b, " AND ");
		may(b, 0, n, ":lv", ":vb", what == MAY_DELETE);
	}
	buf_addc(b, ')');
}

/* Below `shared`, a rule for adding at the top level means the members: nothing is there yet that could be shared. */
void scope_add(struct buf *b, const struct collection *c)
{
	if (!c->parent) {
		buf_addf(b, ":level <= iif(:lv < %d, %d, :lv)", WHO_ADMINS, WHO_MEMBERS);
		return;
	}
	buf_adds(b, "EXISTS (SELECT 1 FROM docs p1 WHERE ");
	of_app(b, "p1");
	buf_adds(b, " AND p1.collection = :c1 AND p1.id = :parent AND (");
	owned(b, 1);
	buf_addf(b, " OR (:lv >= %d AND :level <= :lv) OR (:lv < %d AND ", WHO_ADMINS, WHO_ADMINS);
	shared(b, 1, ":vb");
	buf_adds(b, ")) AND ");
	may(b, 1, depth(c), ":r1", "1", false);
	buf_addc(b, ')');
}

void scope_keys(struct buf *b)
{
	of_app(b, "k");
	buf_adds(b, " AND k.owner = iif(:shared, '', :me) AND (:shared = 0 OR :level <= :shared OR :me = '')");
}

static void mine_at(struct buf *b, int i)
{
	buf_addf(b, "SELECT o.id FROM docs o INDEXED BY docs_owner "
		 "WHERE o.app_id = :app AND o.collection = :c%d AND o.owner = :me "
		 "UNION SELECT s.id FROM shares s INDEXED BY shares_who "
		 "WHERE s.app_id = :app AND s.collection = :c%d AND s.who IN ('anyone', :grp, :who)", i, i);
}

void scope_mine(struct buf *b, const struct collection *c)
{
	mine_at(b, 0);
	if (!c->parent)
		return;
	buf_adds(b, " UNION SELECT o.id FROM docs o INDEXED BY docs_parent WHERE o.app_id = :app AND o.collection = :c0 "
		 "AND o.parent <> '' AND o.parent IN (");
	mine_at(b, 1);
	buf_addc(b, ')');
}

/* ---- statements ---- */

static void bind_chain(struct stmt *s, const struct collection *c)
{
	char name[16];
	for (int i = 0; c; c = c->parent, i++) {
		snprintf(name, sizeof name, ":c%d", i);
		stmt_bind_str(s, name, str_of(c->name));
		snprintf(name, sizeof name, ":r%d", i);
		stmt_bind_int(s, name, c->read);
	}
}

static void bind_scope(struct stmt *s, const struct scope *sc)
{
	stmt_bind_str(s, ":app", str_of(sc->app_id));
	stmt_bind_str(s, ":me", str_of(sc->me));
	stmt_bind_str(s, ":who", str_of(sc->who));
	stmt_bind_str(s, ":grp", str_of(sc->group));
	stmt_bind_int(s, ":level", sc->level);
}

static struct stmt *prepare(struct db *db, const char *sql, const char *const *needed)
{
	struct stmt *s = stmt_get(db, sql, ADMIT_TENANT);
	for (; s && *needed; needed++)
		if (!stmt_param(s, *needed)) {
			stmt_done(s);
			db_fail(db, ERR_INTERNAL, "A statement on rows does not carry its caller's scope.");
			return NULL;
		}
	return s;
}

struct stmt *scope_prepare(struct db *db, const struct scope *sc, const struct collection *c, enum verb v,
			   const char *sql)
{
	static const char *const needed[] = {":app", ":me", ":level", NULL};
	if (depth(c) > COLLECTION_DEPTH) {
		db_fail(db, ERR_INTERNAL, "A chain of parents is too long.");
		return NULL;
	}
	struct stmt *s = prepare(db, sql, needed);
	if (!s)
		return NULL;
	bind_scope(s, sc);
	bind_chain(s, c);
	stmt_bind_int(s, ":vb", v);
	if (c)
		stmt_bind_int(s, ":lv", v == VERB_READ ? c->read : v == VERB_ADD ? c->add : c->change);
	return s;
}

struct stmt *scope_kernel(struct db *db, const char *app_id, const char *sql)
{
	static const char *const needed[] = {":app", NULL};
	struct stmt *s = prepare(db, sql, needed);
	if (s)
		stmt_bind_str(s, ":app", str_of(app_id));
	return s;
}

int scope_denied(struct db *db, const struct scope *sc, const char *what)
{
	return sc->known ? db_fail(db, ERR_DENIED, "You may not %s.", what) :
			   db_fail(db, ERR_UNAUTHORIZED, "Sign in to %s.", what);
}

/* ---- why ---- */

/* One row of the chain, its clauses evaluated one by one with the same pieces. */
static struct stmt *clauses(struct db *db, const struct scope *sc, const struct collection *c, struct str id,
			    enum verb v)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, "SELECT :level <= :lv, ");
	owned(&b, 0);
	buf_adds(&b, ", ");
	shared(&b, 0, ":vb");
	buf_adds(&b, ", p1.id IS NOT NULL, ifnull(");
	owned(&b, 1);
	buf_adds(&b, ", 0), ");
	buf_adds(&b, c->parent ? "" : "0 AND ");
	shared(&b, c->parent ? 1 : 0, ":vb");
	buf_adds(&b, ", d.parent FROM docs d "
		     "LEFT JOIN docs p1 ON p1.app_id = d.app_id AND p1.id = d.parent AND p1.collection = ");
	buf_adds(&b, c->parent ? ":c1" : "NULL");
	buf_adds(&b, " WHERE d.id = :id AND ");
	scope_rows(&b);
	struct stmt *s = scope_prepare(db, sc, c, v, b.p);
	buf_release(&b);
	if (s)
		stmt_bind_str(s, ":id", id);
	return s;
}

static const char *verdict(struct arena *a, struct stmt *s, const struct collection *c, enum verb v, bool *yes)
{
	enum who rule = v == VERB_READ ? c->read : c->change;
	const char *verb = v == VERB_READ ? "read" : "change";
	bool sharing = rule >= WHO_SHARED;
	const struct {
		const char *text;
		bool holds;
	} list[] = {
		{"it is theirs", stmt_int(s, 1)},
		{arena_printf(a, "the rule of %s for %s is \"%s\"", c->name, verb, who_name(rule)), stmt_int(s, 0)},
		{arena_printf(a, "it is shared with them to %s", verb), sharing && stmt_int(s, 2)},
		{"the row it hangs below is theirs", sharing && stmt_int(s, 4)},
		{arena_printf(a, "the row it hangs below is shared with them to %s", verb), sharing && stmt_int(s, 5)},
	};
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if ((*yes = list[i].holds))
			return list[i].text;
	return arena_printf(a, "it is not theirs, the rule of %s for %s is \"%s\"%s", c->name, verb, who_name(rule),
			    sharing ? " and it is not shared with them" : "");
}

/* What changes a row must be allowed to read it first. */
static char *why_unreadable(struct db *db, const struct scope *sc, const struct collection *c, struct str id,
			    struct arena *a)
{
	bool yes;
	char *why = scope_why(db, sc, c, id, VERB_READ, a, &yes);
	return why && !yes ? arena_printf(a, "they may not read it, for %s", why) : NULL;
}

char *scope_why(struct db *db, const struct scope *sc, const struct collection *c, struct str id, enum verb v,
		struct arena *a, bool *yes)
{
	*yes = false;
	char *unreadable = v == VERB_READ ? NULL : why_unreadable(db, sc, c, id, a);
	if (unreadable)
		return unreadable;
	struct stmt *s = clauses(db, sc, c, id, v);
	int row = s ? stmt_row(s) : -1;
	if (row <= 0)
		return row ? NULL : arena_printf(a, "there is no row %.*s in %s", STR_FMT(id), c->name);
	const char *text = verdict(a, s, c, v, yes);
	struct str parent = arena_str(a, stmt_str(s, 6));
	stmt_done(s);
	if (!c->parent || !*yes)
		return arena_strdup(a, text);
	bool above;
	char *why = scope_why(db, sc, c->parent, parent, VERB_READ, a, &above);
	if (!why)
		return NULL;
	if (above)
		return arena_printf(a, "%s, and they may read the row of %s it hangs below: %s", text, c->parent->name, why);
	*yes = false;
	return arena_printf(a, "they may not read the row of %s it hangs below: %s", c->parent->name, why);
}
