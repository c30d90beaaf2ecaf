#include "codec/gitobj.h"

static bool is_oid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == 40 || s.n == 64;
}

static bool type_of(struct str s, enum git_type *type)
{
	static const char *const names[] = {[GIT_BLOB] = "blob", [GIT_TREE] = "tree", [GIT_COMMIT] = "commit", [GIT_TAG] = "tag"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(s, names[i])) {
			*type = (enum git_type)i;
			return true;
		}
	return false;
}

bool git_header_parse(struct str line, struct git_header *h)
{
	struct str rest, oid = str_cut(line, ' ', &rest), type = str_cut(rest, ' ', &rest);
	*h = (struct git_header){0};
	if (str_ends(line, " missing") || str_ends(line, " ambiguous"))
		return h->missing = true;
	if (!is_oid(oid) || !type_of(type, &h->type) || !str_int(rest, &h->size) || h->size < 0)
		return false;
	memcpy(h->oid, oid.p, oid.n);
	return true;
}

static bool mode_of(struct str s, unsigned *mode)
{
	*mode = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return false;
		*mode = *mode << 3 | (unsigned)(s.p[i] - '0');
	}
	return s.n >= 5 && s.n <= 6 && s.p[0] != '0';
}

int git_tree_next(struct str *tree, size_t oid_bytes, struct git_entry *e)
{
	static const char hex[] = "0123456789abcdef";
	if (!tree->n)
		return 0;
	struct str rest, mode = str_cut(*tree, ' ', &rest);
	const char *end = rest.n ? memchr(rest.p, 0, rest.n) : NULL;
	*e = (struct git_entry){0};
	if (!end || !mode_of(mode, &e->mode))
		return -1;
	e->name = (struct str){rest.p, (size_t)(end - rest.p)};
	size_t left = rest.n - e->name.n - 1;
	if (!e->name.n || memchr(e->name.p, '/', e->name.n) || left < oid_bytes || oid_bytes > OID_TEXT / 2)
		return -1;
	for (size_t i = 0; i < oid_bytes; i++) {
		unsigned char c = (unsigned char)end[1 + i];
		e->oid[2 * i] = hex[c >> 4];
		e->oid[2 * i + 1] = hex[c & 15];
	}
	*tree = (struct str){end + 1 + oid_bytes, left - oid_bytes};
	return 1;
}
