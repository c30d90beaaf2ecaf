/* key — JSON values as bytes whose memcmp order is the order of values. One encoding for slots, sort orders,
 * cursors and comparisons, so they can never disagree.
 *
 *     missing < null < false < true < numbers < strings < lists < tables
 *
 * Every encoding is prefix-free, so the keys of several fields stand one behind
 * the other, and a descending field is the complement of its bytes. Numbers are
 * exact for doubles and for 64-bit integers; strings compare by code point.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "codec/rule.h"
#include "store/row.h"

/* The first byte of a key. 0x00 and 0xFF begin none, also when complemented. */
enum key_tag {
	KEY_MISSING = 1, KEY_NULL, KEY_FALSE, KEY_TRUE, KEY_NUMBER, KEY_STRING, KEY_LIST, KEY_TABLE,
};

void key_null(struct buf *b);
void key_bool(struct buf *b, bool v);
void key_int(struct buf *b, int64_t v);
void key_num(struct buf *b, double v);
void key_str(struct buf *b, struct str s);    /* unescaped */
void key_prefix(struct buf *b, struct str s); /* what the keys of all strings that begin with s begin with */
void key_json(struct buf *b, struct str raw); /* STR_NONE: missing. Lists and tables are equal among themselves */

/* A field of a row by its path: a reserved column, or dotted names into the body. */
void key_field(struct buf *b, const struct row *r, struct str path);

/* All fields of a spec. Of a long string only KEY_TEXT bytes and a hash are kept: such keys are still equal when the
 * values are, and in order up to there. False: one of the fields is missing or null. */
#define KEY_TEXT 240
bool key_spec(struct buf *b, const struct key_spec *spec, const struct row *r);
/* One part of it, given as the bytes of its value; for bounds. False: too long to be exact. */
bool key_part(struct buf *b, struct str key, bool desc);
/* The least key above every key that begins with the bytes of b. */
void key_after(struct buf *b);

/* A spec as text, "tag,-created", and back. */
void key_spec_text(struct buf *b, const struct key_spec *spec);
bool key_spec_parse(struct arena *a, struct str text, struct key_spec *spec);
/* Names of fields in queries and orders: segments of [A-Za-z0-9_-] joined by dots, at most 128 bytes. */
bool key_path_valid(struct str path);

#endif
