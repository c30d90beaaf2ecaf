#include "door/follow.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define REST_MS 50 /* at most this often */

static volatile sig_atomic_t stopped;

static void stop(int sig UNUSED)
{
	stopped = 1;
}

static void catch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction s = {.sa_handler = stop};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &s, NULL);
}

/* False: nobody reads any more. */
static bool wait_for_more(int watch, int ms)
{
	char events[4 * KIB];
	struct pollfd p[] = {{.fd = STDOUT_FILENO}, {.fd = watch, .events = POLLIN}};
	poll(p, 2, ms);
	if (p[1].revents && poll(NULL, 0, REST_MS) == 0)
		while (read(watch, events, sizeof events) > 0)
			;
	return !(p[0].revents & (POLLERR | POLLHUP));
}

bool follow_print(const struct buf *b)
{
	return fwrite(b->p ? b->p : "", 1, b->len, stdout) == b->len && !fflush(stdout);
}

int follow(struct admin *a, int watch, int ms, follow_fn *look, void *arg)
{
	bool more = true;
	int err = 0;
	struct arena *whole = a->arena;
	catch();
	do {
		a->arena = a->r.arena = arena_new();
		err = look(a, arg, &more);
		arena_free(a->arena);
		a->arena = a->r.arena = whole;
	} while (!err && more && !stopped && wait_for_more(watch, ms) && !stopped);
	return stopped ? 0 : err;
}
