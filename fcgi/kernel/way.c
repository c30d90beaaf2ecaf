#include "kernel/way.h"

#include "base/net.h"

/* The domain, or a name below it. */
static bool ours(const char *domain, const char *host)
{
	size_t n = strlen(domain), h = strlen(host);
	return h >= n && !strcmp(host + h - n, domain) && (h == n || host[h - n - 1] == '.');
}

int way_find(const struct settings *s, const char *host, int port, struct way *w, struct fault *f)
{
	if (!net_listed(s->text[SETTING_NET_ALLOW], host, port, NULL) && ours(s->text[SETTING_DOMAIN], host))
		return fault(f, ERR_BLOCKED_ADDRESS, "%s is this server itself", host);
	return way_owned(s, host, port, w, f);
}

int way_owned(const struct settings *s, const char *host, int port, struct way *w, struct fault *f)
{
	*w = (struct way){.to = STR_NONE};
	w->anywhere = net_listed(s->text[SETTING_NET_ALLOW], host, port, &w->to);
	return !w->anywhere && net_inside(host) ? fault(f, ERR_BLOCKED_ADDRESS, "%s is not on the public Internet, and nothing is fetched from elsewhere", host) : 0;
}
