#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/out.h"
#include "base/visible.h"
#include "door/admin.h"
#include "kernel/intake.h"

/* Recipes about an app's rows: out into a file, in again, and back to what they were. */

/* ---- export ---- */

static int write_out(void *arg, struct str bytes)
{
	return fwrite(bytes.p, 1, bytes.n, arg) == bytes.n ? 0 : ERR_DISK_FULL;
}

static int export_to(struct admin *a, FILE *file, struct copy_count *count)
{
	struct db *db = db_borrow(a->node.store, &a->r.fault);
	struct app_row *app = db ? app_row_by_name(db, a->arena, str_of(a->cmd.word[2])) : NULL;
	int what = PORTABLE_CODE | (admin_flag(&a->cmd, "data") ? PORTABLE_DATA : 0);
	int err = app ? portable_write(&a->node, db, app, what, write_out, file, count)
		      : a->r.fault.err ? a->r.fault.err : fail(&a->r, ERR_NOT_FOUND, "there is no app called \"%s\"", a->cmd.word[2]);
	db_return(db);
	if (err == ERR_DISK_FULL || (!err && fflush(file)))
		err = fail(&a->r, ERR_DISK_FULL, "it cannot be written: %s", strerror(errno));
	return err;
}

/* Whole or not at all, and for the owner's eyes. */
static int export_file(struct admin *a, const char *path, struct copy_count *count)
{
	char *part = arena_printf(a->arena, "%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return fail(&a->r, ERR_DENIED, "cannot write %s: %s; let the shell write it: fazt-admin app export %s > FILE", part, strerror(errno),
			    a->cmd.word[2]);
	int err = export_to(a, file, count);
	if (fclose(file) && !err)
		err = fail(&a->r, ERR_DISK_FULL, "%s cannot be written: %s", part, strerror(errno));
	if (!err && rename(part, path))
		err = fail(&a->r, ERR_DENIED, "cannot write %s: %s", path, strerror(errno));
	if (err)
		unlink(part);
	return err;
}

int admin_app_export(struct admin *a)
{
	struct copy_count n = {0};
	struct str path = admin_option(&a->cmd, "output");
	admin_flag(&a->cmd, "data");
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app export APP [--data] [--output FILE]");
	int err = admin_leftover(a);
	if (err)
		return err;
	if (!path.n && isatty(STDOUT_FILENO))
		return fail(&a->r, ERR_USAGE, "say where to with --output FILE, or send it on: fazt-admin app export %s > FILE", a->cmd.word[2]);
	err = path.n ? export_file(a, path.p, &n) : export_to(a, stdout, &n);
	if (err || !path.n)
		return err;
	if (a->cmd.json)
		printf("{\"file\":%s,\"docs\":%lld,\"shares\":%lld,\"keys\":%lld,\"files\":%lld}\n", admin_quote(a, path), (long long)n.docs,
		       (long long)n.shares, (long long)n.keys, (long long)n.files);
	else
		printf("%s is written: the code%s\n", path.p,
		       n.docs + n.keys + n.files ? arena_printf(a->arena, ", %lld rows, %lld shares, %lld keys and %lld files", (long long)n.docs,
								(long long)n.shares, (long long)n.keys, (long long)n.files) : "");
	return 0;
}

/* ---- import ---- */

static int read_in(void *arg, char *p, size_t room, size_t *n)
{
	*n = fread(p, 1, room, arg);
	return ferror((FILE *)arg) ? ERR_BAD_SOURCE : 0;
}

/* A pipe cannot be read twice, and nobody waits for one with the database locked. */
static FILE *open_export(struct admin *a, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		fail(&a->r, ERR_BAD_SOURCE, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		fail(&a->r, ERR_BAD_SOURCE, "%s is no file; import reads an exported app from one", path);
		close(fd);
		return NULL;
	}
	return fdopen(fd, "r");
}

/* --people all | NAME | NAME=ACCOUNT, and several of them with commas between. */
static int map_people(struct admin *a, struct intake *i)
{
	struct str rest = admin_option(&a->cmd, "people");
	i->to_owner = admin_flag(&a->cmd, "as-owner");
	if (str_is(rest, "all"))
		return intake_map_all(i, &a->r.fault);
	int err = 0;
	while (rest.n && !err) {
		struct str account, name = str_cut(str_trim(str_cut(rest, ',', &rest)), '=', &account);
		err = intake_map(i, name, account.p ? account : name, &a->r.fault);
	}
	return err;
}

static void say_people(struct admin *a, const struct intake *i)
{
	bool unknown = false;
	fprintf(stderr, "\nIt brings %lld rows, %lld shares, %lld keys and %lld files", (long long)i->docs, (long long)i->shares, (long long)i->keys,
		(long long)i->files);
	fprintf(stderr, i->npeople ? " of these people:\n" : ".\n");
	for (int p = 0; p < i->npeople; p++) {
		const struct intake_person *who = &i->person[p];
		const char *here = who->account ? who->account : i->to_owner ? "nobody here; rows and files become yours" : "nobody here";
		fprintf(stderr, "  - %s: %s\n", visible(a->arena, str_of(who->name), 60), here);
		unknown |= !who->account;
	}
	if (unknown && !i->to_owner)
		fprintf(stderr, "  What belongs to nobody here stays out of everyone's reach. --people all, or NAME=ACCOUNT,…, says who is who;\n"
				"  --as-owner makes their rows yours.\n");
}

static int import(struct admin *a, FILE *file, struct intake *i)
{
	struct str name = admin_option(&a->cmd, "name");
	char id[ID_LEN + 1];
	int err = intake_look(i, read_in, file, &a->r.fault);
	if (!err)
		err = map_people(a, i);
	admin_option(&a->cmd, "grant");
	if (!err)
		err = admin_leftover(a);
	if (!err)
		err = intake_candidate(i, name, id, &a->r.fault);
	if (err)
		return err;
	rewind(file);
	i->read = read_in;
	i->arg = file;
	return admin_settle(a, id, NULL, i, i->data ? say_people : NULL);
}

int admin_app_import(struct admin *a)
{
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which file: fazt-admin app import FILE");
	FILE *file = open_export(a, a->cmd.word[2]);
	if (!file)
		return a->r.fault.err;
	struct intake *i = intake_new(&a->node);
	int err = import(a, file, i);
	if (ferror(file)) {
		err = fail(&a->r, ERR_BAD_SOURCE, "cannot read %s: %s", a->cmd.word[2], strerror(errno));
	} else if (err == ERR_BAD_SOURCE) {
		char *why = arena_strdup(a->arena, fault_message(&a->r.fault));
		fail(&a->r, err, "%s cannot be imported: %s", visible(a->arena, str_of(a->cmd.word[2]), 200), why);
	}
	if (!err && i->unknown && !a->cmd.json)
		printf("%lld rows, shares, keys or files are of people who are nobody here\n", (long long)i->unknown);
	intake_free(i);
	fclose(file);
	return err;
}

/* ---- rollback ---- */

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* What is lost when the rows go back too. */
static int ask_data(struct admin *a, const json_t *app)
{
	const json_t *s = json_object_get(app, "snapshot");
	if (!json_is_object(s))
		return fail(&a->r, ERR_CONFLICT, "no rows were kept of the version before; leave out --data to take back the code alone");
	long long added = number(s, "added"), changed = number(s, "changed");
	fprintf(stderr, "%lld row%s added since would be lost, and %lld changed since would be what %s before.\n", added, added == 1 ? "" : "s", changed,
		changed == 1 ? "it was" : "they were");
	if (a->cmd.yes || admin_ask("Take back code and rows?"))
		return 0;
	return fail(&a->r, ERR_DENIED, "nothing was rolled back; say --yes");
}

/* Rows that a migration changed stay as they are. */
static void warn_code(struct admin *a, const json_t *app)
{
	const json_t *list = json_object_get(app, "migrated"), *name;
	size_t i, n = json_array_size(list);
	struct buf b = BUF_INIT;
	(void)a;
	json_array_foreach((json_t *)list, i, name)
		buf_addf(&b, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " and ", json_string_value(name));
	if (n)
		fprintf(stderr, "The rows keep what %s made of them, which the version before does not know; --data takes them back too.\n", b.p);
	buf_release(&b);
}

static int roll_back(struct admin *a, bool data)
{
	struct buf json = BUF_INIT;
	char *args = arena_printf(a->arena, "{\"app\":%s,\"data\":%s}", admin_quote(a, str_of(a->cmd.word[2])), data ? "true" : "false");
	int err = admin_op_json(a, "app", "rollback", str_of(args), &json);
	if (!err)
		admin_print(a, buf_str(&json));
	buf_release(&json);
	return err;
}

int admin_app_rollback(struct admin *a)
{
	struct buf json = BUF_INIT;
	bool data = admin_flag(&a->cmd, "data");
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app rollback APP [--data]");
	int err = admin_leftover(a);
	if (!err && a->cmd.dry_run) {
		puts("dry run: nothing was changed");
		return 0;
	}
	if (!err)
		err = admin_op_json(a, "app", "show", str_of(arena_printf(a->arena, "{\"app\":%s}", admin_quote(a, str_of(a->cmd.word[2])))), &json);
	json_t *app = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	if (!err && data)
		err = ask_data(a, app);
	if (!err)
		err = roll_back(a, data);
	if (!err && !data)
		warn_code(a, app);
	json_decref(app);
	buf_release(&json);
	return err;
}
