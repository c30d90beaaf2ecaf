/* worker — the worker's part, played by a test: a real zygote, real cells, scripted answers. */
#ifndef T_CELL_WORKER_H
#define T_CELL_WORKER_H

#include "wire/frame.h"

#define CELL_PATIENCE_MS 600000 /* for what ends by itself, however slow the build and busy the machine */

struct cell {
	int to, from, leash;
	struct buf in;
	size_t taken;
};

/* How CALLs are answered: append the result to `result` and return 0 or an ERR_*. */
typedef int answer_fn(const struct call *c, struct buf *result);

/* What came back for a request. */
struct answer {
	enum frame_type type;     /* RESPONSE, ERROR, READY; 0: the cell is gone; -1: nothing within the time */
	int code;                 /* of ERROR */
	struct str message, traceback;
	struct wire_response r;
	struct buf body;          /* whole */
	struct buf log;           /* lines of LOG */
};

void zygote_start(void);
void zygote_stop(void);
struct cell cell_new(size_t heap);
void cell_free(struct cell *c);
void cell_file(struct cell *c, const char *path, struct str text);
void cell_send(struct cell *c, enum frame_type type, struct str payload);
/* START; then what came back. The answer is valid until the next call. */
struct answer *cell_load(struct cell *c, const char *config);
struct answer *cell_request(struct cell *c, const struct wire_request *r, answer_fn *fn, int timeout_ms);
struct answer *cell_get(struct cell *c, const char *path);
struct str test_file(const char *path); /* of the source tree */

#endif
