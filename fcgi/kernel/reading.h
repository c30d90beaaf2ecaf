/* reading — app.json against tables of keys, for kernel/manifest and its parts.
 *
 * A table says of each key which function reads its value into a struct. `at` is the way from the top to the value that is being read and stands
 * in front of every message. All but reading_show, enter and leave return 0 or the error.
 */
#ifndef KERNEL_READING_H
#define KERNEL_READING_H

#include <jansson.h>

#include "kernel/manifest.h"

struct reading {
	struct arena *arena;
	struct fault *fault;
	struct manifest *m;
	char at[200];
};

typedef int reading_fn(struct reading *g, json_t *v, void *into);

struct key {
	const char *name; /* NULL ends a table */
	reading_fn *read;
};

int reading_bad(struct reading *g, const char *fmt, ...) PRINTF(2, 3); /* ERR_BAD_MANIFEST, and where */
const char *reading_show(struct reading *g, const char *s);            /* foreign text, as a message may show it */

/* A step down, and back to where reading_enter said it was. Whoever met an error stays there. */
size_t reading_enter(struct reading *g, const char *fmt, ...) PRINTF(2, 3);
void reading_leave(struct reading *g, size_t n);

int reading_object(struct reading *g, json_t *v, const struct key *keys, void *into);
/* A list of at most max values, each read into its element of an array of the arena. */
int reading_list(struct reading *g, json_t *v, size_t max, size_t size, void **list, int *count, reading_fn *read);

int reading_text(struct reading *g, json_t *v, size_t max, const char **out); /* max in bytes */
/* Text on one line, without characters that make it look like something else. */
int reading_line(struct reading *g, json_t *v, size_t max, const char **out);
int reading_name(struct reading *g, json_t *v, const char **out);
int reading_boolean(struct reading *g, json_t *v, bool *out);
int reading_number(struct reading *g, json_t *v, int least, int most, json_int_t *out);
/* One of a list of words, as its place in the list. */
int reading_choice(struct reading *g, json_t *v, const char *const *words, int n, int *out);

/* The parts of the schema that have a file of their own. */
reading_fn manifest_collections; /* manifest_rows.c */
reading_fn manifest_cron, manifest_runs; /* manifest_work.c */
int manifest_parents(struct reading *g); /* is no chain of parents too long, or a circle? */

#endif
