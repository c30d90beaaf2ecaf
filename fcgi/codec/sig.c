#include "codec/sig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"

static const struct {
	const char *name;
	enum arg_type type;
} types[] = {{"str", ARG_STR}, {"int", ARG_INT}, {"num", ARG_NUM}, {"bool", ARG_BOOL}, {"bytes", ARG_BYTES}, {"json", ARG_JSON},
	     {"file", ARG_FILE}};

const char *sig_type_name(enum arg_type t)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == t)
			return types[i].name;
	return "?";
}

static enum arg_type type_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_is(name, types[i].name))
			return types[i].type;
	die("signature: no such type: %.*s", STR_FMT(name));
}

void sig_parse(struct sig *s, const char *text)
{
	struct str rest = str_of(text);
	s->n = 0;
	while (rest.n) {
		struct str type, word = str_cut(rest, ' ', &rest);
		struct str name = str_cut(word, ':', &type);
		if (!word.n)
			continue;
		if (!type.n || s->n == SIG_ARGS || name.n >= sizeof s->param[0].name)
			die("signature: %s", text);
		struct param *p = &s->param[s->n++];
		*p = (struct param){.optional = type.p[type.n - 1] == '?', .input = type.p[type.n - 1] == '<'};
		memcpy(p->name, name.p, name.n);
		type.n -= p->optional || p->input;
		p->type = type_of(type);
	}
}

int sig_find(const struct sig *s, struct str name)
{
	for (int i = 0; i < s->n; i++)
		if (str_is(name, s->param[i].name))
			return i;
	return -1;
}

static bool parse_num(struct str text, double *n)
{
	char copy[65];
	char *end;
	if (!text.n || text.n >= sizeof copy || memchr(" \t\n+", text.p[0], 4))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	*n = strtod(copy, &end);
	return *end == 0 && isfinite(*n) && strspn(copy, "0123456789+-.eE") == text.n;
}

int sig_from_text(const struct param *p, struct str text, struct arg *a, struct fault *f)
{
	*a = (struct arg){.present = true, .s = text};
	switch (p->type) {
	case ARG_STR:
		if (!text_utf8(text))
			return fault(f, ERR_BAD_REQUEST, "%s is not UTF-8 text", p->name);
		return 0;
	case ARG_BYTES:
	case ARG_FILE:
		return 0;
	case ARG_INT:
		if (!str_int(text, &a->i))
			return fault(f, ERR_BAD_REQUEST, "%s must be a whole number", p->name);
		return 0;
	case ARG_NUM:
		if (!parse_num(text, &a->n))
			return fault(f, ERR_BAD_REQUEST, "%s must be a number", p->name);
		return 0;
	case ARG_BOOL:
		a->b = str_is(text, "true") || str_is(text, "yes") || str_is(text, "1");
		if (!a->b && !str_is(text, "false") && !str_is(text, "no") && !str_is(text, "0"))
			return fault(f, ERR_BAD_REQUEST, "%s must be true or false", p->name);
		return 0;
	case ARG_JSON:
		return json_check(text, JSON_DEPTH, 10000, f);
	}
	return fault(f, ERR_INTERNAL, NULL);
}

/* One JSON value of an already checked text, as the parameter's type. */
static int from_value(const struct param *p, struct str v, struct arg *a, struct arena *arena, struct fault *f)
{
	bool quoted = v.n && v.p[0] == '"';
	if (str_is(v, "null") && p->optional) {
		*a = (struct arg){0};
		return 0;
	}
	if (p->type == ARG_JSON) {
		*a = (struct arg){.present = true, .s = v};
		return 0;
	}
	if (quoted != (p->type == ARG_STR || p->type == ARG_BYTES))
		return fault(f, ERR_BAD_REQUEST, "%s must be a %s", p->name,
			     p->type == ARG_STR || p->type == ARG_BYTES ? "string" : sig_type_name(p->type));
	if (quoted) {
		struct buf b = BUF_INIT;
		json_unescape(&b, (struct str){v.p + 1, v.n - 2});
		v = arena_str(arena, buf_str(&b));
		buf_release(&b);
	}
	return sig_from_text(p, v, a, f);
}

int sig_from_json(const struct sig *s, struct str object, struct call *c, struct arena *a, struct fault *f)
{
	struct json_lex l;
	struct str name, value;
	c->nargs = s->n;
	memset(c->arg, 0, sizeof c->arg);
	if (!object.n)
		return sig_complete(s, c, f);
	int err = json_check(object, JSON_DEPTH, 10000, f);
	if (err)
		return err;
	json_lex_init(&l, object, JSON_DEPTH);
	if (json_next(&l) != JSON_OBJECT)
		return fault(f, ERR_BAD_REQUEST, "the arguments must be a JSON object");
	while (json_next_member(&l, &name, &value)) {
		int i = 0;
		while (i < s->n && !json_key_is(name, str_of(s->param[i].name)))
			i++;
		if (i == s->n)
			return fault(f, ERR_BAD_REQUEST, "there is no argument called %.*s", STR_FMT(name));
		if ((err = from_value(&s->param[i], value, &c->arg[i], a, f)))
			return err;
	}
	return sig_complete(s, c, f);
}

static void to_value(const struct param *p, const struct arg *a, struct out *o)
{
	switch (p->type) {
	case ARG_STR:
	case ARG_BYTES:
	case ARG_FILE:
		out_str(o, a->s);
		return;
	case ARG_INT:
		out_int(o, a->i);
		return;
	case ARG_NUM:
		out_num(o, a->n);
		return;
	case ARG_BOOL:
		out_bool(o, a->b);
		return;
	case ARG_JSON:
		out_raw(o, a->s);
	}
}

void sig_to_json(const struct sig *s, const struct call *c, struct out *o)
{
	out_object(o);
	for (int i = 0; i < s->n; i++)
		if (c->arg[i].present) {
			out_key(o, s->param[i].name);
			to_value(&s->param[i], &c->arg[i], o);
		}
	out_end(o);
}

int sig_complete(const struct sig *s, const struct call *c, struct fault *f)
{
	for (int i = 0; i < s->n; i++)
		if (!c->arg[i].present && !s->param[i].optional)
			return fault(f, ERR_BAD_REQUEST, "%s is missing", s->param[i].name);
	return 0;
}
