#include "base/crypt.h"
#include "codec/json.h"
#include "codec/record.h"
#include "fuzz.h"

/* What is read is a record whose line, written again, is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct record r, again;
	struct buf line = BUF_INIT, twice = BUF_INIT;
	crypt_init();
	if (!record_read(a, (struct str){(const char *)data, size}, &r, NULL)) {
		MUST(r.kind < RECORD_KINDS);
		MUST(r.kind != RECORD_DOC || (text_name(r.collection) && r.id.n == 26 && (!r.owner.n || record_person(r.owner))));
		MUST(r.kind != RECORD_SHARE || r.who.n);
		MUST(r.kind != RECORD_CONTENT || (r.size >= 0 && r.hash.n == 64));
		MUST(r.kind != RECORD_BLOB || ((!r.collection.n || text_name(r.collection)) && (!r.owner.n || record_person(r.owner))));
		record_write(&line, &r);
		MUST(memchr(line.p, '\n', line.len) == line.p + line.len - 1);
		MUST(!record_read(a, (struct str){line.p, line.len - 1}, &again, NULL));
		record_write(&twice, &again);
		MUST(str_eq(buf_str(&line), buf_str(&twice)));
	}
	buf_release(&line);
	buf_release(&twice);
	arena_free(a);
	return 0;
}
