#define _GNU_SOURCE /* memmem */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/now.h"
#include "base/tree.h"
#include "door/admin.h"
#include "kernel/folder.h"

/* ---- app new: a template with a name ----
 *
 * A template is a cartridge under templates/ in which @NAME@ and @TITLE@ stand for the new app's. Both are made of the
 * letters, digits and hyphens of its name, so they mean nothing to JSON, HTML or Lua. The frame of the pages and the
 * sheet are the same in all and stand in templates/common. */

static const char *const roots[] = {FAZT_SRCDIR "/lua-sdk/templates", FAZT_DATADIR "/templates"};
static const char *const templates[] = {"blank", "list", "blog", "form"};

static int read_template(struct admin *a, const char *name, struct package *p)
{
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		const char *folder = arena_printf(a->arena, "%s/%s", roots[i], name);
		if (!access(folder, R_OK))
			return folder_read(p, folder, &a->r.fault);
	}
	return fail(&a->r, ERR_INTERNAL, "the template %s was not installed with this Fazt", name);
}

/* What all have in common, and what the one has. */
static int read_templates(struct admin *a, struct package *p)
{
	struct str name = admin_option(&a->cmd, "template");
	for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
		if (!str_is(name.n ? name : STR("blank"), templates[i]))
			continue;
		int err = read_template(a, "common", p);
		return err ? err : read_template(a, templates[i], p);
	}
	return fail(&a->r, ERR_USAGE, "there is no template \"%.*s\"; there are blank, list, blog and form", STR_FMT(name));
}

/* shopping-list → Shopping list */
static char *title_of(struct admin *a, const char *name)
{
	char *title = arena_strdup(a->arena, name);
	for (char *c = title; *c; c++)
		*c = *c == '-' ? ' ' : *c;
	if (*title >= 'a' && *title <= 'z')
		*title = (char)(*title - 'a' + 'A');
	return title;
}

static void fill_in(struct buf *b, struct str text, const char *mark, const char *value)
{
	size_t n = strlen(mark);
	for (const char *at; text.n && (at = memmem(text.p, text.n, mark, n)); text = (struct str){at + n, text.n - (size_t)(at - text.p) - n}) {
		buf_add(b, text.p, (size_t)(at - text.p));
		buf_adds(b, value);
	}
	buf_addstr(b, text);
}

static int write_file(struct admin *a, int dir, const struct package_file *file, const char *name)
{
	struct buf named = BUF_INIT, whole = BUF_INIT;
	fill_in(&named, file->bytes, "@NAME@", name);
	fill_in(&whole, buf_str(&named), "@TITLE@", title_of(a, name));
	int err = tree_write(dir, file->path, buf_str(&whole), now_ms()) ? fail(&a->r, ERR_INTERNAL, "cannot write %s: %s", file->path, strerror(errno)) : 0;
	buf_release(&named);
	buf_release(&whole);
	return err;
}

static int write_folder(struct admin *a, const struct package *p, const char *name)
{
	if (mkdir(name, 0755))
		return errno == EEXIST ? fail(&a->r, ERR_CONFLICT, "%s is there already; nothing was written", name)
				       : fail(&a->r, ERR_INTERNAL, "cannot make the folder %s: %s", name, strerror(errno));
	int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	if (dir < 0)
		return fail(&a->r, ERR_INTERNAL, "cannot open the folder %s: %s", name, strerror(errno));
	for (int i = 0; !err && i < p->nfiles; i++)
		err = write_file(a, dir, &p->file[i], name);
	close(dir);
	return err;
}

int admin_app_new(struct admin *a)
{
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say what it is called: fazt-admin app new NAME [--template blank|list|blog|form]");
	const char *name = a->cmd.word[2];
	struct package *p = package_new();
	int err = manifest_name(str_of(name), false, &a->r.fault);
	if (!err)
		err = read_templates(a, p);
	if (!err)
		err = write_folder(a, p, name);
	if (!err)
		printf("%s is written. Next:\n\n    fazt-admin app check %s\n    fazt-admin app test %s\n    fazt-admin app dev %s\n", name, name, name, name);
	package_free(p);
	return err;
}
