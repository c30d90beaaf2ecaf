#include "kernel/repository.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/net.h"
#include "base/now.h"
#include "base/tree.h"
#include "base/visible.h"
#include "codec/entry.h"
#include "codec/gitobj.h"
#include "kernel/git.h"
#include "kernel/way.h"

/* Two programs of git are used: `fetch` into an empty bare repository of ours, and `cat-file --batch` to read objects.
 * Walking the trees is done here, because git's own ways list millions of paths of a small hostile repository before
 * anyone can say stop. */

#define TREE_BYTES MIB /* of one tree or commit object */
#define STALE_S 600    /* a folder left behind by a fetch that was killed */
#define PREFIX "fazt-git-"
#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define BLOB_LIMIT_KB 20480 /* PACKAGE_BYTES: a larger file is never sent */

/* ---- reading ---- */

struct reading {
	struct git git;
	struct package *package;
	struct fault *fault;
	struct buf line;
	size_t oid_bytes;
};

static int broken(struct reading *r)
{
	if (mono_ms() >= r->git.until)
		return fault(r->fault, ERR_BAD_PACKAGE, "reading the repository took longer than %d seconds", GIT_MS / 1000);
	return fault(r->fault, ERR_BAD_PACKAGE, "the repository cannot be read; some of its objects are missing or damaged");
}

/* Ask for an object and read its header; its bytes and a newline follow. */
static int ask(struct reading *r, const char *name, struct git_header *h)
{
	char request[600];
	if ((size_t)snprintf(request, sizeof request, "%s\n", name) >= sizeof request)
		return fault(r->fault, ERR_BAD_SOURCE, "the name of the branch or folder is too long");
	if (!git_write(&r->git, request) || !git_line(&r->git, &r->line) || !git_header_parse(buf_str(&r->line), h))
		return broken(r);
	return 0;
}

static int take(struct reading *r, const struct git_header *h, struct buf *b)
{
	size_t n = (size_t)h->size;
	char end;
	buf_reserve(b, n + 1);
	if (!git_read(&r->git, b->p, n) || !git_read(&r->git, &end, 1))
		return broken(r);
	b->len = n;
	b->p[n] = 0;
	return 0;
}

static const char *shown(struct reading *r, struct str path)
{
	return visible(r->package->arena, path, 200);
}

static int read_tree(struct reading *r, struct str tree, struct str path, int depth);

static int read_blob(struct reading *r, const char *oid, struct str path)
{
	struct git_header h;
	struct buf b = BUF_INIT;
	int err = ask(r, oid, &h);
	if (err)
		return err;
	if (h.missing || (h.type == GIT_BLOB && h.size > PACKAGE_BYTES - (int64_t)r->package->bytes))
		return fault(r->fault, ERR_MANIFEST_LIMITS, "%s makes the package larger than %u MB", shown(r, path), PACKAGE_BYTES / MIB);
	if (h.type != GIT_BLOB)
		return broken(r);
	err = take(r, &h, &b);
	if (!err)
		err = package_file(r->package, path, buf_str(&b), r->fault);
	buf_release(&b);
	return err;
}

static int read_folder(struct reading *r, const char *name, struct str path, int depth)
{
	struct git_header h;
	struct buf b = BUF_INIT;
	int err = ask(r, name, &h);
	if (err)
		return err;
	if (h.missing || h.type != GIT_TREE)
		return depth ? broken(r) : fault(r->fault, ERR_BAD_SOURCE, "there is no such folder in the repository");
	if (h.size > TREE_BYTES)
		return fault(r->fault, ERR_MANIFEST_LIMITS, "the folder %s has too many entries", shown(r, path));
	err = take(r, &h, &b);
	if (!err)
		err = read_tree(r, buf_str(&b), path, depth);
	buf_release(&b);
	return err;
}

static int read_entry(struct reading *r, const struct git_entry *e, struct str path, int depth)
{
	int err;
	switch (e->mode) {
	case GIT_FILE:
	case GIT_PROGRAM:
		return read_blob(r, e->oid, path);
	case GIT_FOLDER:
		err = package_folder(r->package, path, r->fault);
		return err ? err : read_folder(r, e->oid, path, depth + 1);
	case GIT_LINK:
		return fault(r->fault, ERR_BAD_PATH, "%s is a symbolic link; a package has files and folders only", shown(r, path));
	case GIT_MODULE:
		return fault(r->fault, ERR_BAD_PATH, "%s is a submodule; a package has files and folders only", shown(r, path));
	default:
		return fault(r->fault, ERR_BAD_PATH, "%s has the unusual mode %o", shown(r, path), e->mode);
	}
}

static int read_tree(struct reading *r, struct str tree, struct str path, int depth)
{
	struct git_entry e;
	struct buf below = BUF_INIT;
	int found, err = depth > ENTRY_DEPTH ? fault(r->fault, ERR_MANIFEST_LIMITS, "the folders are nested more than %d deep", ENTRY_DEPTH) : 0;
	while (!err && (found = git_tree_next(&tree, r->oid_bytes, &e))) {
		if (found < 0) {
			err = broken(r);
			break;
		}
		buf_clear(&below);
		buf_addf(&below, "%.*s%s%.*s", STR_FMT(path), path.n ? "/" : "", STR_FMT(e.name));
		err = read_entry(r, &e, buf_str(&below), depth);
	}
	buf_release(&below);
	return err;
}

/* The commit that ref names; its bytes are not needed. */
static int read_commit(struct reading *r, const char *ref)
{
	struct git_header h;
	struct buf b = BUF_INIT;
	char name[300];
	snprintf(name, sizeof name, "%s^{commit}", ref);
	int err = ask(r, name, &h);
	if (err)
		return err;
	if (h.missing || h.type != GIT_COMMIT || h.size > TREE_BYTES)
		return fault(r->fault, ERR_BAD_SOURCE, "there is no commit at \"%s\"", shown(r, str_of(ref)));
	snprintf(r->package->commit, sizeof r->package->commit, "%s", h.oid);
	r->oid_bytes = strlen(h.oid) / 2;
	err = take(r, &h, &b);
	buf_release(&b);
	return err;
}

static int read_objects(struct reading *r, const char *repository, const char *ref, const char *folder)
{
	const char *git_dir = repository;
	const char *const args[] = {"-c", "safe.directory=*", "-c", "core.fsmonitor=false", "--git-dir", git_dir, "cat-file", "--batch", NULL};
	char name[OID_TEXT + 2 + ENTRY_PATH + 16];
	int err = git_start(&r->git, GIT_ANSWERS, args, r->fault);
	if (!err)
		err = read_commit(r, ref);
	if (err)
		return err;
	snprintf(name, sizeof name, folder ? "%s:%s" : "%s^{tree}", r->package->commit, folder);
	return read_folder(r, name, STR_NONE, 0);
}

static int read_package(struct git place, const char *repository, const char *ref, const char *folder, struct package *p, struct fault *f)
{
	struct reading r = {.git = place, .package = p, .fault = f};
	r.git.protocols = "none"; /* what is missing stays missing */
	int err = read_objects(&r, repository, ref, folder);
	git_stop(&r.git);
	buf_release(&r.line);
	return err;
}

/* ---- fetching ---- */

/* What git says when it fails, in words for a person. The first that fits; nothing of the remote's own words is shown. */
static const struct saying {
	const char *part;
	int err;
	const char *sentence;
} sayings[] = {
	{"hasDot", ERR_BAD_PATH, "the repository contains a path that is not allowed (.., . or .git)"},
	{"fullPathname", ERR_BAD_PATH, "the repository contains a name with a slash"},
	{"emptyName", ERR_BAD_PATH, "the repository contains an empty name"},
	{"fsck error", ERR_BAD_PACKAGE, "git refuses the repository, because its objects are not well-formed"},
	{"couldn't find remote ref", ERR_BAD_SOURCE, "the repository has no such branch, tag or commit"},
	{"not our ref", ERR_BAD_SOURCE, "the repository has no such commit, or does not hand out single commits"},
	{"unable to update url base from redirection", ERR_BAD_SOURCE, "the server sends elsewhere; give the address it sends to"},
	{"returned error: 30", ERR_BAD_SOURCE, "the server sends elsewhere; give the address it sends to"},
	{"could not read Username", ERR_BAD_SOURCE, "the repository is not there, or not public"},
	{"not found", ERR_BAD_SOURCE, "the repository is not there, or not public"},
	{"returned error: 4", ERR_BAD_SOURCE, "the server refuses to hand out the repository"},
	{"returned error: 5", ERR_UNAVAILABLE, "the server of the repository has a failure; try again later"},
	{"SSL", ERR_BAD_SOURCE, "the server has no valid certificate for its name"},
	{"certificate", ERR_BAD_SOURCE, "the server has no valid certificate for its name"},
	{"Failed to connect", ERR_UNAVAILABLE, "the server does not answer"},
	{"Could not connect", ERR_UNAVAILABLE, "the server does not answer"},
	{"timed out", ERR_UNAVAILABLE, "the server does not answer"},
	{"Operation too slow", ERR_UNAVAILABLE, "the server answers too slowly"},
	{"File too large", ERR_MANIFEST_LIMITS, "the repository is larger than 50 MB"},
	{"file write error", ERR_MANIFEST_LIMITS, "the repository is larger than 50 MB"},
	{"not valid: is this a git repository", ERR_BAD_SOURCE, "there is no Git repository at that address"},
	{"", ERR_BAD_SOURCE, "the repository cannot be fetched; is there one at that address?"},
};

static int explain(const struct git *g, int status, bool late, struct fault *f)
{
	const char *said = g->said.p ? g->said.p : "";
	const struct saying *s = sayings;
	if (late)
		return fault(f, ERR_MANIFEST_LIMITS, "the repository could not be fetched within %d seconds", GIT_MS / 1000);
	if (status == 126 || status == 127)
		return fault(f, ERR_UNSUPPORTED, "the git program cannot be run; on Debian: apt-get install git");
	if (status < 0)
		return fault(f, ERR_MANIFEST_LIMITS, "the repository is too large or too laborious to fetch");
	while (!strstr(said, s->part))
		s++;
	return fault(f, s->err, "%s", s->sentence);
}

static int run(struct git place, const char *const *args, struct fault *f)
{
	struct git g = place;
	bool late = false;
	int err = git_start(&g, GIT_SAYS, args, f);
	int status = err ? 0 : git_wait(&g, &late);
	if (!err && (status || late))
		err = explain(&g, status, late, f);
	git_stop(&g);
	return err;
}

/* The address git will dial, as curl takes it. */
static int pinned(struct node *n, const struct source *s, struct arena *a, char **resolve, struct fault *f)
{
	struct settings settings;
	struct way w;
	char address[INET6_ADDRSTRLEN] = "";
	struct db *db = db_borrow(n->store, f);
	int err = db ? node_settings(n, db, a, &settings) : f->err;
	if (db)
		db_return(db);
	if (err)
		return err;
	err = way_find(&settings, s->host, s->port, &w, f);
	if (!w.anywhere && !strcmp(s->scheme, "http"))
		return fault(f, ERR_BAD_SOURCE, "only https addresses are accepted; write https://%s…", s->host);
	if (!err)
		err = net_resolve(s->host, s->port, w.anywhere ? &w.to : NULL, address, f);
	*resolve = arena_printf(a, strchr(address, ':') ? "http.curloptResolve=%s:%d:[%s]" : "http.curloptResolve=%s:%d:%s", s->host, s->port, address);
	return err;
}

static int fetch(struct git place, const struct source *s, const char *resolve, struct arena *a, struct fault *f)
{
	const char *const init[] = {"init", "--quiet", "--bare", "--template=", ".", NULL};
	const char *const args[] = {
		"-c", "protocol.version=2", "-c", "http.followRedirects=false", "-c", resolve, "-c", "http.proxy=", "-c", "http.sslVerify=true",
		"-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=20", "-c", "credential.helper=", "-c", "core.hooksPath=/dev/null",
		"-c", "transfer.fsckObjects=true", "-c", "fetch.unpackLimit=1", "-c", "pack.threads=1", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
		"--git-dir", ".", "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
		"--filter=blob:limit=" NUMBER(BLOB_LIMIT_KB) "k", "--", s->url,
		arena_printf(a, "+%s:refs/fazt/package", s->ref ? s->ref : "HEAD"), NULL};
	int err = run(place, init, f);
	if (!err)
		err = run(place, args, f);
	/* It now says that missing objects can be had from the remote. Nothing in it is needed to read what came. */
	if (!err && unlink(arena_printf(a, "%s/config", place.folder)))
		err = fault(f, ERR_INTERNAL, "the fetched repository has no configuration");
	return err;
}

/* Git runs as nobody (kernel/git), who has to get there. */
static const char *temp(void)
{
	struct stat st;
	const char *path = tree_temp();
	return !stat(path, &st) && st.st_mode & S_IXOTH ? path : "/tmp";
}

/* Folders of fetches that were killed before they could clean up. */
static void sweep(void)
{
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(temp());
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) && !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    (st.st_uid == geteuid() || st.st_uid == git_uid()) && st.st_mtime < now_ms() / 1000 - STALE_S)
			tree_remove(dirfd(d), e->d_name);
	if (d)
		closedir(d);
}

static int make_folder(char *path, struct fault *f)
{
	sweep();
	if (!mkdtemp(path))
		return fault(f, ERR_UNAVAILABLE, "cannot make a folder in %s: %s", temp(), strerror(errno));
	if (!geteuid() && chown(path, git_uid(), git_uid()))
		return fault(f, ERR_UNAVAILABLE, "cannot hand over a folder in %s: %s", temp(), strerror(errno));
	return 0;
}

int repository_fetch(struct node *n, const struct source *s, struct package *p, progress_fn *progress, void *arg, struct fault *f)
{
	char *path = arena_printf(p->arena, "%s/" PREFIX "XXXXXX", temp()), *resolve = NULL;
	signal(SIGPIPE, SIG_IGN); /* a git that ended is an error of reading */
	int err = pinned(n, s, p->arena, &resolve, f);
	if (!err)
		err = make_folder(path, f);
	if (err)
		return err;
	struct git place = {.folder = path, .protocols = s->scheme, .own_uid = true, .until = mono_ms() + GIT_MS, .to = -1, .from = -1};
	err = progress(arg, arena_printf(p->arena, "Fetching from %s", s->host));
	if (!err)
		err = fetch(place, s, resolve, p->arena, f);
	if (!err)
		err = progress(arg, "Reading the files");
	if (!err)
		err = read_package(place, ".", "refs/fazt/package", s->folder, p, f);
	tree_remove(AT_FDCWD, path);
	return err;
}

/* ---- of this machine ---- */

static bool there(const char *path, const char *name)
{
	char both[4096];
	struct stat st;
	return (size_t)snprintf(both, sizeof both, "%s/%s", path, name) < sizeof both && !stat(both, &st);
}

static bool bare(const char *path)
{
	return there(path, "HEAD") && there(path, "objects") && there(path, "refs");
}

bool repository_is(const char *path)
{
	return there(path, ".git") || bare(path);
}

int repository_read(const char *path, const char *ref, struct package *p, struct fault *f)
{
	struct git place = {.folder = path, .until = mono_ms() + GIT_MS, .to = -1, .from = -1};
	signal(SIGPIPE, SIG_IGN);
	return read_package(place, there(path, ".git") ? ".git" : ".", ref ? ref : "HEAD", NULL, p, f);
}
