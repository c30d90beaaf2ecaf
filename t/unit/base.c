#include "base/arena.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/now.h"
#include "base/out.h"
#include "tap.h"

static int cleanups;

static void count(void *arg)
{
	cleanups = cleanups * 10 + *(int *)arg;
}

static void test_arena(void)
{
	struct arena *a = arena_new();
	int one = 1, two = 2;
	arena_defer(a, count, &one);
	arena_defer(a, count, &two);
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(a, 100), 0xFF, 100);
	char *big = arena_alloc(a, MIB);
	ok(!big[0] && !big[MIB - 1], "an arena hands out zeroed memory");
	is_str(arena_printf(a, "%s-%d", "x", 7), "x-7", "arena_printf");
	arena_reset(a);
	is_int(cleanups, 21, "cleanups run last-in first-out");
	arena_free(a);
}

static void test_text(void)
{
	int64_t v;
	struct str rest;
	ok(str_int(STR("-9223372036854775808"), &v) && v == INT64_MIN, "the least integer");
	ok(!str_int(STR("9223372036854775808"), &v), "one too many is refused");
	ok(!str_int(STR("12a"), &v) && !str_int(STR(""), &v) && !str_int(STR("-"), &v), "not numbers");
	ok(str_is(str_cut(STR("a=b=c"), '=', &rest), "a") && str_is(rest, "b=c"), "str_cut");
	ok(text_utf8(STR("gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\xB1")), "UTF-8");
	ok(!text_utf8(STR("\xC0\x80")) && !text_utf8(STR("\xED\xA0\x80")) && !text_utf8(STR("\xF4\x90\x80\x80")) &&
		   !text_utf8(STR("\xE2\x82")),
	   "overlong, surrogate, too large, cut off");
	ok(text_name(STR("a_1")) && !text_name(STR("1a")) && !text_name(STR("A")) && !text_name(STR("")), "names");
	ok(text_label(STR("a-1")) && !text_label(STR("-a")) && !text_label(STR("a.b")), "labels");
	is_int(text_distance("visability", "visibility"), 1, "edit distance");
}

static void test_out(void)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	out_kcstr(&o, "a", "q\"\\\n\x01\xFF");
	out_key(&o, "list");
	out_array(&o);
	out_int(&o, -1);
	out_num(&o, 0.1);
	out_null(&o);
	out_end(&o);
	out_kbool(&o, "t", true);
	out_end(&o);
	is_str(b.p, "{\"a\":\"q\\\"\\\\\\n\\u0001\xEF\xBF\xBD\",\"list\":[-1,0.1,null],\"t\":true}", "JSON is written");
	buf_release(&b);

	struct buf small = BUF_MAX(4);
	buf_adds(&small, "123456");
	ok(small.full && small.len == 4, "a bounded buf stops growing and says so");
	buf_release(&small);
}

static void test_crypto(void)
{
	char text[64];
	unsigned char back[32], hash[HASH_LEN];
	struct buf b = BUF_INIT;
	crypt_b64url(&b, "\xFB\xFF\xFE", 3);
	is_str(b.p, "-__-", "base64url");
	is_int(crypt_unb64url(back, sizeof back, STR("-__-")), 3, "and back");
	is_int(crypt_unb64url(back, sizeof back, STR("-__")), -1, "a form that is not canonical is refused");
	crypt_base32(text, "\xFF\x00\xFF", 3);
	is_str(text, "zw0fy", "base32");
	crypt_hash(hash, "abc", 3);
	crypt_hex(text, hash, 4);
	is_str(text, "bddd813c", "BLAKE2b-256 of abc (RFC 7693 construction)");
	char pw[PASSWORD_HASH_LEN];
	crypt_password_hash(pw, STR("correct horse"));
	ok(crypt_password_check(pw, STR("correct horse")) && !crypt_password_check(pw, STR("wrong")), "passwords");
	unsigned char seed[32] = {1}, pub[32], sig[64];
	crypt_sign_public(pub, seed);
	crypt_sign(sig, seed, "hi", 2);
	ok(crypt_verify(sig, pub, "hi", 2) && !crypt_verify(sig, pub, "ho", 2), "signatures");
	buf_release(&b);
}

static void test_id(void)
{
	char a[ID_LEN + 1], b[ID_LEN + 1];
	bool rising = true;
	id_new(a);
	for (int i = 0; i < 10000; i++) {
		id_new(b);
		rising &= strcmp(a, b) < 0;
		memcpy(a, b, sizeof a);
	}
	ok(rising, "ten thousand ids in the order they were made");
	ok(id_valid(str_of(a)) && !id_valid(STR("il")), "the form of an id");
}

int main(void)
{
	crypt_init();
	test_arena();
	test_text();
	test_out();
	test_crypto();
	test_id();
	char iso[25], http[30];
	is_str(now_iso(1700000000123, iso), "2023-11-14T22:13:20.123Z", "ISO time");
	is_str(now_http(784111777000, http), "Sun, 06 Nov 1994 08:49:37 GMT", "HTTP time (RFC 9110)");
	return done_testing();
}
