/* Who tries passwords and links: what the time tells, many at once, and who has to wait. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "../identity/browser.h"
#include "base/now.h"
#include "kernel/attempt.h"
#include "kernel/password.h"
#include "store/session.h"
#include "tap.h"

/* Microseconds of work, not of waiting for other programs. */
static int64_t work(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static int64_t time_of(const char *name)
{
	struct browser b = {.client = "10.2.0.1"};
	int64_t from = work();
	sign_in(&b, name, "wrong");
	return work() - from;
}

/* The least of many, in turns, because caches are shared; of more when the machine is busy. */
static void test_equal_times(void)
{
	int64_t known = INT64_MAX, unknown = INT64_MAX, less = 0, more = INT64_MAX;
	for (int i = 0; i < 12 || (i < 60 && more >= less + less / 4); i++) {
		now_shift(i * 2 * THROTTLE_FORGET_MS);
		known = MIN(known, time_of("Ann"));
		unknown = MIN(unknown, time_of("Zoe"));
		less = MIN(known, unknown);
		more = MAX(known, unknown);
	}
	now_shift(0);
	ok(less > 5000 && more < less + less / 4, "known and unknown names take the same time: %lld and %lld us", (long long)known,
	   (long long)unknown);
}

static void test_throttle(void)
{
	struct browser home_device = {.client = "10.3.0.1"};
	char client[40];
	clock_hold(2 * THROTTLE_FORGET_MS); /* nothing that was counted before counts now */
	op(op_user_add, "Tom", NULL, NULL);
	is_int(post(&home_device, OS, "/_fazt/invite", form_of_link("correct+horse+battery")), 303, "an account");
	is_int(sign_in(&home_device, "Tom", "correct+horse+battery"), 303, "Tom signs in at home");
	int limited = 0;
	for (int i = 0; i < 40; i++) {
		struct browser far = {.client = client};
		snprintf(client, sizeof client, "192.0.2.%d", i);
		limited += sign_in(&far, "Tom", "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_NAME - 1, "guesses at one name from everywhere are slowed down");
	ok(answer("retry-after") != NULL, "with the time to wait");
	ok(strstr(R.res.body.p, "seconds") != NULL, "in seconds at first");
	struct browser elsewhere = {.client = "198.51.100.1"};
	is_int(sign_in(&elsewhere, "Tom", "correct+horse+battery"), 429, "even the right password waits, from an unknown browser");
	is_int(sign_in(&home_device, "Tom", "correct+horse+battery"), 303, "but not from Tom's own");
	limited = 0;
	for (int i = 0; i < 40; i++) {
		struct browser far = {.client = client};
		snprintf(client, sizeof client, "192.0.3.%d", i);
		limited += sign_in(&far, "Nobody", "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_NAME - 1, "a name nobody has behaves the same");

	struct browser forger = {.client = "198.51.100.2"};
	snprintf(forger.jar[0].host, sizeof forger.jar[0].host, OS);
	snprintf(forger.jar[0].name, sizeof forger.jar[0].name, "__Host-os-device");
	snprintf(forger.jar[0].value, sizeof forger.jar[0].value, "%s", cookie(&home_device, OS, "__Host-os-device")->value);
	forger.jar[0].value[ID_LEN + 5] ^= 1;
	forger.n = 1;
	is_int(sign_in(&forger, "Tom", "guess"), 429, "a forged device cookie helps nobody");

	limited = 0;
	for (int i = 0; i < 10; i++)
		limited += sign_in(&home_device, "Tom", "guess") == 429;
	is_int(limited, 10 - ATTEMPTS_FREE_NAME - 1, "a stolen device has no more guesses than a stranger");

	struct browser one = {.client = "203.0.113.1"};
	limited = 0;
	for (int i = 0; i < 40; i++) {
		char name[20];
		snprintf(name, sizeof name, "name-%d", i);
		limited += sign_in(&one, name, "guess") == 429;
	}
	is_int(limited, 40 - ATTEMPTS_FREE_CLIENT - 1, "one client trying many names");
	struct browser v6a = {.client = "2001:db8::1"}, v6b = {.client = "2001:db8::2"};
	for (int i = 0; i < 30; i++) {
		char name[20];
		snprintf(name, sizeof name, "six-%d", i);
		sign_in(&v6a, name, "guess");
	}
	is_int(sign_in(&v6b, "six-x", "guess"), 429, "an IPv6 client is its /64");

	int64_t longest = 0;
	for (int i = 0; i < 30; i++) {
		clock_hold(2 * THROTTLE_FORGET_MS + 60000 + i * (THROTTLE_MAX_MS + 1000));
		struct browser far = {.client = "192.0.9.9"};
		far.client = client;
		snprintf(client, sizeof client, "192.0.9.%d", i);
		is_int(sign_in(&far, "Tom", "guess"), 401, "the door opens again, time %d", i);
		sign_in(&far, "Tom", "guess");
		longest = MAX(longest, R.retry_after);
	}
	ok(strstr(R.res.body.p, "Try again in 15 minutes.") != NULL, "then in minutes");
	is_int(longest, THROTTLE_MAX_MS / 1000, "and never stays closed for longer than a quarter of an hour");
	clock_go();
	is_int(sign_in(&elsewhere, "Tom", "correct+horse+battery"), 303, "a clock that is set back locks nobody out");
}

/* ---- many at once ---- */

#define GUESSERS 16

static struct str contested;
static atomic_int taken, limited_threads, checked;

static void *take_code(void *unused)
{
	struct fault f = {0};
	struct code c;
	struct arena *a = arena_new();
	struct db *db = db_borrow(node.store, &f);
	int err = db_begin(db);
	if (!err)
		err = code_take(db, a, CODE_LOGIN, contested, now_ms(), &c);
	taken += !(err ? db_rollback(db) : db_commit(db));
	db_return(db);
	arena_free(a);
	return unused;
}

static void *check_password(void *unused)
{
	struct req r = {.node = &node, .arena = arena_new()};
	bool right;
	int err = password_check(&r, NULL, STR("guess"), &right);
	checked += !err && !right;
	limited_threads += err == ERR_RATE_LIMITED && r.retry_after == 1;
	arena_free(r.arena);
	return unused;
}

static void all_at_once(void *(*fn)(void *))
{
	pthread_t thread[GUESSERS];
	for (int i = 0; i < GUESSERS; i++)
		pthread_create(&thread[i], NULL, fn, NULL);
	for (int i = 0; i < GUESSERS; i++)
		pthread_join(thread[i], NULL);
}

static void test_at_once(void)
{
	char secret[SECRET_LEN + 1];
	op(op_login_link, NULL, NULL, NULL);
	snprintf(secret, sizeof secret, "%.*s", SECRET_LEN, strstr(link_of(), "code=") + 5);
	contested = str_of(secret);
	all_at_once(take_code);
	is_int(taken, 1, "of many who take a code at once, one gets it");
	all_at_once(check_password);
	ok(limited_threads > 0 && limited_threads < GUESSERS - PASSWORD_QUEUE && limited_threads + checked == GUESSERS,
	   "passwords are checked one at a time, %d wait, the others are turned away (%d of %d)", PASSWORD_QUEUE,
	   (int)limited_threads, GUESSERS);
}

/* Everybody who may wait waits for a process that holds the lock. */
static int fill_queue(pthread_t thread[GUESSERS])
{
	char path[200];
	snprintf(path, sizeof path, "%s/run/password.lock", node.home);
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok(lock >= 0 && !flock(lock, LOCK_EX), "another process checks a password");
	limited_threads = 0;
	for (int i = 0; i < GUESSERS; i++)
		pthread_create(&thread[i], NULL, check_password, NULL);
	while (limited_threads < GUESSERS - PASSWORD_QUEUE - 1)
		usleep(1000);
	return lock;
}

/* Who is turned away because others wait has not guessed: neither at the door, nor with the present password, nor with a new one. */
static void test_turned_away(void)
{
	struct browser sue = {.client = "10.4.0.1"};
	pthread_t thread[GUESSERS];
	int door = 0, present = 0, fresh = 0;
	clock_hold(60 * THROTTLE_FORGET_MS);
	join(&sue, "Sue");
	is_int(sign_in(&sue, "Sue", "correct+horse+battery"), 303, "Sue has a device and a session");
	int lock = fill_queue(thread);
	for (int i = 0; i < 10; i++) {
		door += sign_in(&sue, "Sue", "correct+horse+battery") == 429 && strstr(R.res.body.p, "Too many people");
		present += op_of(&sue, op_session_password, "another of Sue", PASSWORD) == ERR_RATE_LIMITED && R.retry_after == 1 && strstr(R.fault.message, "Too many people");
		fresh += op_of(&sue, op_session_password, "another of Sue", NULL) == ERR_RATE_LIMITED && strstr(R.fault.message, "Too many people");
	}
	close(lock);
	for (int i = 0; i < GUESSERS; i++)
		pthread_join(thread[i], NULL);
	ok(door == 10 && present == 10 && fresh == 10, "turned away for the others' sake each time: %d, %d, %d", door, present, fresh);
	is_int(sign_in(&sue, "Sue", "correct+horse+battery"), 303, "and let in as soon as there is a place");
	int wrong = 0;
	while (wrong < 20 && sign_in(&sue, "Sue", "guess") == 401)
		wrong++;
	is_int(wrong, ATTEMPTS_FREE_NAME + 1, "guesses that were looked at are still counted");
	clock_go();
}

int main(void)
{
	identity_setup();
	join(&(struct browser){.client = "10.0.0.2"}, "Ann");
	test_equal_times();
	test_at_once();
	test_turned_away();
	test_throttle();
	identity_teardown();
	return done_testing();
}
