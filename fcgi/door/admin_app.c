#include <jansson.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/out.h"
#include "door/admin.h"
#include "gate/ask.h"
#include "gate/gateway.h"
#include "gate/op.h"
#include "gate/probe.h"
#include "gate/trace.h"
#include "kernel/content.h"
#include "kernel/intake.h"
#include "sys/consent.h"

#define POLL_MS 300 /* how often a node elsewhere is asked whether it has fetched */

/* ---- install and upgrade: fetch → show → ask → consent ---- */

/* The permissions the owner gives besides the low-risk ones: named with --grant, or asked for one by one. */
static void choose_grants(struct admin *a, const json_t *candidate, struct out *o)
{
	struct str grant = admin_option(&a->cmd, "grant");
	size_t i;
	json_t *p;
	out_array(o);
	json_array_foreach(json_object_get(candidate, "permissions"), i, p) {
		const char *name = json_string_value(json_object_get(p, "name"));
		if (strcmp(json_string_value(json_object_get(p, "risk")), "high"))
			continue;
		bool given = str_is(grant, "all");
		struct str rest = grant;
		while (rest.n && !given)
			given = str_is(str_trim(str_cut(rest, ',', &rest)), name);
		if (!given && !grant.p && !a->cmd.yes)
			given = admin_ask(arena_printf(a->arena, "  Grant \"%s\" as well?", name));
		if (given)
			out_cstr(o, name);
	}
	out_end(o);
}

static int ask_consent(struct admin *a, const json_t *candidate)
{
	if (a->cmd.yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return fail(&a->r, ERR_DENIED, "nothing was installed: there is no terminal to ask on; consent with --yes "
			    "(low-risk permissions) and --grant LIST|all");
	const char *question = json_is_object(json_object_get(candidate, "upgrade")) ? "Upgrade?" : "Install?";
	return admin_ask(question) ? 0 : fail(&a->r, ERR_DENIED, "nothing was installed");
}

/* An operation cannot carry a file, so an import comes by another way to the same consent. */
static int consent_to_import(struct admin *a, struct str args, struct intake *import, struct buf *result)
{
	struct call c = {0};
	const struct op *op = op_row(op_find(STR("app"), STR("consent")));
	struct out o = OUT(result);
	int err = sig_from_json(&op->sig, args, &c, a->arena, &a->r.fault);
	if (err)
		return err;
	err = consent_with(&a->r, &c, &o, intake_rows, import);
	trace_audit(&a->r, "app.import", import->app, err);
	return err;
}

static int consent(struct admin *a, const json_t *candidate, struct intake *import, struct buf *result)
{
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	out_object(&o);
	out_kcstr(&o, "id", json_string_value(json_object_get(candidate, "id")));
	out_kcstr(&o, "hash", json_string_value(json_object_get(candidate, "hash")));
	out_key(&o, "grant");
	choose_grants(a, candidate, &o);
	out_end(&o);
	int err = import ? consent_to_import(a, buf_str(&args), import, result) : admin_op_json(a, "app", "consent", buf_str(&args), result);
	buf_release(&args);
	return err;
}

/* An operation on the candidate; for an upgrade (app not NULL) as one of that app, which is all that a token may do. */
static int candidate_op(struct admin *a, const char *verb, const char *id, const char *app, struct buf *json)
{
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	out_object(&o);
	out_kcstr(&o, "id", id);
	if (app)
		out_kcstr(&o, "app", app);
	out_end(&o);
	int err = admin_op_json(a, "app", verb, buf_str(&args), json);
	buf_release(&args);
	return err;
}

void admin_discard(struct admin *a, const char *id, const char *app)
{
	struct fault kept = a->r.fault;
	struct buf ignored = BUF_INIT;
	candidate_op(a, "discard", id, app, &ignored);
	buf_release(&ignored);
	a->r.fault = kept;
}

/* The candidate as JSON, after it was fetched. */
static int show(struct admin *a, const char *id, const char *app, json_t **candidate)
{
	struct buf json = BUF_INIT, text = BUF_INIT;
	int err = candidate_op(a, "candidate", id, app, &json);
	*candidate = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	if (!err) {
		consent_text(&text, buf_str(&json));
		fwrite(text.p ? text.p : "", 1, text.len, stderr);
	}
	buf_release(&json);
	buf_release(&text);
	return err;
}

int admin_fetch(struct admin *a, struct str args, char **id)
{
	struct buf json = BUF_INIT;
	int err = admin_op_json(a, "app", "fetch", args, &json);
	json_t *v = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	buf_release(&json);
	if (err)
		return err;
	const char *made = json_string_value(json_object_get(v, "id"));
	*id = arena_strdup(a->arena, made ? made : "");
	json_decref(v);
	return a->remote.url ? 0 : candidate_fetch(&a->node, *id, &a->r.fault);
}

/* ---- on a node elsewhere, which fetches by itself, and whose owner decides there ---- */

static const char *member(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static int settled(struct admin *a, const json_t *candidate)
{
	const json_t *error = json_object_get(candidate, "error"), *upgrade = json_object_get(candidate, "upgrade");
	int err = err_by_code(member(error, "code"));
	if (!strcmp(member(candidate, "state"), "installed"))
		return 0;
	if (error)
		return fail(&a->r, err ? err : ERR_INTERNAL, "%s", member(error, "message"));
	return fail(&a->r, ERR_DENIED, "the new version waits for the owner, who decides at %s/waiting: %s", a->remote.url, member(upgrade, "reason"));
}

static int upgrade_remote(struct admin *a, const char *app, struct str args)
{
	struct buf json = BUF_INIT;
	json_t *candidate = NULL;
	char *id = NULL;
	int err = admin_fetch(a, args, &id);
	do {
		if (candidate)
			poll(NULL, 0, POLL_MS);
		json_decref(candidate);
		buf_clear(&json);
		candidate = err || (err = candidate_op(a, "candidate", id, app, &json)) ? NULL : json_loadb(json.p, json.len, 0, NULL);
	} while (!err && !strcmp(member(candidate, "state"), "fetching"));
	if (!err)
		err = settled(a, candidate);
	if (!err && a->cmd.json)
		printf("%.*s\n", (int)json.len, json.p);
	else if (!err)
		printf("%s is at version %s\n", app, *member(candidate, "version") ? member(candidate, "version") : "(without a number)");
	json_decref(candidate);
	buf_release(&json);
	return err;
}

/* ---- here ---- */

/* What the owner did not give, and how that is done later. */
static void report_withheld(struct admin *a, const char *name)
{
	size_t i;
	json_t *p;
	struct buf json = BUF_INIT;
	int err = admin_op_json(a, "app", "show", str_of(arena_printf(a->arena, "{\"app\":%s}", admin_quote(a, str_of(name)))), &json);
	json_t *app = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	json_array_foreach(json_object_get(app, "permissions"), i, p)
		if (!json_is_true(json_object_get(p, "granted")))
			fprintf(stderr, "  It may not: %s\n    to allow it: fazt-admin app grant %s %s\n", member(p, "sentence"), name,
				member(p, "name"));
	json_decref(app);
	buf_release(&json);
}

static void report(struct admin *a, const struct buf *result)
{
	json_t *app = json_loadb(result->p, result->len, 0, NULL);
	if (a->cmd.json)
		puts(result->p);
	else
		printf("%s is installed: %s\n", member(app, "name"), member(app, "url"));
	if (!a->cmd.json)
		report_withheld(a, member(app, "name"));
	json_decref(app);
}

int admin_consent(struct admin *a, const char *id, const char *app, struct buf *result)
{
	json_t *candidate = NULL;
	int err = show(a, id, app, &candidate);
	if (!err)
		err = ask_consent(a, candidate);
	if (!err)
		err = consent(a, candidate, NULL, result);
	json_decref(candidate);
	return err;
}

int admin_settle(struct admin *a, const char *id, const char *app, struct intake *import, void (*say)(struct admin *, const struct intake *))
{
	struct buf result = BUF_INIT;
	json_t *candidate = NULL;
	int err = show(a, id, app, &candidate);
	if (!err && say)
		say(a, import);
	if (!err && a->cmd.dry_run)
		puts("dry run: nothing was installed");
	if (!err && !a->cmd.dry_run && !(err = ask_consent(a, candidate)))
		err = consent(a, candidate, import, &result);
	if (err || a->cmd.dry_run)
		admin_discard(a, id, app);
	else
		report(a, &result);
	json_decref(candidate);
	buf_release(&result);
	return err;
}

static int install(struct admin *a, struct str args, const char *upgraded)
{
	char *id = NULL;
	if (!a->cmd.yes) /* somebody reads what comes of it */
		probe_install();
	int err = admin_fetch(a, args, &id);
	if (err && id)
		admin_discard(a, id, upgraded);
	return err ? err : admin_settle(a, id, upgraded, NULL, NULL);
}

/* A path in the owner's shell is made absolute, because whoever fetches it may stand elsewhere. */
char *admin_absolute(struct admin *a, const char *source)
{
	char *path = realpath(source, NULL);
	char *copy = arena_strdup(a->arena, path ? path : source);
	free(path);
	return copy;
}

int admin_app_install(struct admin *a)
{
	struct str name = admin_option(&a->cmd, "name");
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say what to install: fazt-admin app install SOURCE[@REF]");
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	out_object(&o);
	out_kcstr(&o, "source", admin_absolute(a, a->cmd.word[2]));
	if (name.n)
		out_kstr(&o, "name", name);
	out_end(&o);
	int err = install(a, buf_str(&args), NULL);
	buf_release(&args);
	if ((err == ERR_BAD_PACKAGE || err == ERR_BAD_MANIFEST) && !a->cmd.json)
		admin_show_findings(a, a->cmd.word[2]);
	return err;
}

int admin_app_upgrade(struct admin *a)
{
	struct str source = admin_option(&a->cmd, "source");
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app upgrade APP");
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	int err;
	out_object(&o);
	out_kcstr(&o, "source", !source.n ? "" : a->remote.url ? source.p : admin_absolute(a, source.p));
	out_kcstr(&o, "app", a->cmd.word[2]);
	out_end(&o);
	if (a->remote.url && (a->cmd.dry_run || admin_option(&a->cmd, "grant").p))
		err = fail(&a->r, ERR_USAGE, "--grant and --dry-run work on the node itself, without --url");
	else
		err = a->remote.url ? upgrade_remote(a, a->cmd.word[2], buf_str(&args)) : install(a, buf_str(&args), a->cmd.word[2]);
	buf_release(&args);
	return err;
}

/* ---- request: the whole pipeline without nginx ---- */

static int add_headers(struct admin *a, struct req *r)
{
	int err = 0;
	for (int i = 0; !err && i < a->cmd.noptions; i++) {
		struct option_given *o = &a->cmd.option[i];
		struct str value, name;
		if (!str_is(o->name, "header"))
			continue;
		o->used = true;
		name = str_cut(o->value, ':', &value);
		err = value.p ? ask_header(r, str_trim(name), value) : fail(r, ERR_USAGE, "--header takes 'NAME: VALUE'");
	}
	return err;
}

static int build_request(struct admin *a, struct req *r)
{
	const char *const *word = a->cmd.word;
	struct str type = admin_option(&a->cmd, "type");
	int err = ask(r, &a->r.settings, word[2], str_of(word[3]), str_of(word[4]), admin_option(&a->cmd, "as"));
	r->body = admin_option(&a->cmd, "body");
	if (!err)
		err = add_headers(a, r);
	if (!err && r->body.n)
		err = ask_header(r, STR("content-type"), type.n ? type : STR("application/json"));
	return err;
}

static bool print_piece(void *out, const char *p, size_t n)
{
	return fwrite(p, 1, n, out) == n;
}

static void print_answer(struct admin *a, struct req *r)
{
	if (a->cmd.json) {
		struct buf b = BUF_INIT;
		struct out o = OUT(&b);
		out_object(&o);
		out_kint(&o, "status", r->res.status);
		out_key(&o, "headers");
		out_object(&o);
		for (int i = 0; i < r->res.nheaders; i++) {
			out_keystr(&o, r->res.header[i].name);
			out_str(&o, r->res.header[i].value);
		}
		out_end(&o);
		out_kstr(&o, "body", r->res.body.p ? buf_str(&r->res.body) : STR(""));
		out_end(&o);
		puts(b.p);
		buf_release(&b);
		return;
	}
	fprintf(stderr, "%d\n", r->res.status);
	if (r->res.file.length) {
		content_send(r, print_piece, stdout);
		return;
	}
	fwrite(r->res.body.p ? r->res.body.p : "", 1, r->res.body.len, stdout);
	if (r->res.body.len && r->res.body.p[r->res.body.len - 1] != '\n')
		putchar('\n');
}

int admin_app_request(struct admin *a)
{
	struct req r;
	if (a->cmd.nwords != 5)
		return fail(&a->r, ERR_USAGE, "fazt-admin app request APP METHOD PATH");
	req_init(&r, &a->node, a->arena, DOOR_SHELL);
	int err = build_request(a, &r);
	if (err && r.fault.err)
		a->r.fault = r.fault;
	if (!err) {
		req_run(&r);
		print_answer(a, &r);
		a->reported = true;
		err = r.res.status < 400 ? 0 : r.fault.err;
	}
	req_release(&r);
	return err;
}
