#include "kernel/reading.h"

#include <jansson.h>
#include <stdarg.h>

#include "base/text.h"
#include "base/visible.h"

int reading_bad(struct reading *g, const char *fmt, ...)
{
	char why[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return fault(g->fault, ERR_BAD_MANIFEST, "app.json: %s%s%s", g->at, g->at[0] ? ": " : "", why);
}

const char *reading_show(struct reading *g, const char *s)
{
	return visible(g->arena, str_of(s), 60);
}

/* ---- the way down ---- */

size_t reading_enter(struct reading *g, const char *fmt, ...)
{
	size_t n = strlen(g->at);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(g->at + n, sizeof g->at - n, fmt, ap);
	va_end(ap);
	return n;
}

void reading_leave(struct reading *g, size_t n)
{
	g->at[n] = 0;
}

static const struct key *key_find(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int unknown_key(struct reading *g, const struct key *keys, const char *name)
{
	const char *best = NULL;
	int best_distance = 4;
	for (; keys->name && strlen(name) < 40; keys++) {
		int d = text_distance(name, keys->name);
		if (d < best_distance)
			best = keys->name, best_distance = d;
	}
	if (best)
		return reading_bad(g, "there is no key \"%s\"; did you mean \"%s\"?", reading_show(g, name), best);
	return reading_bad(g, "there is no key \"%s\"", reading_show(g, name));
}

int reading_object(struct reading *g, json_t *v, const struct key *keys, void *into)
{
	if (!json_is_object(v))
		return reading_bad(g, "must be an object: { … }");
	const char *name;
	json_t *member;
	json_object_foreach(v, name, member) {
		const struct key *k = key_find(keys, name);
		if (!k)
			return unknown_key(g, keys, name);
		size_t n = reading_enter(g, "%s%s", g->at[0] ? "." : "", name);
		int err = k->read(g, member, into);
		if (err)
			return err;
		reading_leave(g, n);
	}
	return 0;
}

int reading_list(struct reading *g, json_t *v, size_t max, size_t size, void **list, int *count,
		     reading_fn *read)
{
	if (!json_is_array(v))
		return reading_bad(g, "must be a list: [ … ]");
	size_t n = json_array_size(v);
	if (n > max)
		return reading_bad(g, "has %zu entries; at most %zu are allowed", n, max);
	char *element = *list = arena_alloc(g->arena, size * (n + 1));
	for (size_t i = 0; i < n; i++, element += size) {
		size_t back = reading_enter(g, "[%zu]", i);
		int err = read(g, json_array_get(v, i), element);
		if (err)
			return err;
		reading_leave(g, back);
	}
	*count = (int)n;
	return 0;
}

/* ---- single values ---- */

int reading_text(struct reading *g, json_t *v, size_t max, const char **out)
{
	if (!json_is_string(v))
		return reading_bad(g, "must be a text in quotes");
	struct str s = {json_string_value(v), json_string_length(v)};
	if (s.n > max)
		return reading_bad(g, "is longer than %zu bytes", max);
	*out = arena_cstr(g->arena, s);
	return 0;
}

int reading_line(struct reading *g, json_t *v, size_t max, const char **out)
{
	int err = reading_text(g, v, max, out);
	if (err)
		return err;
	if (text_deceptive(str_of(*out)))
		return reading_bad(g, "contains a control, direction or invisible character: \"%s\"", reading_show(g, *out));
	return **out ? 0 : reading_bad(g, "must not be empty");
}

int reading_boolean(struct reading *g, json_t *v, bool *out)
{
	if (!json_is_boolean(v))
		return reading_bad(g, "must be true or false");
	*out = json_is_true(v);
	return 0;
}

int reading_choice(struct reading *g, json_t *v, const char *const *words, int n, int *out)
{
	char all[160] = "";
	for (int i = 0; i < n; i++) {
		if (json_is_string(v) && !strcmp(json_string_value(v), words[i])) {
			*out = i;
			return 0;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof all - used, "%s\"%s\"", i ? ", " : "", words[i]);
	}
	if (json_is_string(v))
		return reading_bad(g, "\"%s\" is not one of %s", reading_show(g, json_string_value(v)), all);
	return reading_bad(g, "must be one of %s", all);
}

int reading_name(struct reading *g, json_t *v, const char **out)
{
	int err = reading_text(g, v, 64, out);
	if (!err && !text_name(str_of(*out)))
		return reading_bad(g, "\"%s\" is not a name: small letters, digits and _ , beginning with a letter", reading_show(g, *out));
	return err;
}

int reading_number(struct reading *g, json_t *v, int least, int most, json_int_t *out)
{
	*out = json_is_integer(v) ? json_integer_value(v) : least - 1;
	return *out >= least && *out <= most ? 0 : reading_bad(g, "must be a whole number from %d to %d", least, most);
}
