/* An app as one stream, and its rows from one app into another: what comes out goes in, and nothing else does. */
#include <fcntl.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/tree.h"
#include "kernel/install.h"
#include "kernel/people.h"
#include "kernel/portable.h"
#include "store/docs.h"
#include "store/kv.h"
#include "tap.h"

static struct arena *a;
static struct node n, other;
static char home[64] = "/tmp/fazt-test-XXXXXX", home2[64] = "/tmp/fazt-test-XXXXXX";
static int tmp;
static struct fault f;
static char list[ID_LEN + 1], copy[ID_LEN + 1], far[ID_LEN + 1];
static char ann[PUBLIC_ID_LEN + 1], bob[PUBLIC_ID_LEN + 1];
static struct collection items = {.name = "items", .read = WHO_SHARED, .add = WHO_MEMBERS, .change = WHO_OWNER};

static void write_app(const char *name)
{
	tree_remove(tmp, "app");
	tree_write(tmp, "app/app.json", str_of(arena_printf(a, "{\"name\":\"%s\",\"permissions\":[\"storage\"],\"collections\":{\"items\":"
		   "{\"read\":\"shared\",\"index\":[\"-n\"],\"unique\":[\"n\"]}}}", name)), 0);
	tree_write(tmp, "app/api/main.lua", STR("return {}"), 0);
}

static void install(struct node *node, const char *name, char id[ID_LEN + 1])
{
	char candidate[ID_LEN + 1];
	write_app(name);
	struct db *db = db_borrow(node->store, &f);
	db_return(db);
	int err = candidate_begin(node, str_of(arena_printf(a, "%s/app", home)), STR_NONE, STR(""), true, candidate, &f);
	err = err ? err : install_fetch(node, candidate, &f);
	db = db_borrow(node->store, &f);
	struct candidate *c = candidate_get(db, a, str_of(candidate));
	db_return(db);
	err = err ? err : install_consent(node, str_of(candidate), str_of(c->package), 0, NULL, id, &f);
	is_int(err, 0, "%s is installed %s", name, f.message);
}

static void add_user(struct node *node, const char *name, const char *app_id, char public[PUBLIC_ID_LEN + 1])
{
	struct user u;
	struct db *db = db_borrow(node->store, &f);
	db_begin(db);
	is_int(user_create(db, str_of(name), ROLE_MEMBER, &u), 0, "an account for %s", name);
	db_commit(db);
	db_return(db);
	if (app_id)
		app_public_id(node, app_id, u.id, public);
}

/* What somebody finds. */
static const char *found(struct node *node, const char *app_id, const char *who)
{
	struct buf b = BUF_INIT;
	struct scope sc = scope_person(app_id, who, false);
	struct docs d = {db_borrow(node->store, &f), a, &sc, &items, 1000};
	int err = docs_find(&d, STR("{}"), STR("{\"sort\":\"n\"}"), &b);
	db_return(d.db);
	const char *text = err ? f.message : arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return text;
}

static void fill(void)
{
	char id[ID_LEN + 1];
	struct buf b = BUF_INIT;
	struct scope me = scope_person(list, ann, false), him = scope_person(list, bob, false);
	me.max_bytes = him.max_bytes = me.max_rows = him.max_rows = 1 << 30;
	struct db *db = db_borrow(n.store, &f);
	struct docs mine = {db, a, &me, &items, 1000}, his = {db, a, &him, &items, 1000};
	is_int(docs_insert(&mine, STR("{\"n\":1, \"text\":\"milk\\n\\u00e9\"}"), id, &b), 0, "a row of ann's %s", f.message);
	is_int(docs_share(&mine, str_of(id), str_of(bob), VERB_READ), 0, "shared with bob");
	is_int(docs_insert(&his, STR("{\"n\":2}"), NULL, &b), 0, "a row of bob's");
	struct kv k = {db, a, &me, NULL};
	is_int(kv_set(&k, STR("last"), STR("7"), 0), 0, "a key of ann's");
	db_return(db);
	buf_release(&b);
}

static int add(void *arg, struct str bytes)
{
	buf_addstr(arg, bytes);
	return 0;
}

struct text {
	struct str rest;
	size_t piece;
};

static int take(void *arg, char *p, size_t room, size_t *got)
{
	struct text *t = arg;
	*got = MIN(t->rest.n, MIN(room, t->piece));
	memcpy(p, t->rest.p, *got);
	t->rest.p += *got;
	t->rest.n -= *got;
	return 0;
}

static int counted;
static int count(void *arg, const struct record *r)
{
	(void)arg, (void)r;
	counted++;
	return 0;
}

static int read_back(struct str text, size_t piece)
{
	struct text t = {text, piece};
	counted = 0;
	fault_clear(&f);
	return portable_read(take, &t, count, NULL, &f);
}

static void streams(void)
{
	struct buf b = BUF_INIT, bad = BUF_INIT;
	struct copy_count c;
	struct db *db = db_borrow(n.store, &f);
	is_int(portable_write(&n, db, app_row_by_id(db, a, str_of(list)), PORTABLE_CODE | PORTABLE_DATA, add, &b, &c), 0, "an export");
	db_return(db);
	is_int(c.docs, 2, "has all rows");
	is_int(c.shares, 1, "all shares");
	is_int(c.keys, 1, "all keys");
	ok(strstr(b.p, "\"name\":\"ann\"") && strstr(b.p, "\"name\":\"bob\"") && !strstr(b.p, "\"eve\""), "the people it mentions, and no others");
	ok(strstr(b.p, "{\"record\":\"file\",\"path\":\"api/main.lua\",\"size\":9}") != NULL, "and the code");
	is_int(read_back(buf_str(&b), 1 << 20), 0, "is read again %s", f.message);
	is_int(counted, 11, "record by record");
	is_int(read_back(buf_str(&b), 1), 0, "also byte by byte");
	for (size_t i = 0; i < b.len; i++)
		if (!read_back((struct str){b.p, i}, 1 << 20)) {
			ok(0, "cut at %zu it was accepted", i);
			break;
		}
	is_int(read_back((struct str){b.p, b.len / 2}, 1 << 20), ERR_BAD_SOURCE, "cut in the middle");
	ok(strstr(f.message, "it is not whole: it ends behind line") != NULL, "says so: %s", f.message);
	buf_addstr(&bad, buf_str(&b));
	char *seven = strstr(bad.p, "\"value\":7");
	seven[8] = '8';
	is_int(read_back(buf_str(&bad), 1 << 20), ERR_BAD_SOURCE, "edited");
	ok(strstr(f.message, "its checksum does not fit") != NULL, "says so: %s", f.message);
	seven[8] = '7';
	buf_adds(&bad, "{}\n");
	is_int(read_back(buf_str(&bad), 1 << 20), ERR_BAD_SOURCE, "continued: %s", f.message);
	memcpy(strstr(bad.p, "\"format\":1"), "\"format\":2", 10);
	is_int(read_back(buf_str(&bad), 1 << 20), ERR_BAD_SOURCE, "from a newer Fazt");
	ok(strstr(f.message, "line 1: it was written by a newer Fazt") != NULL, "says so: %s", f.message);
	is_int(read_back(STR("PK\3\4"), 10), ERR_BAD_SOURCE, "something else: %s", f.message);
	buf_clear(&bad);
	buf_reserve(&bad, 2 * MIB);
	memset(bad.p, 'x', bad.len = 2 * MIB);
	is_int(read_back(buf_str(&bad), 1 << 20), ERR_BAD_SOURCE, "a line without an end: %s", f.message);
	buf_release(&b);
	buf_release(&bad);
}

static void copies(void)
{
	struct portable_people p;
	struct copy_count c;
	char here[PUBLIC_ID_LEN + 1];
	struct db *db;
	is_int(portable_same_people(&n, list, &n, copy, a, &p, &f), 0, "the same people");
	is_int(portable_copy(&n, list, &n, copy, &p, 0, &c, &f), 0, "rows into another app of this node %s", f.message);
	is_int(c.docs, 2, "all of them");
	db = db_borrow(n.store, &f);
	struct user u;
	ok(user_find(db, STR("bob"), &u), "bob");
	db_return(db);
	app_public_id(&n, copy, u.id, here);
	ok(strcmp(here, bob) && strstr(found(&n, copy, here), "milk") && strstr(found(&n, copy, here), "\"n\":2"), "bob sees there what he saw here");
	ok(!strstr(found(&n, copy, bob), "milk"), "his id of the first app is nobody's there");
	db = db_borrow(n.store, &f);
	is_int(app_usage(db, copy, USAGE_ROWS), app_usage(db, list, USAGE_ROWS), "it is counted the same");
	is_int(app_usage(db, copy, USAGE_BYTES), app_usage(db, list, USAGE_BYTES), "to the byte");
	db_return(db);
	is_int(portable_copy(&n, list, &n, copy, &p, 0, &c, &f), ERR_CONFLICT, "a second time: %s", f.message);

	is_int(portable_same_people(&n, list, &other, far, a, &p, &f), 0, "people of another node");
	is_int(p.n, 1, "who have accounts there too");
	is_int(portable_copy(&n, list, &other, far, &p, 1, &c, &f), 0, "rows into another node %s", f.message);
	is_int(c.docs, 1, "the newest");
	is_int(c.left_out, 1, "and how many were left out");
	ok(p.unknown > 0, "some of people unknown there");
	db = db_borrow(other.store, &f);
	ok(user_find(db, STR("bob"), &u), "bob");
	db_return(db);
	app_public_id(&other, far, u.id, here);
	ok(strstr(found(&other, far, here), "\"n\":2") != NULL, "bob has his row there");
}

int main(void)
{
	crypt_init();
	a = arena_new();
	if (!mkdtemp(home) || !mkdtemp(home2) || node_open(&n, home, STORE_CREATE, &f) || node_open(&other, home2, STORE_CREATE, &f)) {
		ok(0, "a home: %s", f.message);
		return done_testing();
	}
	tmp = open(home, O_RDONLY | O_DIRECTORY);
	install(&n, "list", list);
	install(&n, "copy", copy);
	install(&other, "list", far);
	add_user(&n, "ann", list, ann);
	add_user(&n, "bob", list, bob);
	add_user(&n, "eve", NULL, NULL);
	add_user(&other, "bob", NULL, NULL);
	fill();
	streams();
	copies();
	node_close(&n);
	node_close(&other);
	tree_remove(AT_FDCWD, home);
	tree_remove(AT_FDCWD, home2);
	arena_free(a);
	return done_testing();
}
