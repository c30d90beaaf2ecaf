#include "gate/flood.h"

#include <pthread.h>

#include "base/crypt.h"
#include "base/now.h"

/* A bucket is a moment: that at which it is full again. A client whose place another one takes begins with a full one,
 * so the table never has to be searched and never grows. */

#define BUCKETS 4096

static struct bucket {
	unsigned char client[HASH_LEN];
	int64_t full_at; /* mono_ms */
} buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* How long until the client may write again; 0 and charged when now. */
static int64_t charge(const unsigned char client[HASH_LEN], int64_t now)
{
	struct bucket *b = &buckets[(client[0] | client[1] << 8) % BUCKETS];
	if (memcmp(b->client, client, HASH_LEN)) {
		memcpy(b->client, client, HASH_LEN);
		b->full_at = now;
	}
	int64_t full_at = MAX(b->full_at, now) + FLOOD_MS;
	if (full_at - now > (int64_t)FLOOD_BURST * FLOOD_MS)
		return full_at - now - (int64_t)FLOOD_BURST * FLOOD_MS;
	b->full_at = full_at;
	return 0;
}

int flood_charge(struct req *r)
{
	unsigned char client[HASH_LEN];
	struct str prefix = req_client_prefix(r);
	if (r->who.kind != WHO_IS_STRANGER || r->door != DOOR_HTTP)
		return 0;
	crypt_hash(client, prefix.n ? prefix.p : "", prefix.n);
	pthread_mutex_lock(&lock);
	int64_t wait = charge(client, mono_ms());
	pthread_mutex_unlock(&lock);
	if (!wait)
		return 0;
	r->retry_after = (wait + 999) / 1000;
	return fail(r, ERR_RATE_LIMITED, "Too much at once from your address; sign in, or wait a moment.");
}
