/* log — structured lines: one JSON object each, in home/log/NAME.log, bounded.
 *
 * A log file is at most LOG_BYTES (and, for fazt.log, what a tenth of a second
 * adds); then it becomes NAME.log.1 (the previous one goes) and a new one begins. Lines are at most LOG_LINE bytes, and
 * whole lines are written with one write(2), so several processes may share a file. When the disk is full,
 * lines are dropped, never the request.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/text.h"

#define LOG_BYTES (4 * MIB)
#define LOG_LINE (28 * KIB) /* 4 KB of text, however much of it must be escaped */

#define LOG_TOGETHER (32 * KIB)
#define LOG_TOGETHER_MS 20

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

void log_open(const char *home); /* before that, and for NULL, lines go to stderr */
/* From now on lines of fazt.log are written together, LOG_TOGETHER_MS after the first of them: a process that ends in
 * another way than by kill calls log_flush first. For one that serves many requests and does not fork. */
void log_together(void);
void log_flush(void);
const char *log_home(void); /* the home it was opened for, or NULL */

/* One event of the kernel in fazt.log: its name and up to a few fields, as pairs of const char* ending with NULL.
 * log_event(LOG_INFO, "worker.start", "pid", "12", NULL) */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* One finished line of JSON (without newline) for the log NAME. */
void log_line(const char *name, struct str json);

/* What becomes of a line. */
typedef void log_line_fn(void *arg, struct str line);

/* A place in a log: the file, whatever it is called by now, and the byte in it. */
struct log_place {
	uint64_t file;
	int64_t at;
};
/* The newest lines that wanted admits (NULL: all), at most n, oldest first, through fn. *end, unless NULL: the place
 * behind them. */
void log_tail(const char *name, int n, bool (*wanted)(void *arg, struct str line), log_line_fn *fn, void *arg, struct log_place *end);
/* The whole lines behind a place, about LOG_PAGE bytes of them at once, which it then is behind. A rotation in between
 * loses nothing; after two of them what there still is comes. */
#define LOG_PAGE (256 * KIB)
void log_follow(const char *name, struct log_place *place, log_line_fn *fn, void *arg);
/* A descriptor that becomes readable when something is written to any log; -1 where that cannot be watched. */
int log_watch(void);
void log_forget(const char *name); /* all of an app's */

#endif
