/* mail: a table of an app's Lua becomes an errand of the kernel, and the owner tries whether that works. */
#include "kernel/mailer.h"
#include "store/user.h"
#include "sys/options.h"
#include "sys/rows.h"
#include "sys/sys.h"

static int send(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct options opt;
	char id[ID_LEN + 1];
	struct scope sc = rows_scope(r, c->as_app);
	int err = options_read(r, &c->arg[0], "to, subject, text, html, reply_to", &opt);
	struct letter l = {opt.to, opt.subject, opt.text, opt.html, opt.reply_to};
	if (!err && !(err = mailer_send(r, db, &sc, &l, id)))
		out_cstr(o, id);
	return err;
}

int sys_mail_send(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction_of_app(r, c, o, send);
}

static int own_address(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct user u;
	struct str *address = (struct str *)&c->arg[0].s;
	int err = c->arg[0].present ? 0 : user_owner(db, &u);
	if (!err && !c->arg[0].present && !u.mail[0])
		err = fail(r, ERR_BAD_REQUEST, "Say where to: fazt-admin mail test ADDRESS. Your own is set with: fazt-admin user mail %s ADDRESS", u.name);
	if (!err && !c->arg[0].present)
		*address = str_of(arena_strdup(r->arena, u.mail));
	return err;
}

int op_mail_test(struct req *r, const struct call *c, struct out *o)
{
	const char *reply;
	struct call call = *c;
	int err = with_db(r, &call, o, own_address);
	if (err || (err = mailer_test(r, call.arg[0].s, &reply)))
		return err;
	out_object(o);
	out_kstr(o, "sent", call.arg[0].s);
	out_kcstr(o, "reply", reply);
	out_end(o);
	return 0;
}
