/* A template is text with @NAMES@; a name stands for a value or for another template, whose names are looked up in
 * the same table. Every template is rendered from one table of slots, so that development and production differ in
 * their outermost file only.
 *
 * Values end up inside double quotes of nginx's grammar, where \ " and $ mean something: they are refused, not escaped,
 * because nobody needs a home or a certificate with such a name. */
#include "sys/nginx.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/embed.h"
#include "kernel/app.h"
#include "kernel/cookie.h"
#include "store/host.h"
#include "sys/sys.h"

EMBED(nginx_site, "nginx/site.conf.in");
EMBED(nginx_dev, "nginx/dev.conf.in");
EMBED(nginx_site_host, "nginx/site-host.conf.in");
EMBED(nginx_dev_host, "nginx/dev-host.conf.in");
EMBED(nginx_shared, "nginx/shared.conf.in");
EMBED(nginx_app, "nginx/app.conf.in");
EMBED(nginx_os, "nginx/os.conf.in");
EMBED(nginx_tls, "nginx/tls.conf.in");
EMBED(nginx_params, "nginx/fastcgi_params");
EMBED(nginx_types, "nginx/mime.types");
EMBED(nginx_problem, "nginx/problem.html");

extern char **environ;

struct slot {
	const char *name;
	struct str text;
	bool nested; /* a template itself */
};

#define SLOTS 32
#define NESTING 4
#define LIVE "/etc/letsencrypt/live"

struct slots {
	struct slot slot[SLOTS];
	int n;
};

static void put(struct slots *s, const char *name, struct str text, bool nested)
{
	if (s->n == SLOTS)
		die("nginx: more than %d slots", SLOTS);
	s->slot[s->n++] = (struct slot){name, text, nested};
}

static const struct slot *slot_find(const struct slots *s, struct str name)
{
	for (int i = 0; i < s->n; i++)
		if (str_is(name, s->slot[i].name))
			return &s->slot[i];
	die("nginx: the templates name @%.*s@, which nothing fills", STR_FMT(name));
}

/* The length of the @NAME@ at p, or 0. Locations are called @lower_case and are none. */
static size_t name_length(const char *p, const char *end)
{
	const char *q = p + 1;
	while (q < end && ((*q >= 'A' && *q <= 'Z') || (*q >= '0' && *q <= '9') || *q == '_'))
		q++;
	return q < end && *q == '@' && q > p + 1 ? (size_t)(q - p + 1) : 0;
}

static void expand(struct buf *out, struct str text, const struct slots *s, int depth)
{
	if (depth == NESTING)
		die("nginx: templates nest too deeply");
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		size_t n = *p == '@' ? name_length(p, end) : 0;
		if (!n) {
			buf_addc(out, *p++);
			continue;
		}
		const struct slot *slot = slot_find(s, (struct str){p + 1, n - 2});
		if (slot->nested)
			expand(out, slot->text, s, depth + 1);
		else
			buf_addstr(out, slot->text);
		p += n;
	}
}

static bool quotable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == '"' || *s == '\\' || *s == '$')
			return false;
	return true;
}

static int check_path(const char *what, const char *path, struct fault *f)
{
	if (!path || path[0] != '/')
		return fault(f, ERR_USAGE, "%s must be an absolute path.", what);
	if (!quotable(path))
		return fault(f, ERR_USAGE, "%s cannot stand in nginx's configuration: it contains a quote, a $ or a \\.", what);
	return 0;
}

static int check_domain(const char *domain, struct fault *f)
{
	return text_host(str_of(domain)) ? 0 : fault(f, ERR_USAGE, "\"%s\" is not a domain name (lower-case letters, digits, - and dots).", domain);
}

static int check(const struct nginx_site *s, struct fault *f)
{
	int err = check_path("The home", s->home, f);
	if (!err)
		err = check_domain(s->domain, f);
	if (!err && (s->port < 1 || s->port > 65535))
		err = fault(f, ERR_USAGE, "The port must be between 1 and 65535.");
	if (!err && s->kind == NGINX_SITE)
		err = check_path("The certificate", s->cert, f);
	if (!err && s->kind == NGINX_SITE)
		err = check_path("The key of the certificate", s->key, f);
	return err;
}

/* Has this machine an IPv6 loopback? Without one, listening there keeps nginx from starting. */
static bool has_ipv6(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a);
	if (fd >= 0)
		close(fd);
	return yes;
}

static struct str regex_quoted(struct arena *a, const char *domain)
{
	struct buf b = BUF_INIT;
	for (; *domain; domain++) {
		if (*domain == '.')
			buf_addc(&b, '\\');
		buf_addc(&b, *domain);
	}
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static void fill_templates(struct slots *t)
{
	put(t, "SHARED", EMBEDDED(nginx_shared), true);
	put(t, "APP", EMBEDDED(nginx_app), true);
	put(t, "OS", EMBEDDED(nginx_os), true);
	put(t, "TLS", EMBEDDED(nginx_tls), true);
	put(t, "PARAMS", EMBEDDED(nginx_params), false);
	put(t, "TYPES", EMBEDDED(nginx_types), false);
	put(t, "PROBLEM", EMBEDDED(nginx_problem), false);
}

static void fill_values(struct slots *t, const struct nginx_site *s, struct arena *a)
{
	const char *port = arena_printf(a, "%lld", (long long)s->port);
	bool six = has_ipv6();
	put(t, "HOME", str_of(s->home), false);
	put(t, "RUN", str_of(arena_printf(a, "%s/run", s->home)), false);
	put(t, "SOCKET", str_of(arena_printf(a, "%s/run/fcgi.sock", s->home)), false);
	put(t, "DOMAIN", str_of(s->domain), false);
	put(t, "DOMAIN_RE", regex_quoted(a, s->domain), false);
	put(t, "OS_ORIGIN", str_of(s->os_origin), false);
	put(t, "COOKIE_PREFIX", str_of(s->cookie_prefix), false);
	put(t, "PORT", str_of(port), false);
	put(t, "PORT_SUFFIX", s->port == 443 ? STR("") : str_of(arena_printf(a, ":%s", port)), false);
	put(t, "LISTEN6", six ? str_of(arena_printf(a, "listen [::1]:%s;", port)) : STR(""), false);
	put(t, "LISTEN6_DEFAULT", six ? str_of(arena_printf(a, "listen [::1]:%s default_server;", port)) : STR(""), false);
	put(t, "APP_CSP", STR(APP_CSP), false);
	put(t, "OS_CSP", STR(OS_CSP), false);
	put(t, "UPLOAD", str_of(arena_printf(a, "%lld", (long long)s->upload)), false);
	put(t, "CERT", str_of(s->cert), false);
	put(t, "KEY", str_of(s->key), false);
	put(t, "USER_LINE", s->user ? str_of(arena_printf(a, "user %s;", s->user)) : STR(""), false);
}

/* The server of one host: the slots of all, and its own. */
static void add_host(struct buf *b, const struct slots *all, const struct nginx_site *s, const struct nginx_host *h, struct arena *a)
{
	struct slots t = {.n = 0};
	const char *cert = arena_printf(a, LIVE "/%s/fullchain.pem", h->host);
	if (s->kind == NGINX_SITE && access(cert, F_OK)) {
		buf_addf(b, "\n# %s leads to %s, and has no certificate at %s yet: get one, then print this again.\n", h->host, h->app, cert);
		return;
	}
	put(&t, "HOST", str_of(h->host), false);
	put(&t, "HOST_APP", str_of(h->app), false);
	put(&t, "CERT", str_of(cert), false);
	put(&t, "KEY", str_of(arena_printf(a, LIVE "/%s/privkey.pem", h->host)), false);
	for (int i = 0; i < all->n; i++)
		put(&t, all->slot[i].name, all->slot[i].text, all->slot[i].nested); /* the first of a name counts */
	expand(b, s->kind == NGINX_DEV ? EMBEDDED(nginx_dev_host) : EMBEDDED(nginx_site_host), &t, 0);
}

static void fill_hosts(struct slots *t, const struct nginx_site *s, struct arena *a)
{
	struct buf names = BUF_INIT, servers = BUF_INIT;
	for (int i = 0; i < s->nhosts; i++) {
		buf_addf(&names, " %s", s->host[i].host);
		add_host(&servers, t, s, &s->host[i], a);
	}
	put(t, "HOST_NAMES", names.len ? arena_str(a, buf_str(&names)) : STR(""), false);
	put(t, "HOSTS", servers.len ? arena_str(a, buf_str(&servers)) : STR(""), false);
	buf_release(&names);
	buf_release(&servers);
}

int nginx_render(const struct nginx_site *s, struct buf *out, struct fault *f)
{
	int err = check(s, f);
	if (err)
		return err;
	struct slots t = {.n = 0};
	struct arena *a = arena_new();
	fill_templates(&t);
	fill_values(&t, s, a);
	fill_hosts(&t, s, a);
	expand(out, s->kind == NGINX_DEV ? EMBEDDED(nginx_dev) : EMBEDDED(nginx_site), &t, 0);
	arena_free(a);
	return 0;
}

/* ---- the operations: nginx print, nginx check ---- */

enum { ARG_DEV, ARG_CERT, ARG_KEY };

static const char *argument(struct req *r, const struct call *c, int i, const char *otherwise)
{
	return c->arg[i].present ? arena_cstr(r->arena, c->arg[i].s) : otherwise;
}

/* nginx started by root gives its processes to nobody unless told; in development they are whoever starts it. */
static const char *dev_user(struct req *r)
{
	struct passwd *p = geteuid() ? NULL : getpwuid(0);
	return p ? arena_strdup(r->arena, p->pw_name) : NULL;
}

static int hosts_of(struct req *r, struct nginx_site *s)
{
	struct host_row *row;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int n = hosts_list(db, r->arena, "", &row);
	db_return(db);
	if (n < 0)
		return -n;
	struct nginx_host *host = arena_alloc(r->arena, (size_t)(n + 1) * sizeof *host);
	for (int i = 0; i < n; i++)
		host[i] = (struct nginx_host){row[i].host, row[i].app};
	s->host = host;
	s->nhosts = n;
	return 0;
}

static struct nginx_site site_of(struct req *r, const struct call *c)
{
	const struct settings *s = &r->settings;
	const char *domain = s->text[SETTING_DOMAIN];
	bool dev = c->arg[ARG_DEV].present && c->arg[ARG_DEV].b;
	return (struct nginx_site){
		.kind = dev ? NGINX_DEV : NGINX_SITE,
		.home = r->node->home,
		.domain = domain,
		.os_origin = node_origin(s, r->arena, "os"),
		.cookie_prefix = cookie_prefix(s),
		.port = s->number[SETTING_PORT],
		.upload = s->number[SETTING_UPLOAD_BYTES],
		.cert = argument(r, c, ARG_CERT, arena_printf(r->arena, LIVE "/%s/fullchain.pem", domain)),
		.key = argument(r, c, ARG_KEY, arena_printf(r->arena, LIVE "/%s/privkey.pem", domain)),
		.user = dev ? dev_user(r) : NULL,
	};
}

int op_nginx_print(struct req *r, const struct call *c, struct out *o)
{
	struct nginx_site s = site_of(r, c);
	struct buf b = BUF_INIT;
	int err = hosts_of(r, &s);
	if (!err)
		err = nginx_render(&s, &b, &r->fault);
	if (!err)
		out_str(o, buf_str(&b));
	buf_release(&b);
	return err;
}

/* The part for the http context, made complete. */
static void complete(struct req *r, const struct nginx_site *s, struct buf *b)
{
	struct buf site = BUF_INIT;
	buf_addstr(&site, buf_str(b));
	buf_clear(b);
	if (s->kind == NGINX_SITE)
		buf_addf(b, "pid \"%s/nginx/check.pid\";\nevents {}\nhttp {\n%.*s}\n", r->node->home, STR_FMT(buf_str(&site)));
	else
		buf_addstr(b, buf_str(&site));
	buf_release(&site);
}

static int write_file(struct req *r, const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n;
	int why = errno;
	if (fd >= 0)
		close(fd);
	return ok ? 0 : fail(r, ERR_INTERNAL, "Cannot write %s: %s", path, strerror(why));
}

/* nginx -t on a file, its words into log. Its exit status, or -1 when it could not be started. */
static int nginx_test(const char *home, const char *conf, const char *log)
{
	char *const argv[] = {"nginx", "-t", "-q", "-p", (char *)home, "-e", "stderr", "-c", (char *)conf, NULL};
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int err = posix_spawn(&pid, FAZT_NGINX, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What nginx said first, which is what is wrong. */
static int refused(struct req *r, const char *log)
{
	char line[FAULT_MAX - 64] = "it said nothing";
	FILE *f = fopen(log, "re");
	if (f && fgets(line, sizeof line, f))
		line[strcspn(line, "\n")] = 0;
	if (f)
		fclose(f);
	return fail(r, ERR_CONFLICT, "nginx refuses this configuration: %s", line);
}

static int check_with_nginx(struct req *r, struct str conf)
{
	const char *home = r->node->home;
	char *dir = arena_printf(r->arena, "%s/nginx", home);
	char *path = arena_printf(r->arena, "%s/check-%s.conf", dir, r->id);
	char *log = arena_printf(r->arena, "%s/check-%s.log", dir, r->id);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return fail(r, ERR_INTERNAL, "Cannot make %s: %s", dir, strerror(errno));
	int err = write_file(r, path, conf);
	int status = err ? 0 : nginx_test(home, path, log);
	if (status < 0)
		err = fail(r, ERR_UNSUPPORTED, "Cannot start nginx (%s); on Debian: apt-get install nginx", FAZT_NGINX);
	else if (status)
		err = refused(r, log);
	(void)unlink(path);
	(void)unlink(log);
	return err;
}

int op_nginx_check(struct req *r, const struct call *c, struct out *o)
{
	struct nginx_site s = site_of(r, c);
	struct buf b = BUF_INIT;
	int err = hosts_of(r, &s);
	if (!err)
		err = nginx_render(&s, &b, &r->fault);
	if (!err) {
		complete(r, &s, &b);
		err = check_with_nginx(r, buf_str(&b));
	}
	buf_release(&b);
	if (!err)
		out_cstr(o, "nginx accepts this configuration.");
	return err;
}
