/* links — where a page leads: its links, and its forms with their fields.
 *
 *     struct links l = LINKS(html);
 *     struct link k;
 *     while (links_next(&l, &k))
 *             …
 *
 * Not a parser of HTML: it finds tags and their attributes, which is what somebody
 * needs who follows a page to look for what it gives away. Nothing is malformed;
 * what cannot be a tag is passed over. Values are as they stand in the page;
 * links_text undoes the entities that templates write.
 */
#ifndef CODEC_LINKS_H
#define CODEC_LINKS_H

#include "base/arena.h"

enum link_kind {
	LINK_HREF,   /* <a href>: value */
	LINK_FORM,   /* <form>: value is its action, method as written */
	LINK_END,    /* </form> */
	LINK_FIELD,  /* <input>, <textarea>, <select> with a name: name, value, type as written ("select", "textarea") */
	LINK_OPTION, /* <option>: value */
};

struct link {
	enum link_kind kind;
	struct str name, value, method, type; /* STR_NONE: not there */
};

struct links {
	struct str rest;
};

#define LINKS(html) ((struct links){(html)})

bool links_next(struct links *l, struct link *k);
struct str links_text(struct arena *a, struct str raw);

#endif
