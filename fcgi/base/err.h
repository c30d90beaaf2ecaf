/* err — the errors of err.def, and the fault: one error with its one sentence.
 *
 * A function that can fail returns 0 or an ERR_* and words the message once,
 * where the cause is known:
 *
 *     return fault(f, ERR_DENIED, "only the owner may share this row");
 *
 * Nobody above rewords it. Doors map it to a status or an exit code through
 * err.def. A message is for the person who caused it: it never contains SQL,
 * file contents, pointers or another person's data.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err {
	ERR_OK = 0,
#define ERR(name, code, http, exit, message) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

/* The row of an error. Unknown numbers give the row of ERR_INTERNAL. */
struct err_row {
	const char *code;
	int http;
	int exit;
	const char *message;
};
const struct err_row *err_row(int err);

/* The error with this code, or 0 when there is none. */
int err_by_code(const char *code);

#define FAULT_MAX 512

/* It begins as {0}. err is 0 while nothing has failed; message is NUL-terminated, UTF-8, cut at FAULT_MAX. */
struct fault {
	int err;
	bool blind; /* the database could not be asked, so what it did not find may be there (store/db.h) */
	char message[FAULT_MAX];
};

/* Record err with its sentence and return err. fmt NULL takes the default sentence. A fault is
 * overwritten by a later one, so the last function to speak is the one that decided; but once it is blind, nobody's "there is
 * no such thing" (what is below 500 in err.def) takes its place, and what was recorded is returned. f may be NULL. */
int fault(struct fault *f, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fault_clear(struct fault *f);
int fault_blind(const struct fault *f); /* the error, when it is blind; else 0 */
const char *fault_message(const struct fault *f);

#endif
