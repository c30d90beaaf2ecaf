/* What the kernel itself has to say, and how long messages stay: without any server. */
#include "kernel/node.h"
#include "store/message.h"
#include "store/notice.h"

#include "base/now.h"
#include "home.h"
#include "tap.h"

static struct node node;
static struct arena *a;
static struct fault f;

static struct db *borrow(void)
{
	struct db *db = db_borrow(node.store, &f);
	if (!db || db_begin(db))
		die("%s", f.message);
	return db;
}

static void done(struct db *db)
{
	is_int(db_commit(db), 0, "committed");
	db_return(db);
}

/* How many are there; the last one in *m, in the arena. */
static int count(struct db *db, const char *topic, struct message *m)
{
	struct str name = str_of(topic);
	struct message_since since = {0};
	struct stmt *s = message_query(db, &name, 1, &since, false, now_ms(), MESSAGE_ROWS);
	int n = 0;
	while (s && stmt_row(s) > 0) {
		message_read(s, m);
		m->title = arena_str(a, m->title);
		m->message = arena_str(a, m->message);
		m->rest = arena_str(a, m->rest);
		n++;
	}
	return n;
}

static void kernel_notice(void)
{
	struct db *db = borrow();
	struct message m = {0};
	struct notice *list;
	db_run(db, "INSERT INTO apps (id, name, title, source, origin, state, version, rev, purged, created, changed) VALUES ('A', 'notes', 'My <b>notes', '', '', 'enabled', 1, 1, 0, 1, 1)", "");
	is_int(notice_add(db, NOTICE_ASKS, "A", "", "My notes asks to go on", "Pay 500 to mallory@example.org?"), 0, "the kernel says something");
	done(db);
	db = borrow();
	is_int(count(db, TOPIC_KERNEL, &m), 1, "in its topic");
	is_str(m.title.p, "Fazt: notes asks you something", "in its own name, with the app's");
	is_str(m.message.p, "Your dashboard says more.", "HLT-10: nothing of what an app said");
	is_str(m.rest.p, "{\"click\":\"https://os.localhost/\"}", "HLT-10: what a notice leads to asks who one is, and it carries no secret");
	is_int(notice_add(db, NOTICE_ASKS, "A", "", "Again", "x"), 0, "the same again");
	is_int(notice_add(db, NOTICE_UPSTREAM, "", "", "That does not work", "x"), 0, "something for the dashboard alone");
	is_int(count(db, TOPIC_KERNEL, &m), 1, "rings once");
	is_int(notice_list(db, a, &list), 2, "and is a row each");
	now_shift(NOTICE_AGAIN_MS + 1000);
	is_int(notice_add(db, NOTICE_ASKS, "A", "", "Again", "x"), 0, "after an hour");
	is_int(count(db, TOPIC_KERNEL, &m), 2, "it rings again");
	is_int(notice_over(db, NOTICE_ASKS, "A"), 0, "it was answered");
	is_int(notice_list(db, a, &list), 1, "and the row is gone");
	is_int(notice_add(db, NOTICE_ASKS, "A", "", "Another", "x"), 0, "another one");
	is_int(count(db, TOPIC_KERNEL, &m), 3, "rings");
	is_int(notice_add(db, NOTICE_MAIL_SERVER, "", "", "No mail", "x"), 0, "of no app");
	count(db, TOPIC_KERNEL, &m);
	is_str(m.title.p, "Fazt: Your mail server takes no mail", "it says so");
	now_shift(0);
	done(db);
}

static struct message plain(const char *topic, const char *text, int64_t due)
{
	return (struct message){.topic = str_of(topic), .due = due, .expires = due + 1000, .title = STR(""), .message = str_of(text), .tags = STR(""),
				.file_name = STR(""), .file_type = STR("")};
}

static void room(void)
{
	struct db *db = borrow();
	topic_add(db, STR("big"));
	int64_t now = now_ms();
	int err = 0;
	for (int i = 0; i < MESSAGE_ROWS + 20 && !err; i++) {
		struct message one = plain("big", arena_printf(a, "m%d", i), now - 100000 + i);
		one.expires = now + 100000;
		err = message_add(db, &one);
	}
	is_int(err, 0, "more than a topic holds");
	is_int(db_int(db, 0, "SELECT count(*) FROM messages WHERE topic = 'big'", ""), MESSAGE_ROWS, "WS-18: the oldest make room");
	is_str(db_text(db, a, "SELECT message FROM messages WHERE topic = 'big' ORDER BY due LIMIT 1", ""), "m20", "the oldest");
	done(db);
}

static void time_goes_by(void)
{
	struct db *db = borrow();
	struct message m = plain("big", "later", now_ms() + 60000), seen = {0};
	m.expires = m.due + 60000;
	is_int(message_add(db, &m), 0, "something for later");
	count(db, "big", &seen);
	ok(strcmp(seen.message.p, "later"), "which is not shown yet");
	now_shift(61000);
	count(db, "big", &seen);
	is_str(seen.message.p, "later", "but then");
	now_shift(61000 + 200000);
	is_int(count(db, "big", &seen), 0, "until it expires");
	m = plain("big", "new", now_ms());
	is_int(message_add(db, &m), 0, "whatever comes next");
	ok(db_int(db, 0, "SELECT count(*) FROM messages", "") < MESSAGE_ROWS, "takes some of the expired ones with it");
	now_shift(0);
	done(db);
}

/* An attachment is let go of with its message, or with its time. */
static void files(void)
{
	struct db *db = borrow();
	unsigned char hash[HASH_LEN];
	crypt_hash(hash, "content", 7);
	for (int i = 0; i < 2; i++) {
		struct message m = plain("big", "file", now_ms());
		m.expires = now_ms() + 100000;
		snprintf(m.file, sizeof m.file, "file%d", i);
		m.file_size = 7;
		m.file_expires = now_ms() + 1000;
		memcpy(m.object, hash, HASH_LEN);
		is_int(object_store(db, hash, STR("content")), 0, "content");
		is_int(message_add(db, &m), 0, "with a message");
	}
	is_int(message_files(db), 14, "both count");
	is_int(db_int(db, 0, "SELECT refs FROM objects WHERE hash = ?", "b", hash, (size_t)HASH_LEN), 2, "and hold it");
	now_shift(2000);
	struct message next = plain("big", "next", now_ms()), gone;
	is_int(message_add(db, &next), 0, "later");
	ok(!message_file(db, a, STR("file0"), now_ms(), &gone), "the files have expired");
	is_int(db_int(db, 0, "SELECT count(*) FROM objects WHERE hash = ?", "b", hash, (size_t)HASH_LEN), 0, "and the content is gone");
	now_shift(0);
	is_int(topic_remove(db, STR("big")), 0, "a topic is removed");
	is_int(db_int(db, 0, "SELECT count(*) FROM messages WHERE topic = 'big'", ""), 0, "with its messages");
	done(db);
}

int main(void)
{
	store_close(home_make());
	a = arena_new();
	if (node_open(&node, home, STORE_SERVE, &f))
		die("%s", f.message);
	store_durability(node.store, false);
	kernel_notice();
	room();
	time_goes_by();
	files();
	struct store *s = node.store;
	node.store = NULL;
	arena_free(a);
	home_remove(s);
	return done_testing();
}
