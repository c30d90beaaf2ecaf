#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/now.h"
#include "base/out.h"
#include "base/visible.h"
#include "door/admin.h"
#include "kernel/folder.h"

/* app dev: look at a folder, bring over what changed, say how it went, and keep the lease that lets the owner's browser
 * follow. Everything that touches the node is an operation (app.push, app.lease, app.logs), so the node may as well be
 * another machine. An inotify event only says "look again": what changed is found by hashes, so no event can be
 * misread, and a folder that appeared is watched before it is read. */

#define SETTLE_MS 20       /* an editor's save is several events */
#define SETTLE_MAX_MS 500  /* whatever goes on, look then */
#define TURN_MS 200        /* how old a line of the log may be when it is shown */
#define ELSEWHERE_MS 1000  /* the same on a node elsewhere, where each look is a request */
#define LEASE_SECONDS 30
#define CARRY_BYTES (384 * KIB) /* of files in one request: in base64, with all paths, it stays below 1 MB */
#define LOG_LINES "200"

struct dev {
	struct admin *a;
	const char *folder, *name;
	int events;
	int64_t lease, renewed; /* seconds; when */
	int64_t followed;       /* when the log was looked at */
	bool installed, dirty;
	char *problem;          /* of the last save */
	char *seen;             /* the last line of the log that was shown */
	int nknown;             /* what the node has, as far as we know */
	unsigned char (*known)[HASH_LEN];
};

/* One look at the folder. */
struct look {
	struct package *package;
	unsigned char (*hash)[HASH_LEN]; /* of its files */
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

/* ---- what is said ---- */

static void say(const char *fmt, ...) PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	char at[16];
	struct tm tm;
	time_t now = (time_t)(now_ms() / 1000);
	va_list ap;
	strftime(at, sizeof at, "%H:%M:%S", localtime_r(&now, &tm));
	printf("%s  ", at);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void set_problem(struct dev *d, const char *text)
{
	free(d->problem);
	d->problem = xstrdup(text);
}

/* ---- one operation ---- */

/* Its answer, to be given back with json_decref; NULL with the fault set. */
static json_t *ask(struct dev *d, const char *verb, const struct buf *args)
{
	struct buf answer = BUF_INIT;
	fault_clear(&d->a->r.fault);
	d->a->r.deadline = mono_ms() + 60000;
	int err = admin_op_json(d->a, "app", verb, buf_str(args), &answer);
	json_t *v = err ? NULL : json_loadb(answer.p ? answer.p : "null", answer.p ? answer.len : 4, JSON_DECODE_ANY, NULL);
	buf_release(&answer);
	return v;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

/* ---- the lease ---- */

static void renew(struct dev *d, int64_t seconds)
{
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	if (!d->installed)
		return;
	out_object(&o);
	out_kcstr(&o, "app", d->name);
	out_kint(&o, "seconds", seconds);
	out_kcstr(&o, "problem", d->problem ? d->problem : "");
	out_end(&o);
	json_decref(ask(d, "lease", &args));
	d->renewed = mono_ms();
	buf_release(&args);
}

/* ---- the log ---- */

static void show_line(const char *line)
{
	struct buf b = BUF_INIT;
	json_t *o = json_loads(line, 0, NULL);
	struct str rest = str_of(text(o, "text"));
	const char *level = text(o, "level");
	while (rest.p) {
		visible_add(&b, str_cut(rest, '\n', &rest), 4 * KIB);
		buf_adds(&b, rest.p ? "\n            " : "");
	}
	say("%s%s%s", strcmp(level, "info") ? level : "", strcmp(level, "info") ? ": " : "", b.p ? b.p : "");
	buf_release(&b);
	json_decref(o);
}

/* The lines behind the one that was shown last; at the first look, none. */
static void follow_log(struct dev *d)
{
	struct buf args = BUF_INIT;
	buf_addf(&args, "{\"app\":\"%s\",\"limit\":" LOG_LINES "}", d->name);
	json_t *lines = d->installed ? ask(d, "logs", &args) : NULL;
	size_t n = json_array_size(lines), from = n;
	char **dump = arena_alloc(d->a->arena, (n + 1) * sizeof *dump);
	for (size_t i = 0; i < n; i++)
		dump[i] = json_dumps(json_array_get(lines, i), JSON_COMPACT | JSON_SORT_KEYS);
	while (d->seen && from > 0 && (!dump[from - 1] || strcmp(dump[from - 1], d->seen)))
		from--;
	for (size_t i = from; i < n; i++)
		show_line(dump[i]);
	if (lines) {
		free(d->seen);
		d->seen = xstrdup(n && dump[n - 1] ? dump[n - 1] : "");
	}
	for (size_t i = 0; i < n; i++)
		free(dump[i]);
	d->followed = mono_ms();
	json_decref(lines);
	buf_release(&args);
}

/* ---- a push ---- */

static bool known(const struct dev *d, const unsigned char hash[HASH_LEN])
{
	for (int i = 0; i < d->nknown; i++)
		if (!memcmp(d->known[i], hash, HASH_LEN))
			return true;
	return false;
}

static void know(struct dev *d, const struct look *l)
{
	d->nknown = l->package->nfiles;
	d->known = xrealloc(d->known, (size_t)(d->nknown + 1) * HASH_LEN);
	memcpy(d->known, l->hash, (size_t)d->nknown * HASH_LEN);
}

static void write_piece(struct out *o, const char *hex, size_t at, struct str bytes)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	buf_addf(&key, "%s@%zu", hex, at);
	crypt_b64url(&value, bytes.p ? bytes.p : "", bytes.n);
	out_keystr(o, buf_str(&key));
	out_str(o, value.len ? buf_str(&value) : STR(""));
	buf_release(&key);
	buf_release(&value);
}

/* What changed, in the push itself, if it is little. */
static void write_changes(struct dev *d, const struct look *l, struct out *o)
{
	char hex[2 * HASH_LEN + 1];
	size_t bytes = 0;
	for (int i = 0; i < l->package->nfiles; i++)
		bytes += known(d, l->hash[i]) ? 0 : l->package->file[i].bytes.n;
	out_key(o, "objects");
	out_object(o);
	for (int i = 0; bytes <= CARRY_BYTES && i < l->package->nfiles; i++) {
		bool twice = false;
		for (int k = 0; k < i; k++)
			twice |= !memcmp(l->hash[k], l->hash[i], HASH_LEN);
		crypt_hex(hex, l->hash[i], HASH_LEN);
		if (!twice && !known(d, l->hash[i]))
			write_piece(o, hex, 0, l->package->file[i].bytes);
	}
	out_end(o);
}

/* Where it comes from: a folder here, and a folder of this machine for a node elsewhere. */
static struct str source_of(struct dev *d)
{
	char host[64] = "";
	if (!d->a->remote.url)
		return str_of(d->folder);
	gethostname(host, sizeof host - 1);
	return str_of(arena_printf(d->a->arena, "%s:%s", host, d->folder));
}

static json_t *push_names(struct dev *d, const struct look *l, bool with_changes)
{
	char hex[2 * HASH_LEN + 1];
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	out_object(&o);
	out_kcstr(&o, "app", d->name);
	out_kstr(&o, "source", source_of(d));
	out_key(&o, "files");
	out_object(&o);
	for (int i = 0; i < l->package->nfiles; i++) {
		crypt_hex(hex, l->hash[i], HASH_LEN);
		out_kcstr(&o, l->package->file[i].path, hex);
	}
	out_end(&o);
	if (with_changes)
		write_changes(d, l, &o);
	out_end(&o);
	json_t *answer = ask(d, "push", &args);
	buf_release(&args);
	return answer;
}

static const struct package_file *file_of(const struct look *l, const char *hex)
{
	char own[2 * HASH_LEN + 1];
	for (int i = 0; i < l->package->nfiles; i++) {
		crypt_hex(own, l->hash[i], HASH_LEN);
		if (!strcmp(own, hex))
			return &l->package->file[i];
	}
	return NULL;
}

/* One request of pieces, from file *i, byte *at of the list on. */
static int push_some(struct dev *d, const struct look *l, const json_t *lacks, size_t *i, size_t *at)
{
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	out_object(&o);
	out_kcstr(&o, "app", d->name);
	out_key(&o, "objects");
	out_object(&o);
	for (size_t room = CARRY_BYTES; room && *i < json_array_size(lacks);) {
		const char *hex = json_string_value(json_array_get(lacks, *i));
		const struct package_file *file = hex ? file_of(l, hex) : NULL;
		size_t n = file ? MIN(file->bytes.n - *at, room) : 0;
		if (file)
			write_piece(&o, hex, *at, (struct str){file->bytes.p + *at, n});
		*at += n;
		room -= n;
		if (!file || *at == file->bytes.n)
			(*i)++, *at = 0;
	}
	out_end(&o);
	out_end(&o);
	json_t *answer = ask(d, "push", &args);
	buf_release(&args);
	json_decref(answer);
	return answer ? 0 : d->a->r.fault.err;
}

static json_t *push(struct dev *d, const struct look *l)
{
	json_t *answer = push_names(d, l, true);
	if (!answer || strcmp(text(answer, "state"), "lacking"))
		return answer;
	const json_t *lacks = json_object_get(answer, "lacks");
	int err = 0;
	for (size_t i = 0, at = 0; !err && !stopped && i < json_array_size(lacks);)
		err = push_some(d, l, lacks, &i, &at);
	json_decref(answer);
	return err ? NULL : push_names(d, l, false);
}

/* ---- a save ---- */

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, ms) > 0;
}

/* Read events until none has come for a moment. */
static void settle(struct dev *d)
{
	char events[4096] __attribute__((aligned(8)));
	for (int64_t until = mono_ms() + SETTLE_MAX_MS; readable(d->events, SETTLE_MS) && mono_ms() < until;)
		if (read(d->events, events, sizeof events) <= 0)
			return;
}

static int look(struct dev *d, struct look *l)
{
	l->package = package_new();
	int err = folder_read(l->package, d->folder, &d->a->r.fault);
	l->hash = arena_alloc(l->package->arena, (size_t)(l->package->nfiles + 1) * HASH_LEN);
	for (int i = 0; i < l->package->nfiles; i++)
		crypt_hash(l->hash[i], l->package->file[i].bytes.p, l->package->file[i].bytes.n);
	return err;
}

static bool changed(const struct dev *d, const struct look *l)
{
	return !d->installed || *d->problem || l->package->nfiles != d->nknown ||
	       memcmp(d->known, l->hash, (size_t)d->nknown * HASH_LEN) != 0;
}

/* It asks for more than it may: the owner decides, here or on the dashboard. */
static int wait_for_consent(struct dev *d, const json_t *answer)
{
	struct buf result = BUF_INIT;
	const char *reason = text(answer, "reason");
	int err = admin_consent(d->a, text(answer, "candidate"), d->installed ? d->name : NULL, &result);
	buf_release(&result);
	if (err && !d->installed)
		return d->a->remote.url ? fail(&d->a->r, err, "the node has it now and waits for your consent on its dashboard; then start this again") : err;
	set_problem(d, err ? arena_printf(d->a->arena, "It waits for your consent (on the dashboard, or here with a terminal): %s", reason) : "");
	say("%s", err ? d->problem : "consented; the new version serves");
	return 0;
}

static int arrived(struct dev *d, const struct look *l, const json_t *answer, int64_t began)
{
	const char *state = text(answer, "state");
	int err = 0;
	set_problem(d, "");
	if (!strcmp(state, "waiting"))
		err = wait_for_consent(d, answer);
	else if (strcmp(state, "serving"))
		set_problem(d, "the node did not take what it asked for; save again");
	else
		say("version %lld serves at %s (%lld ms)", json_integer_value(json_object_get(answer, "version")), text(answer, "url"),
		    (long long)(mono_ms() - began));
	if (!err && !d->installed)
		say("to see it as its owner: %s_fazt/sign-in?next=/", text(answer, "url"));
	d->installed |= !err;
	know(d, l);
	return err;
}

/* What went wrong in this save, here and in the browser; the loop goes on. */
static void refused(struct dev *d)
{
	set_problem(d, fault_message(&d->a->r.fault));
	say("%s%s", d->problem, d->installed ? "\n          (the version before it still serves)" : "");
}

static int save(struct dev *d)
{
	struct look l = {0};
	int64_t began = mono_ms();
	json_t *answer = NULL;
	int err = look(d, &l);
	for (int tries = 0; err == ERR_BAD_SOURCE && tries < 3; tries++) { /* a file that was there a moment ago is being replaced */
		package_free(l.package);
		settle(d);
		err = look(d, &l);
	}
	if (!err && changed(d, &l))
		answer = push(d, &l);
	if (answer)
		err = arrived(d, &l, answer, began);
	else if (err || changed(d, &l))
		refused(d), err = 0;
	json_decref(answer);
	package_free(l.package);
	renew(d, d->lease);
	return err;
}

/* ---- watching ---- */

static int watch(struct dev *d, const char *path, int depth)
{
	struct dirent *e;
	const uint32_t mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
	if (inotify_add_watch(d->events, path, mask) < 0 && errno == ENOSPC)
		return fail(&d->a->r, ERR_UNAVAILABLE, "this machine watches no more folders; raise fs.inotify.max_user_watches");
	DIR *dir = depth ? opendir(path) : NULL;
	int err = 0;
	while (!err && dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && !folder_leaves_out(str_of(e->d_name)))
			err = watch(d, arena_printf(d->a->arena, "%s/%s", path, e->d_name), depth - 1);
	if (dir)
		closedir(dir);
	return err;
}

static int turn(struct dev *d)
{
	int err = 0;
	if (d->dirty || readable(d->events, TURN_MS)) {
		settle(d);
		err = watch(d, d->folder, 16);
		d->dirty = false;
		if (!err)
			err = save(d);
	}
	if (!d->a->remote.url || mono_ms() - d->followed > ELSEWHERE_MS)
		follow_log(d);
	if (mono_ms() - d->renewed > d->lease * 1000 / 3)
		renew(d, d->lease);
	return err;
}

/* Each turn has an arena of its own: the loop may run for days. */
static int run_turn(struct dev *d)
{
	struct arena *own = d->a->arena;
	d->a->arena = d->a->r.arena = arena_new();
	int err = turn(d);
	arena_free(d->a->arena);
	d->a->arena = d->a->r.arena = own;
	return err;
}

/* ---- begin and end ---- */

/* The name is needed to push at all; what else is wrong with the manifest, each save says. */
static int find_name(struct dev *d)
{
	struct look l = {0};
	struct manifest *m = NULL;
	struct str given = admin_option(&d->a->cmd, "name");
	int err = given.n ? 0 : look(d, &l);
	for (int i = 0; !err && !given.n && i < l.package->nfiles; i++)
		if (!strcmp(l.package->file[i].path, "app.json"))
			err = manifest_parse(l.package->file[i].bytes, d->a->arena, &m, &d->a->r.fault);
	if (!err && !given.n && !m)
		err = fail(&d->a->r, ERR_BAD_PACKAGE, "there is no app.json in %s; make an app with: fazt-admin app new NAME", d->folder);
	d->name = given.n ? arena_cstr(d->a->arena, given) : m ? m->name : NULL;
	package_free(l.package);
	return err;
}

static int begin(struct dev *d)
{
	struct admin *a = d->a;
	struct str lease = admin_option(&a->cmd, "lease");
	char path[PATH_MAX];
	d->lease = LEASE_SECONDS;
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which folder: fazt-admin app dev DIR");
	if (lease.n && (!str_int(lease, &d->lease) || d->lease < 1 || d->lease > 600))
		return fail(&a->r, ERR_USAGE, "--lease takes 1 to 600 seconds");
	if (!realpath(a->cmd.word[2], path))
		return fail(&a->r, ERR_BAD_SOURCE, "there is no folder %s", a->cmd.word[2]);
	d->folder = arena_strdup(a->arena, path);
	d->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	d->dirty = true;
	set_problem(d, "");
	return d->events < 0 ? fail(&a->r, ERR_UNSUPPORTED, "this system cannot watch folders") : find_name(d);
}

int admin_app_dev(struct admin *a)
{
	struct dev d = {.a = a, .events = -1};
	struct sigaction stopping = {.sa_handler = stop};
	int err = begin(&d);
	sigaction(SIGINT, &stopping, NULL);
	sigaction(SIGTERM, &stopping, NULL);
	if (!err)
		say("watching %s; Ctrl-C ends", d.folder);
	while (!err && !stopped)
		err = run_turn(&d);
	if (d.events >= 0) {
		d.installed &= !err;
		renew(&d, 0);
		close(d.events);
	}
	free(d.problem);
	free(d.seen);
	free(d.known);
	return err;
}
