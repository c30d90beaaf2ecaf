#include "codec/source.h"

#include "base/visible.h"
#include "codec/entry.h"

static int bad(struct fault *f, const char *why)
{
	return fault(f, ERR_BAD_SOURCE, "%s", why);
}

/* ---- the parts ---- */

static bool ref_valid(struct str ref)
{
	if (!ref.n || ref.n > 200 || strchr("-+/", ref.p[0]) || ref.p[0] == '.')
		return false;
	for (size_t i = 0; i < ref.n; i++) {
		char c = ref.p[i], next = i + 1 < ref.n ? ref.p[i + 1] : 0;
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._/-+", c);
		if (!c || !word || ((c == '.' || c == '/') && next == c) || (c == '/' && (next == '.' || !next)))
			return false;
	}
	return !str_ends(ref, ".lock") && !str_ends(ref, ".");
}

/* Cut "@REF" off. An @ at the beginning of a path's part is part of a name: https://host/@user/repo. */
static struct str cut_ref(struct str *s)
{
	for (size_t i = s->n; i > 1; i--) {
		if (s->p[i - 1] != '@' || s->p[i - 2] == '/')
			continue;
		struct str ref = {s->p + i, s->n - i};
		s->n = i - 1;
		return ref;
	}
	return STR_NONE;
}

static int take_ref(struct str ref, struct arena *a, struct source *s, struct fault *f)
{
	if (!ref_valid(ref))
		return fault(f, ERR_BAD_SOURCE, "\"%s\" is not a branch, tag or commit", visible(a, ref, 80));
	s->ref = arena_cstr(a, ref);
	return 0;
}

static bool host_valid(struct str host)
{
	struct str rest = host;
	if (!host.n || host.n > 253)
		return false;
	while (rest.p)
		if (!text_label(str_cut(rest, '.', &rest)))
			return false;
	return true;
}

static int take_host(struct str authority, struct arena *a, struct source *s, struct fault *f)
{
	struct str port, host;
	int64_t number;
	if (memchr(authority.n ? authority.p : "", '@', authority.n))
		return bad(f, "leave user and password out of the address; it would be stored and shown");
	if (authority.n && authority.p[0] == '[')
		return fault(f, ERR_BLOCKED_ADDRESS, "write the name of a public server, not an address");
	host = str_cut(authority, ':', &port);
	char *lower = arena_cstr(a, host);
	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	if (!host_valid(str_of(lower)))
		return bad(f, "the address has no valid host; write https://host/owner/repo");
	s->host = lower;
	s->port = strcmp(s->scheme, "http") ? 443 : 80;
	if (!port.p)
		return 0;
	if (!str_int(port, &number) || number < 1 || number > 65535 || port.p[0] == '0' || port.p[0] == '-')
		return bad(f, "the port of the address is not a number from 1 to 65535");
	s->port = (int)number;
	return 0;
}

/* ---- address-bar forms ---- */

/* How hosts write "this folder of that branch" behind the repository. */
static const char *const tree_forms[] = {"/-/tree/", "/tree/", "/src/branch/", "/src/tag/", "/src/commit/"};

static int take_tree(struct str *path, struct arena *a, struct source *s, struct fault *f)
{
	for (size_t i = 0; i < ARRAY_LEN(tree_forms); i++) {
		const char *text = arena_cstr(a, *path), *at = strstr(text, tree_forms[i]);
		if (!at)
			continue;
		struct str folder, ref = str_cut(str_of(at + strlen(tree_forms[i])), '/', &folder);
		if (s->ref)
			return bad(f, "the address names a branch twice, behind tree/ and behind @");
		int err = take_ref(ref, a, s, f);
		if (err)
			return err;
		if (folder.n && entry_path_problem(folder))
			return fault(f, ERR_BAD_SOURCE, "the folder \"%s\" %s", visible(a, folder, 100), entry_path_problem(folder));
		s->folder = folder.n ? arena_cstr(a, folder) : NULL;
		path->n = (size_t)(at - text);
		return 0;
	}
	return 0;
}

static bool path_valid(struct str path)
{
	struct str rest = {path.p + 1, path.n - 1};
	while (rest.p) {
		struct str part = str_cut(rest, '/', &rest);
		if (!part.n || part.p[0] == '-' || str_is(part, ".") || str_is(part, ".."))
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i];
			if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._~-@+", c)))
				return false;
		}
	}
	return true;
}

static struct str without_end(struct str s, char c)
{
	while (s.n > 1 && s.p[s.n - 1] == c)
		s.n--;
	return s;
}

/* ---- the kinds ---- */

static int git(struct str text, struct arena *a, struct source *s, struct fault *f)
{
	struct str rest, ignored;
	size_t scheme = strlen(s->scheme) + 3;
	text = str_cut(str_cut(text, '#', &ignored), '?', &ignored); /* the address bar's own */
	rest = (struct str){text.p + scheme, text.n - scheme};
	size_t slash = 0;
	while (slash < rest.n && rest.p[slash] != '/')
		slash++;
	int err = take_host((struct str){rest.p, slash}, a, s, f);
	if (err)
		return err;
	struct str path = {rest.p + slash, rest.n - slash}, ref = cut_ref(&path);
	if (ref.p && (err = take_ref(ref, a, s, f)))
		return err;
	path = without_end(path, '/');
	if ((err = take_tree(&path, a, s, f)))
		return err;
	if (path.n < 2 || !path_valid(path))
		return bad(f, "the address names no repository; write https://host/owner/repo");
	bool own = s->port == (strcmp(s->scheme, "http") ? 443 : 80);
	s->url = own ? arena_printf(a, "%s://%s%.*s", s->scheme, s->host, STR_FMT(path))
		     : arena_printf(a, "%s://%s:%d%.*s", s->scheme, s->host, s->port, STR_FMT(path));
	if (str_ends(path, ".git"))
		path.n -= 4;
	s->origin = arena_printf(a, "git:%s:%d%.*s%s%s", s->host, s->port, STR_FMT(path), s->folder ? "#" : "", s->folder ? s->folder : "");
	return 0;
}

static int builtin(struct str name, struct arena *a, struct source *s, struct fault *f)
{
	if (!text_label(name))
		return bad(f, "builtin: is followed by the name of an app that comes with Fazt");
	s->kind = SOURCE_BUILTIN;
	s->path = arena_cstr(a, name);
	s->origin = arena_printf(a, "builtin:%s", s->path);
	return 0;
}

static int local(struct str text, struct arena *a, struct source *s, struct fault *f)
{
	struct str ref = cut_ref(&text);
	int err = ref.p ? take_ref(ref, a, s, f) : 0;
	if (err)
		return err;
	s->kind = SOURCE_LOCAL;
	s->path = arena_cstr(a, without_end(text, '/'));
	s->origin = arena_printf(a, "local:%s", s->path);
	return 0;
}

/* Does it begin like SCHEME: ? A path with a colon can be written ./path. */
static bool has_scheme(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == ':')
			return i > 0;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("+.-@_", c)))
			return false;
	}
	return false;
}

int source_parse(struct str text, struct arena *a, struct source *s, struct fault *f)
{
	static const char builtin_scheme[] = "builtin:";
	*s = (struct source){.kind = SOURCE_GIT};
	text = str_trim(text);
	if (!text.n)
		return bad(f, "no source is given; write https://host/owner/repo");
	if (text.n > SOURCE_BYTES)
		return bad(f, "the source is longer than 1000 bytes");
	if (text_deceptive(text))
		return bad(f, "the source contains a control, direction or invisible character");
	if (text.p[0] == '-')
		return bad(f, "a source does not begin with -; write https://host/owner/repo");
	if (str_starts(text, builtin_scheme))
		return builtin((struct str){text.p + sizeof builtin_scheme - 1, text.n - sizeof builtin_scheme + 1}, a, s, f);
	s->scheme = str_starts(text, "https://") ? "https" : str_starts(text, "http://") ? "http" : NULL;
	if (s->scheme)
		return git(text, a, s, f);
	if (has_scheme(text))
		return bad(f, "only https addresses are accepted; write https://host/owner/repo");
	return local(text, a, s, f);
}
