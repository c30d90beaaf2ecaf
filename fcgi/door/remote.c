#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "door/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/visible.h"
#include "codec/json.h"
#include "store/token.h"

/* ---- where to ---- */

static bool loopback(struct str host)
{
	return str_is(host, "localhost") || str_ends(host, ".localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]");
}

static bool is_port(struct str s)
{
	int64_t n;
	return s.n && str_int(s, &n) && n > 0 && n < 65536;
}

static bool is_host(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789.-", s.p[i], 38))
			return false;
	return s.n && s.n < 254;
}

/* https://HOST[:PORT], and http:// for this machine. */
static int check_url(struct remote *m, struct arena *a, struct str url, struct fault *f)
{
	bool tls = str_starts(url, "https://"), plain = str_starts(url, "http://");
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	size_t scheme = tls ? strlen("https://") : strlen("http://");
	struct str port, rest = {url.p + scheme, url.n > scheme ? url.n - scheme : 0};
	size_t v6 = str_starts(rest, "[::1]") ? strlen("[::1]") : 0;
	struct str after = str_cut((struct str){rest.p + v6, rest.n - v6}, ':', &port);
	struct str host = v6 ? (struct str){rest.p, v6} : after;
	bool sound = v6 ? !after.n : is_host(host);
	if ((!tls && !plain) || !sound || (port.p && !is_port(port)))
		return fault(f, ERR_USAGE, "--url is the address of the dashboard, such as https://os.example.com");
	if (plain && !loopback(host))
		return fault(f, ERR_USAGE, "over plain http a token can be read on the way; use https://%.*s", STR_FMT(rest));
	m->url = arena_cstr(a, url);
	return 0;
}

/* ---- the token ---- */

static int read_token(struct remote *m, struct arena *a, const char *path, struct fault *f)
{
	char text[256];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fault(f, ERR_NOT_FOUND, "cannot read the token in %s: %s", path, strerror(errno));
	ssize_t n = fstat(fd, &st) ? -1 : read(fd, text, sizeof text);
	close(fd);
	if (n >= 0 && S_ISREG(st.st_mode) && st.st_mode & 077)
		return fault(f, ERR_DENIED, "others may read the token in %s; first: chmod 600 %s", path, path);
	struct str token = {text, n > 0 ? (size_t)n : 0};
	while (token.n && strchr(" \t\r\n", token.p[token.n - 1]))
		token.n--;
	if (token.n != TOKEN_LEN || !str_starts(token, TOKEN_PREFIX))
		return fault(f, ERR_USAGE, "%s holds no token; make one on the node with: fazt-admin token add NAME --app APP", path);
	m->token = arena_cstr(a, token);
	crypt_wipe(text, sizeof text);
	return 0;
}

int remote_open(struct remote *m, struct arena *a, struct str url, struct str token_file, struct str ca, struct fault *f)
{
	int err = check_url(m, a, url, f);
	if (err)
		return err;
	if (!token_file.n)
		return fault(f, ERR_USAGE, "say who you are with --token-file FILE; the token is made on the node with: fazt-admin token add NAME --app APP");
	m->ca = ca.n ? arena_cstr(a, ca) : NULL;
	return read_token(m, a, arena_cstr(a, token_file), f);
}

#ifdef HAVE_CURL

#include "door/curl.h"

/* ---- what the node answered ---- */

static struct str text_member(struct str object, const char *name, struct buf *into)
{
	struct str raw;
	if (!json_member(object, str_of(name), &raw) || raw.n < 2 || raw.p[0] != '"')
		return STR_NONE;
	json_unescape(into, (struct str){raw.p + 1, raw.n - 2});
	return into->len ? buf_str(into) : STR_NONE;
}

static int stranger(const struct remote *m, long status, struct fault *f)
{
	return fault(f, ERR_WRONG_HOST, "%s did not answer as a Fazt does (status %ld); --url is the address of the dashboard, https://os.DOMAIN",
		     m->url, status);
}

/* {"error": {code, message, request_id}}: the node's own words, made safe to show. */
static int refusal(const struct remote *m, long status, struct str body, char id[ID_LEN + 1], struct fault *f)
{
	struct str error;
	struct buf code = BUF_INIT, message = BUF_INIT, request = BUF_INIT, shown = BUF_INIT;
	int err = 0;
	if (json_member(body, STR("error"), &error) && text_member(error, "code", &code).p)
		err = err_by_code(code.p);
	if (err) {
		visible_add(&shown, text_member(error, "message", &message), FAULT_MAX - 8);
		fault(f, err, "%s", shown.len ? shown.p : err_row(err)->message);
		struct str of = text_member(error, "request_id", &request);
		if (id_valid(of))
			memcpy(id, of.p, ID_LEN);
	}
	buf_release(&code);
	buf_release(&message);
	buf_release(&request);
	buf_release(&shown);
	return err ? err : stranger(m, status, f);
}

/* ---- the call ---- */

#define ANSWER_MAX (8 * MIB)
#define CONNECT_S 10L
#define CALL_S 90L /* a package may be checked meanwhile */

static const struct curl_calls *lib;

struct exchange {
	CURL *curl;
	struct curl_slist *headers, *to;
	struct buf answer;
	char why[CURL_ERROR_SIZE];
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	buf_add(&x->answer, p, size * n);
	return x->answer.full ? 0 : size * n;
}

/* A name under .localhost is this machine, whatever a resolver says. */
static void stay_here(struct exchange *x, const char *url)
{
	const char *host = strstr(url, "://") + 3, *port = strchr(host, ':');
	struct str name = {host, port ? (size_t)(port - host) : strlen(host)};
	char to[300];
	if (!str_ends(name, "localhost"))
		return;
	snprintf(to, sizeof to, "%.*s::127.0.0.1:", STR_FMT(name));
	x->to = lib->slist_append(NULL, to);
	lib->easy_setopt(x->curl, CURLOPT_CONNECT_TO, x->to);
}

static void set_headers(struct exchange *x, const struct remote *m)
{
	char bearer[64 + TOKEN_LEN];
	snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", m->token);
	static const char *const fixed[] = {"Content-Type: application/json", "Accept: application/json", "Expect:"};
	x->headers = lib->slist_append(NULL, bearer);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		x->headers = lib->slist_append(x->headers, fixed[i]);
	lib->easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
	crypt_wipe(bearer, sizeof bearer);
}

static void set_up(struct exchange *x, const struct remote *m, const char *url, struct str args)
{
	CURL *c = x->curl;
	lib->easy_setopt(c, CURLOPT_URL, url);
	lib->easy_setopt(c, CURLOPT_PROTOCOLS_STR, str_starts(str_of(url), "https:") ? "https" : "http");
	lib->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	lib->easy_setopt(c, CURLOPT_PROXY, "");
	lib->easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	lib->easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	lib->easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (m->ca)
		lib->easy_setopt(c, CURLOPT_CAINFO, m->ca);
	lib->easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	lib->easy_setopt(c, CURLOPT_TIMEOUT, CALL_S);
	lib->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	lib->easy_setopt(c, CURLOPT_USERAGENT, "fazt-admin/" PACKAGE_VERSION);
	lib->easy_setopt(c, CURLOPT_ERRORBUFFER, x->why);
	lib->easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	lib->easy_setopt(c, CURLOPT_WRITEDATA, x);
	lib->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)args.n);
	lib->easy_setopt(c, CURLOPT_POSTFIELDS, args.n ? args.p : "");
	stay_here(x, m->url);
	set_headers(x, m);
}

static int failed(const struct remote *m, const struct exchange *x, CURLcode code, struct fault *f)
{
	const char *why = x->why[0] ? x->why : lib->easy_strerror(code);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CONNECT_ERROR:
		return fault(f, ERR_DENIED, "%s did not prove that it is that host, so it was not given the token: %s", m->url, why);
	case CURLE_OPERATION_TIMEDOUT:
		return fault(f, ERR_UNAVAILABLE, "%s did not answer in time; look whether it was done: %s", m->url, why);
	case CURLE_WRITE_ERROR:
		return fault(f, ERR_TOO_LARGE, "%s answered with more than %u MB", m->url, ANSWER_MAX / MIB);
	default:
		return fault(f, ERR_UNAVAILABLE, "cannot reach %s: %s", m->url, why);
	}
}

static int answered(const struct remote *m, struct exchange *x, struct buf *out, char id[ID_LEN + 1], struct fault *f)
{
	long status = 0;
	struct fault ignored = {0};
	struct str body = x->answer.len ? buf_str(&x->answer) : STR("");
	lib->easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	if (json_check(body, JSON_DEPTH, ANSWER_MAX, &ignored))
		return stranger(m, status, f);
	if (status != 200)
		return refusal(m, status, body, id, f);
	buf_addstr(out, body);
	return 0;
}

int remote_call(const struct remote *m, const char *noun, const char *verb, struct str args, struct buf *out, char id[ID_LEN + 1],
		struct fault *f)
{
	struct exchange x = {.answer = BUF_MAX(ANSWER_MAX)};
	struct buf url = BUF_INIT;
	lib = curl_load();
	if (!lib || !(x.curl = lib->easy_init()))
		return fault(f, ERR_UNSUPPORTED, "libcurl.so.4 cannot be loaded; on Debian: apt-get install libcurl4");
	buf_addf(&url, "%s/_fazt/api/%s%s%s", m->url, noun, *verb ? "." : "", verb);
	set_up(&x, m, url.p, args);
	CURLcode code = lib->easy_perform(x.curl);
	int err = code ? failed(m, &x, code, f) : answered(m, &x, out, id, f);
	lib->easy_cleanup(x.curl);
	lib->slist_free_all(x.headers);
	lib->slist_free_all(x.to);
	buf_release(&x.answer);
	buf_release(&url);
	return err;
}

const char *remote_curl(void)
{
	static char version[32] = "none";
	const struct curl_calls *curl = curl_load();
	const char *digits = curl ? strpbrk(curl->version(), "0123456789") : NULL;
	if (digits)
		snprintf(version, sizeof version, "%.*s", (int)strspn(digits, "0123456789."), digits);
	return version;
}

#else

int remote_call(const struct remote *m, const char *noun, const char *verb, struct str args, struct buf *out, char id[ID_LEN + 1],
		struct fault *f)
{
	(void)m, (void)noun, (void)verb, (void)args, (void)out, (void)id;
	return fault(f, ERR_UNSUPPORTED, "this fazt-admin was built without libcurl, so it works on its own node only");
}

const char *remote_curl(void)
{
	return "none";
}

#endif
