#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/now.h"
#include "codec/json.h"
#include "kernel/install.h"
#include "store/env.h"
#include "store/files.h"
#include "sys/appinfo.h"
#include "sys/decide.h"
#include "sys/consent.h"
#include "sys/session.h"

/* The owner's verbs about packages that are fetched and not installed yet. Over HTTP a fetch runs in a process of its
 * own, because it may take a minute and handles strangers' bytes; in the shell whoever called runs it
 * (candidate_fetch), since nobody else waits. */

#define FETCHES 4 /* at once, */
#define PROPOSALS 1 /* of which apps have so many at most: nobody is billed for what looking into one costs */

/* ---- a process for one fetch ---- */

static struct {
	pthread_mutex_t mutex;
	pid_t pid[FETCHES];
} running = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* A free place among them, after reaping those that ended; -1: none, or most are taken. Call with the lock held. */
static int free_place(int most)
{
	int place = -1, taken = 0;
	for (int i = 0; i < FETCHES; i++) {
		if (running.pid[i] && waitpid(running.pid[i], NULL, WNOHANG))
			running.pid[i] = 0;
		if (!running.pid[i])
			place = i;
		taken += running.pid[i] != 0;
	}
	return taken < most ? place : -1;
}

static int spawn(pid_t *pid, const char *home, const char *id)
{
	char *argv[] = {"faztd", "install-fetch", "--home", (char *)home, (char *)id, NULL}, *envp[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t files;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

static int start(struct req *r, const char *id, int most)
{
	pthread_mutex_lock(&running.mutex);
	int place = free_place(most), rc = place < 0 ? EAGAIN : spawn(&running.pid[place], r->node->home, id);
	if (rc && place >= 0)
		running.pid[place] = 0;
	pthread_mutex_unlock(&running.mutex);
	return rc ? fail(r, ERR_UNAVAILABLE, "%s", place < 0 ? "other packages are being fetched; try again in a moment" : "the fetch could not be started") : 0;
}

int candidate_look(struct req *r, const char *id)
{
	return start(r, id, PROPOSALS);
}

/* ---- fetch ---- */

struct wish {
	struct str source, for_app;
	bool local;
};

/* An upgrade without a source asks where the app came from, wherever that was. */
static int source_of(struct req *r, struct str app, struct wish *w)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct app_row *row = app_named(r, db, app);
	if (row) {
		w->for_app = str_of(row->id);
		w->local |= !w->source.n || str_is(w->source, row->source);
		w->source = w->source.n ? w->source : str_of(row->source);
	}
	db_return(db);
	if (row && str_starts(w->source, "export:"))
		return fail(r, ERR_BAD_SOURCE, "%s was imported from a file; say where its next version is with --source SOURCE", row->name);
	if (row && str_starts(w->source, "proposal:"))
		return fail(r, ERR_BAD_SOURCE, "%s was proposed by an app, which has its next version; or say where it is with --source SOURCE", row->name);
	return row ? 0 : r->fault.err;
}

int op_app_fetch(struct req *r, const struct call *c, struct out *o)
{
	char id[ID_LEN + 1];
	struct wish w = {.source = str_trim(c->arg[0].s), .for_app = STR(""), .local = r->door == DOOR_SHELL};
	struct str name = c->arg[1].present ? c->arg[1].s : STR("");
	int err = c->arg[2].present && c->arg[2].s.n ? source_of(r, c->arg[2].s, &w) : 0;
	if (!err)
		err = candidate_begin(r->node, w.source, name, w.for_app, w.local, id, &r->fault);
	if (!err && r->door != DOOR_SHELL)
		err = start(r, id, FETCHES);
	if (err)
		return err;
	out_object(o);
	out_kcstr(o, "id", id);
	out_end(o);
	return 0;
}

/* ---- show ---- */

bool candidate_lost(const struct candidate *c)
{
	return !strcmp(c->state, "fetching") && (c->changed < now_ms() - FETCH_MS || c->changed > now_ms() + FETCH_MS);
}

static const char *state_of(const struct candidate *c)
{
	return candidate_lost(c) ? "failed" : c->state;
}

static void write_error(struct out *o, const struct candidate *c)
{
	out_key(o, "error");
	out_object(o);
	out_kcstr(o, "code", candidate_lost(c) ? err_row(ERR_UNAVAILABLE)->code : c->code);
	out_kcstr(o, "message", candidate_lost(c) ? "the fetch was interrupted; try again" : c->error);
	out_end(o);
}

static void write_hosts(struct out *o, const struct manifest *m)
{
	static const char net[] = "net:";
	out_key(o, "hosts");
	out_array(o);
	for (int i = 0; i < m->npermissions; i++)
		if (str_starts(str_of(m->permission[i]), net))
			out_cstr(o, m->permission[i] + sizeof net - 1);
	out_end(o);
}

/* What it replaces: {"from": "1.0", "commit", "reason", "permissions": [added]}, or null. */
static void write_upgrade(struct out *o, const struct candidate *c, const struct app_row *app, const struct manifest *before, const struct manifest *m)
{
	out_key(o, "upgrade");
	if (!before) {
		out_null(o);
		return;
	}
	out_object(o);
	out_kcstr(o, "from", before->version);
	out_kcstr(o, "commit", *app->commit ? app->commit : NULL);
	out_kcstr(o, "reason", *c->reason ? c->reason : NULL);
	out_key(o, "permissions");
	out_array(o);
	for (int i = 0; i < m->npermissions; i++)
		if (!manifest_asks(before, str_of(m->permission[i])))
			out_cstr(o, m->permission[i]);
	out_end(o);
	out_end(o);
}

int write_package(struct req *r, struct db *db, struct out *o, const struct candidate *c)
{
	struct manifest *m, *before = NULL;
	struct app_row *app = *c->for_app ? app_row_by_id(db, r->arena, str_of(c->for_app)) : NULL;
	int64_t nfiles, bytes = package_bytes(db, c->package, &nfiles);
	struct env_value *values = NULL;
	int n = app ? env_list(db, r->arena, app->id, &values) : 0, err = n < 0 ? -n : package_manifest(db, r->arena, c->package, &m);
	if (!err && app && !strcmp(c->state, "ready"))
		err = package_manifest(db, r->arena, app->package, &before);
	if (err)
		return err;
	out_kcstr(o, "name", app ? app->name : *c->name ? c->name : m->name);
	out_kcstr(o, "title", m->title);
	write_words(r, o, m);
	out_kcstr(o, "commit", *c->commit ? c->commit : NULL);
	out_kcstr(o, "hash", c->package);
	write_permissions(r, o, m, NULL, before);
	write_rules(r, o, m);
	write_hosts(o, m);
	write_env(r, o, m, values, n);
	out_kint(o, "files", nfiles);
	out_kint(o, "bytes", bytes);
	out_kraw(o, "rehearsal", *c->rehearsal ? str_of(c->rehearsal) : STR("null"));
	write_upgrade(o, c, app, before, m);
	out_kraw(o, "trial", *c->trial ? str_of(c->trial) : STR("null"));
	return 0;
}

/* The candidate of that id; where an app is named, only as an upgrade of it. NULL with the fault set. */
static struct candidate *candidate_of(struct req *r, struct db *db, const struct call *call)
{
	struct candidate *c = candidate_get(db, r->arena, call->arg[0].s);
	struct app_row *app = call->arg[1].present ? app_row_by_name(db, r->arena, call->arg[1].s) : NULL;
	if (c && call->arg[1].present && (!app || strcmp(app->id, c->for_app)))
		c = NULL;
	if (!c)
		fail(r, ERR_NOT_FOUND, "there is no such candidate; fetched packages are kept for a day");
	return c;
}

/* Who proposes it, as the kernel knows them, and what they say. */
static void write_asker(struct req *r, struct db *db, struct out *o, const struct candidate *c)
{
	struct app_row *app = app_row_by_id(db, r->arena, str_of(c->asked_by));
	out_kcstr(o, "asks", app ? app->name : NULL);
	out_kcstr(o, "words", shown_line(r, c->words, 1000));
	out_kcstr(o, "run", c->run_id);
	out_kint(o, "expires", c->expires);
}

static int show(struct req *r, struct db *db, const struct call *call, struct out *o)
{
	struct candidate *c = candidate_of(r, db, call);
	if (!c)
		return r->fault.err;
	int err = 0;
	out_object(o);
	out_kcstr(o, "id", c->id);
	out_kcstr(o, "state", state_of(c));
	out_kcstr(o, "progress", c->progress);
	out_kcstr(o, "source", c->source);
	out_kint(o, "created", c->created);
	if (!strcmp(state_of(c), "failed"))
		write_error(o, c);
	if (*c->asked_by)
		write_asker(r, db, o, c);
	if (*c->package)
		err = write_package(r, db, o, c);
	out_end(o);
	return err;
}

int op_app_candidate(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, show);
}

/* ---- consent ---- */

/* A list of names, or "all". */
static int read_grants(struct req *r, struct str json, struct str list[MANIFEST_PERMISSIONS], int *n)
{
	struct json_lex l;
	struct buf b = BUF_INIT;
	*n = 0;
	json_lex_init(&l, json, 2);
	for (enum json_tok t = json.n ? json_next(&l) : JSON_END; t != JSON_END; t = json_next(&l)) {
		if (t == JSON_ARRAY || t == JSON_ARRAY_END || (t == JSON_NULL && !*n))
			continue;
		if (t != JSON_STRING || *n == MANIFEST_PERMISSIONS)
			return fail(r, ERR_BAD_REQUEST, "grant is a list of permissions, or \"all\"");
		buf_clear(&b);
		json_unescape(&b, l.text);
		list[(*n)++] = arena_str(r->arena, buf_str(&b));
		buf_release(&b);
	}
	return 0;
}

static int answer(struct req *r, const char *app_id, struct out *o)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct app_row *app = app_row_by_id(db, r->arena, str_of(app_id));
	if (app) {
		out_object(o);
		write_app(r, o, app);
		out_kcstr(o, "commit", *app->commit ? app->commit : NULL);
		out_end(o);
	}
	db_return(db);
	return app ? 0 : fail(r, ERR_CONFLICT, "the app was removed meanwhile");
}

int consent_with(struct req *r, const struct call *c, struct out *o, install_rows_fn *rows, void *arg)
{
	struct str list[MANIFEST_PERMISSIONS];
	char app_id[ID_LEN + 1];
	struct consent given = {.id = c->arg[0].s, .hash = c->arg[1].s, .permission = list, .by = decision_by(r), .note = c->arg[3].s, .rows = rows, .arg = arg};
	int err = read_grants(r, c->arg[2].present ? c->arg[2].s : STR_NONE, list, &given.npermissions);
	if (!err)
		err = install_consent(r->node, &given, app_id, &r->fault);
	return err ? err : answer(r, app_id, o);
}

int candidate_consent(struct req *r, struct str id, struct str hash, const struct arg *grant, struct str note, struct out *o)
{
	struct call c = {.arg = {{.present = true, .s = id}, {.present = true, .s = hash}, *grant, {.present = true, .s = note}}};
	return consent_with(r, &c, o, NULL, NULL);
}

static int proposed(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct candidate *one = candidate_get(db, r->arena, c->arg[0].s);
	int err = one && *one->asked_by ? session_confirm(r, &(struct arg){0}) : 0;
	bool shown = one && *one->package && (*one->asked_by || (*one->for_app && r->who.kind != WHO_IS_SHELL));
	return err || !shown ? err : changes_seen(r, db, one, &c->arg[4]);
}

/* What the owner fetched, one click installs; what an app proposes needs somebody who was here just now. */
int op_app_consent(struct req *r, const struct call *c, struct out *o)
{
	int err = with_db(r, c, o, proposed);
	return err ? err : consent_with(r, c, o, NULL, NULL);
}

static int discard(struct req *r, struct db *db, const struct call *call, struct out *o)
{
	int err;
	struct candidate *c = candidate_of(r, db, call);
	if (!c)
		return r->fault.err;
	if (*c->asked_by && !strcmp(c->state, "ready"))
		return fail(r, ERR_CONFLICT, "An app proposes that and waits for an answer: halt deny %s", c->id);
	out_null(o);
	if (decision_pending(db, c->id) && (err = decision_end(db, c->id, "denied", decision_by(r), STR_NONE, STR_NONE)))
		return err;
	return candidate_delete(db, c->id, "denied");
}

int op_app_discard(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, discard);
}
