#include "kernel/reading.h"

#include <jansson.h>

#include "base/text.h"
#include "base/visible.h"
#include "codec/version.h"
#include "config.h"
#include "kernel/grant.h"

/* The schema is the tables of keys: each row is a key and the function that reads its value into the struct. */

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

static int read_name(struct reading *g, json_t *v, void *into UNUSED)
{
	struct fault f = {0};
	int err = reading_text(g, v, 64, &g->m->name);
	if (!err && manifest_name(str_of(g->m->name), true, &f)) {
		reading_bad(g, "\"%s\": %s", reading_show(g, g->m->name), f.message);
		return g->fault->err = f.err;
	}
	return err;
}

static int read_title(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_line(g, v, 128, &g->m->title);
}

static int read_version(struct reading *g, json_t *v, void *into UNUSED)
{
	int number[3], err = reading_line(g, v, 40, &g->m->version);
	if (!err && !version_parse(str_of(g->m->version), number))
		return reading_bad(g, "\"%s\" is not a version; write up to three numbers, such as \"1.2.0\"", g->m->version);
	return err;
}

static int read_description(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_text(g, v, 16 * KIB, &g->m->description);
}

static int read_fazt(struct reading *g, json_t *v, void *into UNUSED)
{
	int err = reading_line(g, v, 40, &g->m->fazt);
	if (err)
		return err;
	switch (version_admits(str_of(g->m->fazt), STR(PACKAGE_VERSION))) {
	case ADMITS_YES: return 0;
	case ADMITS_NO: return reading_bad(g, "the app needs Fazt %s; this is %s", g->m->fazt, PACKAGE_VERSION);
	default: return reading_bad(g, "\"%s\" is not a version or a range such as \">=0.1 <2\"", g->m->fazt);
	}
}

static const char *const visibilities[] = {[VISIBLE_OWNER] = "owner", [VISIBLE_MEMBERS] = "members", [VISIBLE_ANYONE] = "anyone"};

const char *visibility_name(enum visibility v)
{
	return visibilities[v];
}

static int read_visibility(struct reading *g, json_t *v, void *into UNUSED)
{
	int at = 0, err = reading_choice(g, v, visibilities, ARRAY_LEN(visibilities), &at);
	g->m->visibility = (enum visibility)at;
	return err;
}

static int read_open_path(struct reading *g, json_t *v, void *into)
{
	const char **path = into, *star;
	int err = reading_line(g, v, 200, path);
	if (err)
		return err;
	if (**path != '/' || strstr(*path, "//") || strstr(*path, "/./") || strstr(*path, "/../") || strpbrk(*path, "?#\\"))
		return reading_bad(g, "\"%s\" is not a path; it begins with / and has no query", reading_show(g, *path));
	if (str_starts(str_of(*path), "/_fazt"))
		return reading_bad(g, "paths below /_fazt belong to Fazt");
	if ((star = strchr(*path, '*')) && star[1])
		return reading_bad(g, "a * stands at the end only");
	return 0;
}

static int read_open(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_list(g, v, MANIFEST_OPEN, sizeof(char *), (void **)&g->m->open, &g->m->nopen, read_open_path);
}

static int read_permission(struct reading *g, json_t *v, void *into)
{
	const char **permission = into;
	int err = reading_text(g, v, 300, permission);
	if (err)
		return err;
	const char *why = grant_problem(str_of(*permission), g->arena);
	return why ? reading_bad(g, "%s", why) : 0;
}

static int read_permissions(struct reading *g, json_t *v, void *into UNUSED)
{
	struct manifest *m = g->m;
	int err = reading_list(g, v, MANIFEST_PERMISSIONS, sizeof(char *), (void **)&m->permission, &m->npermissions, read_permission);
	for (int i = 0; !err && i < m->npermissions; i++)
		for (int k = 0; k < i; k++)
			if (!strcmp(m->permission[i], m->permission[k]))
				return reading_bad(g, "\"%s\" is there twice", m->permission[i]);
	return err;
}

static int read_export(struct reading *g, json_t *v, void *into)
{
	return reading_name(g, v, into);
}

static int read_exports(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_list(g, v, MANIFEST_EXPORTS, sizeof(char *), (void **)&g->m->export, &g->m->nexports, read_export);
}

static int read_import(struct reading *g, json_t *v, void *into)
{
	struct import *import = into;
	const char *both;
	int err = reading_text(g, v, 128, &both);
	if (err)
		return err;
	struct str collection, app = str_cut(str_of(both), '/', &collection);
	if (!text_label(app) || !text_name(collection))
		return reading_bad(g, "\"%s\" is not APP/COLLECTION", reading_show(g, both));
	*import = (struct import){arena_cstr(g->arena, app), arena_cstr(g->arena, collection)};
	return 0;
}

static int read_imports(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_list(g, v, MANIFEST_IMPORTS, sizeof(struct import), (void **)&g->m->import, &g->m->nimports, read_import);
}

static int read_env_name(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = reading_text(g, v, 64, &e->name);
	if (err)
		return err;
	size_t n = strspn(e->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (!n || e->name[n] || e->name[0] < 'A')
		return reading_bad(g, "\"%s\" is not a name such as \"API_URL\"", reading_show(g, e->name));
	return 0;
}

static int read_env_description(struct reading *g, json_t *v, void *into)
{
	return reading_text(g, v, 500, &((struct env_entry *)into)->description);
}

static int read_env_required(struct reading *g, json_t *v, void *into)
{
	return reading_boolean(g, v, &((struct env_entry *)into)->required);
}

static int read_env_secret(struct reading *g, json_t *v, void *into)
{
	return reading_boolean(g, v, &((struct env_entry *)into)->secret);
}

static int read_env_host(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = reading_text(g, v, 300, &e->host);
	const char *why = err ? NULL : grant_host_problem(str_of(e->host));
	return why ? reading_bad(g, "\"%s\": %s", reading_show(g, e->host), why) : err;
}

static int read_env_header(struct reading *g, json_t *v, void *into)
{
	struct env_entry *e = into;
	int err = reading_text(g, v, 64, &e->header);
	if (err)
		return err;
	size_t n = strspn(e->header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
	return n && !e->header[n] ? 0 : reading_bad(g, "\"%s\" is not the name of a header such as \"X-Api-Key\"", reading_show(g, e->header));
}

static int check_host(struct reading *g, struct env_entry *e)
{
	if (e->header && !e->host)
		return reading_bad(g, "%s: \"header\" goes with \"host\"", e->name);
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
	int err = reading_object(g, v, keys, e);
	if (err)
		return err;
	if (!e->name)
		return reading_bad(g, "needs a name");
	for (const struct env_entry *other = g->m->env; other < e; other++)
		if (!strcmp(other->name, e->name))
			return reading_bad(g, "\"%s\" is there twice", e->name);
	return check_host(g, e);
}

static int read_env(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_list(g, v, MANIFEST_ENV, sizeof(struct env_entry), (void **)&g->m->env, &g->m->nenv, read_env_entry);
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
	{"collections", manifest_collections},
	{"runs", manifest_runs},
	{"cron", manifest_cron},
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
	int err = manifest_parents(g);
	if (err)
		return err;
	if (!m->name)
		return reading_bad(g, "the key \"name\" is missing; add \"name\": \"my-app\"");
	if (!m->title)
		m->title = m->name;
	if (m->ncron && !manifest_asks(m, STR("schedule")))
		return reading_bad(g, "permissions: cron needs the permission \"schedule\"; add it");
	add_imports(g);
	return 0;
}

static int encoding(struct reading *g, struct str json)
{
	if (json.n > MANIFEST_BYTES)
		return reading_bad(g, "is larger than %u KB", MANIFEST_BYTES / KIB);
	if (str_starts(json, "\xFF\xFE") || str_starts(json, "\xFE\xFF") || (json.n > 1 && (!json.p[0] || !json.p[1])))
		return reading_bad(g, "is written in UTF-16; save it as UTF-8");
	if (str_starts(json, "\xEF\xBB\xBF"))
		return reading_bad(g, "begins with a byte order mark; save it as UTF-8 without one");
	if (json.n && memchr(json.p, 0, json.n))
		return reading_bad(g, "contains a NUL byte");
	if (!text_utf8(json))
		return reading_bad(g, "is not UTF-8");
	return 0;
}

static int tree(struct reading *g, struct str json, json_t **root)
{
	json_error_t e;
	*root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &e);
	if (!*root)
		return reading_bad(g, "line %d, column %d: %s", e.line, e.column, visible(g->arena, str_of(e.text), 120));
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
		err = reading_object(&g, root, top_keys, NULL);
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
