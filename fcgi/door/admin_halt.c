/* halt show: a question as it stands; a package in sentences, as when it is installed, and file by file. */
#include <jansson.h>

#include "base/visible.h"
#include "door/admin.h"
#include "sys/consent.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static const char *shown(struct admin *a, const json_t *o, const char *key)
{
	return visible(a->arena, str_of(text(o, key)), 1000);
}

static void add_head(struct admin *a, struct buf *b, const json_t *o)
{
	if (*text(o, "asks"))
		buf_addf(b, "The app %s proposes this: %s\n\n", shown(a, o, "asks"), shown(a, o, "reason"));
	if (strcmp(text(o, "state"), "pending"))
		buf_addf(b, "It is %s already%s%s.\n\n", text(o, "state"), *text(o, "by") ? ", by " : "", shown(a, o, "by"));
}

static void print_package(struct admin *a, const json_t *o)
{
	struct buf b = BUF_INIT;
	char *package = json_dumps(json_object_get(o, "package"), JSON_COMPACT);
	add_head(a, &b, o);
	consent_text(&b, str_of(package));
	fwrite(b.p, 1, b.len, stdout);
	admin_show_files(json_object_get(o, "changes"));
	if (!strcmp(text(o, "state"), "pending"))
		printf("\nAnswer with: fazt-admin halt approve %s, or: fazt-admin halt deny %s\n", text(o, "id"), text(o, "id"));
	free(package);
	buf_release(&b);
}

int admin_halt_show(struct admin *a)
{
	struct buf json = BUF_INIT;
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which: fazt-admin halt show ID");
	int err = admin_leftover(a);
	if (!err)
		err = admin_op_json(a, "halt", "show", str_of(arena_printf(a->arena, "{\"id\":%s}", admin_quote(a, str_of(a->cmd.word[2])))), &json);
	json_t *o = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	if (!err && !a->cmd.json && json_object_get(o, "package"))
		print_package(a, o);
	else if (!err)
		admin_print(a, buf_str(&json));
	json_decref(o);
	buf_release(&json);
	return err;
}
