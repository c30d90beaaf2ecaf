#include "door/manual.h"

#include "config.h"
#include "door/admin.h"
#include "door/doctor.h"
#include "gate/op.h"
#include "wire/reference.h"
#include "wire/syscall.h"

struct entry {
	const char *noun, *doc;
	char verb[32]; /* as it is typed */
	struct buf usage;
};

/* A hyphen in a verb is a space on the command line. */
static struct entry entry_of(const char *noun, const char *verb, const char *doc)
{
	struct entry e = {.noun = noun, .doc = doc};
	snprintf(e.verb, sizeof e.verb, "%s", verb);
	for (char *p = e.verb; *p; p++)
		*p = (char)(*p == '-' ? ' ' : *p);
	return e;
}

static void op_usage(struct buf *b, const struct op *op)
{
	for (int i = 0; i < op->sig.n; i++) {
		const struct param *p = &op->sig.param[i];
		buf_adds(b, i ? " " : "");
		if (p->input)
			buf_addf(b, "[%s]", p->name);
		else if (!p->optional)
			buf_addf(b, "%s", p->name);
		else if (p->type == ARG_BOOL)
			buf_addf(b, "[--%s]", p->name);
		else
			buf_addf(b, "[--%s %s]", p->name, sig_type_name(p->type));
	}
}

/* Entry i of all commands, recipes first: false behind the last. */
static bool entry(int i, struct entry *e)
{
	int n = 0;
	*e = (struct entry){0};
	for (const struct recipe *p = admin_recipes; p->noun; p++, n++)
		if (n == i) {
			*e = entry_of(p->noun, p->verb, p->doc);
			buf_adds(&e->usage, p->usage);
			return true;
		}
	const struct op *op = op_row(i - n);
	if (op) {
		*e = entry_of(op->noun, op->verb, op->doc);
		op_usage(&e->usage, op);
	}
	return op != NULL;
}

static void print_entry(const struct entry *e)
{
	printf("fazt-admin %s%s%s%s%s\n    %s\n", e->noun, *e->verb ? " " : "", e->verb, e->usage.len ? " " : "",
	       e->usage.len ? e->usage.p : "", e->doc);
}

void manual_usage(const char *noun, const char *verb)
{
	struct entry e, wanted = entry_of(noun, verb, NULL);
	for (int i = 0; entry(i, &e); i++) {
		if (!strcmp(e.noun, noun) && !strcmp(e.verb, wanted.verb))
			print_entry(&e);
		buf_release(&e.usage);
	}
}

static const char everywhere[] = "--home DIR (FAZT_HOME, /var/lib/fazt), or --url URL --token-file FILE [--ca FILE] for a node elsewhere; --as USER, --json, --yes, --dry-run, --help";
static const char exits[] = "0 done, 1 failed, 2 wrong usage, 3 not allowed, 4 not found, 5 conflict, 6 busy or too much, "
			    "7 refused package, 8 the database";

void manual_help(const char *noun)
{
	struct entry e;
	puts("fazt-admin: the owner's tool.\n");
	for (int i = 0; entry(i, &e); i++) {
		if (!noun || !strcmp(e.noun, noun))
			print_entry(&e);
		buf_release(&e.usage);
	}
	printf("\nEverywhere: %s\nExit codes: %s\n", everywhere, exits);
}

/* ---- the man page ---- */

/* Text in roff: a backslash is written \e, a leading dot or quote is guarded. */
static void roff(struct buf *b, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_adds(b, "\\&");
	for (; *text; text++)
		buf_adds(b, *text == '\\' ? "\\e" : *text == '-' ? "\\-" : (char[]){*text, 0});
}

static void setting(struct buf *b, const char *key, const char *value, const char *doc)
{
	buf_adds(b, ".TP\n.B ");
	roff(b, key);
	buf_adds(b, *value ? " = " : "");
	roff(b, value);
	buf_addc(b, '\n');
	roff(b, doc);
	buf_addc(b, '\n');
}

static void check(struct buf *b, const char *id, const char *text)
{
	setting(b, id, "", text);
}

static void man(struct buf *b)
{
	struct entry e;
	buf_adds(b, ".TH FAZT\\-ADMIN 1 \"\" \"Fazt " PACKAGE_VERSION "\"\n.SH NAME\nfazt\\-admin \\- the owner's tool of a Fazt node\n"
		    ".SH SYNOPSIS\n.B fazt\\-admin\n[\\-\\-home DIR | \\-\\-url URL \\-\\-token\\-file FILE] [\\-\\-json] [\\-\\-yes] NOUN [VERB] [ARGUMENT...]\n.SH COMMANDS\n");
	for (int i = 0; entry(i, &e); i++) {
		buf_adds(b, ".TP\n.B ");
		roff(b, e.noun);
		buf_adds(b, " ");
		roff(b, e.verb);
		buf_adds(b, " ");
		roff(b, e.usage.len ? e.usage.p : "");
		buf_addc(b, '\n');
		roff(b, e.doc);
		buf_addc(b, '\n');
		buf_release(&e.usage);
	}
	buf_adds(b, ".SH SETTINGS\nWhat setting get and setting set know, with the defaults.\n");
#define SETTING(NAME, key, group, who, type, unit, least, most, value, doc) setting(b, key, value, doc);
#include "store/setting.def"
#undef SETTING
	buf_adds(b, ".SH DOCTOR\nWhat fazt\\-admin doctor looks at.\n");
	doctor_manual(b, check);
	buf_adds(b, ".SH OPTIONS\nEverywhere: ");
	roff(b, everywhere);
	buf_adds(b, "\n.SH EXIT STATUS\n");
	roff(b, exits);
	buf_adds(b, "\n.SH FILES\nDIR/data.db holds everything that matters; www/, cache/ and log/ may be deleted.\n"
		    ".SH SEE ALSO\n.BR faztd (8),\n.BR nginx (8)\n");
}

int reference_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*write)(struct buf *b);
	} kinds[] = {{"markdown", reference_markdown}, {"stubs", reference_stubs}, {"man", man}};
	struct buf b = BUF_INIT;
	syscall_init();
	op_init();
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(kinds); i++)
		if (!strcmp(argv[1], kinds[i].name)) {
			kinds[i].write(&b);
			fwrite(b.p, 1, b.len, stdout);
			buf_release(&b);
			return 0;
		}
	for (int i = 0; argc == 3 && reference_module_name(i); i++)
		if (!strcmp(argv[2], reference_module_name(i)) && reference_module(&b, i)) {
			fwrite(b.p, 1, b.len, stdout);
			buf_release(&b);
			return 0;
		}
	fputs("usage: faztd reference markdown|stubs [MODULE]|man\n", stderr);
	return 2;
}
