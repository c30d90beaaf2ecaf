#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */

#include "gate/talk.h"

#include <fcntl.h>
#include <unistd.h>

#include "../unit/home.h"
#include "base/log.h"
#include "base/now.h"
#include "fuzz.h"
#include "gate/gateway.h"
#include "wire/frame.h"
#include "wire/syscall.h"

/* All that a cell says while it loads (first byte odd) or answers, frames as they come from its pipe: the answer that is
 * taken has a status and no line break in a header, an error is worded, and a cell that said more than its answer is not sound. */

static struct node node;
static struct grant grants[] = {{.permission = "storage"}, {.permission = "storage:app"}, {.permission = "users:read"}};
static struct app app = {.name = "test", .version = 1, .id = "00000000000000000000000000", .ngrants = ARRAY_LEN(grants), .grant = grants};

static struct arena *whole; /* as long as the program runs */

static void leave(void)
{
	arena_free(whole);
	home_remove(node.store);
}

static void enter(void)
{
	const struct str json = STR("{\"name\":\"test\",\"title\":\"Test\",\"version\":\"1\",\"visibility\":\"anyone\",\"permissions\":[\"storage\"],"
				   "\"collections\":{\"board\":{\"read\":\"anyone\",\"add\":\"anyone\",\"change\":\"anyone\"}}}");
	struct manifest *m;
	syscall_init();
	crypt_init();
	whole = arena_new();
	MUST(!manifest_parse(json, whole, &m, NULL));
	app.manifest = m;
	for (int i = 0; i < BUDGET_COUNT; i++)
		app.limit[i] = MIB;
	node.store = home_make();
	node.home = home;
	log_open(home); /* where no folder of logs is: lines go nowhere */
	atexit(leave);
}

static bool speak(struct cell *c, const uint8_t *data, size_t size)
{
	int to[2], from[2];
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return false;
	if (fcntl(from[1], F_SETPIPE_SZ, 1 << 20) < 0 || fcntl(to[1], F_SETPIPE_SZ, 1 << 20) < 0)
		size = MIN(size, (size_t)60000);
	(void)!fcntl(to[1], F_SETFL, O_NONBLOCK); /* nobody reads what it is told */
	(void)!write(from[1], data, size);
	close(from[1]);
	*c = (struct cell){.app = &app, .to = to[1], .from = from[0], .busy = true, .served = 0};
	c->leash.fd = to[0]; /* kept open, so that writing to it is no error */
	return true;
}

static void hang_up(struct cell *c)
{
	close(c->to);
	close(c->from);
	close(c->leash.fd);
	buf_release(&c->in);
	buf_release(&c->out);
}

static void load(struct cell *c)
{
	struct settings s;
	struct fault f = {0};
	settings_default(&s);
	int err = talk_load(c, &s, mono_ms() + 60000, &f);
	MUST(err == f.err && (!err || fault_message(&f)[0]));
}

static void request(struct cell *c)
{
	struct req *r = xcalloc(1, sizeof *r);
	struct arena *a = arena_new();
	bool sound, stale;
	req_init(r, &node, a, DOOR_SHELL);
	settings_default(&r->settings);
	r->app = &app;
	r->method = STR("POST");
	r->path = STR("/");
	r->deadline = mono_ms() + 60000;
	int err = talk_request(c, r, &sound, &stale);
	MUST(err || (r->res.status >= 200 && r->res.status <= 599));
	MUST(err < ERR_COUNT && (!err || (r->fault.err == err && fault_message(&r->fault)[0])));
	MUST(!sound || c->consumed == c->in.len);
	r->app = NULL;
	req_release(r);
	arena_free(a);
	free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cell c;
	if (!node.store)
		enter();
	if (!size || !speak(&c, data + 1, size - 1))
		return 0;
	if (data[0] & 1)
		load(&c);
	else
		request(&c);
	hang_up(&c);
	return 0;
}
