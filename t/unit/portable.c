/* An app as one stream, and its rows from one app into another: what comes out goes in, and nothing else does. */
#include <fcntl.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/tree.h"
#include "kernel/install.h"
#include "kernel/people.h"
#include "kernel/portable.h"
#include "store/blob.h"
#include "store/conn.h"
#include "store/docs.h"
#include "store/kv.h"
#include "store/parcel.h"
#include "store/snapshot.h"
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
	err = err ? err : candidate_fetch(node, candidate, &f);
	db = db_borrow(node->store, &f);
	struct candidate *c = candidate_get(db, a, str_of(candidate));
	db_return(db);
	err = err ? err : install_consent(node, &(struct consent){.id = str_of(candidate), .hash = str_of(c->package), .by = "owner"}, id, &f);
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

static char big[2 * MIB + 777];

static void put(struct db *db, const struct scope *sc, const char *name, struct str bytes)
{
	struct blobs b = {.db = db, .arena = a, .scope = sc};
	struct blob row = {.name = str_of(name), .type = STR("image/png"), .size = (int64_t)bytes.n};
	db_begin(db);
	crypt_hash(row.hash, bytes.p, bytes.n);
	int err = object_store(db, row.hash, bytes);
	if (!err)
		err = blob_put(&b, &row);
	is_int(err ? db_rollback(db) : db_commit(db), 0, "a file %s of %zu bytes %s", name, bytes.n, f.message);
}

/* What it is: the size, 0 for none; -1 where the content is not what was put. */
static int64_t file(struct node *node, const char *app_id, const char *who, const char *name, struct str bytes)
{
	struct scope sc = scope_person(app_id, who, false);
	struct db *db = db_borrow(node->store, &f);
	struct blobs b = {.db = db, .arena = a, .scope = &sc};
	struct blob row;
	struct object o;
	struct stmt *s;
	struct str chunk;
	int64_t size = blob_get(&b, str_of(name), &row) == 1 ? row.size : 0;
	if (size && object_find(db, row.hash, &o))
		size = -1;
	for (int64_t at = 0; size > 0 && at < row.size; at += CHUNK_BYTES) {
		if (body_chunk(db, o.body, at / CHUNK_BYTES, &s, &chunk)) {
			size = -1;
			break;
		}
		if ((size_t)at + chunk.n > bytes.n || memcmp(chunk.p, bytes.p + at, chunk.n))
			size = -1;
		stmt_done(s);
	}
	db_return(db);
	return size;
}

static int64_t number(struct node *node, const char *sql)
{
	struct db *db = db_borrow(node->store, &f);
	int64_t value = db_int(db, -1, sql, "");
	db_return(db);
	return value;
}
#define REFS "SELECT sum(refs) FROM objects WHERE size IN (5, 2097929)"

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
	me.max_files = him.max_files = 1 << 30;
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7 + i / 1000);
	put(db, &me, "big", (struct str){big, sizeof big});
	put(db, &him, "same", (struct str){big, sizeof big});
	put(db, &him, "small", STR("small"));
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
	is_int(c.files, 3, "all files");
	ok(strstr(b.p, "\"name\":\"ann\"") && strstr(b.p, "\"name\":\"bob\"") && !strstr(b.p, "\"eve\""), "the people it mentions, and no others");
	ok(strstr(b.p, "{\"record\":\"file\",\"path\":\"api/main.lua\",\"size\":9}") != NULL, "and the code");
	is_int(read_back(buf_str(&b), 1 << 20), 0, "is read again %s", f.message);
	is_int(counted, 11 + 2 + 3 + 9 + 1, "record by record, content once");
	is_int(read_back(buf_str(&b), 1), 0, "also byte by byte");
	for (size_t i = 0; i < b.len; i += i < 10000 ? 1 : 9973)
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
	static const struct copy_bounds all, one = {.newest = 1, .file = MIB};
	struct portable_people p;
	struct copy_count c;
	char here[PUBLIC_ID_LEN + 1];
	struct db *db;
	is_int(portable_same_people(&n, list, &n, copy, a, &p, &f), 0, "the same people");
	is_int(portable_copy(&n, list, &n, copy, &p, &all, &c, &f), 0, "rows into another app of this node %s", f.message);
	is_int(c.docs, 2, "all of them");
	is_int(c.files, 3, "with their files");
	db = db_borrow(n.store, &f);
	struct user u;
	ok(user_find(db, STR("bob"), &u), "bob");
	db_return(db);
	app_public_id(&n, copy, u.id, here);
	ok(strcmp(here, bob) && strstr(found(&n, copy, here), "milk") && strstr(found(&n, copy, here), "\"n\":2"), "bob sees there what he saw here");
	is_int(file(&n, copy, here, "same", (struct str){big, sizeof big}), sizeof big, "and his file");
	is_int(file(&n, copy, here, "big", (struct str){big, sizeof big}), 0, "not ann's");
	is_int(number(&n, REFS), 6, "whose content is there once");
	is_int(number(&n, "SELECT count(*) FROM chunks c JOIN objects o ON o.body = c.object WHERE o.size = 2097929"), 3, "really");
	ok(!strstr(found(&n, copy, bob), "milk"), "his id of the first app is nobody's there");
	db = db_borrow(n.store, &f);
	is_int(app_usage(db, copy, USAGE_ROWS), app_usage(db, list, USAGE_ROWS), "it is counted the same");
	is_int(app_usage(db, copy, USAGE_BYTES), app_usage(db, list, USAGE_BYTES), "to the byte");
	is_int(app_usage(db, copy, USAGE_FILES), app_usage(db, list, USAGE_FILES), "files too");
	db_return(db);
	is_int(portable_copy(&n, list, &n, copy, &p, &all, &c, &f), ERR_CONFLICT, "a second time: %s", f.message);

	is_int(portable_same_people(&n, list, &other, far, a, &p, &f), 0, "people of another node");
	is_int(p.n, 1, "who have accounts there too");
	is_int(portable_copy(&n, list, &other, far, &p, &one, &c, &f), 0, "rows into another node %s", f.message);
	is_int(c.docs, 1, "the newest");
	is_int(c.left_out, 1, "and how many were left out");
	is_int(c.files * 10 + c.files_left_out, 12, "large files too");
	ok(p.unknown > 0, "some of people unknown there");
	db = db_borrow(other.store, &f);
	ok(user_find(db, STR("bob"), &u), "bob");
	db_return(db);
	app_public_id(&other, far, u.id, here);
	ok(strstr(found(&other, far, here), "\"n\":2") != NULL, "bob has his row there");
	is_int(file(&other, far, here, "small", STR("small")), 5, "and the file that was not left out");
}

static int transaction(int err, struct db *db)
{
	return err ? db_rollback(db) : db_commit(db);
}

static void snapshots(void)
{
	struct db *db = db_borrow(n.store, &f);
	struct snapshot s;
	struct scope me = scope_person(list, ann, false);
	me.max_bytes = me.max_rows = me.max_files = 1 << 30;
	struct blobs b = {.db = db, .arena = a, .scope = &me};
	struct app_row *app = app_row_by_id(db, a, str_of(list));
	is_int(db_begin(db), 0, "begin");
	is_int(transaction(portable_snapshot(&n, db, app), db), 0, "a snapshot %s", f.message);
	ok(snapshot_get(db, list, &s) && s.bytes < 100000, "names content, and does not copy it: %lld", (long long)s.bytes);
	is_int(number(&n, REFS), 8, "and holds it");
	is_int(blob_delete(&b, STR("big")), 0, "ann deletes her file");
	put(db, &me, "late", STR("later"));
	int64_t usage = app_usage(db, list, USAGE_FILES);
	is_int(db_begin(db), 0, "begin");
	int err = copy_clear(db, list);
	is_int(app_usage(db, list, USAGE_FILES), 0, "cleared");
	is_int(transaction(err ? err : portable_restore(db, list), db), 0, "restored %s", f.message);
	is_int(app_usage(db, list, USAGE_FILES), usage - 5 + (int64_t)sizeof big, "counted");
	is_int(number(&n, REFS), 8, "with the references of its rows");
	db_begin(db);
	is_int(transaction(snapshot_drop(db, list), db), 0, "dropped");
	is_int(number(&n, REFS), 6, "without its own");
	db_return(db);
	is_int(file(&n, list, ann, "big", (struct str){big, sizeof big}), sizeof big, "what was deleted is there again");
	is_int(file(&n, list, ann, "late", STR("later")), 0, "what came later is not");
}

static void outgrow(struct db *db, const char *id)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i < 1001; i++)
		buf_addf(&b, "%c\"f%d\":1", i ? ',' : '{', i);
	buf_addc(&b, '}');
	db_begin(db);
	struct stmt *s = scope_kernel(db, list, "UPDATE docs SET body = :body WHERE app_id = :app AND id = :id");
	stmt_bind_str(s, ":body", buf_str(&b));
	stmt_bind_str(s, ":id", str_of(id));
	is_int(stmt_run(s), 0, "a row of a time when updates had no bound");
	db_commit(db);
	buf_release(&b);
}

/* The lines of a snapshot are as long as rows are, its parts are not: what the database takes in one piece is bounded. */
static void large_rows(void)
{
	enum { ROWS = 12, SIZE = 200 * 1000 };
	struct scope me = scope_person(list, ann, false);
	me.max_bytes = me.max_rows = me.max_files = 1 << 30;
	struct db *db = db_borrow(n.store, &f);
	struct docs d = {db, a, &me, &items, 1000};
	struct app_row *app = app_row_by_id(db, a, str_of(list));
	char id[ROWS][ID_LEN + 1];
	struct buf before[ROWS] = {0}, after = BUF_INIT;
	int err = 0, same = 0;
	fault_clear(&f);
	for (int i = 0; !err && i < ROWS; i++)
		err = docs_insert(&d, str_of(arena_printf(a, "{\"n\":%d,\"text\":\"%0*d\"}", 100 + i, SIZE + i, i)), id[i], &before[i]);
	is_int(err, 0, "rows of 200 KB %s", f.message);
	outgrow(db, id[0]);
	buf_clear(&before[0]);
	is_int(docs_get(&d, str_of(id[0]), &before[0]), 0, "one has more fields than a row may have by now");
	is_int(db_begin(db), 0, "begin");
	is_int(transaction(portable_snapshot(&n, db, app), db), 0, "a snapshot of them %s", f.message);
	is_int(number(&n, "SELECT max(length(bytes)) FROM snapshot_parts"), MIB, "is cut into megabytes");
	is_int(db_begin(db), 0, "begin");
	err = copy_clear(db, list);
	is_int(transaction(err ? err : portable_restore(db, list), db), 0, "restored %s", f.message);
	for (int i = 0; i < ROWS; i++, buf_clear(&after))
		same += !docs_get(&d, str_of(id[i]), &after) && str_eq(buf_str(&after), buf_str(&before[i]));
	is_int(same, ROWS, "each byte for byte");
	for (int i = 0; i < ROWS; i++)
		buf_release(&before[i]);
	buf_release(&after);
	db_return(db);
}

static void parcels(void)
{
	struct parcel p = {0};
	unsigned char hash[HASH_LEN];
	char hex[2 * HASH_LEN + 1];
	struct db *db = db_borrow(n.store, &f);
	crypt_hash(hash, big, MIB + 5);
	crypt_hex(hex, hash, HASH_LEN);
	db_begin(db);
	is_int(parcel_begin(&p, db, MIB + 5, str_of(hex)), 0, "a parcel");
	for (size_t at = 0, step = 1; at < MIB + 5; at += step, step = MIN(step * 3, MIB + 5 - at))
		if (parcel_add(&p, (struct str){big + at, step}))
			ok(0, "a piece at %zu: %s", at, f.message);
	is_int(parcel_end(&p, hash), 0, "is whole %s", f.message);
	is_int(parcel_begin(&p, db, 3, str_of(hex)), 0, "another");
	is_int(parcel_add(&p, STR("abcd")), ERR_BAD_SOURCE, "too much: %s", f.message);
	is_int(parcel_add(&p, STR("ab")), 0, "some");
	is_int(parcel_end(&p, hash), ERR_BAD_SOURCE, "too little: %s", f.message);
	is_int(parcel_add(&p, STR("c")), 0, "the rest");
	is_int(parcel_end(&p, hash), ERR_BAD_SOURCE, "of something else: %s", f.message);
	db_rollback(db);
	parcel_release(&p);
	db_return(db);
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
	snapshots();
	large_rows();
	parcels();
	node_close(&n);
	node_close(&other);
	tree_remove(AT_FDCWD, home);
	tree_remove(AT_FDCWD, home2);
	arena_free(a);
	return done_testing();
}
