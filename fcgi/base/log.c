#define _GNU_SOURCE /* dup3 */

#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/now.h"
#include "base/out.h"

#define KERNEL_LOG "fazt"
#define RENEW_MS 100

static char folder[4096];
static _Atomic int kept = -1; /* the kernel's own log */
static _Atomic int64_t kept_until;

void log_open(const char *home)
{
	kept_until = 0;
	if (home && (size_t)snprintf(folder, sizeof folder, "%s/log", home) >= sizeof folder)
		die("the path of the home is too long");
	if (!home)
		folder[0] = 0;
}

const char *log_home(void)
{
	static char home[sizeof folder];
	if (!folder[0])
		return NULL;
	snprintf(home, sizeof home, "%.*s", (int)(strlen(folder) - strlen("/log")), folder);
	return home;
}

static bool log_path(char *path, size_t room, const char *name, const char *suffix)
{
	return folder[0] && (size_t)snprintf(path, room, "%s/%s.log%s", folder, name, suffix) < room;
}

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Make room when the file behind fd is full. Several processes may see that at once: only whoever finds its own
 * file still under the name renames it. At worst a few lines go early. */
static void rotate(const char *name, int fd)
{
	char from[4352], to[4352];
	struct stat mine, named;
	if (fstat(fd, &mine) || mine.st_size < (off_t)LOG_BYTES)
		return;
	if (log_path(from, sizeof from, name, "") && log_path(to, sizeof to, name, ".1") && !stat(from, &named) &&
	    named.st_ino == mine.st_ino)
		(void)rename(from, to);
}

/* The kernel's own log gets a line a request, so its file stays open for RENEW_MS at a time. Its descriptor keeps its
 * number for ever: dup3 puts the new file in its place while others write to it. */
static int kept_log(const char *path)
{
	int64_t now = mono_ms();
	if (kept >= 0 && now < kept_until)
		return kept;
	kept_until = now + RENEW_MS;
	int fd = open_log(path), none = -1;
	if (fd < 0)
		return kept;
	rotate(KERNEL_LOG, fd);
	if (kept < 0 && atomic_compare_exchange_strong(&kept, &none, fd))
		return fd;
	dup3(fd, kept, O_CLOEXEC);
	close(fd);
	return kept;
}

void log_line(const char *name, struct str json)
{
	char path[4352];
	char line[LOG_LINE + 1];
	size_t n = MIN(json.n, (size_t)LOG_LINE);
	memcpy(line, json.p, n);
	line[n++] = '\n';
	bool keep = !strcmp(name, KERNEL_LOG), file = log_path(path, sizeof path, name, "");
	int fd = !file ? STDERR_FILENO : keep ? kept_log(path) : open_log(path);
	if (fd < 0)
		return;
	bool written = write(fd, line, n) > 0;
	if (!file || keep)
		return;
	if (written)
		rotate(name, fd);
	close(fd);
}

void log_event(enum log_level level, const char *event, ...)
{
	static const char *const names[] = {"info", "warn", "error"};
	char at[25];
	struct buf b = BUF_MAX(LOG_LINE);
	struct out o = OUT(&b);
	va_list ap;
	out_object(&o);
	out_kcstr(&o, "at", now_iso(now_ms(), at));
	out_kcstr(&o, "level", names[level]);
	out_kcstr(&o, "event", event);
	va_start(ap, event);
	for (const char *key; (key = va_arg(ap, const char *));)
		out_kcstr(&o, key, va_arg(ap, const char *));
	va_end(ap);
	out_end(&o);
	log_line(KERNEL_LOG, buf_str(&b));
	buf_release(&b);
}

void log_forget(const char *name)
{
	char path[4352];
	if (log_path(path, sizeof path, name, ""))
		(void)unlink(path);
	if (log_path(path, sizeof path, name, ".1"))
		(void)unlink(path);
}

/* The end of a file, at most LOG_BYTES of it. */
static char *read_end(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	*n = 0;
	if (fd < 0)
		return NULL;
	char *text = NULL;
	if (!fstat(fd, &st) && st.st_size > 0) {
		off_t from = MAX(st.st_size - (off_t)LOG_BYTES, (off_t)0);
		text = xmalloc((size_t)(st.st_size - from));
		ssize_t got = pread(fd, text, (size_t)(st.st_size - from), from);
		*n = got > 0 ? (size_t)got : 0;
	}
	close(fd);
	return text;
}

/* Where the last n lines begin. */
static size_t tail_start(struct str text, int n)
{
	size_t at = text.n;
	for (int lines = 0; at; at--)
		if (text.p[at - 1] == '\n' && at != text.n && ++lines == n)
			break;
	return at;
}

void log_tail(const char *name, int n, void (*fn)(void *, struct str line), void *arg)
{
	char path[4352];
	struct buf both = BUF_INIT;
	static const char *const parts[] = {".1", ""};
	for (int i = 0; i < 2; i++) {
		size_t len;
		if (!log_path(path, sizeof path, name, parts[i]))
			return;
		char *text = read_end(path, &len);
		buf_add(&both, text ? text : "", len);
		free(text);
	}
	struct str rest = buf_str(&both);
	size_t from = tail_start(rest, n);
	rest = (struct str){rest.p + from, rest.n - from};
	while (rest.n) {
		struct str line = str_cut(rest, '\n', &rest);
		if (line.n)
			fn(arg, line);
	}
	buf_release(&both);
}
