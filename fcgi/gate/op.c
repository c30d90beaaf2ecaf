#include "gate/op.h"

#include "codec/form.h"
#include "gate/trace.h"
#include "kernel/page.h"
#include "store/apps.h"
#include "sys/sys.h"

#define TARGET_MAX 300 /* bytes of an argument that the audit keeps */

enum {
#define OP(id, noun, verb, who, effect, sig, doc) OP_##id,
#include "sys/op.def"
#undef OP
	OP_COUNT
};

enum { OP_IS_READ, OP_IS_WRITE, OP_IS_BEAT };
#define OP_IS(effect) OP_IS_##effect

static const struct {
	const char *noun, *verb;
	enum op_who who;
	int effect;
	const char *sig, *doc;
	sys_fn *run;
} table[OP_COUNT] = {
#define OP(id, noun, verb, who, effect, sig, doc) {noun, verb, OP_##who, OP_IS(effect), sig, doc, op_##id},
#include "sys/op.def"
#undef OP
};

static struct op rows[OP_COUNT];

void op_init(void)
{
	for (int i = 0; i < OP_COUNT; i++) {
		rows[i] = (struct op){.noun = table[i].noun, .verb = table[i].verb, .who = table[i].who,
				      .writes = table[i].effect != OP_IS_READ, .doc = table[i].doc};
		sig_parse(&rows[i].sig, table[i].sig);
	}
}

const struct op *op_row(int i)
{
	return i >= 0 && i < OP_COUNT ? &rows[i] : NULL;
}

int op_find(struct str noun, struct str verb)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (str_is(noun, rows[i].noun) && str_is(verb, rows[i].verb))
			return i;
	return -1;
}

static int of_app(struct req *r, struct str name, const char *id)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct app_row *app = app_row_by_name(db, r->arena, name);
	db_return(db);
	if (r->fault.err)
		return r->fault.err;
	return app && !strcmp(app->id, id) ? 0 : fail(r, ERR_DENIED, "This token is for another app.");
}

/* A token works on the app it is for, and decides nothing in its owner's place. */
static int check_token(struct req *r, const struct op *op, const struct call *c)
{
	int i = sig_find(&op->sig, STR("app"));
	if (op->who != OP_APP)
		return fail(r, ERR_DENIED, "A token may not do that; decide it on the dashboard, or in the owner's shell on the server.");
	if (i < 0 || !c->arg[i].s.n)
		return fail(r, ERR_DENIED, "With a token, say for which app: it may not add apps.");
	return r->who.token_app[0] ? of_app(r, c->arg[i].s, r->who.token_app) : 0;
}

static int check_who(struct req *r, const struct op *op, const struct call *c)
{
	const struct principal *p = &r->who;
	if (p->kind == WHO_IS_SHELL)
		return 0;
	if (p->kind == WHO_IS_TOKEN && op->who != OP_SHELL)
		return check_token(r, op, c);
	if (p->kind != WHO_IS_USER && p->kind != WHO_IS_TOKEN)
		return fail(r, ERR_UNAUTHORIZED, NULL);
	if (op->who == OP_SHELL)
		return fail(r, ERR_DENIED, "This works in the owner's shell on the server only: fazt-admin %s %s", op->noun, op->verb);
	if (op->who != OP_MEMBER && !p->owner)
		return fail(r, ERR_DENIED, "Only the owner of this cloud may do that.");
	return 0;
}

int op_call(struct req *r, const struct call *c, struct out *o)
{
	const struct op *op = op_row(c->row);
	int err;
	if (!op)
		return fail(r, ERR_NOT_FOUND, "there is no such operation");
	if ((err = check_who(r, op, c)) || (err = sig_complete(&op->sig, c, &r->fault)))
		return err;
	if (!(err = table[c->row].run(r, c, o)))
		err = fault_blind(&r->fault);
	if (table[c->row].effect == OP_IS_WRITE) {
		char *action = arena_printf(r->arena, "%s%s%s", op->noun, *op->verb ? "." : "", op->verb);
		struct str target = c->nargs && !op->sig.param[0].input ? c->arg[0].s : STR_NONE; /* and no secret */
		target.n = MIN(target.n, (size_t)TARGET_MAX);
		trace_audit(r, action, arena_cstr(r->arena, target), err);
	}
	return err;
}

/* ---- over HTTP ---- */

static int arguments_from_query(struct req *r, const struct op *op, struct call *c)
{
	struct form form = FORM(r->query);
	struct str name, value;
	c->nargs = op->sig.n;
	while (form_next(&form, r->arena, &name, &value)) {
		int i = sig_find(&op->sig, name);
		if (i < 0)
			return fail(r, ERR_BAD_REQUEST, "there is no argument called %.*s", STR_FMT(name));
		int err = sig_from_text(&op->sig.param[i], value, &c->arg[i], &r->fault);
		if (err)
			return err;
	}
	return 0;
}

static int refuse_method(struct req *r, const struct op *op)
{
	r->allow = op->writes ? STR("POST") : STR("GET, POST");
	return fail(r, ERR_METHOD_NOT_ALLOWED, NULL);
}

static int arguments(struct req *r, const struct op *op, struct call *c)
{
	if (str_is(r->method, "GET") && !op->writes)
		return arguments_from_query(r, op, c);
	if (!str_is(r->method, "POST"))
		return refuse_method(r, op);
	struct str params, type = str_trim(str_cut(req_header(r, "content-type"), ';', &params));
	if (r->body.n && !str_ieq(type, "application/json"))
		return fail(r, ERR_UNSUPPORTED_TYPE, "Send the arguments as application/json.");
	return sig_from_json(&op->sig, r->body, c, r->arena, &r->fault);
}

int op_http(struct req *r)
{
	struct str verb, name = {r->path.p + strlen("/_fazt/api/"), r->path.n - strlen("/_fazt/api/")};
	struct call c = {0};
	struct str noun = str_cut(name, '.', &verb);
	c.row = op_find(noun, verb.p ? verb : STR(""));
	const struct op *op = op_row(c.row);
	if (!op)
		return fail(r, ERR_NOT_FOUND, "There is no operation called %.*s.", STR_FMT(name));
	int err = arguments(r, op, &c);
	if (err)
		return err;
	struct buf body = BUF_MAX(4 * MIB);
	struct out o = OUT(&body);
	if (!(err = op_call(r, &c, &o)) && body.full)
		err = fail(r, ERR_TOO_LARGE, NULL);
	if (!err) {
		res_set(r, 200, "application/json", body.len ? buf_str(&body) : STR("null"));
		page_headers(r);
	}
	buf_release(&body);
	return err;
}
