#include "codec/path.h"

/* Decode, then judge: every check looks at the decoded bytes, so an encoding cannot hide what it refuses.
 * Decoding happens once; "%252e" is the three characters "%2e" from here on. */

/* Would a browser or resolver take it for an IPv4 address? They do when the last label is a number, hex included. */
static bool is_numeric(struct str label)
{
	bool hex = str_starts(label, "0x");
	for (size_t i = hex ? 2 : 0; i < label.n; i++)
		if (text_hex(label.p[i]) < 0 || (!hex && label.p[i] > '9'))
			return false;
	return true;
}

static bool is_port(struct str port)
{
	int64_t n;
	return port.n <= 5 && port.n && port.p[0] != '-' && str_int(port, &n) && n > 0 && n <= 65535;
}

int path_host(struct arena *a, struct str raw, struct str *host, struct fault *f)
{
	struct str port, rest, label = STR_NONE;
	if (raw.n && raw.p[0] == '[')
		return fault(f, ERR_WRONG_HOST, "no app answers at an IP address; use its name");
	struct str name = str_cut(raw, ':', &port);
	if (port.p && !is_port(port))
		return fault(f, ERR_BAD_REQUEST, "the port of the host is not valid");
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	if (!name.n || name.n > HOST_BYTES)
		return fault(f, ERR_BAD_REQUEST, "the host is not a valid name");

	char *lower = arena_cstr(a, name);
	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 32);
	*host = rest = (struct str){lower, name.n};
	while (rest.p) {
		label = str_cut(rest, '.', &rest);
		if (!text_label(label))
			return fault(f, ERR_BAD_REQUEST, "the host is not a valid name");
	}
	if (is_numeric(label))
		return fault(f, ERR_WRONG_HOST, "no app answers at an IP address; use its name");
	return 0;
}

/* The byte at raw.p[*i], decoded, with *i moved past it; -1 when it cannot stand in a path. */
static int path_byte(struct str raw, size_t *i)
{
	unsigned char c = (unsigned char)raw.p[*i];
	bool encoded = c == '%';
	if (encoded) {
		if (raw.n - *i < 3)
			return -1;
		int high = text_hex(raw.p[*i + 1]), low = text_hex(raw.p[*i + 2]);
		if (high < 0 || low < 0)
			return -1;
		c = (unsigned char)(high << 4 | low);
	}
	*i += encoded ? 3 : 1;
	if (c < 0x20 || c == 0x7F || c == '\\' || (encoded && c == '/') || (!encoded && (c == '#' || c == ' ')))
		return -1;
	return c;
}

static bool has_dot_segment(struct str path)
{
	struct str rest = path;
	while (rest.p) {
		struct str segment = str_cut(rest, '/', &rest);
		if (str_is(segment, ".") || str_is(segment, ".."))
			return true;
	}
	return false;
}

int path_target(struct arena *a, struct str target, struct str *path, struct str *query, struct fault *f)
{
	struct str raw = str_cut(target, '?', query);
	if (!raw.n || raw.p[0] != '/')
		return fault(f, ERR_BAD_REQUEST, "the address must begin with a slash");
	if (raw.n > PATH_BYTES)
		return fault(f, ERR_BAD_REQUEST, "the address is longer than %d bytes", PATH_BYTES);

	char *out = arena_alloc(a, raw.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < raw.n;) {
		int c = path_byte(raw, &i);
		if (c < 0)
			return fault(f, ERR_BAD_REQUEST, "the address contains a character that is not allowed there");
		if (c != '/' || !n || out[n - 1] != '/')
			out[n++] = (char)c;
	}
	for (size_t i = 0; i < query->n; i++)
		if ((unsigned char)query->p[i] <= 0x20 || query->p[i] == 0x7F || query->p[i] == '#')
			return fault(f, ERR_BAD_REQUEST, "the query contains a character that is not allowed there");
	*path = (struct str){out, n};
	if (!text_utf8(*path))
		return fault(f, ERR_BAD_REQUEST, "the address is not UTF-8");
	if (has_dot_segment(*path))
		return fault(f, ERR_BAD_REQUEST, "the address contains a dot segment");
	return 0;
}

bool path_local(struct arena *a, struct str s)
{
	struct str path, query;
	return (s.n < 2 || s.p[1] != '/') && !path_target(a, s, &path, &query, NULL);
}
