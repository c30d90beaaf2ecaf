#include "codec/zone.h"

#include "base/embed.h"

EMBED_BUILT(zones, "zones.txt");

bool zone_any(void)
{
	return EMBEDDED(zones).n > 0;
}

struct str zone_rule(struct str name)
{
	struct str rest = EMBEDDED(zones), rule;
	while (rest.n && name.n) {
		struct str first = str_cut(str_cut(rest, '\n', &rest), ' ', &rule);
		if (str_eq(first, name))
			return rule;
	}
	return STR_NONE;
}
