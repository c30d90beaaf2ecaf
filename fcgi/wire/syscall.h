/* syscall — the table of everything an app can ask of the kernel, as both ends of the wire see it. */
#ifndef WIRE_SYSCALL_H
#define WIRE_SYSCALL_H

#include "codec/sig.h"

/* What a call does to the world. It decides whether the call works while the app loads (PURE only), inside
 * storage.tx, and how a durable run journals it (kernel/journal); STEP is the journal's own. The result of one that may
 * SUSPEND has the moment at which it went on in front, an i64. LOCAL ones never leave the cell and are in the table for
 * documentation, stubs and tests. */
enum effect { EFFECT_PURE, EFFECT_READ, EFFECT_WRITE, EFFECT_EXTERNAL, EFFECT_SUSPEND, EFFECT_STEP };

/* What comes back: NONE nothing; JSON one value; PAGE {"items":[…],"cursor":…} as two results;
 * BYTES a string; FILE a line of JSON and bytes, as two results (bytes, value), or nil for nothing; LOCAL see its
 * documentation. */
enum returns { RETURNS_NONE, RETURNS_JSON, RETURNS_PAGE, RETURNS_BYTES, RETURNS_FILE };

struct syscall {
	const char *name;       /* "storage.docs.insert" */
	const char *permission; /* NULL: none needed */
	enum effect effect;
	struct sig sig;
	enum returns returns;
	int cost;               /* calls it counts as */
	bool local;             /* answered inside the cell */
	const char *result;     /* type of the result(s) for the stubs: "Doc", "Doc[], string?" */
	const char *doc;
};

enum {
#define SYS(id, name, permission, effect, sig, returns, cost, result, doc) SYSCALL_##id,
#define LOCAL(id, name, sig, result, doc) SYSCALL_##id,
#include "sys/syscall.def"
#undef SYS
#undef LOCAL
	SYSCALL_COUNT
};

void syscall_init(void); /* parses the signatures; once */
const struct syscall *syscall_row(int i); /* NULL: no such row */

#endif
