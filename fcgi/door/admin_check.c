#include <jansson.h>

#include "base/out.h"
#include "base/visible.h"
#include "door/admin.h"
#include "door/door.h"
#include "gate/check.h"
#include "gate/pool.h"
#include "kernel/folder.h"
#include "kernel/repository.h"

/* ---- app check: what gate/check finds, one line each as compilers write it, so that editors jump there ---- */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void add_line(struct buf *b, const json_t *finding)
{
	int64_t line = json_integer_value(json_object_get(finding, "line")), col = json_integer_value(json_object_get(finding, "col"));
	const char *file = text(finding, "file");
	visible_add(b, str_of(file), 200);
	if (line)
		buf_addf(b, ":%lld:%lld", (long long)line, (long long)col);
	buf_addf(b, "%s%s: ", *file ? ": " : "", text(finding, "level"));
	visible_add(b, str_of(text(finding, "message")), 1000);
	buf_addc(b, '\n');
}

static void add_lines(struct buf *b, struct str findings)
{
	size_t i;
	json_t *finding, *list = json_loadb(findings.p, findings.n, 0, NULL);
	json_array_foreach(list, i, finding)
		add_line(b, finding);
	json_decref(list);
}

static void print_json(const struct check *c)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	out_kint(&o, "errors", c->errors);
	out_kint(&o, "warnings", c->warnings);
	out_kraw(&o, "findings", buf_str(&c->json));
	out_end(&o);
	puts(b.p);
	buf_release(&b);
}

static void print_text(const struct check *c)
{
	struct buf b = BUF_INIT;
	add_lines(&b, buf_str(&c->json));
	buf_addf(&b, "%d error%s, %d warning%s\n", c->errors, c->errors == 1 ? "" : "s", c->warnings, c->warnings == 1 ? "" : "s");
	fwrite(b.p, 1, b.len, stdout);
	buf_release(&b);
}

static int open_cells(struct admin *a)
{
	int control = zygote_fork();
	if (control < 0)
		return fail(&a->r, ERR_UNAVAILABLE, "no process to read the files in could be started; try again in a moment");
	pool_open(&a->node, control);
	return 0;
}

static int check_folder(struct admin *a, const char *folder, struct check *c)
{
	struct fault read = {0};
	struct package *p = package_new();
	folder_read(p, folder, &read);
	int err = read.err == ERR_BAD_SOURCE ? fail(&a->r, read.err, "%s", read.message) : check_read(&a->node, p, &read, c, &a->r.fault);
	package_free(p);
	return err;
}

int admin_app_check(struct admin *a)
{
	struct check c = {0};
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which folder: fazt-admin app check DIR");
	int err = open_cells(a);
	if (!err)
		err = check_folder(a, a->cmd.word[2], &c);
	if (!err)
		(a->cmd.json ? print_json : print_text)(&c);
	if (!err && c.errors) {
		a->reported = true;
		err = ERR_BAD_PACKAGE;
	}
	buf_release(&c.json);
	return err;
}

bool admin_show_findings(struct admin *a, const char *folder)
{
	struct fault kept = a->r.fault;
	struct check c = {0};
	struct buf b = BUF_INIT;
	if (!repository_is(folder) && !check_folder(a, folder, &c))
		add_lines(&b, buf_str(&c.json));
	fwrite(b.p ? b.p : "", 1, b.len, stderr);
	bool some = b.len > 0;
	a->r.fault = kept;
	buf_release(&b);
	buf_release(&c.json);
	return some;
}
