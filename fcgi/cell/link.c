#include "cell/link.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cell/heap.h"

/* `in` holds bytes that arrived; the first `taken` of them were handed out as a frame. The buffers are bufs whose
 * bound is their capacity, so they never move. `touched` is what must be wiped of those whose length shrinks. */
struct buf link_text;
static struct buf in, out, kept;
static size_t taken, touched_in, touched_out, began;
static int in_fd = -1, out_fd = -1;
static bool waiting;
static int logged; /* lines of this request */

static struct buf map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		die("no address space for buffers");
	return (struct buf){.p = p, .cap = size, .max = size - 1};
}

void link_init(void)
{
	in = map(2 * FRAME_MAX);
	out = map(2 * FRAME_MAX);
	kept = map(2 * FRAME_MAX);
	link_text = map(LINK_BODY_MAX + 2 * FRAME_MAX);
}

void link_open(int read_from, int write_to)
{
	in_fd = read_from;
	out_fd = write_to;
}

/* Move what was not handed out yet to the front. */
static void shift(void)
{
	memmove(in.p, in.p + taken, in.len - taken);
	in.len -= taken;
	taken = 0;
}

struct frame link_receive(void)
{
	struct frame f;
	shift();
	for (;;) {
		long n = frame_parse(buf_str(&in), &f);
		if (n > 0) {
			taken = (size_t)n;
			waiting = false;
			return f;
		}
		ssize_t got = n < 0 ? 0 : read(in_fd, in.p + in.len, in.max - in.len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			_exit(0);
		in.len += (size_t)got;
		touched_in = MAX(touched_in, in.len);
	}
}

struct buf *link_begin(enum frame_type type, unsigned flags, unsigned code)
{
	buf_clear(&out);
	began = frame_begin(&out, type, flags, code);
	waiting = type == FRAME_CALL;
	return &out;
}

bool link_send(void)
{
	touched_out = MAX(touched_out, out.len);
	if (out.full || out.len > FRAME_HEAD + FRAME_MAX)
		return waiting = false;
	frame_end(&out, began);
	for (size_t sent = 0; sent < out.len;) {
		ssize_t n = write(out_fd, out.p + sent, out.len - sent);
		if (n < 0 && errno != EINTR)
			_exit(0);
		sent += n > 0 ? (size_t)n : 0;
	}
	return true;
}

void link_log(unsigned level, struct str line)
{
	if (logged > FRAME_LOGS)
		return;
	logged++;
	put_str(link_begin(FRAME_LOG, 0, level), line);
	link_send();
}

struct str link_keep(struct str payload)
{
	kept.len = 0;
	buf_addstr(&kept, payload);
	return buf_str(&kept);
}

void link_text_drop(size_t len)
{
	memset(link_text.p + len, 0, link_text.len - len);
	link_text.len = len;
	link_text.full = false;
}

bool link_waiting(void)
{
	return waiting;
}

void link_wipe(void)
{
	shift();
	memset(in.p + in.len, 0, touched_in - in.len);
	touched_in = in.len;
	heap_wipe(out.p, touched_out);
	touched_out = 0;
	heap_wipe(kept.p, kept.len + 1);
	kept.len = 0;
	heap_wipe(link_text.p, link_text.len);
	link_text.len = 0;
	link_text.full = false;
	logged = 0;
}
