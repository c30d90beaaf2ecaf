#include "gate/desk.h"

#include "codec/form.h"
#include "gate/op.h"
#include "kernel/identity.h"
#include "kernel/page.h"
#include "sys/session.h"

/* A group is one form, sent as a whole: what differs from what holds is set, one operation each. */

static const struct {
	const char *name, *title, *about;
	const char *test, *test_button, *test_done; /* an operation that shows whether it works */
	bool folded;
} groups[GROUP_COUNT] = {
	[GROUP_NODE] = {"node", "This cloud", ""},
	[GROUP_MAIL] = {"mail", "Mail", "With these your apps can send mail, where you allowed it.", "mail.test", "Send a test mail to me",
			"The mail server took the test mail. Look into your inbox."},
	[GROUP_PUSH] = {"push", "Notifications", "", "notice.test", "Send a test notice",
			"The test notice is on its way to your devices, and stands on your dashboard."},
	[GROUP_APPS] = {"apps", "What every app may use", "One app gets more or less on its own page.", .folded = true},
	[GROUP_RUNS] = {"runs", "Runs and jobs", "", .folded = true},
	[GROUP_LIMITS] = {"limits", "Limits of the node", "", .folded = true},
};

struct desk {
	struct req *r;
	struct buf *b;
	char csrf[SECRET_LEN + 1];
	bool fresh;                         /* nobody has to say the password */
	int group;                          /* of the form that was sent, or -1 */
	const char *done, *refused;         /* of that form as a whole */
	const char *password;               /* why the password was not right */
	const char *wrong[SETTING_COUNT];   /* why a value was refused */
	struct str typed[SETTING_COUNT];
};

/* ---- operations ---- */

/* NOUN.VERB with up to three texts (STR_NONE: left out). Its answer is nobody's business here. */
static int call(struct req *r, const char *noun, const char *verb, struct str a, struct str b, struct str c)
{
	struct buf answer = BUF_MAX(4 * MIB);
	struct out o = OUT(&answer);
	int row = op_find(str_of(noun), str_of(verb));
	struct call call = {.row = row, .nargs = op_row(row)->sig.n, .arg = {{.present = a.p, .s = a}, {.present = b.p, .s = b}, {.present = c.p, .s = c}}};
	int err = op_call(r, &call, &o);
	buf_release(&answer);
	return err;
}

static const char *reason(struct req *r, int err)
{
	const char *said = arena_strdup(r->arena, req_error_message(r, err));
	fault_clear(&r->fault);
	return said;
}

/* ---- what is shown ---- */

static const char *amount(struct arena *a, int64_t n, const char *unit)
{
	static const struct {
		const char *unit, *name;
		int64_t scale;
	} row[] = {{"bytes", "GB", 1 << 30}, {"bytes", "MB", 1 << 20}, {"bytes", "KB", 1 << 10}, {"ms", "seconds", 1000}};
	for (size_t i = 0; *unit && n && i < ARRAY_LEN(row); i++)
		if (!strcmp(unit, row[i].unit) && n % row[i].scale == 0)
			return arena_printf(a, "%lld %s (%lld %s)", (long long)n, unit, (long long)(n / row[i].scale), row[i].name);
	return arena_printf(a, "%lld%s%s", (long long)n, *unit ? " " : "", unit);
}

static const char *shown(struct arena *a, const struct setting_row *row, const char *value)
{
	int64_t n;
	if (!*value)
		return row->type == 'p' ? "not set" : "empty";
	if (row->type == 'p')
		return "set";
	if (row->type == 'b')
		return strcmp(value, "true") ? "no" : "yes";
	return row->type == 'i' && str_int(str_of(value), &n) ? amount(a, n, row->unit) : value;
}

static bool changed(const struct desk *d, int i)
{
	return strcmp(d->r->settings.text[i], setting_row(i)->otherwise) != 0;
}

static const char *value_of(const struct desk *d, int i)
{
	if (setting_row(i)->type == 'p')
		return "";
	return d->typed[i].p ? arena_cstr(d->r->arena, d->typed[i]) : d->r->settings.text[i];
}

static void add_choice(struct desk *d, int i)
{
	const char *key = setting_row(i)->key;
	bool yes = !strcmp(value_of(d, i), "true");
	page_add(d->b, "<select class=\"input\" id=\"{}\" name=\"{}\" aria-describedby=\"about-{}\">", key, key, key);
	page_add(d->b, yes ? "<option value=\"true\" selected>yes</option><option value=\"false\">no</option></select>\n" :
			     "<option value=\"true\">yes</option><option value=\"false\" selected>no</option></select>\n");
}

static void add_input(struct desk *d, int i)
{
	const struct setting_row *row = setting_row(i);
	const char *wrong = d->wrong[i] ? " aria-invalid=\"true\"" : "";
	page_add(d->b,
		 "<input class=\"input\" id=\"{}\" name=\"{}\" value=\"{}\" autocomplete=\"{}\" autocapitalize=\"none\" spellcheck=\"false\" "
		 "aria-describedby=\"about-{}",
		 row->key, row->key, value_of(d, i), row->type == 'p' ? "new-password" : "off", row->key);
	if (d->wrong[i])
		page_add(d->b, " wrong-{}", row->key);
	page_add(d->b, row->type == 'p' ? "\" type=\"password\" placeholder=\"{}\"" : row->type == 'i' ? "\" inputmode=\"numeric\"" : "\"",
		 *d->r->settings.text[i] ? "Set. Another one in its place" : "");
	buf_adds(d->b, wrong);
	buf_adds(d->b, ">\n");
}

static void add_field(struct desk *d, int i)
{
	const struct setting_row *row = setting_row(i);
	page_add(d->b, "<div class=\"setting\">\n<p class=\"label\"><label for=\"{}\">{}</label>", row->key, row->key);
	page_add(d->b, !changed(d, i) ? "</p>\n" : row->type == 'p' ? " <span class=\"badge\">Set</span></p>\n" : " <span class=\"badge\">Changed</span></p>\n");
	buf_adds(d->b, "<div class=\"linkrow\">");
	if (row->type == 'b')
		add_choice(d, i);
	else
		add_input(d, i);
	if (changed(d, i))
		page_add(d->b, "<button class=\"button quiet\" name=\"reset\" value=\"{}\" aria-label=\"{}: back to default\">Back to default</button>", row->key, row->key);
	buf_adds(d->b, "</div>\n");
	if (d->wrong[i])
		page_add(d->b, "<p class=\"hint failure\" id=\"wrong-{}\" role=\"alert\">{}</p>\n", row->key, d->wrong[i]);
	page_add(d->b, "<p class=\"hint\" id=\"about-{}\">{} <span class=\"default\">Default: {}</span></p>\n</div>\n", row->key, row->doc,
		 shown(d->r->arena, row, row->otherwise));
}

/* What only the shell changes, to be read. */
static void add_fact(struct desk *d, int i)
{
	const struct setting_row *row = setting_row(i);
	page_add(d->b, "<div><dt>{}</dt><dd><strong>{}</strong>", row->key, shown(d->r->arena, row, d->r->settings.text[i]));
	page_add(d->b, "{} <span class=\"soft small\">{}</span></dd></div>\n", changed(d, i) ? "" : " (the default)", row->doc);
}

static void add_facts(struct desk *d, int group)
{
	int n = 0;
	for (int i = 0; i < SETTING_COUNT; i++) {
		if ((int)setting_row(i)->group != group || setting_row(i)->who != SET_BY_SHELL)
			continue;
		if (!n++)
			buf_adds(d->b, "<h3>Changed in the shell alone</h3>\n<p class=\"soft\">A wrong value here could lock you out: "
				       "<code>fazt-admin setting set NAME VALUE</code></p>\n<dl class=\"facts settings\">\n");
		add_fact(d, i);
	}
	buf_adds(d->b, n ? "</dl>\n" : "");
}

static bool asks_password(const struct desk *d, int group)
{
	for (int i = 0; !d->fresh && i < SETTING_COUNT; i++)
		if ((int)setting_row(i)->group == group && setting_row(i)->who == SET_BY_FRESH)
			return true;
	return false;
}

static void add_password(struct desk *d, int group)
{
	const char *name = groups[group].name, *wrong = d->group == group ? d->password : NULL;
	page_add(d->b,
		 "<div><label class=\"label\" for=\"present-{}\">Your password</label>\n<input class=\"input\" id=\"present-{}\" name=\"present\" "
		 "type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\" aria-describedby=\"about-present-{}\"",
		 name, name, name);
	buf_adds(d->b, wrong ? " aria-invalid=\"true\">\n" : ">\n");
	if (wrong)
		page_add(d->b, "<p class=\"hint failure\" role=\"alert\">{}</p>\n", wrong);
	page_add(d->b, "<p class=\"hint\" id=\"about-present-{}\">Some of these need it, because you signed in more than ten minutes ago.</p></div>\n",
		 name);
}

static void begin_form(struct desk *d, int group, const char *deed)
{
	const char *name = groups[group].name;
	page_add(d->b, "<form class=\"stack\" method=\"post\" action=\"/_fazt/settings#{}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">", name, d->csrf);
	page_add(d->b, "<input type=\"hidden\" name=\"group\" value=\"{}\"><input type=\"hidden\" name=\"do\" value=\"{}\">\n", name, deed);
}

/* Enter in a field presses the first button of a form: an unseen one that saves, not one that puts a setting back. */
static void add_form(struct desk *d, int group)
{
	begin_form(d, group, "set");
	buf_adds(d->b, "<button class=\"unseen\" tabindex=\"-1\" aria-hidden=\"true\">Save</button>\n");
	for (int i = 0; i < SETTING_COUNT; i++)
		if ((int)setting_row(i)->group == group && setting_row(i)->who != SET_BY_SHELL)
			add_field(d, i);
	if (asks_password(d, group))
		add_password(d, group);
	page_add(d->b, "<div><button class=\"button\">Save</button></div>\n</form>\n");
}

static void add_test(struct desk *d, int group)
{
	if (!groups[group].test)
		return;
	begin_form(d, group, groups[group].test);
	page_add(d->b, "<div><button class=\"button quiet\">{}</button></div>\n</form>\n", groups[group].test_button);
}

static void add_word(struct desk *d, int group)
{
	if (d->group != group)
		return;
	if (d->done)
		page_add(d->b, "<p class=\"notice\" role=\"status\">{}</p>\n", d->done);
	if (d->refused)
		page_add(d->b, "<p class=\"notice danger\" role=\"alert\">{}</p>\n", d->refused);
}

static void add_group(struct desk *d, int group)
{
	bool folded = groups[group].folded;
	const char *name = groups[group].name;
	page_add(d->b, "<section class=\"card inset stack\" id=\"{}\" aria-labelledby=\"title-{}\">\n", name, name);
	buf_adds(d->b, !folded ? "" : d->group == group ? "<details open><summary>" : "<details><summary>");
	page_add(d->b, "<h2 id=\"title-{}\">{}</h2>\n", name, groups[group].title);
	buf_adds(d->b, folded ? "</summary>\n<div class=\"stack\">" : "");
	add_word(d, group);
	if (*groups[group].about)
		page_add(d->b, "<p class=\"soft\">{}</p>\n", groups[group].about);
	add_form(d, group);
	add_test(d, group);
	add_facts(d, group);
	buf_adds(d->b, folded ? "</div></details></section>\n" : "</section>\n");
}

static int send_page(struct desk *d, int status)
{
	struct req *r = d->r;
	struct buf b = BUF_INIT;
	d->b = &b;
	identity_csrf(r, d->csrf);
	buf_adds(&b, "<nav class=\"row\" aria-label=\"On this page\">");
	for (int i = 0; i < GROUP_COUNT; i++)
		page_add(&b, "<a class=\"button quiet\" href=\"#{}\">{}</a>", groups[i].name, groups[i].title);
	buf_adds(&b, "</nav>\n");
	for (int i = 0; i < GROUP_COUNT; i++)
		add_group(d, i);
	page_send_desk(r, status, "Settings", &b);
	return 0;
}

/* ---- what a form asks for ---- */

static int group_named(struct str name)
{
	for (int i = 0; i < GROUP_COUNT; i++)
		if (str_is(name, groups[i].name))
			return i;
	return -1;
}

/* A refusal that is about who asks ends it: the next one would be the same, and be counted against whoever guesses. */
static bool refuse(struct desk *d, int i, int err)
{
	const char *why = reason(d->r, err);
	if (err == ERR_BAD_REQUEST)
		d->wrong[i] = why;
	else if (err == ERR_DENIED && !d->fresh)
		d->password = why;
	else
		d->refused = why;
	return err == ERR_BAD_REQUEST;
}

/* A secret that is left empty stays. */
static bool differs(const struct desk *d, int i)
{
	const struct setting_row *row = setting_row(i);
	return (int)row->group == d->group && row->who != SET_BY_SHELL && d->typed[i].p && !(row->type == 'p' && !d->typed[i].n) &&
	       !str_is(d->typed[i], d->r->settings.text[i]);
}

static void read_typed(struct desk *d)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		d->typed[i] = form_get(d->r->arena, d->r->body, setting_row(i)->key);
		if (setting_row(i)->type != 'p' && d->typed[i].p)
			d->typed[i] = str_trim(d->typed[i]);
	}
}

static bool set(struct desk *d, struct str present)
{
	bool fine = true;
	int err;
	read_typed(d);
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!differs(d, i) || !(err = call(d->r, "setting", "set", str_of(setting_row(i)->key), d->typed[i], present)))
			continue;
		fine = false;
		if (!refuse(d, i, err))
			return false;
		d->refused = "What is marked below was not saved; the rest was.";
	}
	return fine;
}

static bool reset(struct desk *d, struct str key, struct str present)
{
	int err = call(d->r, "setting", "reset", key, present, STR_NONE);
	read_typed(d);
	if (err)
		refuse(d, MAX(setting_find(key), 0), err);
	return !err;
}

static bool test(struct desk *d)
{
	struct str verb, noun = str_cut(str_of(groups[d->group].test), '.', &verb);
	int err = call(d->r, arena_cstr(d->r->arena, noun), arena_cstr(d->r->arena, verb), STR_NONE, STR_NONE, STR_NONE);
	if (err)
		d->refused = reason(d->r, err);
	return !err;
}

static int reload(struct req *r)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	int err = db ? node_settings(r->node, db, r->arena, &r->settings) : r->fault.err;
	db_return(db);
	return err;
}

static int post(struct desk *d)
{
	struct req *r = d->r;
	struct str deed = form_get(r->arena, r->body, "do"), key = form_get(r->arena, r->body, "reset"), present = form_get(r->arena, r->body, "present");
	bool fine;
	d->group = group_named(form_get(r->arena, r->body, "group"));
	present = present.n ? present : STR_NONE;
	if (d->group >= 0 && key.p)
		deed = STR("reset"), fine = reset(d, key, present);
	else if (d->group >= 0 && str_is(deed, "set"))
		fine = set(d, present);
	else if (d->group >= 0 && groups[d->group].test && str_is(deed, groups[d->group].test))
		fine = test(d);
	else
		return fail(r, ERR_BAD_REQUEST, "This form is not one of the page of settings.");
	if (!fine)
		return reload(r) ? r->fault.err : send_page(d, 400);
	res_redirect(r, 303, arena_printf(r->arena, "/_fazt/settings?group=%s&done=%.*s#%s", groups[d->group].name, STR_FMT(deed), groups[d->group].name));
	page_headers(r);
	return 0;
}

static const char *done_word(int group, struct str done)
{
	if (str_is(done, "set"))
		return "Saved.";
	if (str_is(done, "reset"))
		return "Back to the default.";
	return groups[group].test && str_is(done, groups[group].test) ? groups[group].test_done : NULL;
}

int desk_http(struct req *r)
{
	struct desk *d = arena_alloc(r->arena, sizeof *d);
	*d = (struct desk){.r = r, .group = -1};
	int err = call(r, "setting", "get", STR_NONE, STR_NONE, STR_NONE); /* whoever may read them may see the page */
	if (err)
		return err;
	d->fresh = !session_confirm(r, &(struct arg){0});
	fault_clear(&r->fault);
	if (str_is(r->method, "POST"))
		return post(d);
	if (!str_is(r->method, "GET") && !str_is(r->method, "HEAD")) {
		r->allow = STR("GET, HEAD, POST");
		return fail(r, ERR_METHOD_NOT_ALLOWED, NULL);
	}
	d->group = group_named(form_get(r->arena, r->query, "group"));
	if (d->group >= 0)
		d->done = done_word(d->group, form_get(r->arena, r->query, "done"));
	return send_page(d, 200);
}
