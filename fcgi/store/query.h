/* query — what an app asks for: conditions and order as JSON, compiled once, then held against rows.
 *
 *     { field = value }            equality; null matches null and missing
 *     { field = { op = value } }   eq ne gt gte lt lte in nin prefix contains exists; several must all hold
 *     { and = {…}, or = {…}, ["not"] = {…} }
 *     opts { sort = "-created" | {…}, limit = 1…1000, cursor, fields = {…} }
 *
 * Comparisons hold within one type only (numbers with numbers, text with text,
 * booleans with booleans). The language decides nothing about who may see what.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "store/key.h"

#define QUERY_BYTES (16 * KIB)
#define QUERY_CONDITIONS 64
#define QUERY_LIST 200  /* values of in and nin */
#define QUERY_DEPTH 8
#define QUERY_NEEDLE 128
#define QUERY_LIMIT 1000
#define QUERY_FIELDS 64

enum op {
	OP_EQ, OP_NE, OP_GT, OP_GTE, OP_LT, OP_LTE, OP_IN, OP_NIN, OP_PREFIX, OP_CONTAINS, OP_EXISTS,
	OP_AND, OP_OR, OP_NOT, /* over children */
};

struct cond {
	enum op op;
	struct str path;
	struct str key;  /* the value as a key; for EXISTS its first byte is KEY_TRUE or KEY_FALSE */
	struct str text; /* the value of EQ, PREFIX and CONTAINS, where it is text */
	int n;
	struct cond *child; /* AND OR NOT; and IN, NIN: one per value, with its key */
};

struct query {
	struct cond where; /* an AND */
	bool everything;   /* no condition at all */
	struct key_spec sort; /* ties are broken by id in the direction of the last field */
	bool backward;     /* that direction is descending */
	bool by_id;        /* the order is that of the ids: by creation, or none asked for */
	bool unsorted;     /* none asked for */
	int limit;
	struct str cursor; /* empty: the first page */
	int nfields;
	struct str *field; /* NULL: all */
	struct str canonical; /* the same text for the same conditions and order */
};

/* Both may be STR_NONE or null. ERR_BAD_QUERY with a sentence that names what is wrong. */
int query_parse(struct arena *a, struct str where, struct str opts, struct query *q, struct fault *f);

/* What conditions are held against rows with, one row after the other, and the moment at which that ends. */
struct matching {
	struct buf scratch;
	struct db *db; /* whose time it is (db_read_begin); NULL: nobody's */
	size_t seen;   /* bytes since the clock was looked at */
	bool late;     /* it is over: what is said about the row means nothing */
};
bool query_match(const struct cond *c, const struct row *r, struct matching *m);
/* n bytes more are going to be looked at. True: it is over. */
bool matching_late(struct matching *m, size_t n);
void matching_release(struct matching *m);
struct str query_long_path(const struct query *q); /* one with more than PATH_NAMES names; STR_NONE: there is none */
bool query_names(const struct query *q, const char *path); /* in a condition or the order */
const char *op_name(enum op op);

#endif
