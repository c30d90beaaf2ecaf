#include "kernel/sentence.h"

#include "base/buf.h"
#include "base/now.h"
#include "codec/cron.h"

/* Below a parent a rule reaches only those who can read the parent's row, and the parent's owner and shares count like
 * those of the row itself (store/scope compiles exactly that), so there are two wordings of each rule. */

struct wording {
	const char *top, *below; /* %s in below: the name of the parent */
};

static const struct wording reads[] = {
	[WHO_OWNER] = {"only the person who added a row can read it", "only the person who added a row can read it"},
	[WHO_SHARED] = {"only the person who added a row, and those it is shared with, can read it",
			"only the person who added a row, and those the row of %s above it belongs to or is shared with, can read it"},
	[WHO_ADMINS] = {"only the person who added a row, those it is shared with and the app's admins can read it",
			"only the person who added a row, those the row of %s above it belongs to or is shared with, and the app's admins can read it"},
	[WHO_MEMBERS] = {"everyone who uses the app can read every row",
			 "everyone who uses the app and can read the row of %s above a row can read it"},
	[WHO_ANYONE] = {"anyone on the Internet can read every row", "anyone who can read the row of %s above a row can read it, signed in or not"},
};

static const struct wording adds[] = {
	[WHO_OWNER] = {"everyone who uses the app can add rows", "only those the row of %s belongs to, or is shared with for adding, can add rows below it"},
	[WHO_SHARED] = {"everyone who uses the app can add rows", "only those the row of %s belongs to, or is shared with for adding, can add rows below it"},
	[WHO_ADMINS] = {"only the app's admins can add rows", "only the app's admins, and those the row of %s belongs to, can add rows below it"},
	[WHO_MEMBERS] = {"everyone who uses the app can add rows", "everyone who uses the app and can read a row of %s can add rows below it"},
	[WHO_ANYONE] = {"anyone on the Internet can add rows", "anyone who can read a row of %s can add rows below it, signed in or not"},
};

static const struct wording changes[] = {
	[WHO_OWNER] = {"only the person who added a row can change it", "only the person who added a row can change it"},
	[WHO_SHARED] = {"only the person who added a row, and those it is shared with for changing, can change it",
			"only the person who added a row, and those the row of %s above it belongs to or is shared with for changing, can change it"},
	[WHO_ADMINS] = {"only the person who added a row, those it is shared with for changing and the app's admins can change it",
			"only the person who added a row, those the row of %s above it belongs to, and the app's admins can change it"},
	[WHO_MEMBERS] = {"everyone who uses the app can change every row",
			 "everyone who uses the app and can read the row of %s above a row can change it"},
	[WHO_ANYONE] = {"anyone on the Internet can change every row", "anyone who can read the row of %s above a row can change it, signed in or not"},
};

static void add_wording(struct buf *b, const struct wording *w, const char *parent)
{
	const char *text = parent ? w->below : w->top, *at = strstr(text, "%s");
	if (!at) {
		buf_adds(b, text);
		return;
	}
	buf_add(b, text, (size_t)(at - text));
	buf_adds(b, parent);
	buf_adds(b, at + 2);
}

const char *collection_sentence(const struct collection *c, struct arena *a)
{
	const char *parent = c->parent ? c->parent->name : NULL;
	struct buf b = BUF_INIT;
	buf_addf(&b, "%s: ", c->name);
	add_wording(&b, &reads[c->read], parent);
	buf_adds(&b, "; ");
	add_wording(&b, &adds[c->add], parent);
	buf_adds(&b, "; ");
	add_wording(&b, &changes[c->change], parent);
	buf_adds(&b, ".");
	char *text = arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return text;
}

static const char *const visits[] = {
	[VISIBLE_OWNER] = "Only you can open it, until you change that.",
	[VISIBLE_MEMBERS] = "Everyone with an account here can open it.",
	[VISIBLE_ANYONE] = "Anyone on the Internet can open it, also without signing in.",
};

/* A schedule for which there are no words stands as it is, with the moment it fires at next. */
static void schedule_words(const struct cron_entry *c, const char *zone, struct buf *b)
{
	struct cron cron;
	struct zone z;
	char at[25];
	if (cron_parse(str_of(c->schedule), &cron, NULL))
		return;
	cron_words(&cron, zone ? zone : "your time zone", b);
	if (b->len)
		return;
	int64_t next = zone && zone_find(str_of(zone), &z) ? cron_next(&cron, now_ms(), &z) : -1;
	buf_addf(b, "%s (%s)", c->schedule, zone ? zone : "your time zone");
	if (next >= 0)
		buf_addf(b, ", next on %.10s at %.5s", now_iso(next + zone_span(&z, next).offset, at), at + 11);
}

static const char *waking(const struct cron_entry *c, const char *zone, struct arena *a)
{
	struct buf b = BUF_INIT;
	schedule_words(c, c->tz ? c->tz : zone, &b);
	const char *s = arena_printf(a, "It wakes by itself for %s: %s.", c->name, b.len ? b.p : c->schedule);
	buf_release(&b);
	return s;
}

int manifest_sentences(const struct manifest *m, const char *zone, struct arena *a, const char ***list)
{
	int n = 0;
	const char **s = *list = arena_alloc(a, sizeof *s * (size_t)(2 + m->nopen + m->ncollections + m->nexports + m->ncron));
	s[n++] = visits[m->visibility];
	for (int i = 0; i < m->nopen; i++)
		s[n++] = arena_printf(a, "Programs and strangers can send to %s without signing in.", m->open[i]);
	for (int i = 0; i < m->ncollections; i++)
		s[n++] = collection_sentence(&m->collection[i], a);
	if (manifest_asks(m, STR("storage")))
		s[n++] = "Everything else it stores for a person is for that person alone.";
	for (int i = 0; i < m->nexports; i++)
		s[n++] = arena_printf(a, "Other apps that you allow to can read its %s.", m->export[i]);
	for (int i = 0; i < m->ncron; i++)
		s[n++] = waking(&m->cron[i], zone, a);
	return n;
}

/* ---- wider ---- */

static bool listed(const char *const *list, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

static struct collection rule_of(const struct manifest *m, const char *name)
{
	const struct collection *c = manifest_collection(m, str_of(name));
	return c ? *c : collection_default(name);
}

/* Who may add, as store/scope reads the rule: `owner` and `shared` admit every member, and below a parent those it is
 * shared with for adding, who may be strangers, so there they are wider than any other word. */
static enum who adders(const struct collection *c)
{
	return c->add >= WHO_ADMINS ? c->add : c->parent ? WHO_SHARED : WHO_MEMBERS;
}

static bool adds_wider(const struct collection *before, const struct collection *now)
{
	return adders(now) > adders(before) || (adders(now) == WHO_SHARED && adders(before) != WHO_SHARED);
}

static bool rule_wider(struct collection before, struct collection now)
{
	const char *was = before.parent ? before.parent->name : "", *is = now.parent ? now.parent->name : "";
	return now.read > before.read || adds_wider(&before, &now) || now.change > before.change || strcmp(was, is) != 0;
}

static bool scheduled(const struct manifest *m, const struct cron_entry *c)
{
	for (int i = 0; i < m->ncron; i++)
		if (!strcmp(m->cron[i].schedule, c->schedule) && !strcmp(m->cron[i].handler, c->handler))
			return true;
	return false;
}

const char *manifest_wider(const struct manifest *before, const struct manifest *now, const char *zone, struct arena *a)
{
	if (now->visibility > before->visibility)
		return visits[now->visibility];
	for (int i = 0; i < now->nopen; i++)
		if (!listed(before->open, before->nopen, now->open[i]))
			return arena_printf(a, "Programs and strangers can send to %s without signing in.", now->open[i]);
	for (int i = 0; i < now->ncollections; i++)
		if (rule_wider(rule_of(before, now->collection[i].name), now->collection[i]))
			return collection_sentence(&now->collection[i], a);
	for (int i = 0; i < before->ncollections; i++)
		if (rule_wider(before->collection[i], rule_of(now, before->collection[i].name)))
			return arena_printf(a, "%s: has the default rule from now on.", before->collection[i].name);
	for (int i = 0; i < now->nexports; i++)
		if (!listed(before->export, before->nexports, now->export[i]))
			return arena_printf(a, "Other apps that you allow to can read its %s.", now->export[i]);
	for (int i = 0; i < now->ncron; i++)
		if (!scheduled(before, &now->cron[i]))
			return waking(&now->cron[i], zone, a);
	return NULL;
}
