/* message — what was sent to topics: kept until it expires, at most MESSAGE_ROWS a topic; the oldest make room.
 *
 * Nothing waits in a process: a message with a due time in the future is a row that nobody is shown until then.
 * Writers are called inside a transaction.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/object.h"
#include "store/setting.h"
#include "store/topic.h"

#define MESSAGE_ID 12
#define MESSAGE_URGENT 5 /* the priority that disturbs at any time */
#define MESSAGE_BYTES 4096     /* of a body; ntfy's, and what is larger is an attachment */
#define MESSAGE_TITLE 500
#define MESSAGE_REST (16 * KIB)
#define MESSAGE_ROWS 1000      /* of a topic */
#define MESSAGE_TOPICS 16      /* that are read at once */
#define MESSAGE_FILE 32        /* characters of an attachment's address */

struct message {
	char id[MESSAGE_ID + 1];
	struct str topic;
	int64_t due, expires; /* ms */
	struct str title, message, tags, rest; /* rest: a JSON object */
	int priority;
	char file[MESSAGE_FILE + 1]; /* empty: none */
	struct str file_name, file_type;
	int64_t file_size, file_expires;
	unsigned char object[HASH_LEN];
	bool passed; /* on, by another node: it goes no further */
};

/* When the owner may be disturbed with that: now, or when the quiet hours (push.quiet) end. */
int64_t message_due(const struct settings *s, int priority, int64_t now);

/* m->id is chosen, unless it is. It is sent on as well, where the owner wants that (kernel/upstream). With a file the caller's reference to its object becomes the row's. */
int message_add(struct db *db, struct message *m);
void message_id(char id[MESSAGE_ID + 1]);
int message_clear(struct db *db, struct str topic);

/* What comes behind a message, in the order in which messages become visible. */
struct message_since {
	bool latest;     /* the youngest of each topic */
	int64_t due;     /* from this moment on (ms), */
	struct str id;   /* or behind this one; all where it is gone */
};
/* Statement before its first row, at most limit of them; NULL: fault set. scheduled: those too that are not due at now. */
struct stmt *message_query(struct db *db, const struct str *topic, int ntopics, const struct message_since *since, bool scheduled,
			   int64_t now, int64_t limit);
struct stmt *message_get(struct db *db, struct str id); /* at its row; NULL: there is none, or the fault is set */
void message_read(struct stmt *s, struct message *m); /* borrowed until the next row */
/* The attachment at this address, with its object; false: there is none. Texts in the arena. */
bool message_file(struct db *db, struct arena *a, struct str file, int64_t now, struct message *m);
int64_t message_files(struct db *db); /* bytes of all attachments */

/* One more today: ERR_RATE_LIMITED when the sender has sent most. */
int message_count(struct db *db, const char *sender, int64_t most, int64_t now);

#endif
