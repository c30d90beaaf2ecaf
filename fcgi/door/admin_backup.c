#include <sys/stat.h>

#include "base/log.h"
#include "base/now.h"
#include "base/out.h"
#include "door/admin.h"
#include "door/door.h"
#include "kernel/home.h"
#include "store/backup.h"
#include "store/notice.h"

/* What the backup is, as --json or in a sentence. */
static void say(struct admin *a, const char *path, const struct backup *b, const char *what)
{
	char made[25];
	if (a->cmd.json) {
		struct buf json = BUF_INIT;
		struct out o = OUT(&json);
		out_object(&o);
		out_kcstr(&o, "file", path);
		out_kint(&o, "bytes", b->bytes);
		out_kint(&o, "made", b->made);
		out_kint(&o, "schema", b->schema);
		out_kint(&o, "people", b->people);
		out_kint(&o, "apps", b->apps);
		out_kint(&o, "rows", b->rows);
		out_kint(&o, "files", b->files);
		out_end(&o);
		puts(json.p);
		buf_release(&json);
		return;
	}
	printf("%s %s: %lld people, %lld apps, %lld rows and keys, %lld files, %.1f MB", path, what, (long long)b->people, (long long)b->apps,
	       (long long)b->rows, (long long)b->files, (double)b->bytes / 1e6);
	printf(b->made ? ", as of %s\n" : "\n", b->made ? now_iso(b->made, made) : "");
}

static int only_a_path(struct admin *a, const char *what)
{
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which file: fazt-admin backup %s", what);
	return admin_leftover(a);
}

/* In a folder it is called by the moment. */
static const char *name_of(struct admin *a, const char *given)
{
	struct stat st;
	char at[25];
	if (stat(given, &st) || !S_ISDIR(st.st_mode))
		return given;
	now_iso(now_ms(), at);
	return arena_printf(a->arena, "%s/fazt-%.10s-%.2s%.2s%.2s.db", given, at, at + 11, at + 14, at + 17);
}

/* Backups are made while nobody looks. The error stays the one that is reported. */
static void tell(struct db *db, const char *path, const char *why)
{
	struct fault kept = *db_fault(db);
	char body[FAULT_MAX + 200];
	snprintf(body, sizeof body, "%s was not written: %s", path, why);
	notice_add(db, NOTICE_BACKUP, "", "", "A backup failed", body);
	*db_fault(db) = kept;
}

int admin_backup_create(struct admin *a)
{
	struct backup b;
	int err = only_a_path(a, "create FILE|DIR");
	if (err || a->cmd.dry_run)
		return err;
	const char *path = name_of(a, a->cmd.word[2]);
	struct db *db = db_borrow(a->node.store, &a->r.fault);
	err = db ? backup_create(db, path, &b) : a->r.fault.err;
	if (err && db)
		tell(db, path, fault_message(&a->r.fault));
	db_return(db);
	if (!err)
		say(a, path, &b, "is written");
	return err;
}

int admin_backup_verify(struct admin *a)
{
	struct backup b;
	int err = only_a_path(a, "verify FILE");
	if (!err)
		err = backup_verify(a->cmd.word[2], &b, &a->r.fault);
	if (!err)
		say(a, a->cmd.word[2], &b, "is good");
	return err;
}

int admin_backup_restore(struct admin *a)
{
	struct backup b;
	int err = only_a_path(a, "restore FILE");
	if (!err && become_owner(a->cmd.home))
		err = fail(&a->r, ERR_DENIED, "cannot become the owner of %s", a->cmd.home);
	if (!err && serve_holds(a->cmd.home))
		err = fail(&a->r, ERR_CONFLICT, "a faztd serves %s; nothing was changed. Stop it, or restore into another home with --home DIR",
			   a->cmd.home);
	if (!err && !a->cmd.dry_run)
		err = home_folders(a->cmd.home, &a->r.fault);
	if (err)
		return err;
	if (a->cmd.dry_run)
		return admin_backup_verify(a);
	log_open(a->cmd.home);
	err = backup_restore(a->cmd.word[2], a->cmd.home, &b, &a->r.fault);
	if (err)
		return err;
	say(a, a->cmd.word[2], &b, "is restored");
	if (!a->cmd.json)
		printf("Nobody is signed in, and no token works any more. Next: faztd serve --home %s, and fazt-admin login-link\n", a->cmd.home);
	return 0;
}
