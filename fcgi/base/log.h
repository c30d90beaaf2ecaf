/* log — structured lines: one JSON object each, in home/log/NAME.log, bounded.
 *
 * A log file is at most LOG_BYTES (and, for fazt.log, what a tenth of a second
 * adds); then it becomes NAME.log.1 (the previous one goes) and a new one begins. Lines are at most LOG_LINE bytes and written with
 * one write(2), so several processes may share a file. When the disk is full,
 * lines are dropped, never the request.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/text.h"

#define LOG_BYTES (4 * MIB)
#define LOG_LINE (28 * KIB) /* 4 KB of text, however much of it must be escaped */

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

void log_open(const char *home); /* before that, and for NULL, lines go to stderr */
const char *log_home(void); /* the home it was opened for, or NULL */

/* One event of the kernel in fazt.log: its name and up to a few fields, as pairs of const char* ending with NULL.
 * log_event(LOG_INFO, "worker.start", "pid", "12", NULL) */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* One finished line of JSON (without newline) for the log NAME. */
void log_line(const char *name, struct str json);
/* The newest lines of a log, at most n, oldest first, through fn. */
void log_tail(const char *name, int n, void (*fn)(void *, struct str line), void *arg);
void log_forget(const char *name); /* all of an app's */

#endif
