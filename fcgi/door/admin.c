#include "door/admin.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/out.h"
#include "base/now.h"
#include "base/visible.h"
#include "door/door.h"
#include "door/manual.h"
#include "door/print.h"
#include "gate/fetch.h"
#include "gate/gateway.h"
#include "gate/op.h"
#include "gate/check.h"
#include "gate/migrate.h"
#include "gate/pool.h"
#include "gate/rehearse.h"
#include "kernel/identity.h"
#include "wire/syscall.h"

#define INPUT_MAX (256 * KIB) /* of an argument on standard input */

/* ---- the command line ---- */

struct str admin_option(struct command *c, const char *name)
{
	for (int i = 0; i < c->noptions; i++)
		if (str_is(c->option[i].name, name) && c->option[i].value.p) {
			c->option[i].used = true;
			return c->option[i].value;
		}
	return STR_NONE;
}

bool admin_flag(struct command *c, const char *name)
{
	bool given = false;
	for (int i = 0; i < c->noptions; i++)
		if (str_is(c->option[i].name, name))
			given = c->option[i].used = true;
	return given;
}

/* Options that stand alone; every other one takes the next word as its value. */
static bool stands_alone(struct str name)
{
	static const char *const flags[] = {"json", "yes", "dry-run", "help", "version", "purge", "everywhere", "dev", "follow", "data", "as-owner", "repair",
					   "start", "newest", "all", "unseen"};
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (str_is(name, flags[i]))
			return true;
	return false;
}

static int parse(struct command *c, int argc, char **argv, struct fault *f)
{
	bool only_words = false;
	for (int i = 1; i < argc; i++) {
		struct str word = str_of(argv[i]);
		if (!only_words && str_is(word, "--")) {
			only_words = true;
		} else if (!only_words && str_is(word, "-h")) {
			c->help = true;
		} else if (!only_words && str_is(word, "-f") && c->noptions < ADMIN_WORDS) {
			c->option[c->noptions++].name = STR("follow");
		} else if (only_words || !str_starts(word, "--")) {
			if (c->nwords == ADMIN_WORDS)
				return fault(f, ERR_USAGE, "too many arguments");
			c->word[c->nwords++] = argv[i];
		} else {
			if (c->noptions == ADMIN_WORDS)
				return fault(f, ERR_USAGE, "too many options");
			struct option_given *o = &c->option[c->noptions++];
			o->name = str_cut((struct str){word.p + 2, word.n - 2}, '=', &o->value);
			if (!o->value.p && !stands_alone(o->name)) {
				if (++i == argc)
					return fault(f, ERR_USAGE, "--%.*s needs a value", STR_FMT(o->name));
				o->value = str_of(argv[i]);
			}
		}
	}
	struct str home = admin_option(c, "home");
	const char *env = getenv("FAZT_HOME");
	c->home = home.n ? home.p : env ? env : "/var/lib/fazt";
	c->url = admin_option(c, "url");
	c->token_file = admin_option(c, "token-file");
	c->ca = admin_option(c, "ca");
	c->json = admin_flag(c, "json");
	c->yes = admin_flag(c, "yes");
	c->dry_run = admin_flag(c, "dry-run");
	c->help |= admin_flag(c, "help");
	return 0;
}

bool admin_ask(const char *question)
{
	char answer[16];
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- one operation ---- */

static int give(struct admin *a, const struct op *op, struct call *c, int i, struct str text)
{
	if (c->arg[i].present)
		return fail(&a->r, ERR_USAGE, "%s is given twice", op->sig.param[i].name);
	return sig_from_text(&op->sig.param[i], text, &c->arg[i], &a->r.fault);
}

static int take_options(struct admin *a, const struct op *op, struct call *c)
{
	for (int k = 0; k < a->cmd.noptions; k++) {
		struct option_given *o = &a->cmd.option[k];
		int i = sig_find(&op->sig, o->name);
		if (o->used)
			continue;
		if (i < 0)
			return fail(&a->r, ERR_USAGE, "there is no option --%.*s here; try --help", STR_FMT(o->name));
		if (!o->value.p && op->sig.param[i].type != ARG_BOOL)
			return fail(&a->r, ERR_USAGE, "--%.*s takes a value here, behind an equals sign: --%.*s=VALUE", STR_FMT(o->name), STR_FMT(o->name));
		int err = give(a, op, c, i, o->value.p ? o->value : STR("true"));
		if (err)
			return err;
	}
	return 0;
}

/* Words behind noun and verb fill the required arguments that have no value yet, then the optional ones. */
static int take_words(struct admin *a, const struct op *op, struct call *c, int from)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < op->sig.n && from < a->cmd.nwords; i++) {
			if (c->arg[i].present || op->sig.param[i].optional != pass)
				continue;
			int err = give(a, op, c, i, str_of(a->cmd.word[from++]));
			if (err)
				return err;
		}
	if (from < a->cmd.nwords)
		return fail(&a->r, ERR_USAGE, "\"%s\" is one argument too many; try --help", a->cmd.word[from]);
	return 0;
}

int admin_leftover(struct admin *a)
{
	for (int i = 0; i < a->cmd.noptions; i++)
		if (!a->cmd.option[i].used)
			return fail(&a->r, ERR_USAGE, "there is no option --%.*s here; try --help", STR_FMT(a->cmd.option[i].name));
	return 0;
}

const char *admin_quote(struct admin *a, struct str word)
{
	struct buf b = BUF_INIT;
	json_quote(&b, word);
	const char *text = arena_cstr(a->arena, buf_str(&b));
	buf_release(&b);
	return text;
}

void admin_print(struct admin *a, struct str json)
{
	struct buf text = BUF_INIT;
	if (a->cmd.json)
		buf_addf(&text, "%s\n", json.n ? json.p : "null");
	else
		print_result(&text, json);
	fwrite(text.p ? text.p : "", 1, text.len, stdout);
	buf_release(&text);
}

/* ---- what a command line leaves for standard input ---- */

/* The terminal shows nothing of it meanwhile. */
static struct str ask_secret(struct admin *a, const char *name)
{
	struct termios was, quiet;
	char line[4 * KIB];
	bool terminal = !tcgetattr(STDIN_FILENO, &was);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fprintf(stderr, "%s: ", name);
	struct str value = fgets(line, sizeof line, stdin) ? arena_str(a->arena, str_of(line)) : STR("");
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	crypt_wipe(line, sizeof line);
	return value;
}

static struct str read_input(struct admin *a)
{
	char *text = arena_alloc(a->arena, INPUT_MAX + 1);
	return (struct str){text, fread(text, 1, INPUT_MAX + 1, stdin)};
}

/* One line break at the end is the terminal's, or an editor's. */
static int take_input(struct admin *a, const struct op *op, struct call *c)
{
	for (int i = 0; i < op->sig.n; i++) {
		const struct param *p = &op->sig.param[i];
		if (!p->input || c->arg[i].present)
			continue;
		struct str value = isatty(STDIN_FILENO) ? ask_secret(a, p->name) : read_input(a);
		if (value.n > INPUT_MAX)
			return fail(&a->r, ERR_TOO_LARGE, "standard input has more than %u KB", INPUT_MAX / KIB);
		value.n -= str_ends(value, "\n");
		value.n -= str_ends(value, "\r");
		int err = give(a, op, c, i, value);
		if (err)
			return err;
	}
	return 0;
}

static int call_remote(struct admin *a, const struct op *op, const struct call *c, struct buf *out)
{
	struct buf args = BUF_INIT;
	struct out o = OUT(&args);
	if (op->who == OP_SHELL)
		return fail(&a->r, ERR_DENIED, "this works in the owner's shell on the server only, without --url: fazt-admin %s %s", op->noun, op->verb);
	sig_to_json(&op->sig, c, &o);
	int err = remote_call(&a->remote, op->noun, op->verb, buf_str(&args), out, a->r.id, &a->r.fault);
	crypt_wipe(args.p, args.cap); /* it may carry a secret */
	buf_release(&args);
	return err;
}

/* The one place where it is decided whether the node is this one. */
int admin_op(struct admin *a, const char *noun, const char *verb, struct call *c, struct buf *out)
{
	struct out o = OUT(out);
	c->row = op_find(str_of(noun), str_of(verb));
	return a->remote.url ? call_remote(a, op_row(c->row), c, out) : op_call(&a->r, c, &o);
}

int admin_op_json(struct admin *a, const char *noun, const char *verb, struct str args, struct buf *out)
{
	struct call c = {0};
	const struct op *op = op_row(op_find(str_of(noun), str_of(verb)));
	int err = sig_from_json(&op->sig, args, &c, a->arena, &a->r.fault);
	return err ? err : admin_op(a, noun, verb, &c, out);
}

/* --as USER takes that person's part, unless the operation has an argument of that name. */
static int take_part(struct admin *a, const struct op *op)
{
	if (sig_find(&op->sig, STR("as")) >= 0)
		return 0;
	struct str as = admin_option(&a->cmd, "as");
	a->r.os = true;
	if (as.n && a->remote.url)
		return fail(&a->r, ERR_USAGE, "--as works on the node itself, without --url");
	return as.n ? identity_become(&a->r, as) : 0;
}

static int run_op(struct admin *a, int row, int words)
{
	const struct op *op = op_row(row);
	struct call c = {.row = row, .nargs = op->sig.n};
	struct buf json = BUF_INIT;
	int err = take_part(a, op);
	if (!err)
		err = take_options(a, op, &c);
	if (!err)
		err = take_words(a, op, &c, words);
	if (!err)
		err = take_input(a, op, &c);
	if (!err && (err = sig_complete(&op->sig, &c, &a->r.fault)))
		manual_usage(op->noun, op->verb);
	if (!err && a->cmd.dry_run && op->writes) {
		puts("dry run: nothing was changed");
		return 0;
	}
	if (!err && !(err = admin_op(a, op->noun, op->verb, &c, &json)))
		admin_print(a, buf_str(&json));
	buf_release(&json);
	return err;
}

/* ---- which command ---- */

/* Recipes: commands that are more than one operation. `open`: the database is opened first. */
const struct recipe admin_recipes[] = {
	{"init", "", admin_init, STORE_CREATE, false, "[--owner NAME]", "Make a new home with its database and its owner."},
	{"migrate", "", NULL, STORE_MIGRATE, false, "", "Bring the database of an older Fazt up to this one."},
	{"doctor", "", admin_doctor, STORE_CREATE, false, "[--repair]",
	 "Look for whatever may be broken, from files and their modes to every byte of content, and say what it means and what to do. "
	 "--repair mends what is safe to mend. Works on a node that serves, and on one that does not start."},
	{"tick", "", admin_tick, STORE_SERVE, true, "", "Let every run that is due go on, and return when none is: what faztd serve does all the time, for a crontab."},
	{"app", "new", admin_app_new, STORE_CREATE, false, "NAME [--template blank|list|blog|form]",
	 "Write a new app with its tests into ./NAME."},
	{"app", "check", admin_app_check, STORE_CREATE, false, "DIR",
	 "Read an app without running it for anybody: syntax, globals, manifest, permissions, routes. Needs no home."},
	{"app", "install", admin_app_install, STORE_SERVE, true, "SOURCE[@REF] [--name NAME] [--yes] [--grant LIST|all]",
	 "Install an app from an https Git URL, or from a directory or repository on this machine. --yes consents to the "
	 "low-risk permissions, --grant to the named others."},
	{"app", "upgrade", admin_app_upgrade, STORE_SERVE, true, "APP [--source SOURCE[@REF]] [--yes] [--grant LIST|all]",
	 "Fetch the app's source again and switch to the new version; asks when it wants more than it has.", NULL, true},
	{"app", "export", admin_app_export, STORE_SERVE, false, "APP [--data] [--output FILE]",
	 "Write an app into one file (or to a pipe): its code, and with --data all rows, shares, keys and files of everyone."},
	{"app", "import", admin_app_import, STORE_SERVE, true,
	 "FILE [--name NAME] [--people all|NAME[=ACCOUNT],...] [--as-owner] [--yes] [--grant LIST|all]",
	 "Install an app from a file that export wrote, with the rows and files it brings. --people says who of the export is who here, "
	 "--as-owner makes the rows of all others yours."},
	{"app", "rollback", admin_app_rollback, STORE_SERVE, false, "APP [--data] [--yes]",
	 "Back to the version before; with --data also to the rows as they were when it stopped serving."},
	{"app", "diff", admin_app_diff, STORE_SERVE, true, "APP [SOURCE[@REF]]",
	 "What an upgrade would change: permissions and rules, data migrations, files line by line."},
	{"app", "test", admin_app_test, STORE_CREATE, false, "DIR [--only TEXT] [--timeout SECONDS]",
	 "Run the tests of an app, t/*.lua, in a throw-away Fazt. --only runs those whose file and name contain the text. "
	 "Needs no home."},
	{"app", "dev", admin_app_dev, STORE_SERVE, true, "DIR [--name NAME] [--yes] [--grant LIST|all] [--lease SECONDS]",
	 "Install an app from a directory and bring over every save, until Ctrl-C. What it asks for is consented to once, as app install "
	 "does. Shows its log and errors; its owner's browser follows by itself.", NULL, true},
	{"app", "request", admin_app_request, STORE_SERVE, true,
	 "APP METHOD PATH [--as USER] [--body TEXT] [--type MIME] [--header 'NAME: VALUE']",
	 "Send a request down the whole pipeline, without nginx, and print the answer."},
	{"app", "logs", admin_app_follow, STORE_SERVE, false, "APP --follow [--limit N] [--level LEVEL] [--request ID]",
	 "Print the last log lines, and what comes, until you stop it; -f is short for --follow. With --json one line each.", "follow", true},
	{"halt", "show", admin_halt_show, STORE_SERVE, false, "ID",
	 "One of what waits as you decide on it: a question with its data, or a package with what it asks for and what it changes, file by file."},
	{"run", "follow", admin_run_follow, STORE_SERVE, false, "ID [--seq N]",
	 "Print a run's steps as they end, from number N on, and its state and progress as they change, until it is over; then exit as it did. With --json one line each."},
	{"backup", "create", admin_backup_create, STORE_SERVE, false, "FILE|DIR",
	 "Write everything into one file while the node runs. It gets its name when it is complete, looked through and on disk."},
	{"backup", "verify", admin_backup_verify, STORE_CREATE, false, "FILE",
	 "Open a backup, read all of it, and say what is in it. Needs no home."},
	{"backup", "restore", admin_backup_restore, STORE_CREATE, false, "FILE",
	 "Make a home of a backup, where none is yet. Everybody signs in anew, and tokens end."},
	{"rls", "test", admin_rls_test, STORE_SERVE, true, "APP [--timeout SECONDS]",
	 "Try every route of an app as two people, a stranger and the owner, in a throw-away Fazt with a copy of its rows, and tell "
	 "which rows crossed a rule and which GET changed something."},
	{0},
};

static const struct recipe *find_recipe(struct command *c)
{
	for (const struct recipe *p = admin_recipes; c->nwords && p->noun; p++)
		if (!strcmp(c->word[0], p->noun) && (!*p->verb || (c->nwords > 1 && !strcmp(c->word[1], p->verb))) &&
		    (!p->flag || admin_flag(c, p->flag)))
			return p;
	return NULL;
}

static int unknown(struct admin *a)
{
	const struct op *op, *near = NULL;
	int best = 4;
	for (int i = 0; a->cmd.nwords && (op = op_row(i)); i++) {
		int d = text_distance(a->cmd.word[0], op->noun);
		if (d < best)
			best = d, near = op;
	}
	if (near)
		return fail(&a->r, ERR_USAGE, "there is no such command; see: fazt-admin %s --help", near->noun);
	return fail(&a->r, ERR_USAGE, "there is no such command; see: fazt-admin --help");
}

/* ---- the home ---- */

static int open_home(struct admin *a, const struct recipe *recipe)
{
	enum store_mode mode = recipe ? recipe->mode : STORE_SERVE;
	int err = become_owner(a->cmd.home) ? fail(&a->r, ERR_DENIED, "cannot become the owner of %s", a->cmd.home) : 0;
	int control = recipe && recipe->cells ? zygote_fork() : -1;
	if (mode != STORE_CREATE && access(a->cmd.home, X_OK))
		return fail(&a->r, ERR_NOT_FOUND, "there is no home there; make one with: fazt-admin init --home DIR");
	if (!err && !(err = node_open(&a->node, a->cmd.home, mode, &a->r.fault))) {
		log_open(a->cmd.home);
		a->node.workers = 1;
		fetch_install(&a->node, FETCHER_OWN);
		if (control >= 0) {
			pool_open(&a->node, control);
			check_install();
			migrate_install();
			rehearse_install();
		}
	}
	return err;
}

static int open_remote(struct admin *a, const struct recipe *recipe)
{
	const struct command *c = &a->cmd;
	if (recipe && !recipe->remote)
		return fail(&a->r, ERR_USAGE, "fazt-admin %s %s works on the node itself, without --url", recipe->noun, recipe->verb);
	return remote_open(&a->remote, a->arena, c->url, c->token_file, c->ca, &a->r.fault);
}

/* The owner in a shell on the node. */
int admin_owner(struct admin *a)
{
	struct db *db = db_borrow(a->node.store, &a->r.fault);
	if (!db)
		return a->r.fault.err;
	int err = node_settings(&a->node, db, a->arena, &a->r.settings);
	a->r.epoch = db_epoch(db);
	db_return(db);
	a->r.deadline = mono_ms() + 3600000;
	a->r.who = (struct principal){.kind = WHO_IS_SHELL, .via = VIA_SHELL, .name = "owner", .owner = true, .admin = true};
	return err;
}

/* The operation that the first words name, and how many they are: "app env set" is env-set of app. -1: none. */
static int find_op(struct admin *a, int *words)
{
	const struct command *c = &a->cmd;
	struct str noun = str_of(c->nwords ? c->word[0] : "");
	const char *verb[] = {"", c->nwords > 1 ? c->word[1] : NULL, c->nwords > 2 ? arena_printf(a->arena, "%s-%s", c->word[1], c->word[2]) : NULL};
	for (*words = ARRAY_LEN(verb); *words; --*words) {
		int row = verb[*words - 1] ? op_find(noun, str_of(verb[*words - 1])) : -1;
		if (row >= 0)
			return row;
	}
	return -1;
}

static int run(struct admin *a)
{
	struct command *c = &a->cmd;
	const struct recipe *recipe = find_recipe(c);
	int words, row = find_op(a, &words);
	if (admin_flag(c, "version")) {
		puts("fazt-admin " PACKAGE_VERSION);
		return 0;
	}
	if (c->help || !c->nwords) {
		manual_help(c->nwords ? c->word[0] : NULL);
		return 0;
	}
	if (!recipe && row < 0)
		return unknown(a);
	int err;
	if (!c->url.p && (c->token_file.p || c->ca.p))
		return fail(&a->r, ERR_USAGE, "--token-file and --ca go with --url");
	if (!c->url.p && recipe && recipe->mode == STORE_CREATE)
		return recipe->run(a);
	err = c->url.p ? open_remote(a, recipe) : open_home(a, recipe);
	if (err || (!c->url.p && (err = admin_owner(a))))
		return err;
	if (!recipe)
		return run_op(a, row, words);
	return recipe->run ? recipe->run(a) : 0;
}

/* It may quote a package; its lines stay lines. */
static void print_message(const char *message)
{
	struct buf b = BUF_INIT;
	for (struct str rest = str_of(message); rest.n;) {
		buf_adds(&b, b.len ? "\n" : "");
		visible_add(&b, str_cut(rest, '\n', &rest), 4 * KIB);
	}
	fprintf(stderr, "fazt-admin: %s\n", b.p ? b.p : "");
	buf_release(&b);
}

static void report(struct admin *a, int err)
{
	struct buf b = BUF_INIT;
	if (!a->cmd.json) {
		print_message(req_error_message(&a->r, err));
		return;
	}
	req_error_write(&a->r, err, &b);
	puts(b.p);
	buf_release(&b);
}

int admin_main(int argc, char **argv)
{
	static struct admin a;
	signal(SIGPIPE, SIG_IGN);
	syscall_init();
	op_init();
	a.arena = arena_new();
	req_init(&a.r, &a.node, a.arena, DOOR_SHELL);
	int err = parse(&a.cmd, argc, argv, &a.r.fault);
	if (!err)
		err = run(&a);
	if (err && !a.reported)
		report(&a, err);
	req_release(&a.r);
	pool_close(&a.node);
	node_close(&a.node);
	arena_free(a.arena);
	return err_row(err)->exit;
}
