/* Places: nobody has all of them, and the last ones are for those who have none. */
#include "kernel/place.h"
#include "tap.h"

static struct places places = PLACES_INIT;

static int take(const char *user, const char *client)
{
	struct arena *a = arena_new();
	struct req r = {.arena = a, .client = str_of(client)};
	snprintf(r.who.user_id, sizeof r.who.user_id, "%s", user);
	int place = place_take(&places, &r);
	arena_free(a);
	return place;
}

static int take_all(const char *user, const char *client)
{
	int n = 0;
	while (n <= PLACES && take(user, client) >= 0)
		n++;
	return n;
}

static void leave_all(void)
{
	for (int i = 0; i < PLACES; i++)
		place_leave(&places, i);
}

static void test_strangers(void)
{
	char client[32];
	int n = 0;
	is_int(take_all("", "192.0.2.1"), PLACES_STRANGER, "a stranger has few");
	is_int(take_all("", "2001:db8:1:2::3"), PLACES_STRANGER, "another one has theirs");
	is_int(take_all("", "2001:db8:1:2:ffff::4"), 0, "… and one network of IPv6 is one stranger");
	for (int i = 2; i < 40; i++) {
		snprintf(client, sizeof client, "192.0.2.%d", i);
		n += take("", client) >= 0;
	}
	is_int(n + 2 * PLACES_STRANGER, PLACES_ONE, "all of them together have half");
	ok(take("ann", "192.0.2.1") >= 0, "a person has a place beside them");
	leave_all();
}

static void test_people(void)
{
	is_int(take_all("eve", ""), PLACES_ONE, "one person has half");
	is_int(take_all("mallory", ""), PLACES - PLACES_LAST - PLACES_ONE, "another one does not have the rest");
	ok(take("ann", "") >= 0 && take("ben", "") >= 0, "those who have none find one");
	is_int(take("ann", ""), -1, "… and not a second one");
	leave_all();
	ok(take("ann", "") >= 0 && take("ann", "") >= 0, "what was left is there again");
}

int main(void)
{
	test_strangers();
	test_people();
	return done_testing();
}
