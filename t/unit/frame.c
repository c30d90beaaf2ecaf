#include <math.h>

#include "tap.h"
#include "wire/frame.h"
#include "wire/syscall.h"

static void test_frames(void)
{
	struct buf b = BUF_INIT;
	struct frame f;
	size_t began = frame_begin(&b, FRAME_CALL, FRAME_AS_APP, 513);
	buf_adds(&b, "hello");
	frame_end(&b, began);
	frame_end(&b, frame_begin(&b, FRAME_LOG, 0, 2));
	for (size_t n = 0; n < FRAME_HEAD + 5; n++)
		if (frame_parse((struct str){b.p, n}, &f))
			ok(0, "a frame cut off after %zu bytes", n);
	is_int(frame_parse(buf_str(&b), &f), FRAME_HEAD + 5, "the first of two frames");
	ok(f.type == FRAME_CALL && f.flags == FRAME_AS_APP && f.code == 513 && str_is(f.payload, "hello"), "has its parts");
	is_int(frame_parse((struct str){b.p + FRAME_HEAD + 5, b.len - FRAME_HEAD - 5}, &f), FRAME_HEAD, "an empty payload");
	b.p[4] = 5;
	is_int(frame_parse(buf_str(&b), &f), -1, "an unknown type");
	b.p[4] = FRAME_CALL;
	memcpy(b.p, "\x01\x00\x11\x00", 4);
	is_int(frame_parse((struct str){b.p, FRAME_HEAD}, &f), -1, "a length over the bound is refused from the header alone");
	buf_release(&b);
}

static void test_primitives(void)
{
	struct buf b = BUF_INIT;
	put_u8(&b, 255);
	put_u16(&b, 65535);
	put_u32(&b, 4000000000u);
	put_i64(&b, INT64_MIN);
	put_num(&b, 0.1);
	put_str(&b, STR_NONE);
	put_str(&b, STR(""));
	put_str(&b, STR("x\0y"));
	struct wire w = {.left = buf_str(&b)};
	ok(get_u8(&w) == 255 && get_u16(&w) == 65535 && get_u32(&w) == 4000000000u && get_i64(&w) == INT64_MIN &&
		   get_num(&w) == 0.1, "numbers there and back");
	ok(!get_str(&w).p, "an absent string");
	struct str empty = get_str(&w);
	ok(empty.p && !empty.n, "is not an empty one");
	ok(str_eq(get_str(&w), STR("x\0y")) && !w.left.n && !w.bad, "a string with NUL, and the end");
	ok(!get_u8(&w) && w.bad, "nothing is read past the end");
	w = (struct wire){.left = STR("\xFF\xFF\xFF\x7Fx")};
	ok(!get_str(&w).p && w.bad && !get_u32(&w), "a string longer than its frame");
	buf_release(&b);
}

static void test_args(void)
{
	struct sig s;
	struct call c = {.arg = {{.present = true, .s = STR("gr\xC3\xBC\xC3\x9F")}, {.present = true, .i = -7}, {.present = true, .n = 2.5},
				 {.present = true, .b = true}, {.present = true, .s = STR("\xFF\0")}, {.present = true, .s = STR("{\"a\":[1]}")}}}, d;
	sig_parse(&s, "a:str b:int c:num d:bool e:bytes f:json g:json?");
	struct buf b = BUF_INIT;
	wire_put_args(&b, &s, &c);
	ok(wire_get_args(buf_str(&b), &s, &d), "arguments of every type");
	ok(str_eq(d.arg[0].s, c.arg[0].s) && d.arg[1].i == -7 && d.arg[2].n == 2.5 && d.arg[3].b && d.arg[4].s.n == 2 &&
		   str_is(d.arg[5].s, "{\"a\":[1]}") && !d.arg[6].present && d.nargs == 7, "have their values");
	ok(!wire_get_args((struct str){b.p, b.len - 1}, &s, &d), "cut off");
	buf_addc(&b, 0);
	ok(!wire_get_args(buf_str(&b), &s, &d), "bytes behind the last one");
	static const struct { const char *what; struct arg arg[3]; } bad[] = {
		{"text that is not UTF-8", {{.present = true, .s = STR("\xC0\x80")}, {.present = true, .s = STR("1")}}},
		{"JSON that is none", {{.present = true, .s = STR("x")}, {.present = true, .s = STR("{,}")}}},
		{"a number that is none", {{.present = true, .s = STR("x")}, {.present = true, .s = STR("1")}, {.present = true, .n = HUGE_VAL}}},
		{"a number that is not one", {{.present = true, .s = STR("x")}, {.present = true, .s = STR("1")}, {.present = true, .n = NAN}}},
		{"a missing argument", {{.present = true, .s = STR("x")}}},
		{"none at all", {{.present = false}}},
	};
	sig_parse(&s, "a:str b:json c:num?");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&b);
		memcpy(c.arg, bad[i].arg, sizeof bad[i].arg);
		wire_put_args(&b, &s, &c);
		ok(!wire_get_args(buf_str(&b), &s, &d), "%s is refused", bad[i].what);
	}
	static const struct { const char *sig, *what; struct str bytes; } raw[] = {
		{"a:bool", "true that is 2", STR("\x01\x02")}, {"a:str", "there that is 2", STR("\x02\x01\0\0\0x")}, {"a:bool", "nothing", STR("")},
		{"a:int", "half a number", STR("\x01\0\0")}, {"a:num", "half a number", STR("\x01\0\0")}, {"a:str", "text of no length", STR("\x01")},
		{"a:file", "a file that is neither bytes nor an upload", STR("\x01\x02\x01\0\0\0x")},
		{"a:file", "an upload that is not UTF-8", STR("\x01\x01\x01\0\0\0\xFF")}, {"a:json", "JSON that is cut off", STR("\x01\x02\0\0\0{")},
	};
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		sig_parse(&s, raw[i].sig);
		ok(!wire_get_args(raw[i].bytes, &s, &d), "%s: %s is refused", raw[i].sig, raw[i].what);
	}
	buf_release(&b);
}

static void test_request(void)
{
	static struct wire_request r = {.method = STR("GET"), .path = STR("/x"), .query = STR("a=1"), .body = STR(""), .id = STR("01"),
		.trigger = STR("http"), .origin = STR("http://x.localhost"), .now = 1234567890123, .seed = {1, 2, 3}, .nheaders = 1, .header = {{STR("accept"), STR("*/*")}}}, q;
	struct buf b = BUF_INIT;
	wire_put_request(&b, &r);
	ok(wire_get_request(buf_str(&b), &q), "a request");
	ok(str_is(q.path, "/x") && q.body.p && !q.user.p && str_is(q.origin, "http://x.localhost") && q.now == r.now && !memcmp(q.seed, r.seed, 32) && q.nheaders == 1 &&
		   str_is(q.header[0].name, "accept"), "has its parts");
	for (size_t n = 0; n < b.len; n++)
		if (wire_get_request((struct str){b.p, n}, &q))
			ok(0, "a request cut off after %zu bytes", n);
	buf_clear(&b);
	r.moment = 1234567890000;
	wire_put_request(&b, &r);
	ok(wire_get_request(buf_str(&b), &q) && q.moment == r.moment && q.nheaders == 1, "and the moment of a job");
	ok(!wire_get_request((struct str){b.p, b.len - 1}, &q), "… whole");
	buf_release(&b);
}

static void test_response(void)
{
	static struct wire_response r = {.status = 201, .kind = BODY_BYTES, .type = STR("text/html"), .body = STR("<p>"), .nheaders = 2,
		.header = {{STR("a"), STR("b")}, {STR("c"), STR("")}}}, q;
	struct buf b = BUF_INIT;
	wire_put_response(&b, &r);
	ok(wire_get_response(buf_str(&b), &q), "a response");
	ok(q.status == 201 && q.kind == BODY_BYTES && str_is(q.body, "<p>") && q.nheaders == 2 && q.header[1].value.p, "has its parts");
	b.p[2] = 9;
	ok(!wire_get_response(buf_str(&b), &q), "an unknown kind of body");
	buf_clear(&b);
	put_u16(&b, 200);
	put_u8(&b, BODY_NONE);
	put_str(&b, STR_NONE);
	put_str(&b, STR_NONE);
	put_u16(&b, 65535);
	ok(!wire_get_response(buf_str(&b), &q), "too many headers");
	buf_release(&b);
}

int main(void)
{
	syscall_init();
	test_frames();
	test_primitives();
	test_args();
	test_request();
	test_response();
	return done_testing();
}
