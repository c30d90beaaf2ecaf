#include "kernel/home.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"

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

void home_refill(const char *home)
{
	char path[PATH_MAX];
	for (size_t i = 1; i < ARRAY_LEN(folders); i++)
		if ((size_t)snprintf(path, sizeof path, "%s%s", home, folders[i].name) < sizeof path && !mkdir(path, folders[i].mode))
			(void)chmod(path, folders[i].mode); /* whatever the umask is */
}

/* ---- a home that is there ---- */

const char *home_network(int64_t type)
{
	static const struct {
		int64_t type;
		const char *name;
	} known[] = {{0x6969, "NFS"}, {0x517B, "SMB"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"}, {0x5346414F, "AFS"}, {0x73757245, "Coda"}};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].type == (type & 0xFFFFFFFF))
			return known[i].name;
	return NULL;
}

/* Who may write in it could have put another database there, or a link. */
static int check_folder(const char *home, const struct stat *st, struct fault *f)
{
	struct stat link;
	if (!lstat(home, &link) && S_ISLNK(link.st_mode) && link.st_uid && link.st_uid != st->st_uid)
		return fault(f, ERR_DENIED, "%s is a link that somebody else made; name the folder itself", home);
	if (st->st_uid != geteuid()) /* root has become that user before (door/owner) */
		return fault(f, ERR_DENIED, "%s belongs to another user; work as that user, or as root", home);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return fault(f, ERR_DENIED, "others may write in %s; see who did, then run: chmod go-w %s", home, home);
	return 0;
}

/* Locks, and the memory that connections share, work on a disk of this machine only. */
static int check_disk(const char *home, struct fault *f)
{
	struct statfs fs;
	struct statvfs mount;
	const char *network = statfs(home, &fs) ? NULL : home_network(fs.f_type);
	if (network)
		return fault(f, ERR_DENIED, "%s is on %s, where a database would be damaged; use a disk of this machine", home, network);
	if (!statvfs(home, &mount) && mount.f_flag & ST_RDONLY)
		return fault(f, ERR_DENIED, "%s cannot be written: its file system is read-only", home);
	return 0;
}

/* A backup that was put back easily has the mode of any file. */
static int check_database(const char *home, struct fault *f)
{
	char path[PATH_MAX];
	struct stat st;
	if ((size_t)snprintf(path, sizeof path, "%s/data.db", home) >= sizeof path)
		return fault(f, ERR_DENIED, "the path of the home is too long");
	if (lstat(path, &st))
		return 0; /* the store says what is to be done */
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return fault(f, ERR_DENIED, "%s is a link; put the file itself there", path);
	if (!(st.st_mode & (S_IRWXG | S_IRWXO)))
		return 0;
	if (chmod(path, S_IRUSR | S_IWUSR))
		return fault(f, ERR_DENIED, "others may read %s, which holds every secret of this node; run: chmod 600 %s", path, path);
	log_event(LOG_WARN, "home.open", "message", "others could read data.db; its mode is 0600 again", NULL);
	return 0;
}

int home_check(const char *home, struct fault *f)
{
	struct stat st;
	if (stat(home, &st) || !S_ISDIR(st.st_mode))
		return 0; /* the store says what is to be done */
	int err = check_folder(home, &st, f);
	if (!err)
		err = check_disk(home, f);
	return err ? err : check_database(home, f);
}

/* ---- people ---- */

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
