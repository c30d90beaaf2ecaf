/* marks — what an app in a trial holds, and which unguessable text lies in which row: so that text in an answer tells
 * which row it is from.
 *
 *     marks_open(&m, node, app_id, until)
 *     char *text = marks_new(a, 'b')        put it into rows, or into requests that make rows
 *     marks_look(&m, f)                     after every request: what is there now
 *     marks_close(&m)
 *
 * A text belongs to the row it was first seen in. Rows that the same person made
 * of it later (a draft that was published) are theirs to show; copies the app makes
 * elsewhere (a cache that everyone reads) give nobody a right to it.
 *
 * When the time is over (until, mono_ms) nothing more is looked at: then what a look saw is not all there is, and nothing may be concluded
 * from what it did not see.
 *
 * Whether somebody may read a row is asked of the rules themselves (store/scope, store/kv), never decided here.
 */
#ifndef GATE_MARKS_H
#define GATE_MARKS_H

#include "base/crypt.h"
#include "kernel/app.h"
#include "store/scope.h"

#define MARK_LEN 24
#define MARK_ROWS 5000 /* rows, shares and keys that are looked at; more are not */

enum state_kind { STATE_DOC, STATE_SHARE, STATE_KEY };

/* One row, share or key at one moment. */
struct state {
	enum state_kind kind;
	struct str where, what; /* collection and id; of a key: owner and key */
	struct str owner, parent;
	unsigned char sum[16];  /* of all that is in it */
};

/* All of them, in order. */
struct states {
	struct arena *arena;
	int n;
	struct state *list;
};

struct sight; /* a text in a row */

struct marks {
	struct node *node;
	const char *app_id;
	int64_t until;
	struct arena *arena;
	struct states now, before; /* at the last two looks */
	int look;
	int nsights;
	struct sight *sights;
	int room;
	unsigned char key[KEY_LEN]; /* of the two tables of sights, whose texts may be the app's choice */
	int *by_text, *by_place;
};

void marks_open(struct marks *m, struct node *n, const char *app_id, int64_t until);
void marks_close(struct marks *m);

/* A fresh text of this author (a letter), in the arena: letters and digits. */
char *marks_new(struct arena *a, char author);
bool marks_in(struct str s); /* does it hold one? */
int marks_look(struct marks *m, struct fault *f);

/* What changed between the last two looks: the n-th such state (of before, or where it is new, of now), or NULL. */
const struct state *marks_changed(const struct marks *m, int n, bool *gone);

/* The first text in bytes that is not the reader's own, of a row that sc may not read: true, with the row, and a sentence why in the arena; *bytes is what
 * stands behind it. */
struct leak {
	enum state_kind kind;
	struct str where, what, owner;
	const char *why;
};
bool marks_leak(struct marks *m, const struct app *app, const struct scope *sc, char reader, struct str *bytes, struct arena *a,
		struct leak *l, struct fault *f);

#endif
