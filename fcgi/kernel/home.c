#include "kernel/home.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0711: nginx may pass through to what it serves, and see no names. */
static const struct {
	const char *name;
	mode_t mode;
} folders[] = {{"", 0711}, {"/run", 0711}, {"/www", 0755}, {"/cache", 0711}, {"/log", 0700}, {"/nginx", 0700}};

static int make_folder(const char *path, mode_t mode, struct fault *f)
{
	struct stat st;
	if (mkdir(path, mode) && errno != EEXIST)
		return fault(f, ERR_DENIED, "cannot make %s: %s", path, strerror(errno));
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return fault(f, ERR_DENIED, "%s is not a folder of its own (a link?)", path);
	if (st.st_uid != geteuid())
		return fault(f, ERR_DENIED, "%s belongs to someone else", path);
	if (chmod(path, mode))
		return fault(f, ERR_DENIED, "cannot set the mode of %s: %s", path, strerror(errno));
	return 0;
}

int home_folders(const char *home, struct fault *f)
{
	char path[PATH_MAX];
	int err = 0;
	for (size_t i = 0; !err && i < ARRAY_LEN(folders); i++) {
		if ((size_t)snprintf(path, sizeof path, "%s%s", home, folders[i].name) >= sizeof path)
			return fault(f, ERR_DENIED, "the path of the home is too long");
		err = make_folder(path, folders[i].mode, f);
	}
	return err;
}

static int find_or_make(struct db *db, struct str name, enum role role, struct user *u)
{
	if (!user_find(db, name, u))
		return db_fault(db)->err ? db_fault(db)->err : user_create(db, name, role, u);
	if (u->role == role || u->role == ROLE_OWNER)
		return 0;
	u->role = role;
	return user_set_role(db, u->id, role);
}

int home_person(struct node *n, struct str name, enum role role, struct user *u, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = find_or_make(db, name, role, u) ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}
