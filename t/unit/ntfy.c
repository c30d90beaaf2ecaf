#include "codec/ntfy.h"

#include "base/crypt.h"
#include "codec/calendar.h"
#include "tap.h"

static struct arena *a;
#define S(text) str_of(text)

static void is_s(struct str got, const char *want, const char *name)
{
	is_str(arena_cstr(a, got), want, "%s", name);
}

static void words(void)
{
	ok(ntfy_topic(S("my-Topic_1")) && !ntfy_topic(S("")) && !ntfy_topic(S("a b")) && !ntfy_topic(S("a/b")), "topics");
	ok(!ntfy_topic(S("*")) && !ntfy_topic(S("a*")) && !ntfy_topic(S("docs")) && !ntfy_topic(S("v1")), "WS-18: no wildcards, no pages of ntfy");
	ok(ntfy_topic(S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) &&
		   !ntfy_topic(S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), "64 characters");
	is_int(ntfy_priority(S("")), 0, "no priority");
	is_int(ntfy_priority(S(" High ")), 4, "high");
	is_int(ntfy_priority(S("urgent")), 5, "urgent");
	is_int(ntfy_priority(S("u=1, i")), 0, "RFC 9218's is not ours");
	is_int(ntfy_priority(S("6")), -1, "6");
	ok(ntfy_bool(S("Yes"), false) && !ntfy_bool(S("no"), true) && ntfy_bool(S(""), true), "yes and no");
	ok(ntfy_link(S("https://x.org/a?b")) && ntfy_link(S("mailto:a@b.c")) && !ntfy_link(S("javascript:alert(1)")) && !ntfy_link(S("JavaScript:x")), "links");
	ok(!ntfy_link(S("/path")) && !ntfy_link(S("https://x y")) && !ntfy_link(S("java\tscript:x")) && !ntfy_link(S(":x")), "no links");
}

static void headers(void)
{
	is_s(ntfy_header(a, S("plain")), "plain", "plain");
	is_s(ntfy_header(a, S("=?UTF-8?B?w7Zs?=")), "öl", "base64");
	is_s(ntfy_header(a, S("=?utf-8?q?=C3=B6l_x?= tail")), "öl x tail", "quoted");
	is_s(ntfy_header(a, S("=?iso-8859-1?Q?=fcber?=")), "über", "ISO 8859-1");
	is_s(ntfy_header(a, S("=?UTF-8?Q?a?= =?UTF-8?Q?b?=")), "ab", "spaces between words are none");
	is_s(ntfy_header(a, S("=?koi8-r?B?0L/R?=")), "=?koi8-r?B?0L/R?=", "another charset stays as it is");
	is_s(ntfy_header(a, S("=?UTF-8?B?###?=")), "=?UTF-8?B?###?=", "so does what is no base64");
	is_s(ntfy_header(a, S("=?UTF-8?Q?a=0d=0aX-Evil:_1?=")), "a  X-Evil: 1", "WS-18: a title cannot hold an end of line");
	is_s(ntfy_header(a, S("caf\xe9")), "caf\xEF\xBF\xBD", "what is not UTF-8");
	is_s(ntfy_line(a, S("a\xE2\x80\xAE" "b\x07")), "a b", "WS-18: nor what turns text around");
	is_s(ntfy_text(a, S("a\r\nb\tc\x01 ")), "a\nb\tc", "a message keeps its lines");
	is_s(ntfy_tags(a, S(" tada , ,x,")), "tada,x", "tags");
}

static void times(void)
{
	static const struct {
		const char *text;
		int64_t minutes; /* from 2027-03-26 12:00 in Berlin, a Friday; the clock changes on Sunday */
	} delays[] = {
		{"30m", 30}, {"3 hours", 180}, {"1h30m", 90}, {"2 days", 2 * 1440}, {"in 10 minutes", 10}, {"1806058800", 0}, {"10pm", 600}, {"8:15", 1215},
		{"tomorrow", 1440}, {"tomorrow, 3:30pm", 1440 + 210}, {"tomorrow 10am", 1440 - 120}, {"today at 17:00", 300}, {"monday 7am", 3 * 1440 - 360},
		{"Sun, 12pm", 2 * 1440 - 60},
	};
	static const char *const bad[] = {"", "soon", "-5m", "5", "10", "25:00", "13pm", "tomorrow evening", "1806058799", "99999999999999999999", "5x", "7:5"};
	struct zone z;
	int64_t now = INT64_C(1806058800000), at;
	zone_find(S("CET-1CEST,M3.5.0,M10.5.0/3"), &z);
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		ok(ntfy_delay(S(delays[i].text), now, &z, &at), "a delay: %s", delays[i].text);
		is_int((at - now) / MINUTE_MS, delays[i].minutes, "%s", delays[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(!ntfy_delay(S(bad[i]), now, &z, &at), "no delay: \"%s\"", bad[i]);
	is_int(ntfy_since(S("all"), now, &at), NTFY_ALL, "all");
	is_int(ntfy_since(S("latest"), now, &at), NTFY_LATEST, "latest");
	is_int(ntfy_since(S("none"), now, &at), NTFY_NONE, "none");
	is_int(ntfy_since(S("eE5rN6YEslzQ"), now, &at), NTFY_ID, "an id");
	is_int(ntfy_since(S("10m"), now, &at), NTFY_TIME, "10m");
	is_int(now - at, 10 * MINUTE_MS, "ten minutes ago");
	is_int(ntfy_since(S("1806058000"), now, &at), NTFY_TIME, "Unix time");
	is_int(at, INT64_C(1806058000000), "in seconds");
	is_int(ntfy_since(S("yesterday"), now, &at), NTFY_BAD, "nothing of these");
	int from, until;
	ok(ntfy_hours(S("22:00-07:30"), &from, &until) && from == 1320 && until == 450, "hours");
	ok(!ntfy_hours(S("22-7"), &from, &until) && !ntfy_hours(S("07:00-07:00"), &from, &until) && !ntfy_hours(S("24:00-07:00"), &from, &until), "no hours");
}

static void actions(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	struct fault f = {0};
	int err = ntfy_actions(a, S(text), &b, &f);
	if (want[0] == '[')
		is_str(err ? f.message : b.p, want, "%s", text);
	else
		is_str(err ? f.message : b.p, want, "refused: %s", text);
	buf_release(&b);
}

static void buttons(void)
{
	actions("view, Open portal, https://x.org, clear=true",
		"[{\"id\":\"action1\",\"action\":\"view\",\"label\":\"Open portal\",\"clear\":true,\"url\":\"https://x.org\"}]");
	actions("http, \"Look, \\\"quotes\\\"; ok\", https://x.org ; view, ' yo ', geo:1,2",
		"term '2' unknown");
	actions("action=http, \"Look, \\\"quotes\\\"; ok\", url=http://x.org, method=put, headers.A-B=c, body='{\"t\": 65}'",
		"[{\"id\":\"action1\",\"action\":\"http\",\"label\":\"Look, \\\"quotes\\\"; ok\",\"clear\":false,\"url\":\"http://x.org\",\"method\":\"PUT\","
		"\"headers\":{\"A-B\":\"c\"},\"body\":\"{\\\"t\\\": 65}\"}]");
	actions("action=broadcast, label=Do a thing, extras.some_param=a parameter",
		"[{\"id\":\"action1\",\"action\":\"broadcast\",\"label\":\"Do a thing\",\"clear\":false,\"extras\":{\"some_param\":\"a parameter\"}}]");
	actions("[{\"action\":\"VIEW\",\"label\":\"a\\r\\nb\",\"url\":\"https://x.org\",\"x\":1}]",
		"[{\"id\":\"action1\",\"action\":\"view\",\"label\":\"a  b\",\"clear\":false,\"url\":\"https://x.org\"}]");
	actions("[{\"action\":\"http\",\"label\":\"a\",\"url\":\"https://x.org\",\"headers\":{\"A\":\"b\\r\\nC: d\"}}]",
		"[{\"id\":\"action1\",\"action\":\"http\",\"label\":\"a\",\"clear\":false,\"url\":\"https://x.org\",\"headers\":{\"A\":\"b  C: d\"}}]");
	actions("[]", "[]");
	actions(";;;;", "only 3 actions allowed");
	actions("label=\"\", action=\"http\", url=http://x.org", "parameter 'label' is required");
	actions("fdsfdsf", "parameter 'action' cannot be 'fdsfdsf', valid values are 'view', 'broadcast' and 'http'");
	actions("aaa=a", "key 'aaa' unknown");
	actions("action=http, label=\"omg", "unexpected end of input, a quote is missing");
	actions("action=http, label=\"x\" y", "unexpected character 'y'");
	actions("action=http, label=a, body=b", "parameter 'url' is required for action 'http'");
	actions("action=http, label=a, url=http://x.org, method=HEAD, body=b", "parameter 'body' cannot be set if method is HEAD");
	actions("view, a, https://x.org, clear=x", "parameter 'clear' cannot be 'x', only boolean values are allowed (true/yes/1/false/no/0)");
	actions("view, a, javascript:alert(1)", "'javascript:alert(1)' is not an address that can be opened");
	actions("view,a,https://x.org;view,a,https://x.org;view,a,https://x.org;view,a,https://x.org", "only 3 actions allowed");
	actions("[ invalid ]", "JSON error: the actions are not valid JSON");
	actions("[1]", "JSON error: an action is an object");
	actions("\x01\xFFx", "invalid utf-8 string");
}

int main(void)
{
	crypt_init();
	a = arena_new();
	words();
	headers();
	times();
	buttons();
	arena_free(a);
	return done_testing();
}
