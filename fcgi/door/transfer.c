#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_CURL
#include "door/transfer.h"

#include <sys/socket.h>

#include "base/net.h"

#define REPLY_BYTES 400 /* of a mail server's line */

struct scheme {
	const char *name;
	int port;
	bool tls;
	bool mail; /* with the method MAIL, and that with nothing else */
};

static const struct scheme schemes[] = {
	{"https", 443, true, false},
	{"http", 80, false, false},
	{"smtps", 465, true, true}, /* RFC 8314 §3.3 */
	{"smtp", 587, true, true},
};

const char *target_scheme(const struct target *t)
{
	return t->scheme->name;
}

/* ---- where to ---- */

static const struct scheme *scheme_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (!strcmp(name, schemes[i].name))
			return &schemes[i];
	return NULL;
}

static char *part(struct transfer *t, CURLUPart which, unsigned flags)
{
	char *text = NULL;
	if (t->lib->url_get(t->url, which, &text, flags))
		return NULL;
	char *copy = arena_strdup(t->arena, text);
	t->lib->free(text);
	return copy;
}

/* Letters, digits, dots and hyphens, or an address in brackets; what is neither would be read one way here and another way
 * there. */
static bool host_read(const char *from, char to[256])
{
	size_t n = strlen(from);
	const char *more = *from == '[' ? "[]:.%-" : ".-_";
	n -= n > 1 && from[n - 1] == '.';
	if (!n || n > 253 || (n > 1 && from[n - 1] == '.')) /* two dots: a label without a letter */
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = from[i];
		c = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr(more, c))
			return false;
		to[i] = c;
	}
	to[n] = 0;
	return true;
}

/* The target of what t->url says. */
static int aim(struct transfer *t, struct fault *f)
{
	const char *scheme = part(t, CURLUPART_SCHEME, 0), *host = part(t, CURLUPART_HOST, 0), *port = part(t, CURLUPART_PORT, 0);
	int64_t number = 0;
	t->target.scheme = scheme ? scheme_find(scheme) : NULL;
	if (!t->target.scheme || t->target.scheme->mail != !strcmp(t->method, "MAIL"))
		return fault(f, ERR_BAD_REQUEST, "only https addresses are fetched, and http ones where that is allowed");
	if (!host || !host_read(host, t->target.host))
		return fault(f, ERR_BAD_REQUEST, "the address has no valid host; write https://host/path");
	if (port && (!str_int(str_of(port), &number) || number < 1 || number > 65535))
		return fault(f, ERR_BAD_REQUEST, "the port of the address is not a number from 1 to 65535");
	t->target.port = port ? (int)number : t->target.scheme->port;
	if (t->lib->url_set(t->url, CURLUPART_HOST, t->target.host, 0) ||
	    (t->target.scheme->mail && t->lib->url_set(t->url, CURLUPART_PORT, arena_printf(t->arena, "%d", t->target.port), 0)))
		return fault(f, ERR_BAD_REQUEST, "the address has no valid host; write https://host/path");
	return 0;
}

static bool same_origin(const struct target *a, const struct target *b)
{
	return a->scheme == b->scheme && a->port == b->port && !strcmp(a->host, b->host);
}

int transfer_begin(struct transfer *t, const struct curl_calls *lib, const struct wire_fetch *ask, struct fault *f)
{
	t->lib = lib;
	t->ask = ask;
	t->arena = arena_new();
	t->url = lib->url();
	t->method = arena_cstr(t->arena, ask->method);
	t->body = ask->body.p != NULL;
	struct str url = ask->url;
	if (url.n > TRANSFER_URL || (url.n && memchr(url.p, 0, url.n)))
		return fault(f, ERR_BAD_REQUEST, "an address has at most %d characters, and none of them is NUL", TRANSFER_URL);
	CURLUcode code = lib->url_set(t->url, CURLUPART_URL, arena_cstr(t->arena, url), CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER);
	if (code == CURLUE_USER_NOT_ALLOWED)
		return fault(f, ERR_BAD_REQUEST, "leave user and password out of the address; send a header instead");
	if (code)
		return fault(f, ERR_BAD_REQUEST, "that is not an address; write https://host/path");
	int err = aim(t, f);
	t->first = t->target;
	return err;
}

/* ---- what is sent ---- */

/* What another site than the one that was meant gets to see of the app's own headers. */
static bool harmless(struct str name)
{
	static const char *const names[] = {"accept", "accept-language", "content-type", "user-agent", "fazt-hops"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_ieq(name, names[i]))
			return true;
	return false;
}

static void add_header(struct transfer *t, struct str name, struct str value)
{
	struct buf b = BUF_INIT;
	if (value.n)
		buf_addf(&b, "%.*s: %.*s", STR_FMT(name), STR_FMT(value));
	else
		buf_addf(&b, "%.*s;", STR_FMT(name));
	t->headers = t->lib->slist_append(t->headers, b.p);
	buf_release(&b);
}

static void set_headers(struct transfer *t, const struct wire_pass *p)
{
	bool own = same_origin(&t->target, &t->first), typed = false;
	for (int i = 0; i < t->ask->nheaders; i++) {
		const struct wire_header *h = &t->ask->header[i];
		bool type = str_ieq(h->name, "content-type");
		if ((own || harmless(h->name)) && (t->body || !type))
			add_header(t, h->name, h->value);
		typed |= type;
	}
	if (p->secret.name.n)
		add_header(t, p->secret.name, p->secret.value);
	t->headers = t->lib->slist_append(t->headers, "Expect:");
	if (!typed)
		t->headers = t->lib->slist_append(t->headers, "Content-Type:");
	t->lib->easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t)
{
	CURL *c = t->curl;
	if (!strcmp(t->method, "HEAD")) {
		t->lib->easy_setopt(c, CURLOPT_NOBODY, 1L);
		return;
	}
	if (t->body) {
		t->lib->easy_setopt(c, CURLOPT_POST, 1L);
		t->lib->easy_setopt(c, CURLOPT_POSTFIELDS, t->ask->body.n ? t->ask->body.p : "");
		t->lib->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->ask->body.n);
	}
	t->lib->easy_setopt(c, CURLOPT_CUSTOMREQUEST, t->method);
}

/* ---- what comes back ---- */

/* The one place where a connection begins: what the name led to must be allowed. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	if (!t->anywhere && !net_admits(&a->addr)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void status_line(struct transfer *t, struct str line)
{
	struct str rest;
	int64_t status = 0;
	str_cut(line, ' ', &rest);
	str_int(str_cut(rest, ' ', &rest), &status);
	t->status = status > 0 && status < 1000 ? (int)status : 0;
	t->nlines = 0;
	buf_clear(&t->text);
}

static size_t keep(struct transfer *t, struct str s, bool lower)
{
	size_t at = t->text.len;
	buf_addstr(&t->text, s);
	for (size_t i = at; lower && i < t->text.len; i++)
		if (t->text.p[i] >= 'A' && t->text.p[i] <= 'Z')
			t->text.p[i] = (char)(t->text.p[i] + 32);
	return at;
}

static bool header_line(struct transfer *t, struct str line)
{
	struct str value, name = str_trim(str_cut(line, ':', &value));
	if (!name.n || !value.p)
		return true; /* what is no header is nobody's */
	if (t->nlines == FETCH_ANSWER_HEADERS)
		return false;
	value = str_trim(value);
	struct line *l = &t->line[t->nlines++];
	*l = (struct line){keep(t, name, true), name.n, 0, value.n};
	l->value = keep(t, value, false);
	return true;
}

static struct str line_name(const struct transfer *t, int i)
{
	return (struct str){t->text.p + t->line[i].name, t->line[i].nname};
}

static struct str line_value(const struct transfer *t, int i)
{
	return (struct str){t->text.p + t->line[i].value, t->line[i].nvalue};
}

static struct str location(const struct transfer *t)
{
	for (int i = 0; i < t->nlines; i++)
		if (str_is(line_name(t, i), "location"))
			return line_value(t, i);
	return STR_NONE;
}

static bool is_redirect(const struct transfer *t)
{
	static const int statuses[] = {301, 302, 303, 307, 308};
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (t->status == statuses[i])
			return t->ask->redirects > 0 && location(t).n;
	return false;
}

static void head_ended(struct transfer *t)
{
	if (t->status < 200 || t->headed)
		return;
	t->headed = true;
	t->redirecting = is_redirect(t);
	if (!t->redirecting)
		t->head(t->arg);
}

static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = {p, size * n};
	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	t->head_bytes += size * n;
	t->too_much |= t->head_bytes > FETCH_HEAD_BYTES;
	if (t->too_much || t->headed) /* what follows the body is nobody's business */
		return t->too_much ? 0 : size * n;
	if (!line.n)
		head_ended(t);
	else if (str_starts(line, "HTTP/"))
		status_line(t, line);
	else
		t->too_much = !header_line(t, line);
	return t->too_much ? 0 : size * n;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	n *= size;
	if (t->redirecting || !t->headed)
		return 0;
	if (t->taken + (int64_t)n > t->ask->most) {
		t->too_much = true;
		return 0;
	}
	size_t taken = t->data(t->arg, p, n);
	t->too_much |= taken != n;
	t->taken += (int64_t)taken;
	return taken;
}

void transfer_head(const struct transfer *t, struct wire_head *h)
{
	char *url = NULL;
	h->status = t->status;
	h->nheaders = t->nlines;
	t->lib->url_get(t->url, CURLUPART_URL, &url, 0);
	h->url = url ? arena_str(t->arena, str_of(url)) : STR_NONE;
	t->lib->free(url);
	for (int i = 0; i < t->nlines; i++)
		h->header[i] = (struct wire_header){line_name(t, i), line_value(t, i)};
}

/* ---- mail ---- */

static size_t give_message(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	n = MIN(size * n, t->ask->body.n - t->given);
	memcpy(to, t->ask->body.p + t->given, n);
	t->given += n;
	t->told = true;
	return n;
}

/* Each line that the server says: the last one stays, but for its goodbye. */
static size_t take_reply(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	int64_t status;
	struct str line = str_trim((struct str){p, size * n});
	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	line.n = MIN(line.n, (size_t)REPLY_BYTES);
	if (str_starts(line, "221"))
		return size * n;
	t->status = line.n >= 3 && str_int((struct str){line.p, 3}, &status) ? (int)status : 0;
	t->nlines = 0;
	buf_clear(&t->text);
	return header_line(t, str_of(arena_printf(t->arena, "reply: %.*s", STR_FMT(line)))) ? size * n : 0;
}

static const char *envelope(const struct transfer *t, const char *name)
{
	for (int i = 0; i < t->ask->nheaders; i++)
		if (str_is(t->ask->header[i].name, name))
			return arena_printf(t->arena, "<%.*s>", STR_FMT(t->ask->header[i].value));
	return "<>";
}

/* Nothing is said in the clear: not the message, and the password least of all. */
static void set_mail(struct transfer *t, const struct wire_pass *p)
{
	const struct curl_calls *lib = t->lib;
	CURL *c = t->curl;
	t->headers = lib->slist_append(t->headers, envelope(t, "to"));
	t->given = 0;
	t->told = false;
	lib->easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 0L); /* servers keep strangers waiting on purpose; all of it has its time */
	lib->easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 0L);
	lib->easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	lib->easy_setopt(c, CURLOPT_MAIL_FROM, envelope(t, "from"));
	lib->easy_setopt(c, CURLOPT_MAIL_RCPT, t->headers);
	lib->easy_setopt(c, CURLOPT_UPLOAD, 1L);
	lib->easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->ask->body.n);
	lib->easy_setopt(c, CURLOPT_READFUNCTION, give_message);
	lib->easy_setopt(c, CURLOPT_READDATA, t);
	lib->easy_setopt(c, CURLOPT_HEADERFUNCTION, take_reply);
	if (!p->secret.name.n)
		return;
	lib->easy_setopt(c, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
	lib->easy_setopt(c, CURLOPT_USERNAME, arena_cstr(t->arena, p->secret.name));
	lib->easy_setopt(c, CURLOPT_PASSWORD, arena_cstr(t->arena, p->secret.value));
}

/* ---- one connection ---- */

static void set_limits(struct transfer *t, int64_t ms)
{
	const struct curl_calls *lib = t->lib;
	CURL *c = t->curl;
	lib->easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, TRANSFER_CONNECT_MS);
	lib->easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)ms);
	lib->easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, TRANSFER_SLOW_BYTES);
	lib->easy_setopt(c, CURLOPT_LOW_SPEED_TIME, TRANSFER_SLOW_S);
	lib->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	lib->easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* nobody waits for a resolver that does not answer */
}

static void set_walls(struct transfer *t)
{
	const struct curl_calls *lib = t->lib;
	CURL *c = t->curl;
	lib->easy_setopt(c, CURLOPT_PROTOCOLS_STR, t->target.scheme->name);
	lib->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	lib->easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	lib->easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	lib->easy_setopt(c, CURLOPT_PROXY, "");
	lib->easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	lib->easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	lib->easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	lib->easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	lib->easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	lib->easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
}

static void set_tls(struct transfer *t)
{
	const struct curl_calls *lib = t->lib;
	CURL *c = t->curl;
	struct curl_blob trust = {(void *)t->ask->trust.p, t->ask->trust.n, CURL_BLOB_NOCOPY};
	lib->easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	lib->easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	lib->easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	lib->easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (trust.len) /* besides the folder of the machine's own */
		lib->easy_setopt(c, CURLOPT_CAINFO_BLOB, &trust);
}

static void set_sinks(struct transfer *t)
{
	const struct curl_calls *lib = t->lib;
	CURL *c = t->curl;
	lib->easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
	lib->easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	lib->easy_setopt(c, CURLOPT_HEADERDATA, t);
	lib->easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	lib->easy_setopt(c, CURLOPT_WRITEDATA, t);
	lib->easy_setopt(c, CURLOPT_PRIVATE, t->arg);
}

/* The machine's own resolver is not asked where the setting says where to go. */
static void set_way(struct transfer *t, const struct wire_pass *p)
{
	t->anywhere = p->anywhere;
	if (!p->to.n)
		return;
	t->to = t->lib->slist_append(NULL, arena_printf(t->arena, "%s:%d:%.*s", t->target.host, t->target.port, STR_FMT(p->to)));
	t->lib->easy_setopt(t->curl, CURLOPT_CONNECT_TO, t->to);
}

CURL *transfer_dial(struct transfer *t, const struct wire_pass *p, int64_t ms)
{
	t->curl = t->lib->easy_init();
	if (!t->curl)
		die("out of memory");
	t->headed = t->redirecting = t->blocked = false;
	t->why[0] = 0;
	t->lib->easy_setopt(t->curl, CURLOPT_CURLU, t->url);
	t->lib->easy_setopt(t->curl, CURLOPT_USERAGENT, "Fazt/" PACKAGE_VERSION);
	t->lib->easy_setopt(t->curl, CURLOPT_ACCEPT_ENCODING, "");
	t->lib->easy_setopt(t->curl, CURLOPT_BUFFERSIZE, (long)(16 * KIB)); /* it may unpack to a thousand times as much */
	set_limits(t, ms);
	set_walls(t);
	set_tls(t);
	set_sinks(t);
	set_way(t, p);
	if (t->target.scheme->mail) {
		set_mail(t, p);
		return t->curl;
	}
	set_method(t);
	set_headers(t, p);
	return t->curl;
}

static void hang_up(struct transfer *t)
{
	t->lib->slist_free_all(t->headers);
	t->lib->slist_free_all(t->to);
	t->headers = t->to = NULL;
	if (t->curl)
		t->lib->easy_cleanup(t->curl);
	t->curl = NULL;
}

static void count(struct transfer *t)
{
	long head = 0, request = 0;
	curl_off_t down = 0, up = 0;
	t->lib->easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &request);
	t->lib->easy_getinfo(t->curl, CURLINFO_HEADER_SIZE, &head);
	t->lib->easy_getinfo(t->curl, CURLINFO_SIZE_DOWNLOAD_T, &down);
	t->lib->easy_getinfo(t->curl, CURLINFO_SIZE_UPLOAD_T, &up);
	t->sent += request + up;
	t->received += head + down;
}

/* What follows a redirect: RFC 9110 §15.4, and no way from https to http. */
static int follow(struct transfer *t, struct fault *f)
{
	bool tls = t->target.scheme->tls, post = !strcmp(t->method, "POST");
	if (++t->hop > t->ask->redirects)
		return fault(f, ERR_FETCH_FAILED, "redirected more than %d times", t->ask->redirects);
	const char *to = arena_cstr(t->arena, location(t));
	if (strlen(to) > TRANSFER_URL || t->lib->url_set(t->url, CURLUPART_URL, to, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER | CURLU_URLENCODE) ||
	    aim(t, f))
		return fault(f, ERR_FETCH_FAILED, "redirected to something that is not fetched");
	if (tls && !t->target.scheme->tls)
		return fault(f, ERR_FETCH_FAILED, "redirected from https to http");
	if ((t->status == 303 && strcmp(t->method, "HEAD")) || (post && (t->status == 301 || t->status == 302))) {
		t->method = "GET";
		t->body = false;
	}
	return 0;
}

/* Nobody learns from the error whether a name exists, a port is closed or a packet got lost. */
static int failed(const struct transfer *t, CURLcode code, int64_t connected, struct fault *f)
{
	const char *why = t->why[0] ? t->why : t->lib->easy_strerror(code);
	if (t->too_much)
		return fault(f, ERR_RESPONSE_TOO_LARGE, "The answer is larger than %lld KB, has too many headers, or unpacks to far more than it is.",
			     (long long)(t->ask->most / KIB));
	if (t->blocked && !connected)
		return fault(f, ERR_BLOCKED_ADDRESS, "%s is not on the public Internet, and nothing is fetched from elsewhere", t->target.host);
	return fault(f, code == CURLE_OPERATION_TIMEDOUT && connected ? ERR_TIMEOUT : ERR_FETCH_FAILED, "%s", why);
}

/* A refusal of the sender, the recipient or the message is an answer; one of the connection or the password is none. */
static int mail_done(struct transfer *t, CURLcode code, int64_t connected, struct fault *f)
{
	bool refused = t->status >= 400 && (code == CURLE_SEND_ERROR || t->told);
	if (code && !refused && t->status >= 400)
		return fault(f, ERR_FETCH_FAILED, "%.*s", STR_FMT(line_value(t, 0)));
	if (code && !refused)
		return failed(t, code, connected, f);
	t->headed = true;
	t->head(t->arg);
	return 0;
}

int transfer_done(struct transfer *t, CURLcode code, bool *again, struct fault *f)
{
	curl_off_t connected = 0;
	count(t);
	t->lib->easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected);
	int err = *again = false;
	if (t->target.scheme->mail)
		err = mail_done(t, code, connected, f);
	else if (t->redirecting)
		err = follow(t, f), *again = !err;
	else if (code)
		err = failed(t, code, connected, f);
	else if (!t->headed)
		err = fault(f, ERR_FETCH_FAILED, "no answer");
	hang_up(t);
	return err;
}

void transfer_stop(struct transfer *t)
{
	if (!t->curl)
		return;
	count(t);
	hang_up(t);
}

void transfer_end(struct transfer *t)
{
	if (!t->lib)
		return;
	hang_up(t);
	t->lib->url_cleanup(t->url);
	buf_release(&t->text);
	arena_free(t->arena);
	*t = (struct transfer){0};
}
#endif
