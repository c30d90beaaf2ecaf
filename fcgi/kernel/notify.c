#include "kernel/notify.h"

#include "base/now.h"
#include "base/out.h"
#include "base/visible.h"
#include "codec/calendar.h"
#include "codec/ntfy.h"
#include "codec/path.h"

/* ---- what an app says ---- */

static void fill(struct message *m, struct arena *a, const struct settings *s, const struct notification *n, const char *title, const char *click)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	if (click)
		out_kcstr(&o, "click", click);
	out_end(&o);
	*m = (struct message){.title = str_of(title), .message = ntfy_text(a, n->body), .tags = n->tags.n ? n->tags : STR(""), .priority = n->priority,
			      .file_name = STR(""), .file_type = STR("")};
	m->rest = arena_str(a, buf_str(&b));
	m->due = message_due(s, n->priority, now_ms());
	m->expires = m->due + s->number[SETTING_PUSH_HOURS] * HOUR_MS;
	buf_release(&b);
}

static struct str skip_decoration(struct str s)
{
	while (s.n) {
		struct str rest = s;
		uint32_t c = utf8_next(&rest);
		if ((c >= '0' && c <= '9') || (c < 128 && (c | 32) >= 'a' && (c | 32) <= 'z'))
			break;
		s = rest;
	}
	return s;
}

/* Does it begin as if somebody else spoke: "Fazt: …", "[Kernel] …", "os — …"? Letters that look like these are a
 * matter of taste: the app's name stands in front of all of it. */
static bool impersonates(struct str title)
{
	static const char *const senders[] = {"fazt", "faztd", "kernel", "system", "dashboard", "os", "security"};
	struct str s = skip_decoration(title);
	size_t n = 0;
	while (n < s.n && (s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z')
		n++;
	struct str word = {s.p, n}, rest = {s.p + n, s.n - n};
	rest = str_trim(rest);
	bool speaks = !rest.n || (unsigned char)rest.p[0] >= 0x80 || strchr(":-|>]).,!/", rest.p[0]);
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		if (str_ieq(word, senders[i]) && speaks)
			return true;
	return false;
}

static bool tag(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') || strchr("_+-.", s.p[i])))
			return false;
	return s.n > 0 && s.n <= 40;
}

static int check_tags(struct req *r, struct str tags)
{
	int n = 0;
	for (struct str rest = tags; rest.n; n++)
		if (!tag(str_cut(rest, ',', &rest)))
			return fail(r, ERR_BAD_REQUEST, "a tag is at most 40 letters, digits and _ + - . — the short name of an emoji, such as \"tada\"");
	return n <= NOTIFY_TAGS ? 0 : fail(r, ERR_BAD_REQUEST, "a notification has at most %d tags", NOTIFY_TAGS);
}

static bool label(struct str s)
{
	return !s.n || (text_label(s) && s.n <= NOTIFY_LABEL);
}

static int check(struct req *r, const struct notification *n, struct str title)
{
	if (!n->title.n)
		return fail(r, ERR_BAD_REQUEST, "a notification needs a title");
	if (n->title.n > NOTIFY_TITLE || n->body.n > MESSAGE_BYTES)
		return fail(r, ERR_TOO_LARGE, "a title has at most %d bytes, a body %d", NOTIFY_TITLE, MESSAGE_BYTES);
	if (n->priority < 0 || n->priority > 5)
		return fail(r, ERR_BAD_REQUEST, "priority is a number from 1 to 5");
	if (!label(n->label))
		return fail(r, ERR_BAD_REQUEST, "a topic is at most %d small letters, digits and hyphens", NOTIFY_LABEL);
	if (impersonates(title))
		return fail(r, ERR_RESERVED_NAME, "a title that begins as if Fazt itself spoke is not sent; begin it with another word");
	return check_tags(r, n->tags);
}

/* A path of the app, as a whole address. Fazt's own paths carry links that sign in; they are nobody's to send around. */
static int own_address(struct req *r, const struct app *app, struct str click, const char **address)
{
	const char *origin = node_origin(&r->settings, r->arena, app->name);
	struct str path = str_starts(click, origin) ? (struct str){click.p + strlen(origin), click.n - strlen(origin)} : click;
	*address = NULL;
	if (!click.n)
		return 0;
	if (!path.n || path.p[0] != '/' || !path_local(r->arena, path) || str_starts(path, "/_fazt"))
		return fail(r, ERR_BAD_REQUEST, "click is a path of this app, such as \"/orders/7\"");
	*address = arena_printf(r->arena, "%s%.*s", origin, STR_FMT(path));
	return 0;
}

int notify_app(struct req *r, struct db *db, const struct app *app, const struct notification *n, struct message *m)
{
	const char *click, *topic;
	struct str title = ntfy_line(r->arena, n->title);
	int err = check(r, n, title);
	if (!err)
		err = own_address(r, app, n->click, &click);
	if (!err)
		err = message_count(db, app->id, r->settings.number[SETTING_PUSH_APP], now_ms());
	if (!err)
		err = topic_of_app(db, r->arena, app->id, app->name, n->label, &topic);
	if (err)
		return err;
	fill(m, r->arena, &r->settings, n, arena_printf(r->arena, "%s: %.*s", app->name, STR_FMT(title)), click);
	m->topic = str_of(topic);
	return message_add(db, m);
}
