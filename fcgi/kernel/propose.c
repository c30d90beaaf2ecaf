#include "kernel/propose.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/json.h"
#include "store/decision.h"
#include "store/files.h"

/* One package is in memory at a time, because whoever is here holds the write lock; that is why a call costs what it does. */

struct change {
	struct str path, value; /* value: JSON */
};

struct proposing {
	const struct proposal *p;
	struct db *db;
	struct arena *arena;
	struct app_row *app; /* NULL: there is none of that name */
	int n;
	struct change *change;
	struct package *package;
};

static int add_change(struct proposing *w, struct str key, struct str value)
{
	struct buf path = BUF_INIT;
	if (w->n == PACKAGE_ENTRIES)
		return db_fail(w->db, ERR_MANIFEST_LIMITS, "the package has more than %d files and folders", PACKAGE_ENTRIES);
	json_unescape(&path, key);
	w->change[w->n++] = (struct change){arena_str(w->arena, path.len ? buf_str(&path) : STR("")), value};
	buf_release(&path);
	return 0;
}

static int read_changes(struct proposing *w)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	w->change = arena_alloc(w->arena, PACKAGE_ENTRIES * sizeof *w->change);
	json_lex_init(&l, w->p->files, JSON_DEPTH);
	bool object = json_next(&l) == JSON_OBJECT;
	while (object && !err && json_next_member(&l, &key, &value))
		err = add_change(w, key, value);
	return err || w->n ? err : db_fail(w->db, ERR_BAD_REQUEST, "files is a table of paths and what is to be in them, such as "
					   "{ [\"api/main.lua\"] = text }");
}

static const struct change *change_of(const struct proposing *w, const char *path)
{
	for (int i = 0; i < w->n; i++)
		if (str_is(w->change[i].path, path))
			return &w->change[i];
	return NULL;
}

/* ---- the package ---- */

static int keep_files(struct proposing *w)
{
	struct file_row *list;
	int n = files_list(w->db, w->arena, w->app->package, "", &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		struct str bytes;
		struct arena *a = arena_new();
		if (!change_of(w, list[i].path) && !(err = file_load(w->db, a, w->app->package, list[i].path, &bytes)))
			err = package_place(w->package, str_of(list[i].path), bytes, db_fault(w->db));
		arena_free(a);
	}
	return err;
}

static int take_away(struct proposing *w, const struct change *c)
{
	if (w->app && file_there(w->db, w->app->package, arena_cstr(w->arena, c->path)))
		return 0;
	return db_fail(w->db, ERR_BAD_REQUEST, "there is no file \"%s\" to take away", visible(w->arena, c->path, 200));
}

static int bytes_of(struct proposing *w, const struct change *c, struct buf *b)
{
	struct str name;
	struct buf text = BUF_INIT;
	if (json_text(b, c->value))
		return 0;
	bool blob = c->value.p[0] == '{' && json_member(c->value, STR("blob"), &name) && json_text(&text, name);
	int err = blob ? w->p->blob(w->p->arg, text.len ? buf_str(&text) : STR(""), b)
		       : db_fail(w->db, ERR_BAD_REQUEST, "\"%s\": a file is a text, { blob = NAME }, or fazt.null to take it away",
				 visible(w->arena, c->path, 200));
	buf_release(&text);
	return err;
}

static int put_file(struct proposing *w, const struct change *c)
{
	struct buf b = BUF_MAX(PACKAGE_BYTES + 1);
	if (str_is(c->value, "null"))
		return take_away(w, c);
	int err = bytes_of(w, c, &b);
	if (!err)
		err = package_place(w->package, c->path, b.len ? buf_str(&b) : STR(""), db_fault(w->db));
	buf_release(&b);
	return err;
}

static int assemble(struct proposing *w)
{
	int err = w->app ? keep_files(w) : 0;
	for (int i = 0; !err && i < w->n; i++)
		err = put_file(w, &w->change[i]);
	return err ? err : package_finish(w->package, false, db_fault(w->db));
}

/* ---- what it is for ---- */

static int check_base(struct proposing *w)
{
	struct manifest *m;
	const struct str base = w->p->base;
	int err = package_manifest(w->db, w->arena, w->app->package, &m);
	if (err || !base.p || str_is(base, w->app->package) || (m->version && str_is(base, m->version)))
		return err;
	return db_fail(w->db, ERR_STALE, "%s is not at that version; it is at %s", w->app->name, m->version ? m->version : w->app->package);
}

static int find_app(struct proposing *w)
{
	const struct proposal *p = w->p;
	int err = manifest_name(p->app, false, db_fault(w->db));
	w->app = err ? NULL : app_row_by_name(w->db, w->arena, p->app);
	if (err || !w->app)
		return err || !p->base.p ? err : db_fail(w->db, ERR_STALE, "there is no app of that name, so there is no version to start from");
	if (str_starts(str_of(w->app->origin), "builtin:"))
		return db_fail(w->db, ERR_RESERVED_NAME, "%s comes with Fazt, and is upgraded with it", w->app->name);
	return check_base(w);
}

static int check_package(struct proposing *w)
{
	const struct package *p = w->package;
	if (w->app && !strcmp(w->app->package, p->hash))
		return db_fail(w->db, ERR_CONFLICT, "%s would stay as it is", w->app->name);
	if (!w->app && !str_is(w->p->app, p->manifest->name))
		return db_fail(w->db, ERR_BAD_REQUEST, "app.json of a new app says its name: %s", arena_cstr(w->arena, w->p->app));
	return 0;
}

/* ---- the candidate ---- */

static int insert(struct proposing *w, const struct candidate *c)
{
	int err = decision_room(w->db, w->p->by->id, true);
	if (!err)
		err = candidate_insert(w->db, c);
	if (!err)
		err = package_save(w->db, w->package);
	return err ? err : candidate_package(w->db, c->id, w->package->hash, "", c->origin);
}

/* An app keeps the place it came from, so that its next version may come from there again. */
static int become_candidate(struct proposing *w, char id[ID_LEN + 1])
{
	const struct proposal *p = w->p;
	const char *source = arena_printf(w->arena, "proposal:%s", p->by->name);
	id_new(id);
	struct candidate c = {.id = id, .source = source, .origin = w->app ? w->app->origin : arena_printf(w->arena, "proposal:%s", p->by->id),
			      .local = true, .name = w->app ? "" : w->package->manifest->name, .for_app = w->app ? w->app->id : "", .package = w->package->hash,
			      .asked_by = p->by->id, .run_id = p->run_id, .words = arena_cstr(w->arena, p->words), .base = w->app ? w->app->version : 0,
			      .expires = p->expires};
	int err = candidates_reap(w->db, now_ms() - CANDIDATE_MS);
	const char *same = err ? NULL : candidate_same(w->db, w->arena, &c);
	if (same)
		snprintf(id, ID_LEN + 1, "%s", same);
	return err || same ? err : insert(w, &c);
}

int propose(struct db *db, struct arena *a, const struct proposal *p, char id[ID_LEN + 1])
{
	struct proposing w = {.p = p, .db = db, .arena = a, .package = package_new()};
	int err = find_app(&w);
	if (!err)
		err = read_changes(&w);
	if (!err)
		err = assemble(&w);
	if (!err)
		err = check_package(&w);
	if (!err)
		err = become_candidate(&w, id);
	package_free(w.package);
	return err;
}
