#include "store/message.h"

#include "base/now.h"
#include "codec/calendar.h"
#include "codec/cron.h"
#include "codec/ntfy.h"
#include "store/run.h"

#define UPSTREAM_TRIES 12
#define UPSTREAM_PAUSE 10000 /* ms, before the second */
#define UPSTREAM_MOST 10000  /* that wait at once */
#define REAPED 50 /* rows that one message may take with it */

#define COLUMNS "SELECT id, topic, due, expires, title, message, priority, tags, rest, file, file_name, file_type, file_size, file_expires, object FROM messages "

void message_id(char id[MESSAGE_ID + 1])
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01";
	unsigned char bytes[MESSAGE_ID];
	crypt_random(bytes, sizeof bytes);
	for (int i = 0; i < MESSAGE_ID; i++)
		id[i] = letters[bytes[i] & 63];
	id[MESSAGE_ID] = 0;
}

/* ---- what goes ---- */

/* The seq of rows in column 0, and their objects; those rows go. */
static int drop(struct db *db, struct stmt *s, int *n)
{
	int64_t seq[REAPED];
	unsigned char object[REAPED][HASH_LEN];
	bool has[REAPED];
	int row = s ? 0 : -db_fault(db)->err, err = 0;
	for (*n = 0; s && *n < REAPED && (row = stmt_row(s)) > 0; ++*n) {
		struct str hash = stmt_str(s, 1);
		seq[*n] = stmt_int(s, 0);
		has[*n] = hash.n == HASH_LEN;
		memcpy(object[*n], hash.n == HASH_LEN ? hash.p : (const char *)object[*n], HASH_LEN);
	}
	if (s)
		stmt_done(s);
	for (int i = 0; row >= 0 && !err && i < *n; i++) {
		err = has[i] ? object_release(db, object[i]) : 0;
		if (!err)
			err = db_run(db, "DELETE FROM messages WHERE seq = ?", "i", seq[i]);
	}
	return row < 0 ? -row : err;
}

static int drop_expired(struct db *db, int64_t now)
{
	int n;
	return drop(db, db_query(db, "SELECT seq, object FROM messages WHERE expires <= ? ORDER BY expires LIMIT 50", "i", now), &n);
}

static int drop_oldest(struct db *db, struct str topic)
{
	static const char sql[] = "SELECT seq, object FROM messages WHERE topic = ? ORDER BY due DESC, seq DESC LIMIT 50 OFFSET ?";
	int n;
	return drop(db, db_query(db, sql, "si", topic, (int64_t)MESSAGE_ROWS), &n);
}

/* Attachments end earlier than their messages. */
static int drop_files(struct db *db, int64_t now)
{
	static const char release[] = "UPDATE objects SET refs = refs - (SELECT count(*) FROM messages m WHERE m.object = objects.hash AND m.file_expires <= ?1)"
				      " WHERE hash IN (SELECT object FROM messages WHERE object IS NOT NULL AND file_expires <= ?1)";
	int err = db_run(db, release, "i", now);
	return err ? err : db_run(db, "UPDATE messages SET object = NULL WHERE object IS NOT NULL AND file_expires <= ?", "i", now);
}

int message_clear(struct db *db, struct str topic)
{
	int err, n;
	do
		err = drop(db, db_query(db, "SELECT seq, object FROM messages WHERE topic = ? LIMIT 50", "s", topic), &n);
	while (!err && n);
	return err ? err : object_sweep(db);
}

/* ---- what comes ---- */

int64_t message_due(const struct settings *s, int priority, int64_t now)
{
	int from, until;
	struct zone z;
	struct cron end;
	char text[32];
	if (priority == MESSAGE_URGENT || !ntfy_hours(str_of(s->text[SETTING_PUSH_QUIET]), &from, &until))
		return now;
	if (!zone_find(str_of(s->text[SETTING_TIMEZONE]), &z))
		return now;
	int64_t wall = now + zone_span(&z, now).offset;
	int minute = (int)((wall - calendar_floor(wall, DAY_MS) * DAY_MS) / MINUTE_MS);
	bool quiet = from < until ? minute >= from && minute < until : minute >= from || minute < until;
	snprintf(text, sizeof text, "%d %d * * *", until % 60, until / 60);
	return quiet && !cron_parse(str_of(text), &end, NULL) ? cron_next(&end, now, &z) : now;
}

static int insert(struct db *db, const struct message *m)
{
	static const char sql[] = "INSERT INTO messages (seq, id, topic, due, expires, title, message, priority, tags, rest, file, file_name, file_type,"
				  " file_size, file_expires, object) VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM messages), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	return db_run(db, sql, "csiississcssiib", m->id, m->topic, m->due, m->expires, m->title, m->message, (int64_t)m->priority, m->tags,
		      m->rest.n ? m->rest : STR("{}"), m->file, m->file_name, m->file_type, m->file_size, m->file_expires,
		      m->file[0] ? m->object : NULL, m->file[0] ? (size_t)HASH_LEN : (size_t)0);
}

/* Unless it came from another node already, or too much waits for the other server: nobody goes without what is said here
 * because of what is not taken there. */
static int pass_on(struct db *db, const struct message *m)
{
	char input[64], id[ID_LEN + 1];
	struct scope sc = scope_stranger(RUN_KERNEL);
	sc.max_bytes = sc.max_rows = INT64_MAX;
	if (m->passed || !db_int(db, 0, "SELECT length(value) FROM settings WHERE key = 'push.upstream'", "") ||
	    run_under_way(db, RUN_KERNEL, UPSTREAM_MOST) >= UPSTREAM_MOST)
		return 0;
	snprintf(input, sizeof input, "{\"message\":\"%s\"}", m->id);
	struct run run = {.app_id = RUN_KERNEL, .handler = RUN_UPSTREAM, .input = str_of(input), .retries = UPSTREAM_TRIES, .backoff = UPSTREAM_PAUSE,
			  .due = m->due};
	return run_errand(db, &sc, &run, UPSTREAM_MOST, id);
}

int message_add(struct db *db, struct message *m)
{
	int64_t now = now_ms();
	if (!m->id[0])
		message_id(m->id);
	int err = drop_expired(db, now);
	if (!err)
		err = drop_files(db, now);
	if (!err)
		err = insert(db, m);
	if (!err)
		err = drop_oldest(db, m->topic);
	if (!err)
		err = pass_on(db, m);
	return err ? err : object_sweep(db);
}

int message_count(struct db *db, const char *sender, int64_t most, int64_t now)
{
	static const char sql[] = "INSERT INTO messages_sent (sender, day, n) VALUES (?, ?, 1) ON CONFLICT (sender) DO UPDATE"
				  " SET n = CASE WHEN day = excluded.day THEN n + 1 ELSE 1 END, day = excluded.day";
	int64_t day = now / DAY_MS;
	if (db_int(db, 0, "SELECT n FROM messages_sent WHERE sender = ? AND day = ?", "ci", sender, day) >= most)
		return db_fail(db, ERR_RATE_LIMITED, "%lld notifications were sent today, and no more may be; try again tomorrow", (long long)most);
	return db_run(db, sql, "ci", sender, day);
}

/* ---- reading ---- */

struct stmt *message_query(struct db *db, const struct str *topic, int ntopics, const struct message_since *since, bool scheduled,
			   int64_t now, int64_t limit)
{
	static const char behind[] = COLUMNS "WHERE topic IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
		" AND (due, seq) > (?17, ?18) AND (?19 OR due <= ?20) AND expires > ?20 AND (NOT ?22 OR seq = (SELECT l.seq FROM messages l"
		" WHERE l.topic = messages.topic AND (?19 OR l.due <= ?20) AND l.expires > ?20 ORDER BY l.due DESC, l.seq DESC LIMIT 1))"
		" ORDER BY due, seq LIMIT ?21";
	struct str t[MESSAGE_TOPICS];
	int64_t due = since->due, seq = INT64_MIN;
	for (int i = 0; i < MESSAGE_TOPICS; i++)
		t[i] = i < ntopics ? topic[i] : STR("");
	if (since->id.n) {
		due = db_int(db, 0, "SELECT due FROM messages WHERE id = ?", "s", since->id);
		seq = db_int(db, INT64_MIN, "SELECT seq FROM messages WHERE id = ?", "s", since->id);
	}
	return db_query(db, behind, "ssssssssssssssssiiiiii", t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13],
			t[14], t[15], due, seq, (int64_t)scheduled, now, limit, (int64_t)since->latest);
}

struct stmt *message_get(struct db *db, struct str id)
{
	struct stmt *s = db_query(db, COLUMNS "WHERE id = ?", "s", id);
	return s && stmt_row(s) == 1 ? s : NULL;
}

static void copy(char *to, size_t room, struct str s)
{
	snprintf(to, room, "%.*s", STR_FMT(s));
}

void message_read(struct stmt *s, struct message *m)
{
	*m = (struct message){.topic = stmt_str(s, 1), .due = stmt_int(s, 2), .expires = stmt_int(s, 3), .title = stmt_str(s, 4),
			      .message = stmt_str(s, 5), .priority = (int)stmt_int(s, 6), .tags = stmt_str(s, 7), .rest = stmt_str(s, 8),
			      .file_name = stmt_str(s, 10), .file_type = stmt_str(s, 11), .file_size = stmt_int(s, 12), .file_expires = stmt_int(s, 13)};
	copy(m->id, sizeof m->id, stmt_str(s, 0));
	copy(m->file, sizeof m->file, stmt_str(s, 9));
}

bool message_file(struct db *db, struct arena *a, struct str file, int64_t now, struct message *m)
{
	struct stmt *s = db_query(db, COLUMNS "WHERE file = ? AND file <> '' AND object IS NOT NULL AND file_expires > ? AND due <= ?", "sii", file, now, now);
	if (!s || stmt_row(s) != 1)
		return false;
	message_read(s, m);
	m->file_name = arena_str(a, m->file_name);
	m->file_type = arena_str(a, m->file_type);
	struct str hash = stmt_str(s, 14);
	bool whole = hash.n == HASH_LEN;
	memcpy(m->object, whole ? hash.p : "", whole ? HASH_LEN : 0);
	stmt_done(s);
	return whole;
}

int64_t message_files(struct db *db)
{
	return db_int(db, 0, "SELECT coalesce(sum(file_size), 0) FROM messages WHERE object IS NOT NULL", "");
}
