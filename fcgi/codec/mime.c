#include "codec/mime.h"

#include <strings.h>

#include "base/embed.h"

/* The list is read as it stands in nginx's configuration, so that a file has one type whoever serves it:
 *     text/javascript  js mjs; */
EMBED(types, "nginx/mime.types");

static struct str word(struct str *line)
{
	while (line->n && strchr(" \t\n;{}", *line->p))
		line->p++, line->n--;
	struct str w = {line->p, 0};
	while (line->n && !strchr(" \t\n;{}", *line->p))
		line->p++, line->n--, w.n++;
	return w;
}

static bool lists(struct str line, struct str ending)
{
	for (struct str w; (w = word(&line)).n;)
		if (w.n == ending.n && !strncasecmp(w.p, ending.p, w.n))
			return true;
	return false;
}

static struct str ending_of(struct str path)
{
	for (size_t i = path.n; i > 0 && path.p[i - 1] != '/'; i--)
		if (path.p[i - 1] == '.')
			return (struct str){path.p + i, path.n - i};
	return STR_NONE;
}

struct str mime_of(struct str path)
{
	struct str rest = EMBEDDED(types), ending = ending_of(path);
	while (ending.n && rest.n) {
		struct str line = str_cut(rest, '\n', &rest), type = word(&line);
		if (memchr(type.p, '/', type.n) && lists(line, ending))
			return type;
	}
	return STR("application/octet-stream");
}
