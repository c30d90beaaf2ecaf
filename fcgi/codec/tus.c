#include "codec/tus.h"

#include "base/crypt.h"

static bool key_valid(struct str key)
{
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] <= ' ' || key.p[i] >= 0x7F)
			return false;
	return key.n;
}

bool tus_metadata(struct arena *a, struct str header, const char *key, struct str *value)
{
	*value = STR_NONE;
	if (header.n > TUS_METADATA)
		return false;
	while (header.n) {
		struct str coded, name = str_cut(str_trim(str_cut(header, ',', &header)), ' ', &coded);
		char *bytes = arena_alloc(a, coded.n + 1);
		int n = crypt_unb64(bytes, coded.n, str_trim(coded));
		if (!key_valid(name) || n < 0)
			return false;
		if (str_is(name, key) && !value->p)
			*value = (struct str){bytes, (size_t)n};
	}
	return true;
}
