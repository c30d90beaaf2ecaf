#include "store/user.h"

#include "base/now.h"
#include "base/visible.h"

/* One list of columns, read by one function. The last one is the deviation in one app, NULL where there is none. */
#define COLUMNS "u.id, u.name, u.role, u.password, u.ver, u.created, u.seen, u.mail, m.role"
#define FROM " FROM users u LEFT JOIN app_members m ON m.user_id = u.id AND m.app_id = ? "

static const char *const role_names[] = {"none", "member", "admin", "owner"};

const char *role_name(enum role r)
{
	return r < ARRAY_LEN(role_names) ? role_names[r] : "none";
}

int role_by_name(struct str s)
{
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (str_is(s, role_names[i]))
			return (int)i;
	return -1;
}

static void copy(char *out, size_t room, struct str s)
{
	size_t n = MIN(s.n, room - 1);
	memcpy(out, n ? s.p : "", n);
	out[n] = 0;
}

static void read_user(struct stmt *s, struct user *u)
{
	*u = (struct user){0};
	copy(u->id, sizeof u->id, stmt_str(s, 0));
	copy(u->name, sizeof u->name, stmt_str(s, 1));
	u->role = (enum role)stmt_int(s, 2);
	copy(u->password, sizeof u->password, stmt_str(s, 3));
	u->ver = stmt_int(s, 4);
	u->created = stmt_int(s, 5);
	u->seen = stmt_int(s, 6);
	copy(u->mail, sizeof u->mail, stmt_str(s, 7).n || !mail_address(stmt_str(s, 1)) ? stmt_str(s, 7) : stmt_str(s, 1));
	u->app_role = stmt_null(s, 8) ? -1 : (int)stmt_int(s, 8);
}

bool user_find_for(struct db *db, struct str who, struct str app_id, struct user *u)
{
	struct stmt *s = db_query(db, "SELECT " COLUMNS FROM "WHERE u.id = ? OR u.name = ?", "sss", app_id, who, who);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_user(s, u);
		stmt_done(s);
	}
	return found;
}

bool user_find(struct db *db, struct str who, struct user *u)
{
	return user_find_for(db, who, STR(""), u);
}

int user_owner(struct db *db, struct user *u)
{
	struct stmt *s = db_query(db, "SELECT " COLUMNS FROM "WHERE u.role = 3", "c", "");
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row < 0)
		return -row;
	if (!row)
		return db_fail(db, ERR_NOT_FOUND, "This home has no owner yet; run: fazt-admin init");
	read_user(s, u);
	stmt_done(s);
	return 0;
}

int user_list(struct db *db, struct arena *a, struct str app_id, struct user **list)
{
	int n = 0, room = (int)db_int(db, 0, "SELECT count(*) FROM users", "");
	struct stmt *s = db_query(db, "SELECT " COLUMNS FROM "ORDER BY u.name", "s", app_id);
	if (!s)
		return -db_fault(db)->err;
	*list = arena_alloc(a, sizeof(struct user) * (size_t)MAX(room, 1));
	int row;
	while ((row = stmt_row(s)) == 1 && n < room)
		read_user(s, &(*list)[n++]);
	if (row == 1)
		stmt_done(s); /* someone was added between the two statements */
	return row < 0 ? row : n;
}

/* A name is shown to other people and typed into a form: one line of text that looks like what it is. */
static bool is_name(struct str name)
{
	return name.n >= USER_NAME_MIN && name.n <= USER_NAME_MAX && text_utf8(name) && str_trim(name).n == name.n &&
	       !text_deceptive(name) && !id_valid(name) && *name.p != '-';
}

/* Words that stand for somebody else where a person can be named. */
static bool is_reserved(struct str name)
{
	static const char *const words[] = {"nobody", "anyone", "members", "admins", "shell"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_ieq(name, words[i]))
			return true;
	return false;
}

int user_create(struct db *db, struct str name, enum role role, struct user *u)
{
	struct user other;
	if (!is_name(name))
		return db_fail(db, ERR_BAD_REQUEST,
			       "A name has %d to %d bytes, no line breaks, no invisible characters, no - in front and no spaces at its ends.",
			       USER_NAME_MIN, USER_NAME_MAX);
	if (is_reserved(name))
		return db_fail(db, ERR_RESERVED_NAME, "%.*s means something else here; choose another name.", STR_FMT(name));
	if (user_find(db, name, &other))
		return db_fail(db, ERR_CONFLICT, "There is an account called %s already.", other.name);
	*u = (struct user){.role = role, .ver = 1, .created = now_ms(), .app_role = -1};
	id_new(u->id);
	copy(u->name, sizeof u->name, name);
	db_touch(db);
	return db_run(db, "INSERT INTO users (id, name, role, ver, created) VALUES (?, ?, ?, ?, ?)", "cciii", u->id, u->name,
		      (int64_t)role, u->ver, u->created);
}

int user_set_role(struct db *db, const char *id, enum role role)
{
	db_touch(db);
	return db_run(db, "UPDATE users SET role = ? WHERE id = ?", "ic", (int64_t)role, id);
}

int user_set_app_role(struct db *db, const char *id, struct str app_id, int role)
{
	db_touch(db);
	if (role < 0)
		return db_run(db, "DELETE FROM app_members WHERE app_id = ? AND user_id = ?", "sc", app_id, id);
	return db_run(db,
		      "INSERT INTO app_members (app_id, user_id, role) VALUES (?, ?, ?) "
		      "ON CONFLICT (app_id, user_id) DO UPDATE SET role = excluded.role",
		      "sci", app_id, id, (int64_t)role);
}

int user_set_password(struct db *db, const char *id, const char *hash)
{
	db_touch(db);
	return db_run(db, "UPDATE users SET password = ? WHERE id = ?", "cc", hash, id);
}

int user_set_mail(struct db *db, const char *id, struct str address)
{
	if (address.n && !mail_address(address))
		return db_fail(db, ERR_BAD_REQUEST, "That is not a mail address; one looks like anna@example.org.");
	return db_run(db, "UPDATE users SET mail = ? WHERE id = ?", "sc", address.n ? address : STR(""), id);
}

int user_seen(struct db *db, const char *id, int64_t now)
{
	return db_run(db, "UPDATE users SET seen = ? WHERE id = ?", "ic", now, id);
}

static int end_sessions(struct db *db, const char *id, const unsigned char *keep)
{
	if (!keep)
		return db_run(db, "DELETE FROM sessions WHERE user_id = ?", "c", id);
	return db_run(db, "DELETE FROM sessions WHERE user_id = ? AND hash <> ? AND parent IS NOT ?", "cbb", id, keep, (size_t)HASH_LEN,
		      keep, (size_t)HASH_LEN);
}

int user_revoke(struct db *db, const char *id, const unsigned char *keep, bool forget)
{
	int err = end_sessions(db, id, keep);
	if (!err)
		err = db_run(db, "DELETE FROM codes WHERE user_id = ?", "c", id);
	if (!err)
		err = db_run(db, "UPDATE users SET ver = ver + 1 WHERE id = ?", "c", id);
	if (!err && forget)
		err = db_run(db, "UPDATE users SET password = NULL WHERE id = ?", "c", id);
	db_touch(db);
	return err;
}

int user_remove(struct db *db, const char *id)
{
	int err = user_revoke(db, id, NULL, true);
	if (!err)
		err = db_run(db, "DELETE FROM app_members WHERE user_id = ?", "c", id);
	return err ? err : db_run(db, "DELETE FROM users WHERE id = ?", "c", id);
}
