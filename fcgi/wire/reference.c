#include "wire/reference.h"

#include "wire/syscall.h"

static const char *const effects[] = {"", "reads", "writes", "reaches outside", "may end the request and go on later"};

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

static void entry(struct buf *b, const struct syscall *row)
{
	buf_adds(b, "\n### `");
	call_line(b, row);
	buf_addf(b, "` → %s\n\n%s\n", row->result + is_value(row), row->doc);
	if (row->permission)
		buf_addf(b, "\nNeeds the permission `%s`; %s.\n", row->permission, effects[row->effect]);
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
	buf_adds(b, "<!-- Written from fcgi/sys/syscall.def; do not edit. -->\n\n# Reference\n\nWhat `local fazt = require \"fazt\"` offers. "
		    "An argument with `?` may be left out.\n");
	for (int i = 0; i < SYSCALL_COUNT; i++) {
		if (!opens_table(i))
			continue;
		struct str table = table_of(syscall_row(i)->name);
		section(b, table);
		each_of(b, table, entry);
	}
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
	"---@class File\n"
	"---@field upload string\n"
	"---@field name? string\n"
	"---@field type? string\n"
	"---@field size? integer\n"
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
	"---@field id string\n"
	"---@field trigger \"http\"|\"cron\"|\"queue\"|\"event\"\n"
	"---@field input any\n"
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
