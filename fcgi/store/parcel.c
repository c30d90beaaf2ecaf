#include "store/parcel.h"

#include "store/ballast.h"
#include "store/conn.h"

int parcel_begin(struct parcel *p, struct db *db, int64_t size, struct str hash)
{
	char *window = p->window ? p->window : xmalloc(CHUNK_BYTES);
	*p = (struct parcel){.db = db, .size = size, .window = window};
	snprintf(p->hash, sizeof p->hash, "%.*s", STR_FMT(hash));
	crypt_random(p->body, sizeof p->body);
	crypt_hash_init(&p->hashing);
	return 0;
}

static int flush(struct parcel *p)
{
	if (!ballast_there(store_home(p->db->store)))
		return db_fail(p->db, ERR_DISK_FULL, "The disk is nearly full; make room on the machine, and try again.");
	int err = body_put(p->db, p->body, (p->received - 1) / CHUNK_BYTES, (struct str){p->window, p->n});
	p->n = 0;
	return err;
}

int parcel_add(struct parcel *p, struct str bytes)
{
	int err = 0;
	if ((int64_t)bytes.n > p->size - p->received)
		return db_fail(p->db, ERR_BAD_SOURCE, "a file is longer than it says");
	crypt_hash_add(&p->hashing, bytes.n ? bytes.p : "", bytes.n);
	while (!err && bytes.n) {
		size_t part = MIN(bytes.n, CHUNK_BYTES - p->n);
		memcpy(p->window + p->n, bytes.p, part);
		p->n += part;
		p->received += (int64_t)part;
		bytes = (struct str){bytes.p + part, bytes.n - part};
		if (p->n == CHUNK_BYTES)
			err = flush(p);
	}
	return err;
}

int parcel_end(struct parcel *p, unsigned char hash[HASH_LEN])
{
	char hex[2 * HASH_LEN + 1];
	if (p->received < p->size)
		return db_fail(p->db, ERR_BAD_SOURCE, "a file is shorter than it says");
	crypt_hash_end(&p->hashing, hash);
	crypt_hex(hex, hash, HASH_LEN);
	if (strcmp(hex, p->hash))
		return db_fail(p->db, ERR_BAD_SOURCE, "a file is damaged: its checksum does not fit");
	int err = p->n ? flush(p) : 0;
	return err ? err : object_adopt(p->db, hash, p->body, p->size);
}

void parcel_release(struct parcel *p)
{
	free(p->window);
	*p = (struct parcel){0};
}
