#include "base/visible.h"
#include "codec/diff.h"
#include "kernel/install.h"
#include "kernel/migration.h"
#include "kernel/sentence.h"
#include "store/files.h"
#include "sys/appinfo.h"
#include "sys/decide.h"

/* app.diff: what a fetched candidate would change in an app, before anybody decides on it. */

#define TEXT_BYTES (256 * KIB) /* of a file that is compared line by line */
#define DIFF_BYTES MIB         /* of all differences together */

struct sides {
	struct db *db;
	const char *before, *after; /* packages */
	struct arena *file;         /* reset for each */
	size_t shown, cells; /* cells: that may be compared yet */
	int unseen;          /* files that are not shown line by line */
	struct buf *names;   /* of the first of them, or NULL */
};

#define UNSEEN_NAMED 5

/* ---- sentences ---- */

static bool says(const char *const *list, int n, const char *sentence)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i], sentence))
			return true;
	return false;
}

static void write_missing(struct out *o, const char *key, const char *const *list, int n, const char *const *other, int nother)
{
	out_key(o, key);
	out_array(o);
	for (int i = 0; i < n; i++)
		if (!says(other, nother, list[i]))
			out_cstr(o, list[i]);
	out_end(o);
}

static void write_sentences(struct req *r, struct out *o, const struct manifest *before, const struct manifest *after)
{
	const char **was, **is;
	const char *zone = r->settings.text[SETTING_TIMEZONE];
	int nwas = manifest_sentences(before, zone, r->arena, &was), nis = manifest_sentences(after, zone, r->arena, &is);
	write_missing(o, "rules", is, nis, was, nwas);
	write_missing(o, "rules_before", was, nwas, is, nis);
	out_kcstr(o, "wider", manifest_wider(before, after, zone, r->arena));
	write_missing(o, "permissions_before", before->permission, before->npermissions, after->permission, after->npermissions);
}

/* ---- files ---- */

/* What is run is shown whatever bytes are in it: one of them in a comment must not hide the rest. */
static bool ends_in(const char *path, const char *const *endings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_ends(str_of(path), endings[i]))
			return true;
	return false;
}

static bool is_code(const char *path)
{
	static const char *const endings[] = {".lua", ".js", ".mjs", ".html", ".css", ".svg", ".json"};
	return ends_in(path, endings, ARRAY_LEN(endings));
}

/* A browser draws or plays it and runs nothing of it, so its name and size are all there is to see. */
static bool is_media(const char *path)
{
	static const char *const endings[] = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".woff", ".woff2", ".mp3", ".ogg", ".mp4", ".webm"};
	return ends_in(path, endings, ARRAY_LEN(endings));
}

static bool comparable(const char *path, struct str s)
{
	return s.n <= TEXT_BYTES && (is_code(path) || (text_utf8(s) && !memchr(s.n ? s.p : "", 0, s.n)));
}

static void note_unseen(struct sides *s, const char *path)
{
	s->unseen++;
	if (s->names && s->unseen <= UNSEEN_NAMED)
		buf_addf(s->names, "%s%s", s->unseen > 1 ? ", " : "", path);
}

static int write_file(struct sides *s, struct out *o, const char *path, int64_t was, int64_t is)
{
	struct str before = STR(""), after = STR("");
	struct buf b = BUF_MAX(DIFF_BYTES - s->shown);
	int err = was >= 0 ? file_load(s->db, s->file, s->before, path, &before) : 0;
	if (!err && is >= 0)
		err = file_load(s->db, s->file, s->after, path, &after);
	if (err || (was >= 0 && is >= 0 && str_eq(before, after)))
		return err;
	bool text = comparable(path, before) && comparable(path, after) && s->shown < DIFF_BYTES;
	if (text)
		diff_text(&b, before, after, &s->cells);
	bool shown = text && !b.full, unseen = !shown && is >= 0 && !is_media(path);
	out_object(o);
	out_kcstr(o, "path", path);
	out_kcstr(o, "change", was < 0 ? "added" : is < 0 ? "removed" : "changed");
	out_kint(o, "before", MAX(was, (int64_t)0));
	out_kint(o, "after", MAX(is, (int64_t)0));
	out_kbool(o, "unseen", unseen);
	out_kstr(o, "diff", shown ? (b.len ? buf_str(&b) : STR("")) : STR_NONE);
	out_end(o);
	if (unseen)
		note_unseen(s, path);
	s->shown = b.full ? DIFF_BYTES : s->shown + b.len;
	buf_release(&b);
	return 0;
}

/* Both lists are in order of path. */
static int write_files(struct req *r, struct sides *s, struct out *o, const char *key)
{
	struct file_row *was, *is;
	int n = *s->before ? files_list(s->db, r->arena, s->before, "", &was) : 0, m = files_list(s->db, r->arena, s->after, "", &is), i = 0, j = 0;
	int err = n < 0 ? -n : m < 0 ? -m : 0;
	out_key(o, key);
	out_array(o);
	while (!err && (i < n || j < m)) {
		int order = i == n ? 1 : j == m ? -1 : strcmp(was[i].path, is[j].path);
		err = write_file(s, o, order <= 0 ? was[i].path : is[j].path, order <= 0 ? was[i].size : -1, order >= 0 ? is[j].size : -1);
		i += order <= 0;
		j += order >= 0;
		arena_reset(s->file);
	}
	out_end(o);
	return err;
}

/* ---- the whole ---- */

static int write_migrations(struct req *r, struct db *db, struct out *o, const struct app_row *app, const char *package)
{
	struct migration *m;
	int err = migration_plan(r->node, db, app, package, &m);
	out_key(o, "migrations");
	out_array(o);
	for (int i = 0; m && i < m->files.n; i++)
		out_cstr(o, m->files.path[i] + strlen(MIGRATION_FOLDER));
	out_end(o);
	migration_free(m);
	return err;
}

static int write_diff(struct req *r, struct db *db, struct out *o, const struct app_row *app, const struct candidate *c)
{
	struct manifest *before, *after;
	struct sides s = {.db = db, .before = app->package, .after = c->package, .file = arena_new(), .cells = DIFF_CELLS_ALL};
	int err = package_manifest(db, r->arena, app->package, &before);
	if (!err)
		err = package_manifest(db, r->arena, c->package, &after);
	if (!err) {
		out_object(o);
		out_kcstr(o, "app", app->name);
		out_kcstr(o, "from", before->version);
		out_kcstr(o, "to", after->version);
		out_kcstr(o, "hash", c->package);
		write_permissions(r, o, after, NULL, before);
		write_sentences(r, o, before, after);
		err = write_migrations(r, db, o, app, c->package);
	}
	if (!err)
		err = write_files(r, &s, o, "files");
	if (!err)
		out_end(o);
	arena_free(s.file);
	return err;
}

static struct sides sides_of(struct req *r, struct db *db, const struct candidate *c)
{
	struct app_row *app = *c->for_app ? app_row_by_id(db, r->arena, str_of(c->for_app)) : NULL;
	return (struct sides){.db = db, .before = app ? app->package : "", .after = c->package, .file = arena_new(), .cells = DIFF_CELLS_ALL};
}

int write_changes(struct req *r, struct db *db, struct out *o, const struct candidate *c)
{
	struct sides s = sides_of(r, db, c);
	int err = write_files(r, &s, o, "changes");
	arena_free(s.file);
	return err;
}

int changes_seen(struct req *r, struct db *db, const struct candidate *c, const struct arg *unseen)
{
	struct buf json = BUF_INIT, names = BUF_INIT;
	struct out o = OUT(&json);
	struct sides s = sides_of(r, db, c);
	s.names = &names;
	out_object(&o);
	int err = unseen->present && unseen->b ? 0 : write_files(r, &s, &o, "changes");
	if (!err && s.unseen)
		err = fail(r, ERR_BAD_REQUEST, "What is in %d of its files is not shown (%s%s). To say yes to that too, tick its box, or say --unseen.", s.unseen,
			   visible(r->arena, buf_str(&names), 300), s.unseen > UNSEEN_NAMED ? ", …" : "");
	arena_free(s.file);
	buf_release(&names);
	buf_release(&json);
	return err;
}

static int diff(struct req *r, struct db *db, const struct call *call, struct out *o)
{
	struct app_row *app = app_named(r, db, call->arg[0].s);
	struct candidate *c = app ? candidate_get(db, r->arena, call->arg[1].s) : NULL;
	if (!app)
		return r->fault.err;
	if (!c || !*c->package)
		return fail(r, ERR_NOT_FOUND, "there is no such candidate, or it has no package yet");
	return write_diff(r, db, o, app, c);
}

int op_app_diff(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, diff);
}
