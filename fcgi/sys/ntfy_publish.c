#include "base/now.h"
#include "codec/calendar.h"
#include "codec/json.h"
#include "codec/mime.h"
#include "codec/ntfy.h"
#include "kernel/upstream.h"
#include "sys/ntfy_ask.h"

#define DELAY_MIN_MS 10000
#define DELAY_MAX_MS (3 * DAY_MS)
#define FILE_MS (3 * HOUR_MS)
#define UNKEPT_MS (5 * MINUTE_MS) /* of a message that is not to be cached: a poll may still find it */
#define JSON_BYTES (4 * MESSAGE_BYTES)
#define ACTIONS_BYTES 8192

struct publish {
	struct message m;
	bool kept;               /* cache: no */
	struct str attach, name; /* an address elsewhere; what the file is called */
	struct str click, icon, actions, type;
	bool file;               /* the body is one */
	bool encoded;            /* the message is base64 */
};

static int read_delay(struct ask *k, struct publish *p)
{
	struct zone z;
	int64_t now = now_ms();
	struct str delay = ask_line(k, "x-delay,delay,x-at,at,x-in,in");
	p->m.due = now;
	if (!delay.n)
		return 0;
	if (!p->kept)
		return ask_refuse(k, NTFY_E_DELAY_CACHE);
	if (!zone_find(str_of(k->r->settings.text[SETTING_TIMEZONE]), &z))
		zone_find(STR("UTC"), &z);
	if (!ntfy_delay(delay, now, &z, &p->m.due))
		return ask_refuse(k, NTFY_E_DELAY);
	if (p->m.due / 1000 < (now + DELAY_MIN_MS) / 1000)
		return ask_refuse(k, NTFY_E_DELAY_SMALL);
	return p->m.due > now + DELAY_MAX_MS ? ask_refuse(k, NTFY_E_DELAY_LARGE) : 0;
}

static int read_actions(struct ask *k, struct publish *p)
{
	struct fault f = {0};
	struct str text = ask_param(k, "x-actions,actions,action");
	struct buf b = BUF_INIT;
	p->actions = STR_NONE;
	if (!text.n)
		return 0;
	if (text.n > ACTIONS_BYTES)
		return ask_refuse(k, NTFY_E_ACTIONS);
	int err = ntfy_actions(k->r->arena, text, &b, &f) ? ask_refuse_why(k, NTFY_E_ACTIONS, f.message) : 0;
	p->actions = err ? STR_NONE : arena_str(k->r->arena, buf_str(&b));
	buf_release(&b);
	return err;
}

static struct str last_part(struct str url)
{
	struct str path, rest = str_cut(url, '?', &path);
	size_t n = rest.n;
	while (n && rest.p[n - 1] != '/')
		n--;
	struct str name = {rest.p + n, rest.n - n};
	return name.n && n > sizeof "https://" - 1 ? name : STR("attachment");
}

static int read_links(struct ask *k, struct publish *p)
{
	p->click = ask_line(k, "x-click,click");
	p->icon = ask_line(k, "x-icon,icon");
	p->attach = ask_line(k, "x-attach,attach,a");
	p->name = ask_line(k, "x-filename,filename,file,f");
	if (p->attach.n && !(ntfy_http(p->attach) && ntfy_link(p->attach)))
		return ask_refuse(k, NTFY_E_ATTACH_URL);
	if (p->icon.n && !(ntfy_http(p->icon) && ntfy_link(p->icon)))
		return ask_refuse(k, NTFY_E_ICON);
	if (p->click.n && !ntfy_link(p->click))
		return ask_refuse_why(k, NTFY_E_INVALID, "click is no address that can be opened");
	p->file = p->name.n && !p->attach.n;
	if (p->attach.n && !p->name.n)
		p->name = last_part(p->attach);
	return 0;
}

/* \n in a header stands for the end of a line. */
static struct str message_param(const struct ask *k)
{
	struct str s = ask_param(k, "x-message,message,m");
	char *p = arena_cstr(k->r->arena, s), *to = p;
	for (size_t i = 0; i < s.n; i++) {
		bool end = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == 'n';
		*to++ = end ? '\n' : s.p[i];
		i += end;
	}
	return (struct str){p, (size_t)(to - p)};
}

static int read_params(struct ask *k, struct publish *p)
{
	struct message *m = &p->m;
	*p = (struct publish){.m = {.topic = k->topic, .file_name = STR(""), .file_type = STR("")}};
	m->passed = req_header(k->r, UPSTREAM_HOPS).p != NULL;
	p->kept = ntfy_bool(ask_line(k, "x-cache,cache"), true);
	m->title = ask_line(k, "x-title,title,t");
	m->message = message_param(k);
	m->priority = ntfy_priority(ask_line(k, "x-priority,priority,prio,p"));
	m->tags = ntfy_tags(k->r->arena, ask_line(k, "x-tags,tags,tag,ta"));
	p->type = ntfy_bool(ask_line(k, "x-markdown,markdown,md"), false) || str_ieq(req_header(k->r, "content-type"), "text/markdown") ? STR("text/markdown") : STR("");
	if (ask_line(k, "x-email,x-e-mail,email,e-mail,mail,e").n)
		return ask_refuse(k, NTFY_E_NO_EMAIL);
	if (ask_line(k, "x-call,call").n)
		return ask_refuse(k, NTFY_E_NO_CALLS);
	if (ntfy_bool(ask_line(k, "x-template,template,tpl"), false))
		return ask_refuse(k, NTFY_E_NO_TEMPLATES);
	if (m->priority < 0)
		return ask_refuse(k, NTFY_E_PRIORITY);
	if (m->title.n > MESSAGE_TITLE || m->tags.n > MESSAGE_TITLE || m->message.n > MESSAGE_BYTES)
		return ask_refuse_why(k, NTFY_E_INVALID, "title, tags or message is too long");
	int err = read_links(k, p);
	if (!err)
		err = read_delay(k, p);
	return err ? err : read_actions(k, p);
}

/* ---- the body: a message, or a file ---- */

static const char *file_address(struct ask *k, struct message *m)
{
	unsigned char bytes[20];
	struct str ext = m->file_name;
	size_t n = ext.n;
	crypt_random(bytes, sizeof bytes);
	crypt_base32(m->file, bytes, sizeof bytes);
	while (n && ((ext.p[n - 1] | 32) >= 'a' ? (ext.p[n - 1] | 32) <= 'z' : ext.p[n - 1] >= '0' && ext.p[n - 1] <= '9'))
		n--;
	bool has = n && ext.p[n - 1] == '.' && ext.n - n <= 16 && ext.n > n;
	return arena_printf(k->r->arena, "%s/file/%s%s%.*s", node_origin(&k->r->settings, k->r->arena, "ntfy"), m->file, has ? "." : "",
			    has ? (int)(ext.n - n) : 0, ext.p + n);
}

static int take_file(struct ask *k, struct publish *p, struct str body)
{
	int64_t most = k->r->settings.number[SETTING_PUSH_FILE];
	struct message *m = &p->m;
	if (!most)
		return ask_refuse(k, NTFY_E_NO_ATTACH);
	if ((int64_t)body.n > most)
		return ask_refuse(k, NTFY_E_ATTACH_LARGE);
	m->file_expires = now_ms() + FILE_MS;
	if (m->due > m->file_expires)
		return ask_refuse(k, NTFY_E_ATTACH_LATE);
	bool text = text_utf8(body);
	m->file_name = p->name.n ? p->name : text ? STR("attachment.txt") : STR("attachment.bin");
	m->file_type = mime_of(m->file_name);
	if (text && str_is(m->file_type, "application/octet-stream"))
		m->file_type = STR("text/plain");
	m->file_size = (int64_t)body.n;
	p->attach = str_of(file_address(k, m));
	p->name = m->file_name;
	crypt_hash(m->object, body.p, body.n);
	return 0;
}

static void encode(struct ask *k, struct publish *p, struct str body)
{
	struct buf b = BUF_INIT;
	crypt_b64(&b, body.p, body.n);
	p->m.message = arena_str(k->r->arena, buf_str(&b));
	p->encoded = true;
	buf_release(&b);
}

static int take_body(struct ask *k, struct publish *p, struct str body)
{
	bool text = body.n <= MESSAGE_BYTES && text_utf8(body);
	struct message *m = &p->m;
	bool push = ntfy_bool(ask_line(k, "x-unifiedpush,unifiedpush,up"), false);
	int err = 0;
	if (push && !text && body.n <= MESSAGE_BYTES * 3 / 4)
		encode(k, p, body);
	else if (!push && body.n && (p->file || (!text && !p->attach.n)))
		err = take_file(k, p, body);
	else if (body.n > MESSAGE_BYTES)
		return ask_refuse(k, NTFY_E_ATTACH_LARGE);
	else if (body.n)
		m->message = ntfy_text(k->r->arena, body);
	if (!m->message.n && p->attach.n)
		m->message = str_of(arena_printf(k->r->arena, "You received a file: %.*s", STR_FMT(p->name)));
	else if (!m->message.n)
		m->message = STR("triggered");
	return err;
}

/* ---- what of it is only handed on ---- */

static void write_attachment(struct out *o, const struct publish *p)
{
	const struct message *m = &p->m;
	out_key(o, "attachment");
	out_object(o);
	out_kstr(o, "name", p->name);
	if (m->file[0]) {
		out_kstr(o, "type", m->file_type);
		out_kint(o, "size", m->file_size);
		out_kint(o, "expires", m->file_expires / 1000);
	}
	out_kstr(o, "url", p->attach);
	out_end(o);
}

static int build_rest(struct ask *k, struct publish *p)
{
	struct buf b = BUF_MAX(MESSAGE_REST);
	struct out o = OUT(&b);
	out_object(&o);
	if (p->click.n)
		out_kstr(&o, "click", p->click);
	if (p->icon.n)
		out_kstr(&o, "icon", p->icon);
	if (p->actions.n)
		out_kraw(&o, "actions", p->actions);
	if (p->attach.n)
		write_attachment(&o, p);
	if (p->type.n)
		out_kstr(&o, "content_type", p->type);
	if (p->encoded)
		out_kcstr(&o, "encoding", "base64");
	out_end(&o);
	bool full = b.full;
	p->m.rest = arena_str(k->r->arena, buf_str(&b));
	buf_release(&b);
	return full ? ask_refuse_why(k, NTFY_E_INVALID, "click, icon, actions and attachment are too long") : 0;
}

static int store_message(struct ask *k, struct db *db, struct publish *p, struct str body)
{
	const struct settings *s = &k->r->settings;
	int err = message_count(db, arena_printf(k->r->arena, "token:%s", k->token.name), s->number[SETTING_PUSH_TOKEN], now_ms());
	if (!err && p->m.file[0]) {
		if (message_files(db) + p->m.file_size > s->number[SETTING_PUSH_FILES])
			return ask_refuse(k, NTFY_E_ATTACH_LARGE);
		err = object_store(db, p->m.object, body);
	}
	p->m.expires = p->m.due + (p->kept ? s->number[SETTING_PUSH_HOURS] * HOUR_MS : UNKEPT_MS);
	return err ? err : message_add(db, &p->m);
}

static void answer_message(struct ask *k, const struct message *m)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	ask_message(&o, k->r->arena, m);
	buf_addc(&b, '\n');
	res_set(k->r, 200, "application/json", buf_str(&b));
	buf_release(&b);
}

static int publish_body(struct ask *k, struct str body)
{
	struct publish p;
	int err = read_params(k, &p);
	if (!err)
		err = take_body(k, &p, body);
	if (!err)
		err = build_rest(k, &p);
	if (err)
		return err;
	struct db *db = db_borrow(k->r->node->store, &k->r->fault);
	if (!db)
		return k->r->fault.err;
	if (!(err = db_begin(db)))
		err = store_message(k, db, &p, body);
	err = err ? (db_rollback(db), err) : db_commit(db);
	db_return(db);
	if (!err)
		answer_message(k, &p.m);
	return err;
}

/* Who may not is told so before the body is read. */
int ntfy_publish(struct ask *k)
{
	int err = ask_with(k, ask_may_write);
	if (!err)
		err = req_read_body(k->r, REQ_BODY);
	return err ? err : publish_body(k, k->r->body);
}

/* ---- publishing as JSON ---- */

static struct str unescaped(struct ask *k, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = b.len ? arena_str(k->r->arena, buf_str(&b)) : STR("");
	buf_release(&b);
	return s;
}

static struct str value_of(struct ask *k, struct str raw)
{
	bool text = raw.n >= 2 && raw.p[0] == '"';
	return text ? unescaped(k, (struct str){raw.p + 1, raw.n - 2}) : str_is(raw, "null") ? STR("") : raw;
}

static struct str list_of(struct ask *k, struct str raw)
{
	struct json_lex l;
	struct str item;
	struct buf b = BUF_INIT;
	json_lex_init(&l, raw, JSON_DEPTH);
	if (json_next(&l) != JSON_ARRAY)
		return value_of(k, raw);
	while (json_next_item(&l, &item))
		buf_addf(&b, "%s%.*s", b.len ? "," : "", STR_FMT(value_of(k, item)));
	struct str s = b.len ? arena_str(k->r->arena, buf_str(&b)) : STR("");
	buf_release(&b);
	return s;
}

static void json_param(struct ask *k, struct str key, struct str raw)
{
	static const char *const names[] = {"title", "priority", "tags", "click", "icon", "actions", "attach", "filename", "markdown", "email", "call", "cache", "delay"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (json_key_is(key, str_of(names[i])) && k->njson < JSON_PARAMS) {
			struct str value = str_is(STR("tags"), names[i]) ? list_of(k, raw) : value_of(k, raw);
			k->json[k->njson++] = (struct json_param){str_of(arena_printf(k->r->arena, "x-%s", names[i])), value};
		}
}

static int read_json(struct ask *k, struct str *message)
{
	struct json_lex l;
	struct str key, value;
	if (k->r->body.n > JSON_BYTES)
		return ask_refuse(k, NTFY_E_JSON_LARGE);
	if (json_check(k->r->body, 8, 1000, NULL))
		return ask_refuse(k, NTFY_E_MESSAGE_JSON);
	json_lex_init(&l, k->r->body, 8);
	if (json_next(&l) != JSON_OBJECT)
		return ask_refuse(k, NTFY_E_MESSAGE_JSON);
	*message = STR("");
	while (json_next_member(&l, &key, &value))
		if (json_key_is(key, STR("topic")))
			k->topic = value_of(k, value);
		else if (json_key_is(key, STR("message")))
			*message = value_of(k, value);
		else
			json_param(k, key, value);
	return ntfy_topic(k->topic) ? 0 : ask_refuse(k, NTFY_E_TOPIC);
}

/* The topic is in the body, which is small. */
int ntfy_publish_json(struct ask *k)
{
	struct str message;
	int err = req_read_body(k->r, JSON_BYTES);
	if (err == ERR_TOO_LARGE)
		return ask_refuse(k, NTFY_E_JSON_LARGE);
	if (!err)
		err = read_json(k, &message);
	if (!err)
		err = ask_with(k, ask_may_write);
	return err ? err : publish_body(k, message);
}
