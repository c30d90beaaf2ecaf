#include "kernel/cookie.h"

static const char *const names[] = {
	[COOKIE_OS] = "os", [COOKIE_APP] = "fazt", [COOKIE_NONCE] = "fazt-nonce", [COOKIE_DEVICE] = "os-device"};

/* Do browsers take this node's hosts for secure? What nginx speaks is a setting, never what a request claims. */
const char *cookie_prefix(const struct settings *s)
{
	struct str domain = str_of(s->text[SETTING_DOMAIN]);
	bool secure = str_is(str_of(s->text[SETTING_SCHEME]), "https") || str_is(domain, "localhost") || str_ends(domain, ".localhost");
	return secure ? "__Host-" : "";
}

static bool secure(const struct req *r)
{
	return *cookie_prefix(&r->settings);
}

int cookie_allowed(struct req *r)
{
	if (secure(r) || r->settings.number[SETTING_INSECURE])
		return 0;
	return fail(r, ERR_DENIED, "Signing in over plain http is switched off, because anyone on the way could read it. "
				   "Use https, or in a network you trust: fazt-admin setting set insecure true");
}

static const char *name(const struct req *r, enum cookie c)
{
	return arena_printf(r->arena, "%s%s", cookie_prefix(&r->settings), names[c]);
}

struct str cookie_get(const struct req *r, enum cookie c)
{
	if (!secure(r) && !r->settings.number[SETTING_INSECURE])
		return STR_NONE;
	return req_cookie(r, name(r, c));
}

void cookie_set(struct req *r, enum cookie c, const char *value, int64_t seconds)
{
	res_headerf(r, "set-cookie", "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", name(r, c), value,
		    (long long)seconds, secure(r) ? "; Secure" : "");
}

void cookie_clear(struct req *r, enum cookie c)
{
	cookie_set(r, c, "", 0);
}

bool cookie_reserved(struct str name)
{
	static const char host[] = "__host-";
	size_t n = sizeof host - 1;
	if (name.n > n && str_ieq((struct str){name.p, n}, host))
		name = (struct str){name.p + n, name.n - n};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_ieq(name, names[i]))
			return true;
	return false;
}
