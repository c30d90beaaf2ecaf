#include "kernel/grant.h"

#include "base/visible.h"

/* Names may contain a colon ("mail:owner", "net:http"): a row without a parameter is compared whole, of those with one the
 * first whose name stands before a colon. */

enum {
#define GRANT(ID, name, parameter, risk, sentence) GRANT_##ID,
#include "kernel/grant.def"
#undef GRANT
	GRANT_COUNT
};

static const struct grant_row rows[GRANT_COUNT] = {
#define GRANT(ID, name, parameter, risk, sentence) {name, parameter, RISK_##risk, sentence},
#include "kernel/grant.def"
#undef GRANT
};

static bool names(const struct grant_row *row, struct str permission)
{
	size_t n = strlen(row->name);
	return str_is(permission, row->name) || (row->parameter && str_starts(permission, row->name) && permission.p[n] == ':');
}

const struct grant_row *grant_row(struct str permission)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (names(&rows[i], permission))
			return &rows[i];
	return NULL;
}

static struct str parameter(const struct grant_row *row, struct str permission)
{
	size_t n = strlen(row->name) + 1;
	return permission.n > n ? (struct str){permission.p + n, permission.n - n} : STR_NONE;
}

/* A host as one would write it in an address: lower case, at least two labels, and not an address in disguise. */
static const char *host_problem(struct str host)
{
	int labels = 0;
	bool number = false, wild = memchr(host.n ? host.p : "", '*', host.n);
	if (wild)
		return "an app names each host; * is not a host";
	if (host.n > 253)
		return "the host is longer than 253 characters";
	for (struct str rest = host; rest.p; labels++) {
		struct str label = str_cut(rest, '.', &rest);
		if (!text_label(label))
			return "write HOST or HOST:PORT, in lower case, without scheme, user, path or final dot";
		if (str_starts(label, "xn--"))
			return "international host names are not accepted, because they can look like others";
		number = label.p[0] >= '0' && label.p[0] <= '9';
	}
	if (labels > 1 && number)
		return "write a host name, not an address";
	if (labels < 2)
		return str_is(host, "localhost") ? "localhost is this server itself" : "write the full host name, such as api.example.com";
	if (str_ends(host, ".localhost") || str_ends(host, ".local") || str_ends(host, ".internal"))
		return "that host is not on the Internet";
	return NULL;
}

static const char *net_problem(struct str text)
{
	int64_t number;
	struct str port, host = str_cut(text, ':', &port);
	if (port.p && (port.n > 5 || !str_int(port, &number) || number < 1 || number > 65535 || port.p[0] == '0'))
		return "the port is a number from 1 to 65535";
	return host_problem(host);
}

static const char *http_problem(struct str text)
{
	if (!str_starts(text, "//"))
		return "write net:http://HOST or net:http://HOST:PORT";
	return net_problem((struct str){text.p + 2, text.n - 2});
}

static const char *import_problem(struct str text)
{
	struct str collection, app = str_cut(text, '/', &collection);
	return text_label(app) && text_name(collection) ? NULL : "write APP/COLLECTION";
}

static const char *kernel_problem(struct str text)
{
	static const char *const operations[] = {
#define OP(id, noun, verb, who, effect, sig, doc) noun "." verb,
#include "sys/op.def"
#undef OP
	};
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (str_is(text, operations[i]))
			return NULL;
	return "write NOUN.VERB of one of the owner's operations, such as app.list";
}

static const char *(*const problem[GRANT_COUNT])(struct str parameter) = {
	[GRANT_NET_HTTP] = http_problem, [GRANT_NET] = net_problem, [GRANT_IMPORT] = import_problem, [GRANT_KERNEL] = kernel_problem,
};

static const char *nearest(struct str permission)
{
	char word[24];
	const char *best = NULL;
	int best_distance = 4;
	snprintf(word, sizeof word, "%.*s", STR_FMT(permission));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int d = text_distance(word, rows[i].name);
		if (d < best_distance)
			best = rows[i].name, best_distance = d;
	}
	return best;
}

const char *grant_problem(struct str permission, struct arena *a)
{
	const struct grant_row *row = grant_row(permission);
	if (!row) {
		struct str rest, name = str_cut(permission, ':', &rest);
		const char *best = nearest(permission);
		best = best ? best : nearest(name);
		return arena_printf(a, "there is no permission \"%s\"%s%s%s", visible(a, permission, 60), best ? "; did you mean \"" : "",
				    best ? best : "", best ? "\"?" : "");
	}
	const char *(*check)(struct str) = problem[row - rows];
	const char *why = check ? check(parameter(row, permission)) : NULL;
	return why ? arena_printf(a, "\"%s\" is not %s:%s: %s", visible(a, permission, 80), row->name, row->parameter, why) : NULL;
}

const char *grant_host_problem(struct str host)
{
	return net_problem(host);
}

const char *grant_sentence(struct str permission, struct arena *a)
{
	const struct grant_row *row = grant_row(permission);
	if (!row)
		return arena_printf(a, "Unknown: %s.", visible(a, permission, 80));
	struct str rest = str_of(row->sentence), value = parameter(row, permission);
	const char *at = strstr(row->sentence, "%s");
	if (!at)
		return row->sentence;
	return arena_printf(a, "%.*s%s%s", (int)(at - rest.p), rest.p, visible(a, value, 120), at + 2);
}
