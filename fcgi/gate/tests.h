/* tests — an app's own tests, t/NAME.lua, run in a trial.
 *
 * Each file has a cell of its own, each test begins with what was there when
 * tests_run was called (rows, people, clock) and has a deadline. What a test does to
 * the trial it does by calls (fazt.test.*, sys/test) that no other code is granted.
 */
#ifndef GATE_TESTS_H
#define GATE_TESTS_H

#include "base/out.h"
#include "gate/trial.h"

#define TESTS_MS 60000 /* for one test, unless somebody says otherwise */

/* One test that was run. Everything is borrowed for the moment. */
struct test {
	const char *file;    /* t/lists.lua */
	struct str name;     /* STR_NONE: the file did not load */
	bool passed;
	int64_t ms;
	struct str message;  /* why not, with file and line */
	struct str trace;    /* where that was, and how it got there */
	struct str log;      /* what app and test logged meanwhile: a JSON list of {at, level, request, text} */
};

struct tests {
	struct str only;     /* those whose "file name" contains this; STR_NONE: all */
	int64_t deadline;    /* ms for one; 0: TESTS_MS */
	int64_t until;       /* mono_ms: none begins after it, ERR_BAD_PACKAGE; 0: they take what they take */
	void (*each)(void *arg, const struct test *x); /* or NULL */
	void *arg;
	int files, passed, failed; /* filled by tests_run */
};

/* Run them all; those that fail are counted, and no error. Errors are the trial's own. */
int tests_run(struct trial *t, struct tests *s, struct fault *f);
/* One as JSON: {"file", "name", "passed", "ms", "message", "trace", "log": […]}. */
void test_write(struct out *o, const struct test *x);

#endif
