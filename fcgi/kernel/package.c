#include "kernel/package.h"

#include "base/visible.h"
#include "codec/entry.h"
#include "store/files.h"

/* Files are kept in an array of fixed size: the budget of entries is its bound. Paths that differ only in case are found
 * at the end, by sorting the folds of all entries (folders too). */

int (*package_check)(struct node *n, const struct package *p, struct fault *f);
int (*package_try)(struct node *n, const struct package *p, struct buf *report, struct fault *f);

struct package *package_new(void)
{
	struct arena *a = arena_new();
	struct package *p = NEW(a, struct package);
	p->arena = a;
	p->file = arena_alloc(a, PACKAGE_ENTRIES * sizeof *p->file);
	return p;
}

void package_free(struct package *p)
{
	if (!p)
		return;
	buf_release(&p->folds);
	arena_free(p->arena);
}

static int entry(struct package *p, struct str path, struct fault *f)
{
	const char *why = entry_path_problem(path);
	if (why)
		return fault(f, ERR_BAD_PATH, "the path \"%s\" is not allowed: it %s", visible(p->arena, path, 200), why);
	if (++p->nentries > PACKAGE_ENTRIES)
		return fault(f, ERR_MANIFEST_LIMITS, "the package has more than %d files and folders", PACKAGE_ENTRIES);
	entry_fold(&p->folds, path);
	buf_addc(&p->folds, ' ');
	buf_addstr(&p->folds, path);
	buf_add(&p->folds, "", 1);
	return 0;
}

int package_folder(struct package *p, struct str path, struct fault *f)
{
	return entry(p, path, f);
}

static bool is_lua(struct str path)
{
	return str_ends(path, ".lua") && (str_starts(path, "api/") || str_starts(path, "migrations/") || str_starts(path, "t/"));
}

int package_file(struct package *p, struct str path, struct str bytes, struct fault *f)
{
	int err = entry(p, path, f);
	if (err)
		return err;
	if (bytes.n > PACKAGE_BYTES - p->bytes)
		return fault(f, ERR_MANIFEST_LIMITS, "the package is larger than %u MB", PACKAGE_BYTES / MIB);
	if ((is_lua(path) || entry_is_view(path)) && bytes.n > PACKAGE_LUA)
		return fault(f, ERR_MANIFEST_LIMITS, "%.*s is larger than %u KB; split it", STR_FMT(path), PACKAGE_LUA / KIB);
	if (is_lua(path) && memchr(bytes.n ? bytes.p : "", 0x1B, MIN(bytes.n, (size_t)1)))
		return fault(f, ERR_BINARY_CHUNK, "%.*s is compiled Lua; ship the source text", STR_FMT(path));
	p->bytes += bytes.n;
	p->file[p->nfiles++] = (struct package_file){arena_cstr(p->arena, path), arena_str(p->arena, bytes)};
	return 0;
}

static bool folder_seen(const struct package *p, struct str folder)
{
	for (int i = 0; i < p->nfiles; i++) {
		struct str path = str_of(p->file[i].path);
		if (path.n > folder.n && path.p[folder.n] == '/' && !memcmp(path.p, folder.p, folder.n))
			return true;
	}
	return false;
}

int package_place(struct package *p, struct str path, struct str bytes, struct fault *f)
{
	int err = 0;
	for (size_t n = 0; !err && n < path.n; n++) {
		struct str folder = {path.p, n};
		if (path.p[n] == '/' && !folder_seen(p, folder))
			err = package_folder(p, folder, f);
	}
	return err ? err : package_file(p, path, bytes, f);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct package_file *)a)->path, ((const struct package_file *)b)->path);
}

const struct package_file *package_find(const struct package *p, const char *path)
{
	struct package_file key = {.path = path};
	return bsearch(&key, p->file, (size_t)p->nfiles, sizeof key, by_path);
}

/* ---- names that differ only in case ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int collisions(struct package *p, struct fault *f)
{
	const char **fold = arena_alloc(p->arena, (size_t)(p->nentries + 1) * sizeof *fold), *at = p->folds.p;
	for (int i = 0; i < p->nentries; i++, at += strlen(at) + 1)
		fold[i] = at;
	qsort(fold, (size_t)p->nentries, sizeof *fold, by_text);
	for (int i = 1; i < p->nentries; i++) {
		const char *one = strchr(fold[i - 1], ' '), *other = strchr(fold[i], ' ');
		if (one - fold[i - 1] == other - fold[i] && !memcmp(fold[i - 1], fold[i], (size_t)(other - fold[i])))
			return fault(f, ERR_BAD_PATH, "\"%s\" and \"%s\" would be one file on some systems; rename one", one + 1, other + 1);
	}
	return 0;
}

/* ---- the whole ---- */

static void hash(struct package *p)
{
	unsigned char sum[HASH_LEN];
	struct buf b = BUF_INIT;
	for (int i = 0; i < p->nfiles; i++) {
		buf_add(&b, p->file[i].path, strlen(p->file[i].path) + 1);
		crypt_hash(sum, p->file[i].bytes.p, p->file[i].bytes.n);
		buf_add(&b, sum, sizeof sum);
	}
	crypt_hash(sum, b.p, b.len);
	crypt_hex(p->hash, sum, sizeof sum);
	buf_release(&b);
}

static int handlers(const struct package *p, struct fault *f)
{
	const struct manifest *m = p->manifest;
	for (int i = 0; i < m->ncron; i++)
		if (!package_find(p, m->cron[i].handler))
			return fault(f, ERR_BAD_MANIFEST, "app.json: cron[%d].handler: there is no file %s", i, m->cron[i].handler);
	return 0;
}

int package_finish(struct package *p, bool builtin, struct fault *f)
{
	int err = collisions(p, f);
	if (err)
		return err;
	qsort(p->file, (size_t)p->nfiles, sizeof *p->file, by_path);
	const struct package_file *json = package_find(p, "app.json");
	if (!json)
		return fault(f, ERR_BAD_PACKAGE, "there is no app.json; an app has one beside its api and public folders");
	err = manifest_parse(json->bytes, p->arena, &p->manifest, f);
	if (err)
		return err;
	err = manifest_name(str_of(p->manifest->name), builtin, f);
	if (!err && !builtin)
		err = manifest_paths(p->manifest, f);
	if (err)
		return err;
	if (!package_find(p, "api/main.lua") && !package_find(p, "public/index.html"))
		return fault(f, ERR_BAD_PACKAGE, "there is neither api/main.lua nor public/index.html; an app needs one of them");
	hash(p);
	return handlers(p, f);
}

/* ---- in the database ---- */

int package_save(struct db *db, const struct package *p)
{
	bool fresh;
	int err = package_store(db, p->hash, p->nfiles, (int64_t)p->bytes, &fresh);
	for (int i = 0; !err && fresh && i < p->nfiles; i++)
		err = file_store(db, p->hash, p->file[i].path, p->file[i].bytes);
	return err;
}

int package_stored(struct db *db, const char *hash, struct package *p)
{
	struct file_row *list;
	struct arena *a = arena_new();
	int n = files_list(db, a, hash, "", &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		struct str bytes;
		err = file_load(db, a, hash, list[i].path, &bytes);
		if (!err)
			err = package_file(p, str_of(list[i].path), bytes, db_fault(db));
	}
	arena_free(a);
	return err ? err : package_finish(p, true, db_fault(db));
}

int package_manifest(struct db *db, struct arena *a, const char *hash, struct manifest **m)
{
	struct str json;
	int err = file_load(db, a, hash, "app.json", &json);
	return err ? err : manifest_parse(json, a, m, db_fault(db));
}
