#include "store/setting.h"

#include "codec/mail.h"
#include "codec/ntfy.h"

static const struct setting_row rows[SETTING_COUNT] = {
#define SETTING(name, key, group, who, type, unit, least, most, otherwise, doc) \
	{key, GROUP_##group, SET_BY_##who, type, unit, least, most, otherwise, doc},
#include "store/setting.def"
#undef SETTING
};

const struct setting_row *setting_row(enum setting s)
{
	return &rows[s];
}

int setting_find(struct str key)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		if (str_is(key, rows[i].key))
			return i;
	return -1;
}

bool setting_text(const struct setting_row *row)
{
	return row->type == 's' || row->type == 'p';
}

static bool parse(char type, struct str text, int64_t *number)
{
	*number = 0;
	if (type == 'i')
		return str_int(text, number) && *number >= 0;
	if (type == 'b')
		*number = str_is(text, "true");
	return type == 's' || type == 'p' || *number || str_is(text, "false");
}

/* Labels with dots between: what comes of it is written into nginx's configuration and into links. */
static bool is_domain(struct str s)
{
	while (s.p)
		if (!text_label(str_cut(s, '.', &s)))
			return false;
	return true;
}

/* What a setting admits where it is not any text. */
static bool admitted(enum setting s, struct str value)
{
	int from, until;
	if (s == SETTING_DOMAIN)
		return is_domain(value);
	if (s == SETTING_SCHEME)
		return str_is(value, "http") || str_is(value, "https");
	if (s == SETTING_TIMEZONE)
		return zone_rule(value).n || !zone_any();
	if (s == SETTING_PUSH_QUIET)
		return !value.n || ntfy_hours(value, &from, &until);
	if (s == SETTING_MAIL_SERVER)
		return !value.n || mail_server(value);
	if (s == SETTING_MAIL_FROM)
		return !value.n || mail_address(value);
	if (s == SETTING_PUSH_UPSTREAM)
		return !value.n || (ntfy_http(value) && ntfy_link(value));
	return s != SETTING_DURABILITY || str_is(value, "full") || str_is(value, "normal");
}

static bool printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return text_utf8(s);
}

bool setting_admits(enum setting s, struct str value)
{
	const struct setting_row *row = &rows[s];
	int64_t number;
	if (!parse(row->type, value, &number) || !admitted(s, value) || !printable(value))
		return false;
	if (setting_text(row))
		number = (int64_t)value.n;
	return number >= row->least && number <= row->most;
}

static void parse_all(struct settings *set)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		parse(rows[i].type, str_of(set->text[i]), &set->number[i]);
}

static void take_defaults(struct settings *set)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		set->text[i] = rows[i].otherwise;
}

void settings_default(struct settings *set)
{
	take_defaults(set);
	parse_all(set);
}

int settings_load(struct db *db, struct arena *a, struct settings *set)
{
	take_defaults(set);
	struct stmt *s = db_query(db, "SELECT key, value FROM settings", "");
	int row = s ? 0 : -db_fault(db)->err;
	while (s && (row = stmt_row(s)) == 1) {
		int i = setting_find(stmt_str(s, 0));
		if (i >= 0 && setting_admits((enum setting)i, stmt_str(s, 1))) /* whoever wrote another into the file gets the default */
			set->text[i] = stmt_dup(s, 1, a);
	}
	parse_all(set);
	return -row;
}

static int unknown(struct db *db, struct str key)
{
	char word[64];
	snprintf(word, sizeof word, "%.*s", STR_FMT(key));
	int best = 0;
	for (int i = 1; i < SETTING_COUNT; i++)
		if (text_distance(word, rows[i].key) < text_distance(word, rows[best].key))
			best = i;
	return db_fail(db, ERR_NOT_FOUND, "There is no setting \"%s\". Did you mean \"%s\"?", word, rows[best].key);
}

int setting_check(struct db *db, enum setting s, struct str value)
{
	static const char *const kinds[] = {['s'] = "text", ['p'] = "text", ['i'] = "a whole number", ['b'] = "true or false"};
	const struct setting_row *row = &rows[s];
	if (setting_admits(s, value))
		return 0;
	char bounds[80] = "";
	if (row->type != 'b')
		snprintf(bounds, sizeof bounds, " from %lld to %lld%s", (long long)row->least, (long long)row->most,
			 setting_text(row) ? " bytes" : "");
	return db_fail(db, ERR_BAD_REQUEST, "\"%s\" is %s%s. %s", row->key, kinds[(unsigned char)row->type], bounds, row->doc);
}

int setting_set(struct db *db, struct str key, struct str value)
{
	int i = setting_find(key);
	if (i < 0)
		return unknown(db, key);
	int err = setting_check(db, (enum setting)i, value);
	if (err)
		return err;
	db_touch(db);
	return db_run(db,
		      "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = "
		      "excluded.value",
		      "ss", key, value);
}

int setting_reset(struct db *db, enum setting s)
{
	db_touch(db);
	return db_run(db, "DELETE FROM settings WHERE key = ?", "c", rows[s].key);
}

char *settings_origin(const struct settings *s, struct arena *a, const char *name)
{
	const char *domain = s->text[SETTING_DOMAIN];
	return settings_host_origin(s, a, name ? arena_printf(a, "%s.%s", name, domain) : domain);
}

char *settings_host_origin(const struct settings *s, struct arena *a, const char *host)
{
	const char *scheme = s->text[SETTING_SCHEME];
	int64_t port = s->number[SETTING_PORT], own = strcmp(scheme, "http") ? 443 : 80;
	if (port == own)
		return arena_printf(a, "%s://%s", scheme, host);
	return arena_printf(a, "%s://%s:%lld", scheme, host, (long long)port);
}
