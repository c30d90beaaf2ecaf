#include "kernel/manifest.h"

#include <jansson.h>
#include <stdarg.h>

#include "base/visible.h"
#include "codec/cron.h"
#include "codec/version.h"
#include "config.h"
#include "kernel/grant.h"

/* The schema is the tables of keys near the end: each row is a key and the function that reads its value into the
 * struct. `at` is the way from the top of app.json to the value being read and stands in front of every message. */

struct reading {
	struct arena *arena;
	struct fault *fault;
	struct manifest *m;
	char at[200];
};

struct key {
	const char *name;
	int (*read)(struct reading *g, json_t *v, void *into);
};

static int bad(struct reading *g, const char *fmt, ...) PRINTF(2, 3);
static int bad(struct reading *g, const char *fmt, ...)
{
	char why[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return fault(g->fault, ERR_BAD_MANIFEST, "app.json: %s%s%s", g->at, g->at[0] ? ": " : "", why);
}

static const char *show(struct reading *g, const char *s)
{
	return visible(g->arena, str_of(s), 60);
}

/* ---- the way down ---- */

static size_t enter(struct reading *g, const char *fmt, ...) PRINTF(2, 3);
static size_t enter(struct reading *g, const char *fmt, ...)
{
	size_t n = strlen(g->at);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(g->at + n, sizeof g->at - n, fmt, ap);
	va_end(ap);
	return n;
}

static void leave(struct reading *g, size_t n)
{
	g->at[n] = 0;
}

static const struct key *key_find(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int unknown_key(struct reading *g, const struct key *keys, const char *name)
{
	const char *best = NULL;
	int best_distance = 4;
	for (; keys->name && strlen(name) < 40; keys++) {
		int d = text_distance(name, keys->name);
		if (d < best_distance)
			best = keys->name, best_distance = d;
	}
	if (best)
		return bad(g, "there is no key \"%s\"; did you mean \"%s\"?", show(g, name), best);
	return bad(g, "there is no key \"%s\"", show(g, name));
}

static int read_object(struct reading *g, json_t *v, const struct key *keys, void *into)
{
	if (!json_is_object(v))
		return bad(g, "must be an object: { … }");
	const char *name;
	json_t *member;
	json_object_foreach(v, name, member) {
		const struct key *k = key_find(keys, name);
		if (!k)
			return unknown_key(g, keys, name);
		size_t n = enter(g, "%s%s", g->at[0] ? "." : "", name);
		int err = k->read(g, member, into);
		if (err)
			return err;
		leave(g, n);
	}
	return 0;
}

/* A list of at most max values, each read into its element of an array of the arena. */
static int read_list(struct reading *g, json_t *v, size_t max, size_t size, void **list, int *count,
		     int (*read)(struct reading *, json_t *, void *))
{
	if (!json_is_array(v))
		return bad(g, "must be a list: [ … ]");
	size_t n = json_array_size(v);
	if (n > max)
		return bad(g, "has %zu entries; at most %zu are allowed", n, max);
	char *element = *list = arena_alloc(g->arena, size * (n + 1));
	for (size_t i = 0; i < n; i++, element += size) {
		size_t back = enter(g, "[%zu]", i);
		int err = read(g, json_array_get(v, i), element);
		if (err)
			return err;
		leave(g, back);
	}
	*count = (int)n;
	return 0;
}

/* ---- single values ---- */

static int text(struct reading *g, json_t *v, size_t max, const char **out)
{
	if (!json_is_string(v))
		return bad(g, "must be a text in quotes");
	struct str s = {json_string_value(v), json_string_length(v)};
	if (s.n > max)
		return bad(g, "is longer than %zu bytes", max);
	*out = arena_cstr(g->arena, s);
	return 0;
}

/* Text on one line, without characters that make it look like something else. */
static int line(struct reading *g, json_t *v, size_t max, const char **out)
{
	int err = text(g, v, max, out);
	if (err)
		return err;
	if (text_deceptive(str_of(*out)))
		return bad(g, "contains a control, direction or invisible character: \"%s\"", show(g, *out));
	return **out ? 0 : bad(g, "must not be empty");
}

static int boolean(struct reading *g, json_t *v, bool *out)
{
	if (!json_is_boolean(v))
		return bad(g, "must be true or false");
	*out = json_is_true(v);
	return 0;
}

/* One of a list of words, as its place in the list. */
static int choice(struct reading *g, json_t *v, const char *const *words, int n, int *out)
{
	char all[160] = "";
	for (int i = 0; i < n; i++) {
		if (json_is_string(v) && !strcmp(json_string_value(v), words[i])) {
			*out = i;
			return 0;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof all - used, "%s\"%s\"", i ? ", " : "", words[i]);
	}
	if (json_is_string(v))
		return bad(g, "\"%s\" is not one of %s", show(g, json_string_value(v)), all);
	return bad(g, "must be one of %s", all);
}

static int name_of(struct reading *g, json_t *v, const char **out)
{
	int err = text(g, v, 64, out);
	if (!err && !text_name(str_of(*out)))
		return bad(g, "\"%s\" is not a name: small letters, digits and _ , beginning with a letter", show(g, *out));
	return err;
}

/* ---- the keys of the top level ---- */

int manifest_name(struct str name, bool builtin, struct fault *f)
{
	static const char *const reserved[] = {
		"os", "www", "api", "admin", "administrator", "root", "owner", "app", "apps", "auth", "login", "logout", "signin", "signup",
		"invite", "session", "system", "kernel", "fazt", "faztd", "vault", "mcp", "mesh", "localhost", "local", "internal", "well-known",
		"ntfy", "push", "mail", "email", "smtp", "imap", "pop", "pop3", "mx", "webmail", "postmaster", "hostmaster", "webmaster", "abuse", "noreply",
		"security", "mta-sts", "autoconfig", "autodiscover", "wpad", "isatap", "ns1", "ns2", "ftp", "ssh", "cdn", "static", "proxy", "vpn",
	};
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (str_is(name, reserved[i]))
			return builtin ? 0 : fault(f, ERR_RESERVED_NAME, "the name \"%s\" is reserved; choose another", reserved[i]);
	if (str_starts(name, "xn--") || str_starts(name, "_"))
		return fault(f, ERR_RESERVED_NAME, "names that begin with xn-- or _ are reserved; choose another");
	if (name.n < 3 || name.n > 30 || !text_label(name))
		return fault(f, ERR_BAD_MANIFEST, "a name is 3 to 30 small letters, digits and hyphens, with a letter or digit at both ends");
	return 0;
}

static int read_name(struct reading *g, json_t *v, void *into)
{
	struct fault f = {0};
	int err = text(g, v, 64, &g->m->name);
	(void)into;
	if (!err && manifest_name(str_of(g->m->name), true, &f)) {
		bad(g, "\"%s\": %s", show(g, g->m->name), f.message);
		return g->fault->err = f.err;
	}
	return err;
}

static int read_title(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return line(g, v, 128, &g->m->title);
}

static int read_version(struct reading *g, json_t *v, void *into)
{
	int number[3], err = line(g, v, 40, &g->m->version);
	(void)into;
	if (!err && !version_parse(str_of(g->m->version), number))
		return bad(g, "\"%s\" is not a version; write up to three numbers, such as \"1.2.0\"", g->m->version);
	return err;
}

static int read_description(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return text(g, v, 16 * KIB, &g->m->description);
}

static int read_fazt(struct reading *g, json_t *v, void *into)
{
	int err = line(g, v, 40, &g->m->fazt);
	(void)into;
	if (err)
		return err;
	switch (version_admits(str_of(g->m->fazt), STR(PACKAGE_VERSION))) {
	case ADMITS_YES: return 0;
	case ADMITS_NO: return bad(g, "the app needs Fazt %s; this is %s", g->m->fazt, PACKAGE_VERSION);
	default: return bad(g, "\"%s\" is not a version or a range such as \">=0.1 <2\"", g->m->fazt);
	}
}

static const char *const visibilities[] = {[VISIBLE_OWNER] = "owner", [VISIBLE_MEMBERS] = "members", [VISIBLE_ANYONE] = "anyone"};

const char *visibility_name(enum visibility v)
{
	return visibilities[v];
}

static int read_visibility(struct reading *g, json_t *v, void *into)
{
	int at = 0, err = choice(g, v, visibilities, ARRAY_LEN(visibilities), &at);
	(void)into;
	g->m->visibility = (enum visibility)at;
	return err;
}

static int read_open_path(struct reading *g, json_t *v, void *into)
{
	const char **path = into, *star;
	int err = line(g, v, 200, path);
	if (err)
		return err;
	if (**path != '/' || strstr(*path, "//") || strstr(*path, "/./") || strstr(*path, "/../") || strpbrk(*path, "?#\\"))
		return bad(g, "\"%s\" is not a path; it begins with / and has no query", show(g, *path));
	if (str_starts(str_of(*path), "/_fazt"))
		return bad(g, "paths below /_fazt belong to Fazt");
	if ((star = strchr(*path, '*')) && star[1])
		return bad(g, "a * stands at the end only");
	return 0;
}

static int read_open(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return read_list(g, v, MANIFEST_OPEN, sizeof(char *), (void **)&g->m->open, &g->m->nopen, read_open_path);
}

static int read_permission(struct reading *g, json_t *v, void *into)
{
	const char **permission = into;
	int err = text(g, v, 300, permission);
	if (err)
		return err;
	const char *why = grant_problem(str_of(*permission), g->arena);
	return why ? bad(g, "%s", why) : 0;
}

static int read_permissions(struct reading *g, json_t *v, void *into)
{
	struct manifest *m = g->m;
	(void)into;
	int err = read_list(g, v, MANIFEST_PERMISSIONS, sizeof(char *), (void **)&m->permission, &m->npermissions, read_permission);
	for (int i = 0; !err && i < m->npermissions; i++)
		for (int k = 0; k < i; k++)
			if (!strcmp(m->permission[i], m->permission[k]))
				return bad(g, "\"%s\" is there twice", m->permission[i]);
	return err;
}

/* ---- collections ---- */

static int read_who(struct reading *g, json_t *v, enum who *out)
{
	const char *words[WHO_ANYONE];
	int at = 0;
	for (enum who w = WHO_OWNER; w <= WHO_ANYONE; w++)
		words[w - WHO_OWNER] = who_name(w);
	int err = choice(g, v, words, WHO_ANYONE, &at);
	*out = (enum who)(at + WHO_OWNER);
	return err;
}

static int read_read(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->read);
}

static int read_add(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->add);
}

static int read_change(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->change);
}

/* [A-Za-z_][A-Za-z0-9_]* with dots between */
static bool field_path(struct str s)
{
	if (!s.n || s.n > 128)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], before = i ? s.p[i - 1] : '.';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && !(c >= '0' && c <= '9' && before != '.') && !(c == '.' && before != '.'))
			return false;
	}
	return s.p[s.n - 1] != '.';
}

static int key_field(struct reading *g, struct str s, struct key_spec *spec)
{
	s = str_trim(s);
	bool desc = str_starts(s, "-");
	struct str path = {s.p + desc, s.n - desc};
	if (spec->n == INDEX_FIELDS)
		return bad(g, "has more than %d fields", INDEX_FIELDS);
	if (!field_path(path))
		return bad(g, "\"%s\" is not a field; write \"field\", \"-field\" or \"outer.inner\"", visible(g->arena, s, 60));
	for (int i = 0; i < spec->n; i++)
		if (str_is(path, spec->field[i].path))
			return bad(g, "names the field \"%s\" twice", spec->field[i].path);
	spec->field[spec->n++] = (struct key_field){arena_cstr(g->arena, path), desc};
	return 0;
}

static int read_key(struct reading *g, json_t *v, void *into)
{
	struct key_spec *spec = into;
	int err = 0;
	if (json_is_string(v)) {
		struct str rest = str_of(json_string_value(v));
		do
			err = key_field(g, str_cut(rest, ',', &rest), spec);
		while (!err && rest.p);
		return err;
	}
	if (!json_is_array(v) || !json_array_size(v))
		return bad(g, "must be \"field\", \"-field\", \"a,-b\" or a list of fields");
	for (size_t i = 0; !err && i < json_array_size(v); i++) {
		const char *field = json_string_value(json_array_get(v, i));
		err = field ? key_field(g, str_of(field), spec) : bad(g, "must be a list of field names");
	}
	return err;
}

static int read_keys(struct reading *g, json_t *v, int most, struct key_spec *keys, int *n)
{
	void *list = NULL;
	int err = read_list(g, v, most, sizeof *keys, &list, n, read_key);
	if (!err)
		memcpy(keys, list, (size_t)*n * sizeof *keys);
	return err;
}

static int read_index(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	return read_keys(g, v, COLLECTION_INDEXES, c->index, &c->nindex);
}

static int read_unique(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	return read_keys(g, v, COLLECTION_UNIQUES, c->unique, &c->nunique);
}

static int read_parent(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	const char *name = NULL;
	int err = name_of(g, v, &name);
	if (err)
		return err;
	c->parent = manifest_collection(g->m, str_of(name));
	return c->parent ? 0 : bad(g, "there is no collection \"%s\" here; declare it as well", name);
}

static int read_sealed(struct reading *g, json_t *v, void *into)
{
	(void)v, (void)into;
	return bad(g, "is reserved until fields can be sealed; leave it out");
}

static const struct key collection_keys[] = {
	{"read", read_read},   {"add", read_add},       {"change", read_change}, {"parent", read_parent},
	{"index", read_index}, {"unique", read_unique}, {"sealed", read_sealed}, {NULL, NULL},
};

/* Below a parent its shares and its owner count, so the default there is shared, shared, owner. */
static void default_rule(struct collection *c)
{
	struct collection d = collection_default(c->name);
	if (c->parent)
		d.read = d.add = WHO_SHARED;
	c->read = c->read ? c->read : d.read;
	c->add = c->add ? c->add : d.add;
	c->change = c->change ? c->change : d.change;
}

static int parents(struct reading *g)
{
	for (int i = 0; i < g->m->ncollections; i++) {
		const struct collection *c = &g->m->collection[i];
		int depth = 0;
		while ((c = c->parent))
			if (++depth >= COLLECTION_DEPTH)
				return bad(g, "collections.%s.parent: the chain of parents is a circle, or longer than %d collections",
					   g->m->collection[i].name, COLLECTION_DEPTH);
	}
	return 0;
}

static int name_collections(struct reading *g, json_t *v)
{
	const char *name;
	json_t *member;
	json_object_foreach(v, name, member) {
		if (!text_name(str_of(name)))
			return bad(g, "\"%s\" is not a name: small letters, digits and _ , beginning with a letter", show(g, name));
		g->m->collection[g->m->ncollections++].name = arena_strdup(g->arena, name);
	}
	return 0;
}

/* All names first: a parent may be declared behind its children. */
static int read_collections(struct reading *g, json_t *v, void *into)
{
	(void)into;
	if (!json_is_object(v))
		return bad(g, "must be an object: { \"name\": { … } }");
	if (json_object_size(v) > MANIFEST_COLLECTIONS)
		return bad(g, "declares %zu collections; at most %d are allowed", json_object_size(v), MANIFEST_COLLECTIONS);
	g->m->collection = arena_alloc(g->arena, (json_object_size(v) + 1) * sizeof(struct collection));
	int err = name_collections(g, v);
	for (int i = 0; !err && i < g->m->ncollections; i++) {
		struct collection *c = &g->m->collection[i];
		size_t n = enter(g, ".%s", c->name);
		err = read_object(g, json_object_get(v, c->name), collection_keys, c);
		default_rule(c);
		if (!err)
			leave(g, n);
	}
	return err;
}

/* ---- keys of features that are read here and used later ---- */

static int read_cron_name(struct reading *g, json_t *v, void *into)
{
	return name_of(g, v, &((struct cron_entry *)into)->name);
}

static int read_schedule(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	struct cron cron;
	struct fault f = {0};
	int err = line(g, v, CRON_TEXT, &c->schedule);
	if (err)
		return err;
	if (cron_parse(str_of(c->schedule), &cron, &f))
		return bad(g, "\"%s\": %s", show(g, c->schedule), f.message);
	return 0;
}

static int read_tz(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	struct zone zone;
	int err = line(g, v, 100, &c->tz);
	if (!err && !zone_find(str_of(c->tz), &zone))
		return bad(g, "there is no zone \"%s\"; write a name such as \"Europe/Lisbon\", \"UTC\" or \"+02:00\"", show(g, c->tz));
	return err;
}

static int read_handler(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	int err = line(g, v, 200, &c->handler);
	if (!err && (!str_starts(str_of(c->handler), "api/") || !str_ends(str_of(c->handler), ".lua")))
		return bad(g, "\"%s\" is not a handler; name a file such as \"api/job.lua\"", show(g, c->handler));
	return err;
}

static int read_overlap(struct reading *g, json_t *v, void *into)
{
	static const char *const words[] = {[OVERLAP_SKIP] = "skip", [OVERLAP_QUEUE] = "queue", [OVERLAP_ALLOW] = "allow"};
	int at = 0, err = choice(g, v, words, ARRAY_LEN(words), &at);
	((struct cron_entry *)into)->overlap = (enum overlap)at;
	return err;
}

static int read_catchup(struct reading *g, json_t *v, void *into)
{
	static const char *const words[] = {[CATCHUP_ONE] = "one", [CATCHUP_NONE] = "none", [CATCHUP_ALL] = "all"};
	int at = 0, err = choice(g, v, words, ARRAY_LEN(words), &at);
	((struct cron_entry *)into)->catchup = (enum catchup)at;
	return err;
}

static int number(struct reading *g, json_t *v, int least, int most, json_int_t *out)
{
	*out = json_is_integer(v) ? json_integer_value(v) : least - 1;
	return *out >= least && *out <= most ? 0 : bad(g, "must be a whole number from %d to %d", least, most);
}

static int read_input(struct reading *g, json_t *v, void *into)
{
	char *json = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t n = json ? strlen(json) : 0;
	if (n && n <= MANIFEST_CRON_INPUT)
		((struct cron_entry *)into)->input = arena_strdup(g->arena, json);
	free(json);
	return n && n <= MANIFEST_CRON_INPUT ? 0 : bad(g, "is larger than %u KB", MANIFEST_CRON_INPUT / KIB);
}

static int read_most(struct reading *g, json_t *v, void *into)
{
	json_int_t n;
	int err = number(g, v, 1, JOB_MOST, &n);
	((struct cron_entry *)into)->most = (int)n;
	return err;
}

static int read_jitter(struct reading *g, json_t *v, void *into)
{
	json_int_t n;
	int err = number(g, v, 0, MANIFEST_CRON_JITTER, &n);
	((struct cron_entry *)into)->jitter = 1000 * n;
	return err;
}

static int read_cron_entry(struct reading *g, json_t *v, void *into)
{
	static const struct key keys[] = {
		{"name", read_cron_name}, {"schedule", read_schedule}, {"tz", read_tz}, {"handler", read_handler},
		{"input", read_input}, {"overlap", read_overlap}, {"catchup", read_catchup}, {"most", read_most}, {"jitter", read_jitter},
		{NULL, NULL},
	};
	struct cron_entry *c = into;
	*c = (struct cron_entry){.most = MANIFEST_CRON_MOST, .jitter = -1};
	int err = read_object(g, v, keys, c);
	if (!err && (!c->name || !c->schedule || !c->handler))
		return bad(g, "needs name, schedule and handler");
	for (const struct cron_entry *other = g->m->cron; !err && other < c; other++)
		if (!strcmp(other->name, c->name))
			return bad(g, "\"%s\" is there twice", c->name);
	return err;
}

static int read_runs(struct reading *g, json_t *v, void *into)
{
	static const char *const words[] = {[RUNS_FINISH] = "finish", [RUNS_FOLLOW] = "follow"};
	int at = 0, err = choice(g, v, words, ARRAY_LEN(words), &at);
	(void)into;
	g->m->runs = (enum at_upgrade)at;
	return err;
}

static int read_cron(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return read_list(g, v, MANIFEST_CRON, sizeof(struct cron_entry), (void **)&g->m->cron, &g->m->ncron, read_cron_entry);
}

static int read_export(struct reading *g, json_t *v, void *into)
{
	return name_of(g, v, into);
}

static int read_exports(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return read_list(g, v, MANIFEST_EXPORTS, sizeof(char *), (void **)&g->m->export, &g->m->nexports, read_export);
}

static int read_import(struct reading *g, json_t *v, void *into)
{
	struct import *import = into;
	const char *both;
	int err = text(g, v, 128, &both);
	if (err)
		return err;
	struct str collection, app = str_cut(str_of(both), '/', &collection);
	if (!text_label(app) || !text_name(collection))
		return bad(g, "\"%s\" is not APP/COLLECTION", show(g, both));
	*import = (struct import){arena_cstr(g->arena, app), arena_cstr(g->arena, collection)};
	return 0;
}

static int read_imports(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return read_list(g, v, MANIFEST_IMPORTS, sizeof(struct import), (void **)&g->m->import, &g->m->nimports, read_import);
}

static int read_env_name(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = text(g, v, 64, &e->name);
	if (err)
		return err;
	size_t n = strspn(e->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (!n || e->name[n] || e->name[0] < 'A')
		return bad(g, "\"%s\" is not a name such as \"API_URL\"", show(g, e->name));
	return 0;
}

static int read_env_description(struct reading *g, json_t *v, void *into)
{
	return text(g, v, 500, &((struct env_entry *)into)->description);
}

static int read_env_required(struct reading *g, json_t *v, void *into)
{
	return boolean(g, v, &((struct env_entry *)into)->required);
}

static int read_env_secret(struct reading *g, json_t *v, void *into)
{
	return boolean(g, v, &((struct env_entry *)into)->secret);
}

static int read_env_host(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = text(g, v, 300, &e->host);
	const char *why = err ? NULL : grant_host_problem(str_of(e->host));
	return why ? bad(g, "\"%s\": %s", show(g, e->host), why) : err;
}

static int read_env_header(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = text(g, v, 64, &e->header);
	if (err)
		return err;
	size_t n = strspn(e->header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
	return n && !e->header[n] ? 0 : bad(g, "\"%s\" is not the name of a header such as \"X-Api-Key\"", show(g, e->header));
}

static int check_host(struct reading *g, struct env_entry *e)
{
	if (e->header && !e->host)
		return bad(g, "%s: \"header\" goes with \"host\"", e->name);
	e->secret |= e->host != NULL;
	return 0;
}

static int read_env_entry(struct reading *g, json_t *v, void *into)
{
	static const struct key keys[] = {
		{"name", read_env_name}, {"description", read_env_description}, {"required", read_env_required},
		{"secret", read_env_secret}, {"host", read_env_host}, {"header", read_env_header}, {NULL, NULL},
	};
	struct env_entry *e = into;
	int err = read_object(g, v, keys, e);
	if (err)
		return err;
	if (!e->name)
		return bad(g, "needs a name");
	for (const struct env_entry *other = g->m->env; other < e; other++)
		if (!strcmp(other->name, e->name))
			return bad(g, "\"%s\" is there twice", e->name);
	return check_host(g, e);
}

static int read_env(struct reading *g, json_t *v, void *into)
{
	(void)into;
	return read_list(g, v, MANIFEST_ENV, sizeof(struct env_entry), (void **)&g->m->env, &g->m->nenv, read_env_entry);
}

static const struct key top_keys[] = {
	{"name", read_name},
	{"title", read_title},
	{"version", read_version},
	{"description", read_description},
	{"fazt", read_fazt},
	{"visibility", read_visibility},
	{"open", read_open},
	{"permissions", read_permissions},
	{"collections", read_collections},
	{"runs", read_runs},
	{"cron", read_cron},
	{"exports", read_exports},
	{"imports", read_imports},
	{"env", read_env},
	{NULL, NULL},
};

/* ---- what concerns several keys ---- */

bool manifest_asks(const struct manifest *m, struct str permission)
{
	for (int i = 0; i < m->npermissions; i++)
		if (str_is(permission, m->permission[i]))
			return true;
	return false;
}

/* An import is asked for by being declared. */
static void add_imports(struct reading *g)
{
	struct manifest *m = g->m;
	const char **all = arena_alloc(g->arena, (size_t)(m->npermissions + m->nimports + 1) * sizeof *all);
	for (int i = 0; i < m->npermissions; i++)
		all[i] = m->permission[i];
	m->permission = all;
	for (int i = 0; i < m->nimports; i++) {
		const char *permission = arena_printf(g->arena, "import:%s/%s", m->import[i].app, m->import[i].collection);
		if (!manifest_asks(m, str_of(permission)))
			all[m->npermissions++] = permission;
	}
}

static int whole(struct reading *g)
{
	struct manifest *m = g->m;
	int err = parents(g);
	if (err)
		return err;
	if (!m->name)
		return bad(g, "the key \"name\" is missing; add \"name\": \"my-app\"");
	if (!m->title)
		m->title = m->name;
	if (m->ncron && !manifest_asks(m, STR("schedule")))
		return bad(g, "permissions: cron needs the permission \"schedule\"; add it");
	add_imports(g);
	return 0;
}

static int encoding(struct reading *g, struct str json)
{
	if (json.n > MANIFEST_BYTES)
		return bad(g, "is larger than %u KB", MANIFEST_BYTES / KIB);
	if (str_starts(json, "\xFF\xFE") || str_starts(json, "\xFE\xFF") || (json.n > 1 && (!json.p[0] || !json.p[1])))
		return bad(g, "is written in UTF-16; save it as UTF-8");
	if (str_starts(json, "\xEF\xBB\xBF"))
		return bad(g, "begins with a byte order mark; save it as UTF-8 without one");
	if (json.n && memchr(json.p, 0, json.n))
		return bad(g, "contains a NUL byte");
	if (!text_utf8(json))
		return bad(g, "is not UTF-8");
	return 0;
}

static int tree(struct reading *g, struct str json, json_t **root)
{
	json_error_t e;
	*root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &e);
	if (!*root)
		return bad(g, "line %d, column %d: %s", e.line, e.column, visible(g->arena, str_of(e.text), 120));
	return 0;
}

int manifest_parse(struct str json, struct arena *a, struct manifest **m, struct fault *f)
{
	struct reading g = {.arena = a, .fault = f, .m = NEW(a, struct manifest)};
	json_t *root = NULL;
	int err = encoding(&g, json);
	if (!err)
		err = tree(&g, json, &root);
	if (!err)
		err = read_object(&g, root, top_keys, NULL);
	if (!err)
		err = whole(&g);
	json_decref(root);
	g.m->json = arena_cstr(a, json);
	*m = err ? NULL : g.m;
	return err;
}

const struct collection *manifest_collection(const struct manifest *m, struct str name)
{
	for (int i = 0; i < m->ncollections; i++)
		if (str_is(name, m->collection[i].name))
			return &m->collection[i];
	return NULL;
}

const struct env_entry *manifest_env(const struct manifest *m, struct str name)
{
	for (int i = 0; i < m->nenv; i++)
		if (str_is(name, m->env[i].name))
			return &m->env[i];
	return NULL;
}
