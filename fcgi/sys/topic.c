/* topic: the owner's side of notifications: topics, and the tokens that phones and programs read and write them with. */
#include "store/topic.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/calendar.h"
#include "codec/ntfy.h"
#include "store/message.h"
#include "sys/appinfo.h"

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct topic *topic;
	int n = topic_list(db, r->arena, &topic);
	(void)c;
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++) {
		struct app_row *app = topic[i].app_id[0] ? app_row_by_id(db, r->arena, str_of(topic[i].app_id)) : NULL;
		out_object(o);
		out_kcstr(o, "topic", topic[i].name);
		out_kcstr(o, "app", app ? app->name : NULL);
		out_kint(o, "messages", topic[i].messages);
		out_kint(o, "last", topic[i].last);
		out_kcstr(o, "url", arena_printf(r->arena, "%s/%s", node_origin(&r->settings, r->arena, "ntfy"), topic[i].name));
		out_end(o);
	}
	out_end(o);
	return 0;
}

int op_topic_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

static int add(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct str name = c->arg[0].s;
	if (!ntfy_topic(name))
		return fail(r, ERR_BAD_REQUEST, "a topic is at most %d letters, digits, _ and -: %s is not one", TOPIC_LEN, visible(r->arena, name, 60));
	int err = topic_add(db, name);
	if (!err)
		out_cstr(o, arena_printf(r->arena, "%s/%.*s", node_origin(&r->settings, r->arena, "ntfy"), STR_FMT(name)));
	return err;
}

int op_topic_add(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, add);
}

static int drop(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	if (str_is(c->arg[0].s, TOPIC_KERNEL))
		return fail(r, ERR_BAD_REQUEST, "the topic %s is Fazt's own and stays", TOPIC_KERNEL);
	int err = topic_remove(db, c->arg[0].s);
	if (!err)
		out_null(o);
	return err;
}

int op_topic_remove(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, drop);
}

static int send(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct str topic = c->arg[0].s, title = c->arg[2].present ? c->arg[2].s : STR("");
	int64_t priority = c->arg[3].present ? c->arg[3].i : 0;
	if (!topic_there(db, topic))
		return fail(r, ERR_NOT_FOUND, "there is no topic of that name; fazt-admin topic list shows those there are");
	if (c->arg[1].s.n > MESSAGE_BYTES || title.n > MESSAGE_TITLE)
		return fail(r, ERR_TOO_LARGE, "a message has at most %d bytes, a title %d", MESSAGE_BYTES, MESSAGE_TITLE);
	if (priority < 0 || priority > 5)
		return fail(r, ERR_BAD_REQUEST, "priority is a number from 1 to 5");
	struct message m = {.topic = topic, .due = now_ms(), .title = ntfy_line(r->arena, title), .message = ntfy_text(r->arena, c->arg[1].s),
			    .tags = STR(""), .priority = (int)priority, .file_name = STR(""), .file_type = STR("")};
	m.expires = m.due + r->settings.number[SETTING_PUSH_HOURS] * HOUR_MS;
	int err = message_add(db, &m);
	if (!err)
		out_cstr(o, m.id);
	return err;
}

int op_topic_send(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, send);
}

/* ---- tokens ---- */

static int allow(struct db *db, const char *token, struct str topics, int may)
{
	int err = 0;
	while (!err && topics.n) {
		struct str topic = str_trim(str_cut(topics, ',', &topics));
		err = topic.n ? topic_allow(db, token, topic, may) : 0;
	}
	return err;
}

static int grant(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct topic_token t = {.created = now_ms()};
	unsigned char hash[HASH_LEN], bytes[20];
	char secret[40] = TOPIC_TOKEN_PREFIX;
	if (!text_label(c->arg[0].s))
		return fail(r, ERR_BAD_REQUEST, "a token's name is small letters, digits and hyphens: %s is not one", visible(r->arena, c->arg[0].s, 60));
	if (!c->arg[1].present && !c->arg[2].present)
		return fail(r, ERR_BAD_REQUEST, "say what it may: --read TOPIC,… or --write TOPIC,… (\"*\" is every topic)");
	snprintf(t.name, sizeof t.name, "%.*s", STR_FMT(c->arg[0].s));
	crypt_random(bytes, sizeof bytes);
	crypt_base32(secret + sizeof TOPIC_TOKEN_PREFIX - 1, bytes, sizeof bytes);
	crypt_hash(hash, secret, strlen(secret));
	int err = topic_token_add(db, &t, hash);
	if (!err && c->arg[1].present)
		err = allow(db, t.name, c->arg[1].s, TOPIC_READ);
	if (!err && c->arg[2].present)
		err = allow(db, t.name, c->arg[2].s, TOPIC_WRITE);
	if (!err)
		out_cstr(o, secret);
	crypt_wipe(secret, sizeof secret);
	return err;
}

int op_topic_token_add(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, grant);
}

static int write_access(struct req *r, struct db *db, struct out *o, const char *token, const char *key, int may)
{
	struct topic_access *access;
	int n = topic_access_list(db, r->arena, token, &access);
	out_key(o, key);
	out_array(o);
	for (int i = 0; i < n; i++)
		if (access[i].may & may)
			out_cstr(o, access[i].topic);
	out_end(o);
	return n < 0 ? -n : 0;
}

static int tokens(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct topic_token *token;
	int n = topic_token_list(db, r->arena, &token), err = n < 0 ? -n : 0;
	(void)c;
	out_array(o);
	for (int i = 0; !err && i < n; i++) {
		out_object(o);
		out_kcstr(o, "name", token[i].name);
		err = write_access(r, db, o, token[i].name, "read", TOPIC_READ);
		if (!err)
			err = write_access(r, db, o, token[i].name, "write", TOPIC_WRITE);
		out_kint(o, "created", token[i].created);
		out_kint(o, "seen", token[i].seen);
		out_end(o);
	}
	out_end(o);
	return err;
}

int op_topic_token_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, tokens);
}

static int revoke(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	int err = topic_token_remove(db, c->arg[0].s);
	(void)r;
	if (!err)
		out_null(o);
	return err;
}

int op_topic_token_remove(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, revoke);
}
