#include "codec/range.h"

/* One range-spec: first-pos "-" [ last-pos ], or "-" suffix-length. -1: not one; 0: nothing of it is there; 1: *r. */
static int part(struct str spec, int64_t size, struct range *r)
{
	int64_t a = 0, b = size - 1;
	struct str last, first = str_cut(str_trim(spec), '-', &last);
	if (!last.p || (first.n && (!str_int(first, &a) || first.p[0] == '-')) || (last.n && (!str_int(last, &b) || last.p[0] == '-')))
		return -1;
	if (!first.n && !last.n)
		return -1;
	if (!first.n) { /* the last b bytes */
		a = b < size ? size - b : 0;
		if (!b || !size)
			return 0;
		b = size - 1;
	} else if (last.n && b < a) {
		return -1;
	}
	if (a >= size)
		return 0;
	b = MIN(b, size - 1);
	*r = (struct range){a, b - a + 1};
	return 1;
}

enum range_kind range_parse(struct str header, int64_t size, struct range *r)
{
	struct str set, more, unit = str_cut(header, '=', &set);
	*r = (struct range){0, size};
	if (!set.p || !str_ieq(str_trim(unit), "bytes"))
		return RANGE_WHOLE;
	struct str spec = str_cut(set, ',', &more);
	int n = more.p ? -1 : part(spec, size, r);
	return n < 0 ? RANGE_WHOLE : n ? RANGE_PART : RANGE_NOWHERE;
}
