#include "codec/version.h"

bool version_parse(struct str text, int v[3])
{
	v[0] = v[1] = v[2] = 0;
	if (text.n && text.p[0] == 'v')
		text.p++, text.n--;
	size_t end = 0;
	while (end < text.n && text.p[end] != '-' && text.p[end] != '+')
		end++;
	struct str rest = {text.p, end};
	for (int i = 0; i < 3; i++) {
		int64_t number;
		struct str part = str_cut(rest, '.', &rest);
		if (part.n > 6 || !str_int(part, &number) || number < 0)
			return false;
		v[i] = (int)number;
		if (!rest.p)
			return true;
	}
	return false;
}

static int compare(const int a[3], const int b[3])
{
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

int version_compare(struct str a, struct str b)
{
	int x[3], y[3];
	return version_parse(a, x) && version_parse(b, y) ? compare(x, y) : 0;
}

static const struct operator {
	const char *text;
	bool less, equal, more; /* which outcomes of comparing the version with the bound it admits */
} operators[] = {
	{">=", false, true, true}, {"<=", true, true, false}, {">", false, false, true},
	{"<", true, false, false}, {"=", false, true, false}, {"", false, true, true},
};

enum admits version_admits(struct str requirement, struct str version)
{
	int have[3], bound[3];
	struct str rest = str_trim(requirement);
	if (!rest.n || !version_parse(version, have))
		return ADMITS_MALFORMED;
	enum admits answer = ADMITS_YES;
	while (rest.n) {
		struct str term = str_cut(rest, ' ', &rest);
		const struct operator *op = operators;
		while (!str_starts(term, op->text))
			op++;
		size_t n = strlen(op->text);
		if (!version_parse((struct str){term.p + n, term.n - n}, bound))
			return ADMITS_MALFORMED;
		int order = compare(have, bound);
		if (order < 0 ? !op->less : order > 0 ? !op->more : !op->equal)
			answer = ADMITS_NO;
		rest = str_trim(rest);
	}
	return answer;
}
