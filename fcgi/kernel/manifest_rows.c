#include "kernel/reading.h"

#include <jansson.h>

#include "base/text.h"
#include "base/visible.h"

/* `collections`: who may read, add and change rows, and which indexes they have. */

static int read_who(struct reading *g, json_t *v, enum who *out)
{
	const char *words[WHO_ANYONE];
	int at = 0;
	for (enum who w = WHO_OWNER; w <= WHO_ANYONE; w++)
		words[w - WHO_OWNER] = who_name(w);
	int err = reading_choice(g, v, words, WHO_ANYONE, &at);
	*out = (enum who)(at + WHO_OWNER);
	return err;
}

static int read_read(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->read);
}

static int read_add(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->add);
}

static int read_change(struct reading *g, json_t *v, void *into)
{
	return read_who(g, v, &((struct collection *)into)->change);
}

/* [A-Za-z_][A-Za-z0-9_]* with dots between */
static bool field_path(struct str s)
{
	if (!s.n || s.n > 128)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], before = i ? s.p[i - 1] : '.';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && !(c >= '0' && c <= '9' && before != '.') && !(c == '.' && before != '.'))
			return false;
	}
	return s.p[s.n - 1] != '.';
}

static int key_field(struct reading *g, struct str s, struct key_spec *spec)
{
	s = str_trim(s);
	bool desc = str_starts(s, "-");
	struct str path = {s.p + desc, s.n - desc};
	if (spec->n == INDEX_FIELDS)
		return reading_bad(g, "has more than %d fields", INDEX_FIELDS);
	if (!field_path(path))
		return reading_bad(g, "\"%s\" is not a field; write \"field\", \"-field\" or \"outer.inner\"", visible(g->arena, s, 60));
	for (int i = 0; i < spec->n; i++)
		if (str_is(path, spec->field[i].path))
			return reading_bad(g, "names the field \"%s\" twice", spec->field[i].path);
	spec->field[spec->n++] = (struct key_field){arena_cstr(g->arena, path), desc};
	return 0;
}

static int read_key(struct reading *g, json_t *v, void *into)
{
	struct key_spec *spec = into;
	int err = 0;
	if (json_is_string(v)) {
		struct str rest = str_of(json_string_value(v));
		do
			err = key_field(g, str_cut(rest, ',', &rest), spec);
		while (!err && rest.p);
		return err;
	}
	if (!json_is_array(v) || !json_array_size(v))
		return reading_bad(g, "must be \"field\", \"-field\", \"a,-b\" or a list of fields");
	for (size_t i = 0; !err && i < json_array_size(v); i++) {
		const char *field = json_string_value(json_array_get(v, i));
		err = field ? key_field(g, str_of(field), spec) : reading_bad(g, "must be a list of field names");
	}
	return err;
}

static int read_keys(struct reading *g, json_t *v, int most, struct key_spec *keys, int *n)
{
	void *list = NULL;
	int err = reading_list(g, v, most, sizeof *keys, &list, n, read_key);
	if (!err)
		memcpy(keys, list, (size_t)*n * sizeof *keys);
	return err;
}

static int read_index(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	return read_keys(g, v, COLLECTION_INDEXES, c->index, &c->nindex);
}

static int read_unique(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	return read_keys(g, v, COLLECTION_UNIQUES, c->unique, &c->nunique);
}

static int read_parent(struct reading *g, json_t *v, void *into)
{
	struct collection *c = into;
	const char *name = NULL;
	int err = reading_name(g, v, &name);
	if (err)
		return err;
	c->parent = manifest_collection(g->m, str_of(name));
	return c->parent ? 0 : reading_bad(g, "there is no collection \"%s\" here; declare it as well", name);
}

static int read_sealed(struct reading *g, json_t *v UNUSED, void *into UNUSED)
{
	return reading_bad(g, "is reserved until fields can be sealed; leave it out");
}

static const struct key collection_keys[] = {
	{"read", read_read},   {"add", read_add},       {"change", read_change}, {"parent", read_parent},
	{"index", read_index}, {"unique", read_unique}, {"sealed", read_sealed}, {NULL, NULL},
};

/* Below a parent its shares and its owner count, so the default there is shared, shared, owner. */
static void default_rule(struct collection *c)
{
	struct collection d = collection_default(c->name);
	if (c->parent)
		d.read = d.add = WHO_SHARED;
	c->read = c->read ? c->read : d.read;
	c->add = c->add ? c->add : d.add;
	c->change = c->change ? c->change : d.change;
}

int manifest_parents(struct reading *g)
{
	for (int i = 0; i < g->m->ncollections; i++) {
		const struct collection *c = &g->m->collection[i];
		int depth = 0;
		while ((c = c->parent))
			if (++depth >= COLLECTION_DEPTH)
				return reading_bad(g, "collections.%s.parent: the chain of parents is a circle, or longer than %d collections",
					   g->m->collection[i].name, COLLECTION_DEPTH);
	}
	return 0;
}

static int check_paths(const char *collection, const char *what, const struct key_spec *list, int n, struct fault *f)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < list[i].n; j++)
			if (path_too_long(str_of(list[i].field[j].path)))
				return fault(f, ERR_BAD_MANIFEST, "app.json: collections.%s.%s[%d]: \"%.60s\" has more than %d names; "
					     "keep what is looked for nearer to the top of a row", collection, what, i, list[i].field[j].path, PATH_NAMES);
	return 0;
}

int manifest_paths(const struct manifest *m, struct fault *f)
{
	int err = 0;
	for (int i = 0; !err && i < m->ncollections; i++) {
		const struct collection *c = &m->collection[i];
		err = check_paths(c->name, "index", c->index, c->nindex, f);
		if (!err)
			err = check_paths(c->name, "unique", c->unique, c->nunique, f);
	}
	return err;
}

static int name_collections(struct reading *g, json_t *v)
{
	const char *name;
	json_t *member;
	json_object_foreach(v, name, member) {
		if (!text_name(str_of(name)))
			return reading_bad(g, "\"%s\" is not a name: small letters, digits and _ , beginning with a letter", reading_show(g, name));
		g->m->collection[g->m->ncollections++].name = arena_strdup(g->arena, name);
	}
	return 0;
}

/* All names first: a parent may be declared behind its children. */
int manifest_collections(struct reading *g, json_t *v, void *into UNUSED)
{
	if (!json_is_object(v))
		return reading_bad(g, "must be an object: { \"name\": { … } }");
	if (json_object_size(v) > MANIFEST_COLLECTIONS)
		return reading_bad(g, "declares %zu collections; at most %d are allowed", json_object_size(v), MANIFEST_COLLECTIONS);
	g->m->collection = arena_alloc(g->arena, (json_object_size(v) + 1) * sizeof(struct collection));
	int err = name_collections(g, v);
	for (int i = 0; !err && i < g->m->ncollections; i++) {
		struct collection *c = &g->m->collection[i];
		size_t n = reading_enter(g, ".%s", c->name);
		err = reading_object(g, json_object_get(v, c->name), collection_keys, c);
		default_rule(c);
		if (!err)
			reading_leave(g, n);
	}
	return err;
}
