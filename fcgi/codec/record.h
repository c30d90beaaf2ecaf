/* record — what a portable app is made of: one JSON object a line.
 *
 *     {"record":"fazt-app","format":1,"fazt":"0.1.0","app":"list","app_id":"…","code":true,"data":true,"created":1700000000000}
 *     {"record":"file","path":"api/main.lua","size":1234}      its bytes follow
 *     {"record":"chunk","bytes":"…base64url…"}
 *     {"record":"person","id":"u_…","name":"ann"}              whom the rows mention
 *     {"record":"applied","name":"0002-tags.lua"}              a data migration the rows have been through
 *     {"record":"doc","collection":"items","id":"…","owner":"u_…","parent":"","created":…,"updated":…,"rev":1,"body":{…}}
 *     {"record":"share","collection":"items","id":"…","who":"members","level":1}
 *     {"record":"key","owner":"","key":"counter","expires":0,"value":7}
 *     {"record":"content","size":1234,"hash":"…"}             bytes of a file, as chunks; then the files that have them
 *     {"record":"object","size":1234,"hash":"…"}              or, in a snapshot, bytes that stayed where they are
 *     {"record":"blob","collection":"photos","id":"…","owner":"u_…","parent":"","own":false,"name":"photos/cat","type":"image/png",…}
 *     {"record":"end","records":8,"hash":"…"}
 *
 * hash is a chain over all lines before the last: h = BLAKE2b(h ‖ BLAKE2b(line)). It notices what was cut or changed by
 * accident; it proves nothing about who wrote it. A reader takes what it is given for hostile. The hash of content is its
 * BLAKE2b. own: the name is its owner's own, so somebody else may use the same.
 */
#ifndef CODEC_RECORD_H
#define CODEC_RECORD_H

#include "base/arena.h"
#include "base/buf.h"

#define RECORD_FORMAT 1
#define RECORD_LINE (640 * KIB)  /* of a line: the largest body with room around it */
#define RECORD_CHUNK (256 * KIB) /* bytes in one chunk */

enum record_kind {
	RECORD_HEAD, RECORD_FILE, RECORD_PIECE, RECORD_PERSON, RECORD_APPLIED, RECORD_DOC, RECORD_SHARE, RECORD_KEY,
	RECORD_CONTENT, RECORD_OBJECT, RECORD_BLOB, RECORD_END,
	RECORD_KINDS
};

struct record {
	enum record_kind kind;
	struct str fazt, app, app_id, path, bytes, id, name, collection, owner, parent, who, key, hash, type;
	struct str body, value; /* JSON text */
	int64_t format, size, created, updated, rev, level, expires, records;
	bool code, data, own;
};

/* The line of a record, its end of line included. */
void record_write(struct buf *b, const struct record *r);

/* A line without its end. Strict: every field of its kind once and no other, each of the form it must have. Strings live in
 * the arena or borrow line. The head of a newer format is ERR_BAD_SOURCE with a sentence that says so; anything else
 * that is not a record too. */
int record_read(struct arena *a, struct str line, struct record *r, struct fault *f);

/* A public id: "u_" and 24 characters of base32. */
bool record_person(struct str id);

#endif
