/* json — reading JSON text without building a tree (RFC 8259).
 *
 * A pull lexer, a checker, and a way to one member of an object. What looks
 * inside structured input that a person wrote (manifests, queries) uses jansson;
 * this is for bytes that only pass through, for the cell, and for index keys.
 *
 * Strict: no comments, no trailing commas, no NaN, UTF-8 only, no lone
 * surrogate escapes, numbers as the RFC spells them.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"

#define JSON_DEPTH 64

enum json_tok {
	JSON_END,      /* the value is complete and nothing follows */
	JSON_ERROR,    /* see json_lex.error */
	JSON_NULL,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NUMBER,   /* text = the digits */
	JSON_STRING,   /* text = between the quotes, still escaped */
	JSON_KEY,      /* the same, as a member's name */
	JSON_OBJECT,   /* { */
	JSON_OBJECT_END,
	JSON_ARRAY,    /* [ */
	JSON_ARRAY_END,
};

struct json_lex {
	const char *at, *end, *start;
	int depth;
	int max_depth; /* at most JSON_DEPTH */
	char state;    /* what may come next; private */
	bool object[JSON_DEPTH];
	struct str text;
	const char *error; /* why, for a person; with the offset at - start */
	bool too_deep;
};

void json_lex_init(struct json_lex *l, struct str text, int max_depth);
enum json_tok json_next(struct json_lex *l);

/* Is text one JSON value within the bounds? items counts every value and key. */
int json_check(struct str text, int max_depth, size_t max_items, struct fault *f);
/* How many values a text that is known to be valid has: itself, and all that are in it. */
size_t json_count(struct str text);

/* The next member of the object just entered (JSON_OBJECT came): its name, still escaped, and its raw value. False at the
 * end of the object, or where it is not valid: the lexer's state tells (l->error). */
bool json_next_member(struct json_lex *l, struct str *key, struct str *value);
/* The same for the list just entered (JSON_ARRAY came). */
bool json_next_item(struct json_lex *l, struct str *value);
/* The raw text of a member of a JSON object that is known to be valid: found → true. name is
 * compared with the unescaped key; of duplicate keys the last one counts. */
bool json_member(struct str object, struct str name, struct str *value);
/* The same down a dotted path, "a.b.c", and for many names at once (STR_NONE for those that are not there). Each reads the
 * text once and lexes nothing; of one that is not valid they make something or other, from its own bytes. */
bool json_path(struct str doc, struct str path, struct str *value);
void json_pick(struct str object, const struct str *names, int n, struct str *values);

/* Unescape the inside of a string (the text of JSON_STRING or JSON_KEY) and append it. */
void json_unescape(struct buf *b, struct str raw);
/* A raw value that is a string, unescaped and appended. False: it is of another kind. */
bool json_text(struct buf *b, struct str value);
bool json_key_is(struct str raw, struct str name);

#endif
