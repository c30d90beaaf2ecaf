#include "wire/reference.h"

#include "wire/syscall.h"

static const char *const effects[] = {"", "reads", "writes", "reaches outside", "may end the request and go on later", "is a step of a run"};

/* The table that a dotted name lies in: "storage.docs" of "storage.docs.get", "" of "now". */
static struct str table_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? (struct str){name, (size_t)(dot - name)} : STR("");
}

/* No function but a value: its type has a = in front. */
static bool is_value(const struct syscall *row)
{
	return row->local && *row->result == '=';
}

static void call_line(struct buf *b, const struct syscall *row)
{
	buf_addf(b, "fazt.%s", row->name);
	if (is_value(row))
		return;
	buf_addc(b, '(');
	for (int i = 0; i < row->sig.n; i++)
		buf_addf(b, "%s%s%s", i ? ", " : "", row->sig.param[i].name, row->sig.param[i].optional ? "?" : "");
	buf_addc(b, ')');
}

static void section(struct buf *b, struct str table)
{
	if (table.n)
		buf_addf(b, "\n## fazt.%.*s\n", STR_FMT(table));
	else
		buf_adds(b, "\n## fazt\n");
}

/* lua-sdk/examples/NAME.lua. Written where the source is; a test fails for one that is missing. */
static void example(struct buf *b, const char *name)
{
	char path[4096], part[4096];
	snprintf(path, sizeof path, FAZT_SRCDIR "/lua-sdk/examples/%s.lua", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return;
	buf_adds(b, "\n```lua\n");
	for (size_t n; (n = fread(part, 1, sizeof part, f));)
		buf_add(b, part, n);
	buf_adds(b, "```\n");
	fclose(f);
}

static void entry(struct buf *b, const struct syscall *row)
{
	buf_adds(b, "\n### `");
	call_line(b, row);
	buf_addf(b, "` → %s\n\n%s\n", row->result + is_value(row), row->doc);
	if (row->permission)
		buf_addf(b, "\nNeeds the permission `%s`; %s.\n", row->permission, effects[row->effect]);
	example(b, row->name);
}

/* ---- the modules of module.def ---- */

static const struct fun {
	const char *module, *name, *sig, *result, *doc;
} funs[] = {
#define MODULE(name, doc)
#define FUN(module, name, sig, result, doc) {#module, name, sig, result, doc},
#include "sys/module.def"
#undef MODULE
#undef FUN
};

static const struct module {
	const char *name, *doc;
} modules[] = {
#define MODULE(name, doc) {#name, doc},
#define FUN(module, name, sig, result, doc)
#include "sys/module.def"
#undef MODULE
#undef FUN
};

/* The next argument of a signature of module.def. */
static bool next_argument(struct str *sig, struct str *name, struct str *type, bool *optional)
{
	if (!sig->n)
		return false;
	*name = str_cut(str_cut(*sig, ' ', sig), ':', type);
	*optional = str_ends(*type, "?");
	type->n -= *optional;
	return true;
}

static void argument_names(struct buf *b, const struct fun *f, bool marks)
{
	struct str sig = str_of(f->sig), name, type;
	bool optional;
	for (int n = 0; next_argument(&sig, &name, &type, &optional); n++)
		buf_addf(b, "%s%.*s%s", n ? ", " : "", STR_FMT(name), marks && optional ? "?" : "");
}

static void module_entry(struct buf *b, const struct fun *f)
{
	char name[64];
	buf_addf(b, "\n### `%s.%s(", f->module, f->name);
	argument_names(b, f, true);
	buf_addf(b, ")` → %s\n\n%s\n", f->result, f->doc);
	snprintf(name, sizeof name, "%s.%s", f->module, f->name);
	example(b, name);
}

static void module_section(struct buf *b, const struct module *m)
{
	buf_addf(b, "\n## fazt.%s\n\n`local %s = require \"fazt.%s\"`. %s\n", m->name, m->name, m->name, m->doc);
	for (size_t i = 0; i < ARRAY_LEN(funs); i++)
		if (!strcmp(funs[i].module, m->name))
			module_entry(b, &funs[i]);
}

/* Every row of one table, in the order of syscall.def. */
static void each_of(struct buf *b, struct str table, void (*fn)(struct buf *, const struct syscall *))
{
	for (int i = 0; i < SYSCALL_COUNT; i++)
		if (str_eq(table_of(syscall_row(i)->name), table))
			fn(b, syscall_row(i));
}

/* Is row i the first of its table? */
static bool opens_table(int i)
{
	for (int k = 0; k < i; k++)
		if (str_eq(table_of(syscall_row(k)->name), table_of(syscall_row(i)->name)))
			return false;
	return true;
}

static void errors(struct buf *b)
{
	buf_adds(b, "\n## Errors\n\nA call that fails raises a table `{ code, message }`. Uncaught, the code decides the status of the answer.\n\n"
		    "| code | status | |\n|---|---|---|\n");
	for (int i = 1; i < ERR_COUNT; i++)
		buf_addf(b, "| `%s` | %d | %s |\n", err_row(i)->code, err_row(i)->http, err_row(i)->message);
}

/* A sentence of grant.def with its %s as what stands in the manifest. */
static void permission(struct buf *b, const char *name, const char *parameter, const char *risk, const char *sentence)
{
	const char *gap = strstr(sentence, "%s");
	buf_addf(b, "| `%s%s%s` | %s | ", name, parameter ? ":" : "", parameter ? parameter : "", risk);
	if (gap)
		buf_addf(b, "%.*s%s%s |\n", (int)(gap - sentence), sentence, parameter ? parameter : "", gap + 2);
	else
		buf_addf(b, "%s |\n", sentence);
}

static void permissions(struct buf *b)
{
	buf_adds(b, "\n## Permissions\n\nWhat `permissions` in app.json may ask for. `--yes` consents to the low ones, each high one is consented to "
		    "by name.\n\n| permission | risk | what the owner reads |\n|---|---|---|\n");
#define LOW "low"
#define HIGH "high"
#define GRANT(NAME, name, parameter, risk, sentence) permission(b, name, parameter, risk, sentence);
#include "kernel/grant.def"
#undef GRANT
#undef LOW
#undef HIGH
}

void reference_markdown(struct buf *b)
{
	buf_adds(b, "<!-- Written from fcgi/sys/syscall.def, module.def and lua-sdk/examples; do not edit. -->\n\n# Reference\n\nWhat `local fazt = require \"fazt\"` offers. "
		    "An argument with `?` may be left out. Every example runs inside a handler, with its request as `req`; a test runs them.\n");
	for (int i = 0; i < SYSCALL_COUNT; i++) {
		if (!opens_table(i))
			continue;
		struct str table = table_of(syscall_row(i)->name);
		section(b, table);
		each_of(b, table, entry);
	}
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		module_section(b, &modules[i]);
	permissions(b);
	errors(b);
}

static const char *lua_type(enum arg_type t)
{
	switch (t) {
	case ARG_STR:
	case ARG_BYTES: return "string";
	case ARG_INT: return "integer";
	case ARG_NUM: return "number";
	case ARG_BOOL: return "boolean";
	case ARG_FILE: return "string|File";
	case ARG_JSON: return "any";
	}
	return "any";
}

static void stub(struct buf *b, const struct syscall *row)
{
	buf_addf(b, "\n---%s\n", row->doc);
	if (is_value(row)) {
		buf_addf(b, "---@type %s\nfazt.%s = nil\n", row->result + 1, row->name);
		return;
	}
	for (int i = 0; i < row->sig.n; i++)
		buf_addf(b, "---@param %s%s %s\n", row->sig.param[i].name, row->sig.param[i].optional ? "?" : "",
			 lua_type(row->sig.param[i].type));
	if (strcmp(row->result, "nil"))
		buf_addf(b, "---@return %s\n", row->result);
	buf_addf(b, "function fazt.%s(", row->name);
	for (int i = 0; i < row->sig.n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", row->sig.param[i].name);
	buf_adds(b, ") end\n");
}

/* A table and, before it, the tables it lies in, each once. */
static void declare(struct buf *b, struct str table)
{
	for (size_t n = 0; n <= table.n; n++) {
		if (!table.n || (n < table.n && table.p[n] != '.'))
			continue;
		char line[100];
		snprintf(line, sizeof line, "\nfazt.%.*s = {}\n", (int)n, table.p);
		if (!strstr(b->p, line))
			buf_adds(b, line);
	}
}

static const char classes[] =
	"---@meta fazt\n"
	"-- Written from fcgi/sys/syscall.def; do not edit.\n"
	"\n"
	"---@class Doc\n"
	"---@field id string\n"
	"---@field owner? string\n"
	"---@field parent? string\n"
	"---@field created integer\n"
	"---@field updated integer\n"
	"---@field rev integer\n"
	"---@field [string] any\n"
	"\n"
	"---@class Share\n"
	"---@field who string\n"
	"---@field level \"read\"|\"add\"|\"change\"\n"
	"\n"
	"---@class Person\n"
	"---@field id string\n"
	"---@field name string\n"
	"---@field role? \"admin\"|\"member\"\n"
	"\n"
	"---@class Blob\n"
	"---@field name string\n"
	"---@field size integer\n"
	"---@field type string\n"
	"---@field hash string\n"
	"---@field created integer\n"
	"---@field updated integer\n"
	"---@field owner? string\n"
	"---@field parent? string\n"
	"\n"
	"---@class Sent\n"
	"---@field id string\n"
	"---@field topic string\n"
	"---@field at integer\n"
	"\n"
	"---@class File\n"
	"---@field upload string\n"
	"---@field name? string\n"
	"---@field type? string\n"
	"---@field size? integer\n"
	"\n"
	"---@class HttpAnswer\n"
	"---@field status integer\n"
	"---@field headers table<string, string>\n"
	"---@field body string\n"
	"---@field json any\n"
	"---@field url string\n"
	"---@field file? File\n"
	"\n"
	"---@class Request\n"
	"---@field method string\n"
	"---@field path string\n"
	"---@field params table<string, string>\n"
	"---@field query table<string, string>\n"
	"---@field headers table<string, string>\n"
	"---@field cookies table<string, string>\n"
	"---@field body string\n"
	"---@field json any\n"
	"---@field form table<string, string>\n"
	"---@field files table<string, File>\n"
	"---@field user? Person\n"
	"---@field origin string\n"
	"---@field id string\n"
	"---@field due integer? the moment that a job was to fire at\n"
	"---@field trigger \"http\"|\"cron\"|\"queue\"|\"event\"\n"
	"---@field input any\n"
	"---@field run? string\n"
	"\n"
	"---@class Response\n"
	"---@field status? integer\n"
	"---@field headers? table<string, string|number|string[]>\n"
	"---@field json? any\n"
	"---@field html? string\n"
	"---@field text? string\n"
	"---@field body? string\n"
	"---@field blob? string\n"
	"---@field file? string\n"
	"---@field redirect? string\n"
	"\n"
	"---@class Html HTML that needs no escaping; tostring() makes a string of it\n"
	"---@operator concat(any): Html\n"
	"\n"
	"---@alias Template fun(values?: table<string, any>): string\n"
	"\n"
	"---@class Schema\n"
	"---@field fields SchemaField[]\n"
	"---@field by table<string, SchemaField>\n"
	"\n"
	"---@class SchemaOptions\n"
	"---@field unknown? \"drop\"|\"refuse\"\n"
	"\n"
	"---@alias SchemaType \"string\"|\"integer\"|\"number\"|\"boolean\"|\"date\"|\"time\"|\"datetime\"|\"email\"|\"url\"|\"enum\"|\"list\"|\"object\"\n"
	"\n"
	"---@class SchemaField\n"
	"---@field [1] string its name\n"
	"---@field [2] SchemaType\n"
	"---@field required? boolean\n"
	"---@field default? any a value, or a function that makes one\n"
	"---@field label? string\n"
	"---@field hint? string\n"
	"---@field message? string in the place of the sentences there are\n"
	"---@field min? number|string\n"
	"---@field max? number|string\n"
	"---@field pattern? string a Lua pattern\n"
	"---@field trim? boolean\n"
	"---@field lines? integer a text area with so many\n"
	"---@field secret? boolean\n"
	"---@field placeholder? string\n"
	"---@field step? number\n"
	"---@field zone? string\n"
	"---@field values? any[] of an enum\n"
	"---@field of? table of a list: { \"string\", max = 20 }\n"
	"---@field fields? SchemaField[] of an object\n"
	"---@field unknown? \"drop\"|\"refuse\" of an object\n"
	"\n"
	"---@class CheckOptions\n"
	"---@field partial? boolean\n"
	"\n"
	"---@class FormOptions\n"
	"---@field action? string\n"
	"---@field method? \"post\"|\"get\"\n"
	"---@field values? table<string, any>\n"
	"---@field errors? table<string, string>\n"
	"---@field submit? string\n"
	"---@field id? string\n"
	"---@field class? string\n"
	"\n"
	"---@class DateParts\n"
	"---@field year integer\n"
	"---@field month? integer\n"
	"---@field day? integer\n"
	"---@field hour? integer\n"
	"---@field min? integer\n"
	"---@field sec? integer\n"
	"---@field ms? integer\n"
	"---@field weekday? integer 1 is Monday\n"
	"---@field yearday? integer\n"
	"---@field offset? integer minutes\n"
	"\n"
	"---@class DateAmounts\n"
	"---@field years? integer\n"
	"---@field months? integer\n"
	"---@field weeks? integer\n"
	"---@field days? integer\n"
	"---@field hours? integer\n"
	"---@field minutes? integer\n"
	"---@field seconds? integer\n"
	"---@field ms? integer\n"
	"\n"
	"---@class CsvOptions\n"
	"---@field separator? string\n"
	"---@field header? boolean\n"
	"---@field columns? string[]\n"
	"---@field guard? boolean\n"
	"---@field bom? boolean\n"
	"\n"
	"---@class MarkdownOptions\n"
	"---@field breaks? boolean\n"
	"\n"
	"---@class PageOptions\n"
	"---@field newer? string\n"
	"---@field older? string\n"
	"---@field label? string\n"
	"\n"
	"---@class PageMeta\n"
	"---@field cursor string|userdata\n"
	"---@field newer string|userdata\n"
	"---@field older string|userdata\n"
	"\n"
	"---@class fazt\n"
	"local fazt = {}\n"
	"\n"
	"---The settings the owner gave this app.\n"
	"---@type table<string, string>\n"
	"fazt.env = {}\n";

void reference_stubs(struct buf *b)
{
	buf_adds(b, classes);
	for (int i = 0; i < SYSCALL_COUNT; i++)
		if (opens_table(i))
			declare(b, table_of(syscall_row(i)->name));
	each_of(b, STR(""), stub);
	for (int i = 0; i < SYSCALL_COUNT; i++)
		if (opens_table(i) && table_of(syscall_row(i)->name).n)
			each_of(b, table_of(syscall_row(i)->name), stub);
	buf_adds(b, "\nreturn fazt\n");
}

static void fun_stub(struct buf *b, const struct fun *f)
{
	struct str sig = str_of(f->sig), name, type;
	bool optional;
	buf_addf(b, "\n---%s\n", f->doc);
	while (next_argument(&sig, &name, &type, &optional))
		buf_addf(b, "---@param %.*s%s %.*s\n", STR_FMT(name), optional ? "?" : "", STR_FMT(type));
	buf_addf(b, "---@return %s\nfunction %s.%s(", f->result, f->module, f->name);
	argument_names(b, f, false);
	buf_adds(b, ") end\n");
}

bool reference_module(struct buf *b, int i)
{
	if (i < 0 || i >= (int)ARRAY_LEN(modules))
		return false;
	const char *name = modules[i].name;
	buf_addf(b, "---@meta fazt.%s\n-- Written from fcgi/sys/module.def; do not edit.\n\n---%s\n---@class fazt.%s\nlocal %s = {}\n", name,
		 modules[i].doc, name, name);
	for (size_t k = 0; k < ARRAY_LEN(funs); k++)
		if (!strcmp(funs[k].module, name))
			fun_stub(b, &funs[k]);
	buf_addf(b, "\nreturn %s\n", name);
	return true;
}

const char *reference_module_name(int i)
{
	return i >= 0 && i < (int)ARRAY_LEN(modules) ? modules[i].name : NULL;
}
