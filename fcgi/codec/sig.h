/* sig — signatures: the arguments of a syscall or an operation, and one call's values.
 *
 * A signature is text in syscall.def and op.def, parsed once:
 *
 *     "collection:str id:str changes:json opts:json?"
 *
 * Types are str int num bool bytes json, and file: bytes, or an upload that is
 * named by its id. A ? makes the argument optional, a < lets a command line that
 * leaves it out give it on standard input. From it derive the Lua binding, the
 * frame codec, the command line, the HTTP API and
 * the documentation, so there is no second list of arguments anywhere.
 */
#ifndef CODEC_SIG_H
#define CODEC_SIG_H

#include "base/arena.h"
#include "base/out.h"

#define SIG_ARGS 10

enum arg_type { ARG_STR = 's', ARG_INT = 'i', ARG_NUM = 'n', ARG_BOOL = 'b', ARG_BYTES = 'y', ARG_JSON = 'j', ARG_FILE = 'f' };

struct param {
	char name[24];
	enum arg_type type;
	bool optional;
	bool input; /* a secret belongs on standard input, not among a command's words */
};

struct sig {
	int n;
	struct param param[SIG_ARGS];
};

/* Dies on text that is not a signature: they are compiled in. */
void sig_parse(struct sig *s, const char *text);
int sig_find(const struct sig *s, struct str name); /* index, or -1 */
const char *sig_type_name(enum arg_type t);

/* One argument's value. str and bytes and json are borrowed text; json is valid JSON. */
struct arg {
	bool present;
	struct str s;
	int64_t i;
	double n;
	bool b; /* of a file: s is the id of an upload */
};

/* One call: which row of its table (index), and its values. */
struct call {
	int row;
	bool as_app; /* the app speaks for itself (fazt.as_app) */
	int nargs;
	struct arg arg[SIG_ARGS];
};

/* From text (a command line, a query string) to a value of the parameter's type; json takes JSON text. */
int sig_from_text(const struct param *p, struct str text, struct arg *a, struct fault *f);
/* From the members of a JSON object ({} may be STR_NONE) to all values; unknown members are refused by name. */
int sig_from_json(const struct sig *s, struct str object, struct call *c, struct arena *a, struct fault *f);
/* The values as a JSON object that sig_from_json reads back. */
void sig_to_json(const struct sig *s, const struct call *c, struct out *o);
/* Are all required arguments there? */
int sig_complete(const struct sig *s, const struct call *c, struct fault *f);

#endif
