#include "base/out.h"
#include "fuzz.h"
#include "kernel/push.h"
#include "sys/sys.h"

/* What app.push is given: files, and objects on the next line. Without cells nothing is put together, so this ends where
 * the bytes have become a struct push. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node n = {0};
	struct arena *a = arena_new();
	struct req *r = NEW(a, struct req);
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	struct str objects, files = str_cut((struct str){(const char *)data, size}, '\n', &objects);
	struct call c = {.nargs = 4};
	r->node = &n;
	r->arena = a;
	c.arg[0] = (struct arg){.present = true, .s = STR("shop")};
	c.arg[1] = (struct arg){.present = true, .s = files.n ? files : STR("{}")};
	c.arg[2] = (struct arg){.present = objects.p != NULL, .s = objects.n ? objects : STR("{}")};
	MUST(!package_check);
	int err = op_app_push(r, &c, &o);
	MUST(err == ERR_BAD_REQUEST || err == ERR_UNSUPPORTED);
	buf_release(&b);
	arena_free(a);
	return 0;
}
