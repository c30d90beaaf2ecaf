/* frame — what travels between a worker and a cell through two pipes. One codec, used by both ends.
 *
 * A frame is a header of 8 bytes and a payload: u32 payload length, u8 type,
 * u8 flags, u16 code; integers little-endian (both ends are the same program).
 * A payload is at most FRAME_MAX. The worker treats every frame as hostile: an
 * unknown type, a length over the bound, a payload that does not parse end the
 * cell.
 *
 *   worker → cell   FILE*   one module of the app: str path, str text
 *                   START   run api/main.lua, take the snapshot: str config (JSON: env, limits, zone, test)
 *                   REQUEST wire_request
 *                   REPLY   to a CALL; code 0 and the result, or code = ERR_* and its message
 *   cell → worker   BORN    code unused; u32 pid. The first frame, written before anything of the app was read
 *                   READY   the app is loaded: str JSON {"routes":[["GET","/x"],…] | null}; of a cell for tests {"tests":["name",…]}
 *                   CALL    code = row of syscall.def, flag AS_APP; wire_args
 *                   LOG     code = level (0 info, 1 warn, 2 error); str text. Not answered
 *                   BODY*   leading pieces of a large response body
 *                   RESPONSE wire_response; ends the request
 *                   ERROR   code = ERR_*; str message, str traceback. Answers START or REQUEST
 *
 * The protocol alternates: after REQUEST the cell speaks until RESPONSE or
 * ERROR, the worker only answers CALLs.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/buf.h"
#include "codec/sig.h"

#define FRAME_MAX (MIB + 64 * KIB)
#define FRAME_HEAD 8
#define FRAME_LOGS 100 /* LOG frames of one request that count; one more says that there were more */

enum frame_type {
	FRAME_FILE = 1, FRAME_START, FRAME_REQUEST, FRAME_REPLY,
	FRAME_READY = 17, FRAME_CALL, FRAME_LOG, FRAME_BODY, FRAME_RESPONSE, FRAME_ERROR,
	FRAME_BORN,
	FRAME_FETCH = 33, FRAME_PASS, FRAME_DIAL, FRAME_ANSWER, FRAME_DATA, FRAME_END, /* wire/fetch.h */
};

#define FRAME_AS_APP 1 /* flag of CALL */

struct frame {
	enum frame_type type;
	unsigned flags;
	unsigned code;
	struct str payload; /* borrowed from the reader's buffer */
};

/* Begin a frame at the end of b; add the payload to b; frame_end fills in its length. Returns where it began. */
size_t frame_begin(struct buf *b, enum frame_type type, unsigned flags, unsigned code);
void frame_end(struct buf *b, size_t began);
/* The first frame in bytes: its whole length, 0 when more bytes are needed, -1 when it cannot be one. */
long frame_parse(struct str bytes, struct frame *f);

/* Payload primitives: u8, u16, u32, i64, double, and strings with a u32 length. A reader never passes the end;
 * after a failed read `bad` stays set and everything reads as zero. */
struct wire {
	struct str left;
	bool bad;
};
void put_u8(struct buf *b, unsigned v);
void put_u16(struct buf *b, unsigned v);
void put_u32(struct buf *b, uint32_t v);
void put_i64(struct buf *b, int64_t v);
void put_num(struct buf *b, double v);
void put_str(struct buf *b, struct str s); /* STR_NONE and "" are kept apart */
unsigned get_u8(struct wire *w);
unsigned get_u16(struct wire *w);
uint32_t get_u32(struct wire *w);
int64_t get_i64(struct wire *w);
double get_num(struct wire *w);
struct str get_str(struct wire *w);
bool wire_whole(const struct wire *w); /* everything was read, and was there */

/* A call's arguments, by the types of its signature. wire_get_args: false when the bytes do not fit it. */
void wire_put_args(struct buf *b, const struct sig *s, const struct call *c);
bool wire_get_args(struct str payload, const struct sig *s, struct call *c);

/* Headers: a u16 count, and two strings each. */
struct wire_header {
	struct str name, value;
};
void put_headers(struct buf *b, const struct wire_header *h, int n);
bool get_headers(struct wire *w, struct wire_header *h, int *n, int max);

/* A request as the app sees it. The kernel's cookie and token are already gone. */
struct wire_request {
	struct str method, path, query, body, id;
	struct str trigger; /* http, cron, queue, event; test: path is the number of one of the file's tests */
	struct str origin;  /* of the site the app is at: "https://blog.example.org" */
	struct str user;    /* JSON {"id","name","role"} or STR_NONE */
	struct str form;    /* of multipart/form-data: its texts, as application/x-www-form-urlencoded */
	struct str files;   /* … and its files: JSON {name: {"name","type","size","upload"} or a list} or STR_NONE */
	int64_t now;        /* frozen for the whole request, ms */
	int64_t moment;     /* that it was to happen at, when that was a schedule's; 0, and then it does not travel */
	unsigned char seed[32];
	int nheaders;
	struct wire_header header[100];
};
void wire_put_request(struct buf *b, const struct wire_request *r);
bool wire_get_request(struct str payload, struct wire_request *r);

/* A response as the cell made it; nothing in it is trusted. */
enum body_kind { BODY_NONE, BODY_BYTES, BODY_BLOB, BODY_FILE };
struct wire_response {
	int status;          /* 0: 200 */
	enum body_kind kind; /* BLOB and FILE: body is the name */
	struct str type;     /* content type, or empty */
	struct str body;
	int nheaders;
	struct wire_header header[64];
};
void wire_put_response(struct buf *b, const struct wire_response *r);
bool wire_get_response(struct str payload, struct wire_response *r);

#endif
