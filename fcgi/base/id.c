#include "base/id.h"

#include <pthread.h>

#include "base/crypt.h"
#include "base/now.h"

/* Within one millisecond the 80-bit tail is the last one plus a random step, so that ids keep the order
 * in which they were made and still tell nothing about how many there were. */
static struct {
	pthread_mutex_t lock;
	int64_t ms;
	unsigned char tail[10];
} last = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void advance(unsigned char tail[10])
{
	unsigned char step[4];
	crypt_random(step, sizeof step);
	unsigned carry = 1;
	for (int i = 9; i >= 0; i--) {
		carry += tail[i] + (i >= 6 ? step[i - 6] : 0u);
		tail[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

void id_new(char out[ID_LEN + 1])
{
	unsigned char raw[16];
	int64_t ms = now_ms();
	pthread_mutex_lock(&last.lock);
	if (ms <= last.ms) {
		ms = last.ms;
		advance(last.tail);
	} else {
		last.ms = ms;
		crypt_random(last.tail, sizeof last.tail);
		last.tail[0] &= 0x7F; /* room to count up */
	}
	for (int i = 0; i < 6; i++)
		raw[i] = (unsigned char)(ms >> (40 - 8 * i));
	memcpy(raw + 6, last.tail, 10);
	pthread_mutex_unlock(&last.lock);
	crypt_base32(out, raw, sizeof raw);
}

void id_anew(void)
{
	pthread_mutex_lock(&last.lock);
	last.ms = 0;
	pthread_mutex_unlock(&last.lock);
}

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

bool id_valid(struct str s)
{
	if (s.n != ID_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(alphabet, s.p[i], 32))
			return false;
	return true;
}

/* Ten characters are fifty bits; the first forty-eight are the time. */
int64_t id_time(struct str id)
{
	int64_t bits = 0;
	for (int i = 0; i < 10; i++)
		bits = bits << 5 | ((const char *)memchr(alphabet, id.p[i], 32) - alphabet);
	return bits >> 2;
}

void id_secret(char out[SECRET_LEN + 1])
{
	unsigned char raw[32];
	crypt_random(raw, sizeof raw);
	struct buf b = BUF_INIT;
	crypt_b64url(&b, raw, sizeof raw);
	memcpy(out, b.p, SECRET_LEN + 1);
	buf_release(&b);
	crypt_wipe(raw, sizeof raw);
}
