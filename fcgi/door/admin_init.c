#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "door/admin.h"
#include "store/user.h"

/* The folders of a home. 0711: nginx may pass through to what it serves, and see no names. */
static const struct {
	const char *name;
	mode_t mode;
} folders[] = {{"", 0711}, {"/run", 0711}, {"/www", 0755}, {"/cache", 0711}, {"/log", 0700}, {"/nginx", 0700}};

static int make_folders(struct admin *a, const char *home)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char *path = arena_printf(a->arena, "%s%s", home, folders[i].name);
		struct stat st;
		if (mkdir(path, folders[i].mode) && errno != EEXIST)
			return fail(&a->r, ERR_DENIED, "cannot make %s: %s", path, strerror(errno));
		if (lstat(path, &st) || !S_ISDIR(st.st_mode))
			return fail(&a->r, ERR_DENIED, "%s is not a folder of its own (a link?)", path);
		if (st.st_uid != geteuid())
			return fail(&a->r, ERR_DENIED, "%s belongs to someone else", path);
		if (chmod(path, folders[i].mode))
			return fail(&a->r, ERR_DENIED, "cannot set the mode of %s: %s", path, strerror(errno));
	}
	return 0;
}

static int make_owner(struct admin *a, struct str name)
{
	struct db *db = db_borrow(a->node.store, &a->r.fault);
	if (!db)
		return a->r.fault.err;
	struct user u;
	int err = db_begin(db);
	if (!err)
		err = user_create(db, name, ROLE_OWNER, &u);
	if (!err)
		err = db_commit(db);
	db_return(db);
	return err;
}

int admin_init(struct admin *a)
{
	struct str owner = admin_option(&a->cmd, "owner");
	char home[PATH_MAX];
	struct stat st;
	int err = make_folders(a, a->cmd.home);
	if (err)
		return err;
	if (!realpath(a->cmd.home, home))
		return fail(&a->r, ERR_NOT_FOUND, "cannot resolve %s: %s", a->cmd.home, strerror(errno));
	char *data = arena_printf(a->arena, "%s/data.db", home);
	if (!lstat(data, &st))
		return fail(&a->r, ERR_CONFLICT, "%s is a home already; nothing was changed", home);
	log_open(home);
	if ((err = node_open(&a->node, arena_strdup(a->arena, home), STORE_CREATE, &a->r.fault)) ||
	    (err = make_owner(a, owner.n ? owner : STR("owner"))))
		return err;
	printf("%s is ready; next: faztd serve --home %s\n", home, home);
	return 0;
}
