#include "cell/frozen.h"

#include "base/crypt.h"

static struct {
	int64_t now;
	uint64_t counter, ids;
	unsigned char seed[KEY_LEN];
	unsigned char pool[HASH_LEN];
	size_t used; /* of the pool */
} frozen = {.used = HASH_LEN};

void frozen_set(int64_t now, const unsigned char seed[32])
{
	frozen.now = now;
	frozen.counter = frozen.ids = 0;
	frozen.used = HASH_LEN;
	memcpy(frozen.seed, seed, sizeof frozen.seed);
}

void frozen_advance(int64_t now)
{
	frozen.now = now > frozen.now ? now : frozen.now;
}

void frozen_turn(uint64_t n)
{
	frozen.counter = frozen.ids = n << 32;
	frozen.used = HASH_LEN;
}

int64_t frozen_now(void)
{
	return frozen.now;
}

void frozen_random(void *p, size_t n)
{
	unsigned char *to = p;
	for (size_t i = 0; i < n; i++) {
		if (frozen.used == sizeof frozen.pool) {
			crypt_mac(frozen.pool, frozen.seed, &frozen.counter, sizeof frozen.counter);
			frozen.counter++;
			frozen.used = 0;
		}
		to[i] = frozen.pool[frozen.used];
		frozen.pool[frozen.used++] = 0;
	}
}

void frozen_id(char out[ID_LEN + 1])
{
	unsigned char raw[16];
	uint64_t ms = (uint64_t)frozen.now;
	frozen_random(raw, sizeof raw);
	for (int i = 0; i < 6; i++)
		raw[i] = (unsigned char)(ms >> 8 * (5 - i));
	for (int i = 0; i < 3; i++) /* ids of one request sort in the order they were made */
		raw[6 + i] = (unsigned char)(frozen.ids >> 8 * (2 - i));
	frozen.ids++;
	crypt_base32(out, raw, sizeof raw);
}
