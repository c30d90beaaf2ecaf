/* admin — fazt-admin: the command line over the operations of op.def, plus the few recipes that are more than one.
 *
 *     fazt-admin [--home DIR] [--json] [--as USER] [--yes] NOUN [VERB] [ARGUMENT…] [--OPTION VALUE…]
 *
 * Required arguments of an operation are positional, in the order of its
 * signature; any argument may be given by name. What is left over is an error.
 */
#ifndef DOOR_ADMIN_H
#define DOOR_ADMIN_H

#include "codec/sig.h"
#include "kernel/req.h"

#define ADMIN_WORDS 64

/* The command line, taken apart once. */
struct command {
	const char *home;
	bool json, yes, dry_run, help;
	int nwords;        /* noun, verb and positional arguments */
	const char *word[ADMIN_WORDS];
	int noptions;
	struct option_given {
		struct str name, value; /* value.p NULL: --flag */
		bool used;
	} option[ADMIN_WORDS];
};

struct admin {
	struct command cmd;
	struct node node;
	struct arena *arena;
	struct req r; /* the owner in a shell */
	bool reported; /* what went wrong is on the screen already, as the answer to a request */
};

/* The value of --name, marked as used; STR_NONE when it was not given. */
struct str admin_option(struct command *c, const char *name);
bool admin_flag(struct command *c, const char *name);

/* Run one operation by name with its arguments in c; the result's JSON in out. */
int admin_op(struct admin *a, const char *noun, const char *verb, struct call *c, struct buf *out);
/* The same with arguments as a JSON object. */
int admin_op_json(struct admin *a, const char *noun, const char *verb, struct str args, struct buf *out);

/* Commands that are more than one operation; the last row has no noun. */
struct recipe {
	const char *noun, *verb;
	int (*run)(struct admin *a); /* NULL: opening the database in that mode is all */
	enum store_mode mode;        /* STORE_CREATE: it makes a home itself, and none is opened */
	bool cells; /* may start cells: a zygote is forked before the database is opened */
	const char *usage, *doc;
};
extern const struct recipe admin_recipes[];

/* Recipes: 0 or an error worded in a->r.fault. */
int admin_init(struct admin *a);
int admin_app_install(struct admin *a);
int admin_app_upgrade(struct admin *a);
int admin_app_request(struct admin *a);
int admin_app_test(struct admin *a);
int admin_rls_test(struct admin *a);
int admin_app_export(struct admin *a);
int admin_app_import(struct admin *a);
int admin_app_rollback(struct admin *a);
int admin_app_diff(struct admin *a);

/* For recipes: an option nobody took is ERR_USAGE; a word as JSON; a result as --json or for a person. */
int admin_leftover(struct admin *a);
const char *admin_quote(struct admin *a, struct str word);
void admin_print(struct admin *a, struct str json);
/* A package fetched as a candidate (args of app.fetch); its id, also where that fails; and thrown away again. */
int admin_fetch(struct admin *a, struct str args, char **id);
void admin_discard(struct admin *a, const char *id);
/* A path in the owner's shell is made absolute, because whoever fetches it may stand elsewhere. */
char *admin_absolute(struct admin *a, const char *source);
/* Show a candidate that is ready, ask, and install it; with the rows of import where that is not NULL, about which say
 * tells more before the question. */
struct intake;
int admin_consent(struct admin *a, const char *id, struct intake *import, void (*say)(struct admin *, const struct intake *));

/* Ask on the terminal; false when there is none. */
bool admin_ask(const char *question);

#endif
