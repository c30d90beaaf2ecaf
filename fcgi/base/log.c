#define _GNU_SOURCE /* dup3 */

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
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

/* Lines of the kernel's log on their way: under load they are written together, by a thread that waits a moment after
 * the first of them. */
static struct {
	pthread_mutex_t lock;
	sem_t begun;
	bool running;
	size_t n;
	char bytes[LOG_TOGETHER];
} together = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void write_kept(struct str bytes)
{
	char path[4352];
	int fd = log_path(path, sizeof path, KERNEL_LOG, "") ? kept_log(path) : STDERR_FILENO;
	if (fd >= 0 && bytes.n && write(fd, bytes.p, bytes.n) < 0)
		return; /* the disk is full: the lines are lost, the requests are not */
}

static void flush(void)
{
	write_kept((struct str){together.bytes, together.n});
	together.n = 0;
}

void log_flush(void)
{
	pthread_mutex_lock(&together.lock);
	flush();
	pthread_mutex_unlock(&together.lock);
}

static void *flush_now_and_then(void *unused UNUSED)
{
	for (;;) {
		while (sem_wait(&together.begun))
			;
		usleep(LOG_TOGETHER_MS * 1000);
		log_flush();
	}
	return NULL;
}

void log_together(void)
{
	pthread_t thread;
	sem_init(&together.begun, 0, 0);
	if (pthread_create(&thread, NULL, flush_now_and_then, NULL) || pthread_detach(thread))
		die("cannot start a thread");
	together.running = true;
}

static void kernel_line(struct str line)
{
	if (!together.running) {
		write_kept(line);
		return;
	}
	pthread_mutex_lock(&together.lock);
	if (together.n + line.n > sizeof together.bytes)
		flush();
	bool first = !together.n;
	memcpy(together.bytes + together.n, line.p, line.n);
	together.n += line.n;
	pthread_mutex_unlock(&together.lock);
	if (first)
		sem_post(&together.begun);
}

void log_line(const char *name, struct str json)
{
	char path[4352];
	char line[LOG_LINE + 1];
	size_t n = MIN(json.n, (size_t)LOG_LINE);
	memcpy(line, json.p, n);
	line[n++] = '\n';
	if (!strcmp(name, KERNEL_LOG)) {
		kernel_line((struct str){line, n});
		return;
	}
	bool file = log_path(path, sizeof path, name, "");
	int fd = file ? open_log(path) : STDERR_FILENO;
	if (fd < 0)
		return;
	if (write(fd, line, n) > 0 && file)
		rotate(name, fd);
	if (file)
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

/* ---- reading ---- */

/* A file that is open for reading, and what tells it from others: its first line, since the number of an inode is used
 * again as soon as it is free. 0: it has none yet. */
struct part {
	int fd;
	off_t size;
	uint64_t file;
};

static uint64_t identity(int fd)
{
	char head[256];
	ssize_t n = pread(fd, head, sizeof head, 0);
	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	uint64_t h = 14695981039346656037u; /* FNV-1a */
	if (n <= 0 || (!end && n < (ssize_t)sizeof head))
		return 0;
	for (const char *p = head; p < (end ? end : head + n); p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return h >> 1 | 1;
}

static struct part part_open(const char *name, const char *suffix)
{
	char path[4352];
	struct stat st;
	int fd = log_path(path, sizeof path, name, suffix) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	uint64_t file = fd < 0 || fstat(fd, &st) ? 0 : identity(fd);
	if (file)
		return (struct part){fd, st.st_size, file};
	if (fd >= 0)
		close(fd);
	return (struct part){.fd = -1};
}

static void part_close(struct part p)
{
	if (p.fd >= 0)
		close(p.fd);
}

static void read_into(struct buf *b, int fd, off_t from, size_t n)
{
	buf_reserve(b, n);
	ssize_t got = pread(fd, b->p + b->len, n, from);
	b->len += got > 0 ? (size_t)got : 0;
}

static void each_line(struct str rest, bool (*wanted)(void *, struct str), log_line_fn *fn, void *arg)
{
	while (rest.n) {
		struct str line = str_cut(rest, '\n', &rest);
		if (line.n && (!wanted || wanted(arg, line)))
			fn(arg, line);
	}
}

/* Where the last n wanted lines begin. */
static size_t tail_start(struct str text, int n, bool (*wanted)(void *, struct str), void *arg)
{
	size_t end = text.n, at = text.n;
	for (int lines = 0; at && lines < n; end = at) {
		for (at = end - 1; at && text.p[at - 1] != '\n'; at--)
			;
		struct str line = {text.p + at, end - at};
		line.n -= str_ends(line, "\n");
		lines += line.n && (!wanted || wanted(arg, line));
	}
	return at;
}

/* The end of one file; the place is behind it. */
static void read_end(struct buf *b, const struct part *p, struct log_place *place)
{
	size_t before = b->len, size = MIN((size_t)p->size, (size_t)LOG_BYTES + LOG_LINE);
	read_into(b, p->fd, p->size - (off_t)size, size);
	*place = (struct log_place){p->file, (int64_t)(p->size - (off_t)size) + (int64_t)(b->len - before)};
}

void log_tail(const char *name, int n, bool (*wanted)(void *, struct str), log_line_fn *fn, void *arg, struct log_place *end)
{
	struct part is = part_open(name, ""), was = part_open(name, ".1");
	struct buf both = BUF_INIT;
	struct log_place place = {0};
	if (was.fd >= 0 && was.file != is.file)
		read_end(&both, &was, &place);
	if (is.fd >= 0)
		read_end(&both, &is, &place);
	struct str text = both.len ? buf_str(&both) : STR("");
	size_t from = tail_start(text, n, wanted, arg);
	each_line((struct str){text.p + from, text.n - from}, wanted, fn, arg);
	part_close(is);
	part_close(was);
	buf_release(&both);
	if (end)
		*end = place;
}

/* The whole lines of one file behind the place. False: there is more than a page of them. */
static bool read_lines(const struct part *p, struct log_place *place, log_line_fn *fn, void *arg)
{
	struct buf b = BUF_INIT;
	if (place->file != p->file)
		*place = (struct log_place){p->file, 0};
	size_t left = place->at < 0 || place->at > p->size ? 0 : (size_t)(p->size - place->at);
	read_into(&b, p->fd, (off_t)place->at, MIN(left, (size_t)LOG_PAGE));
	while (b.len && b.p[b.len - 1] != '\n')
		b.len--;
	each_line(b.len ? buf_str(&b) : STR(""), NULL, fn, arg);
	place->at += (int64_t)b.len;
	buf_release(&b);
	return left <= LOG_PAGE;
}

/* From the file of the place to the one that is written now: all of both, where the place is in neither. */
void log_follow(const char *name, struct log_place *place, log_line_fn *fn, void *arg)
{
	struct part is = part_open(name, ""), was = part_open(name, ".1"); /* in this order: a rotation in between hides nothing */
	bool current = is.fd >= 0 && place->file == is.file, whole = true;
	if (!current && was.fd >= 0)
		whole = read_lines(&was, place, fn, arg);
	if (whole && is.fd >= 0)
		read_lines(&is, place, fn, arg);
	part_close(was);
	part_close(is);
}

int log_watch(void)
{
	int fd = folder[0] ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
	if (fd >= 0 && inotify_add_watch(fd, folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
