/* text — borrowed slices of bytes, and the few questions one asks about text.
 *
 * A struct str borrows: whoever owns the bytes must outlive it. It is not
 * NUL-terminated and may contain NUL, because foreign bytes may. {NULL, 0} is
 * "absent" where absence matters, and reads as empty everywhere.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_FMT(s) (int)(s).n, (s).n ? (s).p : "" /* for "%.*s" */

struct str str_of(const char *cstr); /* NULL gives STR_NONE */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
bool str_ieq(struct str a, const char *cstr); /* ASCII letters only */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_trim(struct str s); /* spaces and tabs at both ends */
/* Cut s at the first c: what stands before it is returned, *rest gets what follows, or STR_NONE
 * when c does not occur. */
struct str str_cut(struct str s, char c, struct str *rest);
/* A whole decimal number, optional '-', no spaces, in range of int64: true and *v. */
bool str_int(struct str s, int64_t *v);

/* Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool text_utf8(struct str s);
/* [a-z][a-z0-9_]{0,63} — names of collections and fields of the manifest. */
bool text_name(struct str s);
/* [a-z0-9]([a-z0-9-]*[a-z0-9])?, 1 to 63 bytes — one label of a host name. */
bool text_label(struct str s);
bool text_host(struct str s); /* labels between dots: a host name of at most 190 bytes, no address */
/* The value of one hexadecimal digit, or -1. */
int text_hex(char c);
/* The number of single-character edits between two short words; for "did you mean". */
int text_distance(const char *a, const char *b);

#endif
