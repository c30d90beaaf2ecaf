/* The clock jumps, by hours and by years: what has an end keeps it, and what is sorted by time stays so. */
#include "base/id.h"
#include "base/now.h"
#include "codec/zone.h"
#include "home.h"
#include "kernel/app.h"
#include "store/dev.h"
#include "store/health.h"
#include "store/kv.h"
#include "store/session.h"
#include "store/throttle.h"
#include "tap.h"

#define HOUR 3600000ll
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define LIFE (30 * DAY) /* of a session */

static struct store *store;
static struct db *db;
static struct arena *arena;
static struct fault f;
static struct user ann;

static void test_ids(void)
{
	static const int64_t jumps[] = {0, HOUR, -HOUR, 20 * YEAR, -YEAR, 0, -10 * YEAR};
	char before[ID_LEN + 1], id[ID_LEN + 1];
	int wrong = 0;
	id_new(before);
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++)
		for (int n = 0; n < 2000; n++) {
			now_shift(jumps[i]);
			id_new(id);
			wrong += strcmp(before, id) >= 0 || !id_valid(str_of(id));
			memcpy(before, id, sizeof id);
		}
	now_shift(0);
	is_int(wrong, 0, "CFG-12: whatever the clock does, each id of a process is greater than the one before");
}

static void test_far(void)
{
	static const struct {
		int64_t ms;
		const char *iso, *http;
	} far[] = {
		{0x7FFFFFFFll * 1000, "2038-01-19T03:14:07.000Z", "Tue, 19 Jan 2038 03:14:07 GMT"},
		{0x80000000ll * 1000, "2038-01-19T03:14:08.000Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
		{4102444800000, "2100-01-01T00:00:00.000Z", "Fri, 01 Jan 2100 00:00:00 GMT"},
		{1483228799999, "2016-12-31T23:59:59.999Z", "Sat, 31 Dec 2016 23:59:59 GMT"}, /* the second after it was a leap second */
		{1483228800000, "2017-01-01T00:00:00.000Z", "Sun, 01 Jan 2017 00:00:00 GMT"},
	};
	char text[30], id[ID_LEN + 1];
	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		is_str(now_iso(far[i].ms, text), far[i].iso, "CFG-12: %s", far[i].iso);
		is_str(now_http(far[i].ms, text), far[i].http, "CFG-12: and for HTTP");
	}
	setenv("TZ", "America/New_York", 1);
	is_str(now_iso(4102444800000, text), "2100-01-01T00:00:00.000Z", "CFG-12: whatever zone the machine is in");
	unsetenv("TZ");
	int64_t at = 0x80000000ll * 1000 + 5 * YEAR;
	now_shift(at - now_ms());
	id_new(id);
	ok(llabs(id_time(str_of(id)) - at) < HOUR || id_time(str_of(id)) > at, "CFG-12: an id after 2038 knows its time");
	now_shift(0);
}

static bool mono_runs(void)
{
	int64_t before = mono_ms();
	now_shift(10 * YEAR);
	int64_t forward = mono_ms();
	now_shift(-10 * YEAR);
	int64_t back = mono_ms();
	now_shift(0);
	return forward - before < HOUR && back >= forward && back - before < HOUR;
}

static void begin(unsigned char hash[HASH_LEN])
{
	struct session s = {.expires = now_ms() + LIFE};
	crypt_random(hash, HASH_LEN);
	memcpy(s.hash, hash, HASH_LEN);
	memcpy(s.user_id, ann.id, sizeof s.user_id);
	db_begin(db);
	if (session_create(db, &s, now_ms()) || db_commit(db))
		die("session: %s", f.message);
}

static bool lasts(const unsigned char hash[HASH_LEN])
{
	struct session s;
	struct user u;
	return session_find(db, hash, now_ms(), &s, &u);
}

static void test_sessions(void)
{
	unsigned char now[HASH_LEN], later[HASH_LEN], again[HASH_LEN];
	begin(now);
	now_shift(5 * HOUR);
	ok(lasts(now), "CFG-12: hours forward: a session lives on");
	now_shift(-5 * HOUR);
	ok(lasts(now), "CFG-12: hours back too");
	now_shift(2 * YEAR);
	ok(!lasts(now), "CFG-12: years forward it is over");
	begin(later); /* and what was over is removed in passing */
	now_shift(0);
	ok(lasts(later), "CFG-12: one that began in the wrong year does not end at once");
	begin(again);
	now_shift(LIFE + DAY);
	ok(!lasts(later), "CFG-12: and lasts no longer than one that begins now");
	now_shift(0);
}

static bool good(const char *secret)
{
	struct user u;
	return code_peek(db, CODE_LOGIN, str_of(secret), now_ms(), &u);
}

static void test_codes(void)
{
	char secret[SECRET_LEN + 1];
	struct code c = {.kind = CODE_LOGIN, .expires = now_ms() + HOUR};
	memcpy(c.user_id, ann.id, sizeof c.user_id);
	db_begin(db);
	ok(!code_create(db, &c, secret) && !db_commit(db), "a link");
	now_shift(-5 * HOUR);
	ok(good(secret), "CFG-12: hours back a link is good");
	now_shift(-YEAR);
	ok(!good(secret), "CFG-12: years back it is not good for years");
	now_shift(2 * HOUR);
	ok(!good(secret), "CFG-12: forward its time is over");
	now_shift(0);
	ok(good(secret), "the clock is right again");
}

static int64_t wait_for(const unsigned char key[HASH_LEN])
{
	int64_t wait = -1;
	db_begin(db);
	if (throttle_charge(db, key, 1, now_ms(), &wait) || db_commit(db))
		die("throttle: %s", f.message);
	return wait;
}

static void test_throttle(void)
{
	unsigned char key[HASH_LEN];
	crypt_random(key, sizeof key);
	for (int i = 0; i < 8; i++)
		wait_for(key);
	ok(wait_for(key) > 0, "a door is closed");
	now_shift(-3 * YEAR);
	ok(wait_for(key) <= THROTTLE_MAX_MS, "CFG-12: years back it is not closed for years");
	now_shift(0);
}

static void test_leases(void)
{
	db_begin(db);
	dev_lease(db, "app", now_ms() + 60000, STR(""));
	db_commit(db);
	ok(dev_get(db, arena, "app", now_ms()) != NULL, "a lease");
	ok(!dev_get(db, arena, "app", now_ms() + HOUR), "CFG-12: forward it is over");
	ok(!dev_get(db, arena, "app", now_ms() - YEAR), "CFG-12: back it does not last for years");
}

static void test_keys(void)
{
	struct scope sc = scope_person("app", "u_ann", false);
	struct buf out = BUF_INIT;
	sc.max_bytes = sc.max_rows = sc.max_files = INT64_MAX;
	struct kv k = {.db = db, .arena = arena, .scope = &sc};
	kv_set(&k, STR("kept"), STR("1"), 0);
	kv_set(&k, STR("short"), STR("1"), 3600);
	now_shift(-DAY);
	ok(!kv_get(&k, STR("short"), &out) && str_is(buf_str(&out), "1"), "CFG-12: back, a key with an end is there");
	now_shift(30 * YEAR);
	buf_clear(&out);
	ok(!kv_get(&k, STR("short"), &out) && str_is(buf_str(&out), "null"), "CFG-12: forward it is over");
	buf_clear(&out);
	ok(!kv_get(&k, STR("kept"), &out) && str_is(buf_str(&out), "1"), "CFG-12: one without stays");
	now_shift(0);
	buf_release(&out);
}

static void count_found(void *arg, const char *what)
{
	(void)what;
	++*(int *)arg;
}

static int wrong(void)
{
	int n = 0;
	health_look(db, HEALTH_CLOCK, count_found, &n);
	return n;
}

static void test_mending(void)
{
	unsigned char hash[HASH_LEN];
	is_int(wrong(), 0, "the clock is in order");
	now_shift(9 * YEAR);
	begin(hash);
	now_shift(0);
	is_int(wrong(), 1, "what began in years is noticed");
	is_int(health_mend(db, HEALTH_CLOCK), 0, "mended");
	is_int(wrong(), 0, "and in order");
	ok(lasts(hash), "the session goes on");
	now_shift(LIFE + DAY);
	ok(!lasts(hash), "for as long as it had");
	now_shift(0);
}

int main(void)
{
	store = home_make();
	arena = arena_new();
	db = db_borrow(store, &f);
	db_begin(db);
	if (user_create(db, STR("ann"), ROLE_OWNER, &ann) || db_commit(db))
		die("%s", f.message);
	test_mending();
	test_sessions();
	test_codes();
	test_throttle();
	test_leases();
	test_keys();
	ok(mono_runs(), "CFG-12: deadlines run on, whatever the clock does");
	test_far();
	test_ids();
	db_return(db);
	arena_free(arena);
	home_remove(store);
	return done_testing();
}
