#include "config.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/apps.h"
#include "store/notice.h"
#include "store/user.h"
#include "sys/notice.h"

static int64_t file_bytes(struct req *r, const char *name)
{
	struct stat st;
	return stat(arena_printf(r->arena, "%s/%s", r->node->home, name), &st) ? 0 : (int64_t)st.st_size;
}

static void write_disk(struct req *r, struct out *o)
{
	struct statvfs fs;
	out_kint(o, "database_bytes", file_bytes(r, "data.db") + file_bytes(r, "data.db-wal"));
	if (!statvfs(r->node->home, &fs))
		out_kint(o, "disk_free_bytes", (int64_t)(fs.f_bavail * fs.f_frsize));
}

/* What the owner has not looked at yet. */
static int write_news(struct req *r, struct out *o)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int64_t n = notice_unseen(db);
	int err = 0;
	out_kint(o, "notices", n);
	if (n) {
		out_key(o, "unseen");
		err = write_notices(r, db, o, true);
	}
	db_return(db);
	return err;
}

/* Which node this is: another one after a backup was restored. */
static int counts(struct req *r, int *apps, int *people, char **node)
{
	struct app_row *app_list;
	struct user *user_rows;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	*apps = app_rows(db, r->arena, &app_list);
	*people = user_list(db, r->arena, STR(""), &user_rows);
	*node = db_node(db, r->arena);
	db_return(db);
	return *apps < 0 ? -*apps : *people < 0 ? -*people : 0;
}

int op_status(struct req *r, const struct call *c, struct out *o)
{
	int apps = 0, people = 0;
	char *node = NULL;
	int err = counts(r, &apps, &people, &node);
	(void)c;
	if (err)
		return err;
	out_object(o);
	out_kcstr(o, "version", PACKAGE_VERSION);
	out_kcstr(o, "node", node);
	out_kcstr(o, "home", r->node->home);
	out_kcstr(o, "dashboard", node_origin(&r->settings, r->arena, "os"));
	out_kint(o, "apps", apps);
	out_kint(o, "people", people);
	write_disk(r, o);
	err = write_news(r, o);
	out_end(o);
	return err;
}
