/* path — one canonical form of a request's host and path, made once at the door.
 *
 * Everything behind the door compares hosts and paths byte by byte, so two
 * spellings of one address must not both get through: what cannot be made
 * canonical without guessing is refused (RFC 9110 §4.2, RFC 3986 §3.3, §6).
 */
#ifndef CODEC_PATH_H
#define CODEC_PATH_H

#include "base/arena.h"

#define PATH_BYTES 2048 /* of the path as it was sent */
#define HOST_BYTES 253

/* The value of Host: lower case, without port and without one trailing dot. Only names: labels of letters, digits
 * and hyphens. ERR_WRONG_HOST for an IP literal (no app has one), ERR_BAD_REQUEST for what is no host. */
int path_host(struct arena *a, struct str raw, struct str *host, struct fault *f);

/* The request target in origin form, "/a%20b//c?q": *path is decoded exactly once, with runs of / collapsed, and
 * *query is what follows the first ?, still encoded (STR_NONE without one). ERR_BAD_REQUEST for dot segments,
 * an encoded slash, backslashes, control characters, bytes that are not UTF-8, a broken % and a path that is too long. */
int path_target(struct arena *a, struct str target, struct str *path, struct str *query, struct fault *f);

/* Is s an address on the same origin, in every browser's reading: a target as above that does not begin with //?
 * For where to go on after signing in. */
bool path_local(struct arena *a, struct str s);

#endif
