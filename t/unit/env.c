/* What an app was told, sealed in its table; tokens; and the arguments of an operation on their way to another node. */
#include "codec/sig.h"
#include "home.h"
#include "store/conn.h"
#include "store/env.h"
#include "store/token.h"
#include "tap.h"

static void test_seal(void)
{
	unsigned char key[KEY_LEN] = {1}, other[KEY_LEN] = {2};
	struct buf a = BUF_INIT, b = BUF_INIT, back = BUF_INIT;
	crypt_seal(&a, key, STR("app NAME"), STR("value"));
	crypt_seal(&b, key, STR("app NAME"), STR("value"));
	is_int((int64_t)a.len, 5 + SEAL_LEN, "sealed text is longer by SEAL_LEN");
	ok(a.len == b.len && memcmp(a.p, b.p, a.len), "twice the same text is sealed to two");
	ok(crypt_open(&back, key, STR("app NAME"), buf_str(&a)) && str_is(buf_str(&back), "value"), "it opens");
	buf_clear(&back);
	ok(!crypt_open(&back, other, STR("app NAME"), buf_str(&a)), "… not with another key");
	ok(!crypt_open(&back, key, STR("app OTHER"), buf_str(&a)), "… nor under another name");
	int opened = 0;
	for (size_t i = 0; i < a.len; i++) {
		a.p[i] ^= 1;
		opened += crypt_open(&back, key, STR("app NAME"), buf_str(&a));
		a.p[i] ^= 1;
	}
	for (size_t n = 0; n < a.len; n++)
		opened += crypt_open(&back, key, STR("app NAME"), (struct str){a.p, n});
	ok(!opened && !back.len, "nor when a bit of it changed, or an end is missing");
	buf_clear(&b);
	crypt_seal(&b, key, STR(""), STR(""));
	ok(crypt_open(&back, key, STR(""), buf_str(&b)) && !back.len, "nothing is sealed as well");
	buf_release(&a);
	buf_release(&b);
	buf_release(&back);
}

static int in_transaction(struct db *db, int err)
{
	return err ? db_rollback(db) : db_commit(db);
}

static int set(struct db *db, const char *app, const char *name, struct str value)
{
	db_begin(db);
	return in_transaction(db, env_set(db, app, name, "", value));
}

static void test_env(struct db *db)
{
	struct arena *a = arena_new();
	struct env_value *list;
	char *large = arena_alloc(a, ENV_VALUE + 1);
	memset(large, 'x', ENV_VALUE + 1);
	is_int(set(db, "one", "B", STR("b")), 0, "set");
	is_int(set(db, "one", "A", STR("a")), 0, "another");
	is_int(set(db, "one", "B", STR("c")), 0, "again");
	is_int(set(db, "two", "B", STR("d")), 0, "of another app");
	is_int(env_list(db, a, "one", &list), 2, "an app has its own");
	ok(!strcmp(list[0].name, "A") && str_is(list[1].value, "c") && list[1].changed > 0, "by name, with the last value");
	is_int(set(db, "one", "C", (struct str){large, ENV_VALUE + 1}), ERR_TOO_LARGE, "a value has a bound");
	int64_t fit = 0;
	for (int i = 0; i < 10; i++)
		fit += !set(db, "three", (char[]){(char)('A' + i), 0}, (struct str){large, ENV_VALUE});
	is_int(fit, ENV_TOTAL / ENV_VALUE - 1, "and all of an app's together");
	db_begin(db);
	is_int(in_transaction(db, db_run(db, "UPDATE env SET sealed = (SELECT sealed FROM env WHERE app_id = 'two') WHERE app_id = 'one' AND name = 'B'", "")), 0,
	       "a row moved over by hand");
	is_int(env_list(db, a, "one", &list), 2, "is there");
	ok(!list[1].value.p && str_is(list[0].value, "a"), "… and does not open");
	db_begin(db);
	is_int(in_transaction(db, env_unset(db, "one", "A")), 0, "unset");
	db_begin(db);
	is_int(in_transaction(db, env_unset(db, "one", "A")), ERR_NOT_FOUND, "once");
	arena_free(a);
}

static void test_tokens(struct db *db)
{
	struct arena *a = arena_new();
	struct token t = {.name = "x", .app_id = "one", .created = 1, .expires = 2}, found, *list;
	unsigned char hash[HASH_LEN] = {7}, other[HASH_LEN] = {8};
	int64_t epoch = db_epoch(db);
	db_begin(db);
	is_int(in_transaction(db, token_add(db, &t, hash)), 0, "a token");
	ok(db_epoch(db) > epoch, "… every process hears of");
	db_begin(db);
	is_int(in_transaction(db, token_add(db, &t, other)), ERR_CONFLICT, "a name once");
	ok(token_find(db, hash, &found) && !strcmp(found.app_id, "one") && found.expires == 2 && !found.seen, "found by its hash");
	ok(!token_find(db, other, &found), "and by no other");
	epoch = db_epoch(db);
	db_begin(db);
	is_int(in_transaction(db, token_seen(db, hash, 5)), 0, "its use is noted");
	ok(db_epoch(db) == epoch && token_list(db, a, &list) == 1 && list[0].seen == 5, "… quietly");
	db_begin(db);
	is_int(in_transaction(db, token_remove(db, STR("x"))), 0, "removed");
	ok(!token_find(db, hash, &found) && !token_list(db, a, &list), "gone");
	arena_free(a);
}

static void test_arguments(void)
{
	static const char text[] = "{\"s\":\"a\\\"\\n\",\"i\":-5,\"n\":1.5,\"b\":true,\"j\":[1,{\"x\":null}]}";
	struct arena *a = arena_new();
	struct sig sig;
	struct call c = {0};
	struct fault f = {0};
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	sig_parse(&sig, "s:str< i:int n:num b:bool? j:json? left:str? out:bytes?");
	ok(sig.param[0].input && !sig.param[0].optional && !sig.param[1].input && sig.param[3].optional, "a < marks what standard input may give");
	is_int(sig_from_json(&sig, str_of(text), &c, a, &f), 0, "arguments from JSON");
	sig_to_json(&sig, &c, &o);
	is_str(b.p, text, "and back, without those that were not given");
	buf_release(&b);
	arena_free(a);
}

int main(void)
{
	struct fault f = {0};
	struct store *s = home_make();
	struct db *db = db_borrow(s, &f);
	test_seal();
	test_env(db);
	test_tokens(db);
	test_arguments();
	db_return(db);
	home_remove(s);
	return done_testing();
}
