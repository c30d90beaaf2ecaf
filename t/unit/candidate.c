/* The operations on apps and candidates, as the command line and the dashboard call them. */
#include <fcntl.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/tree.h"
#include "sys/consent.h"
#include "sys/sys.h"
#include "kernel/install.h"
#include "tap.h"

static struct arena *a;
static struct node n;
static char home[64] = "/tmp/fazt-test-XXXXXX";
static int tmp;
static struct buf answer;
static struct fault said;

/* Arguments as text, NULL for one that is left out. */
static int call(sys_fn *op, int nargs, const char *const *arg)
{
	struct req r = {.node = &n, .arena = a, .door = DOOR_SHELL, .who = {.kind = WHO_IS_SHELL, .owner = true}};
	struct call c = {.nargs = nargs};
	struct db *db = db_borrow(n.store, &r.fault);
	node_settings(&n, db, a, &r.settings);
	db_return(db);
	for (int i = 0; i < nargs; i++)
		c.arg[i] = (struct arg){.present = arg[i] != NULL, .s = str_of(arg[i])};
	buf_clear(&answer);
	struct out o = OUT(&answer);
	int err = op(&r, &c, &o);
	said = r.fault;
	return err;
}

#define CALL(op, ...) call((op), (int)ARRAY_LEN(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})
#define has(part, ...) ok(answer.p && strstr(answer.p, part) != NULL, __VA_ARGS__)

static void write_app(const char *json)
{
	tree_remove(tmp, "app");
	tree_write(tmp, "app/app.json", str_of(json), 0);
	tree_write(tmp, "app/api/main.lua", STR("return {}"), 0);
}

static const char *fetch(const char *for_app)
{
	const char *source = arena_printf(a, "%s/app", home);
	if (CALL(op_app_fetch, source, NULL, for_app))
		return NULL;
	char *id = arena_strdup(a, answer.p + strlen("{\"id\":\""));
	id[ID_LEN] = 0;
	candidate_fetch(&n, id, &said);
	CALL(op_app_candidate, id);
	return id;
}

static const char *hash(void)
{
	const char *at = strstr(answer.p, "\"hash\":\"");
	return at ? arena_cstr(a, (struct str){at + 8, 64}) : "";
}

int main(void)
{
	struct fault f = {0};
	crypt_init();
	a = arena_new();
	if (!mkdtemp(home) || node_open(&n, home, STORE_CREATE, &f)) {
		ok(0, "a home: %s", f.message);
		return done_testing();
	}
	tmp = open(home, O_RDONLY | O_DIRECTORY);
	write_app("{\"name\":\"pad\",\"version\":\"1.0\",\"description\":\"<b>granted by default\xE2\x80\xAE\",\"permissions\":[\"storage\",\"net:api.example.com\"]}");
	const char *id = fetch(NULL), *was = hash();
	has("\"state\":\"ready\"", "a candidate is ready");
	has("\\\\u{202E}", "INS-17 deceptive characters of a description are shown");
	has("\"hosts\":[\"api.example.com\"]", "its hosts");
	has("\"upgrade\":null", "it is no upgrade");
	struct buf b = BUF_INIT;
	consent_text(&b, buf_str(&answer));
	ok(strstr(b.p, "! Exchange data with api.example.com on the Internet.") && strstr(b.p, "- Keep its own data"), "what the shell shows");
	printf("# %s\n", b.p ? "text:" : "");
	for (char *line = b.p, *end; line && (end = strchr(line, '\n')); line = end + 1)
		printf("# %.*s\n", (int)(end - line), line);
	buf_release(&b);
	is_int(CALL(op_decision_list, NULL), 0, "what waits");
	has("\"kind\":\"candidate\"", "it does");
	is_int(CALL(op_app_consent, id, "00", NULL), ERR_STALE, "consent to something else");
	is_int(CALL(op_app_consent, id, was, "{}"), ERR_BAD_REQUEST, "a list of grants that is none");
	is_int(CALL(op_app_consent, id, was, "[\"net:api.example.com\"]"), 0, "consent");
	has("\"url\":\"https://pad.localhost/\"", "says where it lives");
	is_int(CALL(op_app_show, "pad"), 0, "show");
	has("{\"name\":\"net:api.example.com\",\"risk\":\"high\",\"sentence\":\"Exchange data with api.example.com on the Internet.\",\"granted\":true}", "what was granted");
	is_int(CALL(op_app_revoke, "pad", "net:api.example.com"), 0, "revoke");
	CALL(op_app_show, "pad");
	has("on the Internet.\",\"granted\":false}", "is seen at once");
	is_int(CALL(op_app_grant, "pad", "mail:anyone"), ERR_BAD_REQUEST, "a permission it never asked for");
	is_str(said.message, "pad does not ask for \"mail:anyone\"; it asks for storage, net:api.example.com", "is refused with what it asks for");
	is_int(CALL(op_app_show, "pod"), ERR_NOT_FOUND, "an app that is not there");
	is_int(CALL(op_app_disable, "pad"), 0, "disable");
	CALL(op_app_list, NULL);
	has("\"state\":\"disabled\"", "is listed so");
	is_int(CALL(op_app_enable, "pad"), 0, "enable");
	write_app("{\"name\":\"pad\",\"version\":\"1.1\",\"permissions\":[\"storage\",\"people\",\"net:api.example.com\"]}");
	id = fetch("pad");
	has("\"upgrade\":{\"from\":\"1.0\"", "an upgrade says what it replaces");
	has("\"permissions\":[\"people\"]", "and what it adds");
	CALL(op_decision_list, NULL);
	has("\"kind\":\"upgrade\"", "it waits");
	is_int(CALL(op_app_discard, id), 0, "discard");
	is_int(CALL(op_app_candidate, id), ERR_NOT_FOUND, "is gone");
	is_int(CALL(op_app_logs, "pad", NULL), 0, "logs");
	is_str(answer.p, "[]", "of an app that said nothing");
	is_int(CALL(op_app_rollback, "pad"), ERR_CONFLICT, "no version before the first");
	is_int(CALL(op_app_fetch, "/tmp", "os", NULL), ERR_RESERVED_NAME, "a reserved name");
	is_int(CALL(op_app_remove, "pad", NULL), 0, "remove");
	is_int(CALL(op_app_list, NULL), 0, "list");
	is_str(answer.p, "[]", "nothing is left");
	buf_release(&answer);
	node_close(&n);
	close(tmp);
	tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	tree_remove(tmp, home + 5);
	close(tmp);
	arena_free(a);
	return done_testing();
}
