#include "codec/rule.h"

static const char *const names[] = {
	[WHO_OWNER] = "owner",   [WHO_SHARED] = "shared", [WHO_ADMINS] = "admins",
	[WHO_MEMBERS] = "members", [WHO_ANYONE] = "anyone",
};

const char *who_name(enum who w)
{
	return w >= WHO_OWNER && w <= WHO_ANYONE ? names[w] : "nobody";
}

enum who who_by_name(struct str s)
{
	for (enum who w = WHO_OWNER; w <= WHO_ANYONE; w++)
		if (str_is(s, names[w]))
			return w;
	return 0;
}

bool path_too_long(struct str path)
{
	int n = 1;
	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '.';
	return n > PATH_NAMES;
}

struct collection collection_default(const char *name)
{
	return (struct collection){.name = name, .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER};
}
