#include <jansson.h>
#include <string.h>

#include "base/visible.h"
#include "kernel/push.h"
#include "sys/sys.h"

/* app.push: JSON to a struct push and what came of it back to JSON. */

static bool read_hash(struct str hex, unsigned char hash[HASH_LEN])
{
	for (size_t i = 0; hex.n == 2 * HASH_LEN && i < HASH_LEN; i++) {
		int high = text_hex(hex.p[2 * i]), low = text_hex(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		hash[i] = (unsigned char)(high << 4 | low);
	}
	return hex.n == 2 * HASH_LEN;
}

/* {"api/main.lua": HASH, …} */
static int read_files(struct req *r, struct str json, struct push *p)
{
	const char *path;
	json_t *v, *o = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	p->file = arena_alloc(r->arena, (json_object_size(o) + 1) * sizeof *p->file);
	int err = json_is_object(o) && json_object_size(o) <= PACKAGE_ENTRIES ? 0
		: fail(r, ERR_BAD_REQUEST, "files is an object of at most %d paths and the hashes of their content", PACKAGE_ENTRIES);
	json_object_foreach(o, path, v) {
		struct push_file *file = &p->file[p->nfiles++];
		file->path = str_of(arena_strdup(r->arena, path));
		if (!err && !(json_is_string(v) && read_hash(str_of(json_string_value(v)), file->hash)))
			err = fail(r, ERR_BAD_REQUEST, "files: \"%s\" needs a hash of %d hexadecimal digits", visible(r->arena, file->path, 200), 2 * HASH_LEN);
	}
	json_decref(o);
	return err;
}

/* HASH or HASH@OFFSET */
static bool read_place(struct str key, struct push_piece *piece)
{
	struct str offset, hash = str_cut(key, '@', &offset);
	piece->at = 0;
	return read_hash(hash, piece->hash) && (!offset.p || (str_int(offset, &piece->at) && piece->at >= 0 && piece->at < PACKAGE_BYTES));
}

static int read_bytes(struct req *r, const json_t *v, struct push_piece *piece)
{
	struct str text = {json_string_value(v), json_string_length(v)};
	char *bytes = arena_alloc(r->arena, text.n + 1);
	int n = text.p ? crypt_unb64url(bytes, text.n + 1, text) : -1;
	piece->bytes = (struct str){bytes, (size_t)MAX(n, 0)};
	return n < 0 ? fail(r, ERR_BAD_REQUEST, "objects: what is not base64url without padding is not taken") : 0;
}

static int read_pieces(struct req *r, struct str json, struct push *p)
{
	const char *key;
	int err = 0;
	json_t *v, *o = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	p->piece = arena_alloc(r->arena, (json_object_size(o) + 1) * sizeof *p->piece);
	if (!json_is_object(o))
		err = fail(r, ERR_BAD_REQUEST, "objects is an object of hashes (or HASH@OFFSET) and the bytes in base64url");
	json_object_foreach(o, key, v) {
		struct push_piece *piece = &p->piece[p->npieces++];
		if (!err && !read_place(str_of(key), piece))
			err = fail(r, ERR_BAD_REQUEST, "objects: a name is HASH or HASH@OFFSET");
		if (!err)
			err = read_bytes(r, v, piece);
	}
	json_decref(o);
	return err;
}

static void write_lacking(struct out *o, const struct push *p)
{
	char hex[2 * HASH_LEN + 1];
	out_kcstr(o, "state", "lacking");
	out_key(o, "lacks");
	out_array(o);
	for (int i = 0; i < p->nlacking; i++) {
		crypt_hex(hex, p->lacking[i].hash, HASH_LEN);
		out_cstr(o, hex);
	}
	out_end(o);
}

static void write_arrival(struct req *r, struct out *o, const struct arrival *w)
{
	out_kcstr(o, "state", w->reason ? "waiting" : "serving");
	out_kcstr(o, "app", w->app);
	out_kcstr(o, "url", arena_printf(r->arena, "%s/", node_origin(&r->settings, r->arena, w->app)));
	if (!w->reason) {
		out_kint(o, "version", w->version);
		return;
	}
	out_kcstr(o, "candidate", w->candidate);
	out_kcstr(o, "reason", w->reason);
}

/* In the owner's shell a folder is where the app comes from, as if it had been installed from there; what others push is
 * known by what they say. */
static void name_source(struct req *r, struct str source, struct arrival *w)
{
	char *text = arena_printf(r->arena, "%s", visible(r->arena, source.n ? source : STR("somewhere"), 1000));
	w->local = r->door == DOOR_SHELL && *text == '/';
	w->source = w->local ? text : arena_printf(r->arena, "push:%s", text);
	w->origin = w->local ? arena_printf(r->arena, "local:%s", text) : w->source;
}

int op_app_push(struct req *r, const struct call *c, struct out *o)
{
	struct push p = {0};
	struct arrival w = {.app = arena_cstr(r->arena, c->arg[0].s)};
	bool names = c->arg[1].present && c->arg[1].s.n;
	int err = manifest_name(c->arg[0].s, false, &r->fault);
	if (!err && names)
		err = read_files(r, c->arg[1].s, &p);
	if (!err && c->arg[2].present)
		err = read_pieces(r, c->arg[2].s, &p);
	name_source(r, c->arg[3].present ? c->arg[3].s : STR_NONE, &w);
	if (!err)
		err = names ? push_package(r->node, &p, &w, r->arena, &r->fault) : push_pieces(r->node, &p, &r->fault);
	if (err)
		return err;
	out_object(o);
	if (!names || p.nlacking)
		write_lacking(o, &p);
	else
		write_arrival(r, o, &w);
	out_end(o);
	return 0;
}
