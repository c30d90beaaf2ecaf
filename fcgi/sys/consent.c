#include "sys/consent.h"

#include <jansson.h>
#include <string.h>

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void fact(struct buf *b, const json_t *o, const char *key, const char *label)
{
	if (*text(o, key))
		buf_addf(b, "  %-9s %s\n", label, text(o, key));
}

/* Break long sentences, so that what matters is not pushed out of sight. */
static void sentence(struct buf *b, const char *mark, const char *s)
{
	size_t column = 0;
	buf_addf(b, "  %s ", mark);
	while (*s) {
		size_t n = strcspn(s, " ");
		if (column && column + n > 92) {
			buf_adds(b, "\n    ");
			column = 0;
		}
		buf_addf(b, "%s%.*s", column ? " " : "", (int)n, s);
		column += n + 1;
		s += n + (s[n] == ' ');
	}
	buf_addc(b, '\n');
}

static void permissions(struct buf *b, const json_t *o)
{
	size_t i;
	json_t *p;
	buf_adds(b, json_array_size(json_object_get(o, "permissions")) ? "\nIt asks for permission to:\n" : "\nIt asks for no permissions.\n");
	json_array_foreach(json_object_get(o, "permissions"), i, p) {
		bool high = !strcmp(text(p, "risk"), "high"), added = json_is_true(json_object_get(p, "new"));
		sentence(b, high ? "!" : "-", text(p, "sentence"));
		buf_addf(b, "    %s%s%s\n", text(p, "name"), high ? " (high risk: only if you name it)" : "", added ? " (new)" : "");
	}
}

static void rules(struct buf *b, const json_t *o)
{
	size_t i;
	json_t *rule;
	buf_adds(b, "\nWho sees what:\n");
	json_array_foreach(json_object_get(o, "rules"), i, rule)
		sentence(b, "-", json_string_value(rule) ? json_string_value(rule) : "");
}

/* What the owner has to tell it, and how. */
static void settings(struct buf *b, const json_t *o)
{
	size_t i;
	json_t *e;
	bool missing = false;
	if (!json_array_size(json_object_get(o, "env")))
		return;
	buf_adds(b, "\nIt wants to be told:\n");
	json_array_foreach(json_object_get(o, "env"), i, e) {
		bool secret = json_is_true(json_object_get(e, "secret")), set = json_is_true(json_object_get(e, "set"));
		bool required = json_is_true(json_object_get(e, "required"));
		missing |= required && !set;
		buf_addf(b, "  - %s%s (%s)\n", text(e, "name"), secret ? ", a secret" : "", set ? "set" : required ? "needed, not set" : "not set");
		if (*text(e, "description"))
			sentence(b, " ", text(e, "description"));
	}
	if (missing)
		buf_addf(b, "  Until it knows what it needs it may not work. Tell it with: fazt-admin app env set %s NAME\n", text(o, "name"));
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* What was tried already on a copy, and went well, or did not. */
static void rehearsal(struct buf *b, const json_t *o)
{
	size_t i;
	json_t *name;
	if (*text(o, "trouble")) {
		buf_adds(b, "\nIt failed in its rehearsal, of which the app that proposes it is told nothing:\n");
		sentence(b, "!", text(o, "trouble"));
	}
	if (json_array_size(json_object_get(o, "migrations")))
		buf_adds(b, "\nData migrations, rehearsed on all rows:\n");
	json_array_foreach(json_object_get(o, "migrations"), i, name)
		sentence(b, "-", json_string_value(name));
	if (json_array_size(json_object_get(o, "migrations")))
		buf_addf(b, "  %lld of %lld rows change.\n", number(o, "changed"), number(o, "rows"));
	if (json_object_get(o, "tests"))
		buf_addf(b, "\nIts tests (%lld) pass on a copy of the rows.\n", number(o, "tests"));
	if (number(o, "left_out"))
		buf_addf(b, "  The copy has the newest rows of each collection; %lld were left out.\n", number(o, "left_out"));
	if (number(o, "files_left_out"))
		buf_addf(b, "  Large files are left out of the copy: %lld.\n", number(o, "files_left_out"));
}

static void upgrade(struct buf *b, const json_t *o)
{
	const json_t *u = json_object_get(o, "upgrade");
	if (!json_is_object(u))
		return;
	buf_addf(b, "\nIt replaces version %s, which goes on serving until you consent.\n", *text(u, "from") ? text(u, "from") : "(without a number)");
	if (*text(u, "reason"))
		sentence(b, "!", text(u, "reason"));
}

/* ---- what a trial found ---- */

static void callers(struct buf *b, const json_t *list)
{
	size_t i, n = json_array_size(list);
	json_t *one;
	json_array_foreach(list, i, one)
		buf_addf(b, "%s%s", !i ? "" : i + 1 == n ? " and " : ", ", json_string_value(one));
}

static void finding(struct buf *b, const json_t *f)
{
	const char *kind = text(f, "kind");
	bool get = !strcmp(kind, "get"), key = *text(f, "key");
	struct buf s = BUF_INIT;
	buf_addf(&s, "%s ", text(f, "route"));
	if (get) {
		buf_adds(&s, "changes ");
	} else {
		buf_adds(&s, "lets ");
		callers(&s, json_object_get(f, "callers"));
		buf_addf(&s, " %s ", kind);
	}
	buf_addf(&s, "%s \"%s\"", key ? "the key" : "a row of", text(f, key ? "key" : "collection"));
	if (!get)
		buf_addf(&s, " that belongs to %s", text(f, "owner"));
	buf_addf(&s, "%s: %s.", json_is_true(json_object_get(f, "as_app")) ? ", through as_app" : "", text(f, "why"));
	sentence(b, "!", s.p);
	buf_release(&s);
}

static void what_was_tried(struct buf *b, const json_t *o)
{
	int64_t requests = json_integer_value(json_object_get(o, "requests")), failed = json_integer_value(json_object_get(o, "failed"));
	size_t n = json_array_size(json_object_get(o, "findings"));
	struct buf s = BUF_INIT;
	if (!requests)
		buf_adds(&s, "It has no routes to try.");
	else if (!n)
		buf_addf(&s, "Two people, a stranger and the owner tried every page of it (%lld requests): nothing crossed a rule.", (long long)requests);
	else
		buf_addf(&s, "That is what two people, a stranger and the owner found (%lld requests).", (long long)requests);
	if (failed)
		buf_addf(&s, " %lld of them failed in the app.", (long long)failed);
	if (!json_is_true(json_object_get(o, "finished")))
		buf_adds(&s, " The time was up before everything was tried.");
	sentence(b, n ? "!" : "-", s.p);
	buf_release(&s);
}

static void trial(struct buf *b, const json_t *o)
{
	size_t i;
	json_t *f;
	json_array_foreach(json_object_get(o, "findings"), i, f)
		finding(b, f);
	what_was_tried(b, o);
}

void consent_trial(struct buf *b, struct str report)
{
	json_t *o = json_loadb(report.p ? report.p : "", report.n, 0, NULL);
	if (o)
		trial(b, o);
	json_decref(o);
}

void consent_text(struct buf *b, struct str candidate)
{
	json_t *o = json_loadb(candidate.p ? candidate.p : "", candidate.n, 0, NULL);
	if (!o || !*text(o, "hash")) {
		buf_adds(b, "There is nothing to show.\n");
		json_decref(o);
		return;
	}
	buf_addf(b, "%s (%s)\n", text(o, "title"), text(o, "name"));
	fact(b, o, "description", "");
	fact(b, o, "version", "Version");
	fact(b, o, "source", "From");
	fact(b, o, "commit", "Commit");
	fact(b, o, "hash", "Content");
	buf_addf(b, "  %-9s %lld, %lld KB\n", "Files", (long long)json_integer_value(json_object_get(o, "files")),
		 (long long)(json_integer_value(json_object_get(o, "bytes")) + 1023) / 1024);
	upgrade(b, o);
	rehearsal(b, json_object_get(o, "rehearsal"));
	permissions(b, o);
	rules(b, o);
	settings(b, o);
	if (json_is_object(json_object_get(o, "trial"))) {
		buf_adds(b, "\nTried before it is installed:\n");
		trial(b, json_object_get(o, "trial"));
	}
	json_decref(o);
}
