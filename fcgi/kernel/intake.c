#include "kernel/intake.h"

#include "base/visible.h"
#include "kernel/app.h"

struct intake *intake_new(struct node *n)
{
	struct arena *a = arena_new();
	struct intake *i = NEW(a, struct intake);
	*i = (struct intake){.node = n, .arena = a, .package = package_new()};
	i->person = arena_alloc(a, INTAKE_PEOPLE * sizeof *i->person);
	return i;
}

void intake_free(struct intake *i)
{
	if (!i)
		return;
	buf_release(&i->file);
	package_free(i->package);
	arena_free(i->arena);
}

/* ---- looking ---- */

struct looking {
	struct intake *intake;
	struct fault *fault;
};

/* The file that is being put together has all its bytes. */
static int end_file(struct looking *l)
{
	struct intake *i = l->intake;
	if (!i->path.p)
		return 0;
	if (i->left)
		return fault(l->fault, ERR_BAD_SOURCE, "%.*s is not as long as it says", STR_FMT(i->path));
	int err = package_file(i->package, i->path, buf_str(&i->file), l->fault);
	buf_clear(&i->file);
	i->path = STR_NONE;
	return err;
}

static int begin_file(struct looking *l, const struct record *r)
{
	struct intake *i = l->intake;
	if (r->size > (int64_t)PACKAGE_BYTES)
		return fault(l->fault, ERR_MANIFEST_LIMITS, "the package is larger than %u MB", PACKAGE_BYTES / MIB);
	i->path = arena_str(i->package->arena, r->path);
	i->left = r->size;
	return 0;
}

static int add_piece(struct looking *l, const struct record *r)
{
	struct intake *i = l->intake;
	if (i->content)
		return 0;
	if (!i->path.p || (int64_t)r->bytes.n > i->left)
		return fault(l->fault, ERR_BAD_SOURCE, "a chunk belongs to no file");
	buf_addstr(&i->file, r->bytes);
	i->left -= (int64_t)r->bytes.n;
	return 0;
}

static int add_person(struct looking *l, const struct record *r)
{
	struct intake *i = l->intake;
	if (i->npeople == INTAKE_PEOPLE)
		return fault(l->fault, ERR_TOO_LARGE, "it names more than %d people", INTAKE_PEOPLE);
	struct intake_person *p = &i->person[i->npeople++];
	memcpy(p->id, r->id.p, PUBLIC_ID_LEN);
	p->name = arena_cstr(i->arena, r->name);
	return 0;
}

static int look(void *arg, const struct record *r)
{
	struct looking *l = arg;
	struct intake *i = l->intake;
	int err = r->kind == RECORD_PIECE ? 0 : end_file(l);
	if (err)
		return err;
	i->content = r->kind == RECORD_CONTENT || (i->content && r->kind == RECORD_PIECE);
	switch (r->kind) {
	case RECORD_HEAD:
		i->app = arena_cstr(i->arena, r->app);
		memcpy(i->app_id, r->app_id.p, ID_LEN);
		i->data = r->data;
		return r->code ? 0 : fault(l->fault, ERR_BAD_SOURCE, "it holds rows and no code");
	case RECORD_FILE:
		return begin_file(l, r);
	case RECORD_PIECE:
		return add_piece(l, r);
	case RECORD_PERSON:
		return add_person(l, r);
	case RECORD_DOC:
		i->docs++;
		return 0;
	case RECORD_SHARE:
		i->shares++;
		return 0;
	case RECORD_KEY:
		i->keys++;
		return 0;
	case RECORD_BLOB:
		i->files++;
		return 0;
	default:
		return 0;
	}
}

/* Public ids are keyed with the node's secret: one that fits is that person. */
static int know_people(struct intake *i, struct fault *f)
{
	struct user *users;
	char id[PUBLIC_ID_LEN + 1];
	struct db *db = db_borrow(i->node->store, f);
	int n = db ? user_list(db, i->arena, STR(""), &users) : -f->err;
	db_return(db);
	for (int u = 0; u < n; u++) {
		app_public_id(i->node, i->app_id, users[u].id, id);
		for (int p = 0; p < i->npeople; p++)
			if (!strcmp(i->person[p].id, id)) {
				memcpy(i->person[p].user, users[u].id, sizeof i->person[p].user);
				i->person[p].account = users[u].name;
			}
	}
	return MAX(-n, 0);
}

int intake_look(struct intake *i, portable_read_fn *read, void *arg, struct fault *f)
{
	struct looking l = {i, f};
	int err = portable_read(read, arg, look, &l, f);
	if (!err)
		err = end_file(&l);
	if (!err)
		err = package_finish(i->package, false, f);
	if (!err && package_check)
		err = package_check(i->node, i->package, f);
	return err ? err : know_people(i, f);
}

/* ---- people ---- */

static bool taken(const struct intake *i, const char *user)
{
	for (int p = 0; p < i->npeople; p++)
		if (!strcmp(i->person[p].user, user))
			return true;
	return false;
}

static void become(struct intake *i, struct intake_person *p, const struct user *u)
{
	memcpy(p->user, u->id, sizeof p->user);
	p->account = arena_strdup(i->arena, u->name);
}

int intake_map(struct intake *i, struct str name, struct str account, struct fault *f)
{
	struct user u;
	int p = 0;
	while (p < i->npeople && !str_is(name, i->person[p].name))
		p++;
	if (p == i->npeople)
		return fault(f, ERR_NOT_FOUND, "the export names nobody called %s", visible(i->arena, name, 60));
	struct db *db = db_borrow(i->node->store, f);
	bool found = db && user_find(db, account, &u);
	db_return(db);
	if (!found)
		return f->err ? f->err : fault(f, ERR_NOT_FOUND, "nobody here is called %s", visible(i->arena, account, 60));
	if (strcmp(i->person[p].user, u.id) && taken(i, u.id))
		return fault(f, ERR_CONFLICT, "two people of the export cannot both become %s", u.name);
	become(i, &i->person[p], &u);
	return 0;
}

int intake_map_all(struct intake *i, struct fault *f)
{
	struct user u;
	struct db *db = db_borrow(i->node->store, f);
	if (!db)
		return f->err;
	for (int p = 0; p < i->npeople; p++)
		if (!i->person[p].account && user_find(db, str_of(i->person[p].name), &u) && !taken(i, u.id))
			become(i, &i->person[p], &u);
	db_return(db);
	return 0;
}

/* ---- the candidate ---- */

int intake_candidate(struct intake *i, struct str name, char *id, struct fault *f)
{
	const char *source = arena_printf(i->arena, "export:%s", i->app), *origin = arena_printf(i->arena, "export:%s", i->package->hash);
	return candidate_keep(i->node, i->package, source, origin, name, id, f);
}

/* ---- rows ---- */

static int fill_row(void *arg, const struct record *r)
{
	struct intake *i = arg;
	struct portable_rows rows = {i->copy, &i->people};
	if (r->kind == RECORD_APPLIED)
		return applied_add(i->db, i->to_id, arena_cstr(i->arena, r->name));
	int err = portable_rows(&rows, r);
	if (err == ERR_CONFLICT && r->kind == RECORD_BLOB && i->to_owner)
		return db_fail(i->db, err, "two people keep a file of the same name, and both cannot become yours: say who they are here with "
				       "--people, or leave out --as-owner");
	return err;
}

/* The map is made here, because it takes the new app's id. */
static int map_people(struct intake *i, const char *app_id)
{
	struct user owner;
	struct portable_people *p = &i->people;
	char *id = arena_alloc(i->arena, PUBLIC_ID_LEN + 1);
	*p = (struct portable_people){.person = arena_alloc(i->arena, (size_t)MAX(i->npeople, 1) * sizeof *p->person)};
	for (int k = 0; k < i->npeople; k++)
		if (i->person[k].account) {
			memcpy(p->person[p->n].from, i->person[k].id, sizeof p->person->from);
			app_public_id(i->node, app_id, i->person[k].user, p->person[p->n++].to);
		}
	int err = i->to_owner ? user_owner(i->db, &owner) : 0;
	if (i->to_owner && !err) {
		app_public_id(i->node, app_id, owner.id, id);
		p->owner = id;
	}
	return err;
}

int intake_rows(void *arg, struct db *db, const char *app_id)
{
	struct intake *i = arg;
	struct copy_limits limits;
	i->db = db;
	i->to_id = app_id;
	int err = portable_limits(i->node, db, app_id, &limits);
	if (!err && app_usage(db, app_id, USAGE_ROWS))
		err = db_fail(db, ERR_CONFLICT, "the app has rows of its own already; import it under another name with --name");
	if (!err && i->data)
		err = applied_clear(db, app_id);
	if (!err)
		err = map_people(i, app_id);
	if (err)
		return err;
	i->copy = copy_begin(db, app_id, &limits);
	err = copy_end(i->copy, portable_read(i->read, i->arg, fill_row, i, db_fault(db)));
	i->unknown = i->people.unknown;
	return err;
}
