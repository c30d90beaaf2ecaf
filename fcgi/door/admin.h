/* admin — fazt-admin: the command line over the operations of op.def, plus the few recipes that are more than one.
 *
 *     fazt-admin [--home DIR | --url URL --token-file FILE] [--json] [--as USER] [--yes] NOUN [VERB] [ARGUMENT…] [--OPTION VALUE…]
 *
 * Required arguments of an operation are positional, in the order of its
 * signature; any argument may be given by name. What is left over is an error.
 */
#ifndef DOOR_ADMIN_H
#define DOOR_ADMIN_H

#include "codec/sig.h"
#include "door/remote.h"
#include "kernel/req.h"

#define ADMIN_WORDS 64

/* The command line, taken apart once. */
struct command {
	const char *home;
	struct str url, token_file, ca; /* of a node elsewhere */
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
	struct remote remote; /* url NULL: the node is this one */
	struct arena *arena;
	struct req r; /* the owner in a shell */
	bool reported; /* what went wrong is on the screen already, as the answer to a request */
};

/* The value of --name, marked as used; STR_NONE when it was not given. */
struct str admin_option(struct command *c, const char *name);
bool admin_flag(struct command *c, const char *name);

/* Run one operation by name with its arguments in c, here or on the node elsewhere; the result's JSON in out. */
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
	const char *flag; /* only where this option is given; NULL: always */
	bool remote;      /* made of operations alone, so that --url works with it */
};
extern const struct recipe admin_recipes[];

/* Recipes: 0 or an error worded in a->r.fault. */
int admin_init(struct admin *a);
int admin_doctor(struct admin *a);
int admin_app_install(struct admin *a);
int admin_app_upgrade(struct admin *a);
int admin_app_request(struct admin *a);
int admin_tick(struct admin *a);
int admin_app_test(struct admin *a);
int admin_app_follow(struct admin *a);
int admin_run_follow(struct admin *a);
int admin_halt_show(struct admin *a);

int admin_app_dev(struct admin *a);
int admin_app_check(struct admin *a);
int admin_app_new(struct admin *a);
int admin_rls_test(struct admin *a);
int admin_app_export(struct admin *a);
int admin_app_import(struct admin *a);
int admin_app_rollback(struct admin *a);
int admin_app_diff(struct admin *a);
int admin_backup_create(struct admin *a);
int admin_backup_verify(struct admin *a);
int admin_backup_restore(struct admin *a);

/* What app check finds in a folder, on stderr; false: nothing. */
bool admin_show_findings(struct admin *a, const char *folder);

/* What app diff says of files (its "files"), on stdout. */
struct json_t;
void admin_show_files(const struct json_t *list);

/* For recipes: an option nobody took is ERR_USAGE; a word as JSON; a result as --json or for a person. */
int admin_leftover(struct admin *a);
const char *admin_quote(struct admin *a, struct str word);
void admin_print(struct admin *a, struct str json);
/* A package fetched as a candidate (args of app.fetch); its id, also where that fails; and thrown away again. A node elsewhere
 * fetches by itself. */
int admin_fetch(struct admin *a, struct str args, char **id);
/* app: the one it would be an upgrade of, or NULL; a token may do no more. */
void admin_discard(struct admin *a, const char *id, const char *app);
/* A path in the owner's shell is made absolute, because whoever fetches it may stand elsewhere. */
char *admin_absolute(struct admin *a, const char *source);
/* Show a candidate of an app, ask for consent as --yes and --grant say, and install it; the answer of app.consent in
 * result. On a node elsewhere a token may not consent. */
int admin_consent(struct admin *a, const char *id, const char *app, struct buf *result);
/* The same for what the command is about: it says what came of it, and throws away what was not consented to. With the rows
 * of import where that is not NULL, about which say tells more before the question. */
struct intake;
int admin_settle(struct admin *a, const char *id, const char *app, struct intake *import, void (*say)(struct admin *, const struct intake *));

/* a->node is open: whoever calls is its owner in a shell. */
int admin_owner(struct admin *a);

/* Ask on the terminal; false when there is none. */
bool admin_ask(const char *question);

#endif
