#include <jansson.h>

#include "base/out.h"
#include "base/visible.h"
#include "door/admin.h"
#include "kernel/install.h"

/* app diff: the source is fetched as a candidate that upgrades nothing, compared, and thrown away. */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void print_list(const json_t *o, const char *key, const char *mark)
{
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(o, key), i, item)
		printf("  %s %s\n", mark, json_string_value(item));
}

static void print_asked(const json_t *o)
{
	size_t i;
	json_t *p;
	json_array_foreach(json_object_get(o, "permissions"), i, p)
		if (json_is_true(json_object_get(p, "new")))
			printf("  + %s: %s%s\n", text(p, "name"), text(p, "sentence"), strcmp(text(p, "risk"), "high") ? "" : " (high risk)");
	print_list(o, "permissions_before", "-");
	print_list(o, "rules", "+");
	print_list(o, "rules_before", "-");
	if (*text(o, "wider"))
		printf("  ! It asks for more: %s\n", text(o, "wider"));
	if (json_array_size(json_object_get(o, "migrations")))
		puts("Data migrations that would run:");
	print_list(o, "migrations", "-");
}

void admin_show_files(const json_t *list)
{
	size_t i;
	json_t *f;
	json_array_foreach(list, i, f) {
		const json_t *diff = json_object_get(f, "diff");
		printf("\n%s %s (%lld → %lld bytes)\n", text(f, "change"), text(f, "path"), (long long)json_integer_value(json_object_get(f, "before")),
		       (long long)json_integer_value(json_object_get(f, "after")));
		fputs(json_is_string(diff) ? json_string_value(diff) : "  not shown: it is no text, or too large\n", stdout);
	}
	if (!json_array_size(list))
		puts("  The files are the same.");
}

static void print_diff(struct admin *a, const struct buf *json)
{
	json_t *o = a->cmd.json ? NULL : json_loadb(json->p, json->len, 0, NULL);
	if (a->cmd.json) {
		puts(json->p);
		return;
	}
	printf("%s: %s → %s\n", text(o, "app"), visible(a->arena, str_of(text(o, "from")), 40), visible(a->arena, str_of(text(o, "to")), 40));
	print_asked(o);
	admin_show_files(json_object_get(o, "files"));
	json_decref(o);
}

/* Where the app came from. */
static int own_source(struct admin *a, char **source)
{
	struct buf json = BUF_INIT;
	int err = admin_op_json(a, "app", "show", str_of(arena_printf(a->arena, "{\"app\":%s}", admin_quote(a, str_of(a->cmd.word[2])))), &json);
	json_t *app = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	*source = arena_strdup(a->arena, a->cmd.nwords > 3 ? admin_absolute(a, a->cmd.word[3]) : text(app, "source"));
	json_decref(app);
	buf_release(&json);
	return err;
}

int admin_app_diff(struct admin *a)
{
	struct buf json = BUF_INIT;
	char *source, *id = NULL;
	if (a->cmd.nwords != 3 && a->cmd.nwords != 4)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app diff APP [SOURCE]");
	int err = admin_leftover(a);
	if (!err)
		err = own_source(a, &source);
	if (!err)
		err = admin_fetch(a, str_of(arena_printf(a->arena, "{\"source\":%s}", admin_quote(a, str_of(source)))), &id);
	if (!err)
		err = admin_op_json(a, "app", "diff", str_of(arena_printf(a->arena, "{\"app\":%s,\"id\":\"%s\"}", admin_quote(a, str_of(a->cmd.word[2])), id)),
				    &json);
	if (!err)
		print_diff(a, &json);
	if (id)
		admin_discard(a, id, NULL);
	buf_release(&json);
	return err;
}
