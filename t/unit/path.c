#include "codec/path.h"
#include "tap.h"

static struct arena *a;

static const char *host(const char *raw)
{
	struct fault f = {0};
	struct str h;
	return path_host(a, str_of(raw), &h, &f) ? err_row(f.err)->code : arena_cstr(a, h);
}

static const char *path(struct str target)
{
	struct fault f = {0};
	struct str p, q;
	return path_target(a, target, &p, &q, &f) ? err_row(f.err)->code : arena_cstr(a, p);
}

static void test_host(void)
{
	static const struct {
		const char *raw, *want;
	} row[] = {
		{"pad.example.com", "pad.example.com"}, {"APP.Example.COM.:8443", "app.example.com"},
		{"localhost:8080", "localhost"},        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"a.1b", "a.1b"},                       {"127.0.0.1", "wrong_host"},
		{"127.1:80", "wrong_host"},             {"a.0x7f", "wrong_host"},
		{"2130706433", "wrong_host"},           {"[::1]:80", "wrong_host"},
		{"", "bad_request"},                    {".", "bad_request"},
		{"a..b", "bad_request"},                {"a.b..", "bad_request"},
		{"-a.b", "bad_request"},                {"a_b.c", "bad_request"},
		{"a b", "bad_request"},                 {"user@host", "bad_request"},
		{"host/path", "bad_request"},           {"host:", "bad_request"},
		{"host:0", "bad_request"},              {"host:65536", "bad_request"},
		{"host:-1", "bad_request"},             {"host:80:90", "bad_request"},
		{"b\xC3\xBC" "cher.example", "bad_request"},
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		is_str(host(row[i].raw), row[i].want, "host %s", row[i].raw);
	char longest[300];
	memset(longest, 'a', sizeof longest);
	for (int i = 60; i < 253; i += 60)
		longest[i] = '.';
	longest[253] = 0;
	is_str(host(longest), longest, "a host of 253 bytes");
	longest[253] = 'a';
	longest[254] = 0;
	is_str(host(longest), "bad_request", "one byte more");
}

static void test_path(void)
{
	static const struct {
		const char *raw, *want;
	} row[] = {
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"//a///b//", "/a/b/"},
		{"/caf%C3%A9%20x?q=%2F", "/caf\xC3\xA9 x"},
		{"/a%252e%252e/b", "/a%2e%2e/b"},
		{"/a.b/...", "/a.b/..."},
		{"/a?/../", "/a"},
		{"/%23%3f", "/#?"},
		{"", "bad_request"},
		{"a", "bad_request"},
		{"*", "bad_request"},
		{"http://os.localhost/", "bad_request"},
		{"/.", "bad_request"},
		{"/a/../b", "bad_request"},
		{"/a/..", "bad_request"},
		{"/%2e%2e/b", "bad_request"},
		{"/.%2E/b", "bad_request"},
		{"/a%2fb", "bad_request"},
		{"/a%5cb", "bad_request"},
		{"/a\\b", "bad_request"},
		{"/a%00b", "bad_request"},
		{"/a%0d%0ab", "bad_request"},
		{"/a%7f", "bad_request"},
		{"/%C0%AF", "bad_request"},
		{"/%ff", "bad_request"},
		{"/%ED%A0%80", "bad_request"},
		{"/%4", "bad_request"},
		{"/%zz", "bad_request"},
		{"/a b", "bad_request"},
		{"/a#b", "bad_request"},
		{"/a?b c", "bad_request"},
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		is_str(path(str_of(row[i].raw)), row[i].want, "path %s", row[i].raw);
	is_str(path(STR("/a\0b")), "bad_request", "a raw NUL");

	struct str p, q;
	path_target(a, STR("/a?b?c"), &p, &q, NULL);
	ok(str_is(q, "b?c"), "the query is what follows the first ?");
	path_target(a, STR("/a"), &p, &q, NULL);
	ok(!q.p, "no query");
	path_target(a, STR("/a?"), &p, &q, NULL);
	ok(q.p && !q.n, "an empty query");

	char longest[PATH_BYTES + 2];
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	ok(!path_target(a, (struct str){longest, PATH_BYTES}, &p, &q, NULL), "2,048 bytes");
	ok(path_target(a, (struct str){longest, PATH_BYTES + 1}, &p, &q, NULL) == ERR_BAD_REQUEST, "one more");
}

static void test_local(void)
{
	static const char *yes[] = {"/", "/a/b?c=d", "/%20", "/a//b", "/?next=//evil.example"};
	static const char *no[] = {"", "//evil.example", "/\\evil.example", "\\\\evil", "https://evil.example", "evil",
				   "/../..//evil", "/\t/evil", "/%5cevil", "/%2fevil", "/a\nb", "javascript:alert(1)", " /a"};
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		ok(path_local(a, str_of(yes[i])), "local: %s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		ok(!path_local(a, str_of(no[i])), "not local: case %zu", i);
}

int main(void)
{
	a = arena_new();
	test_host();
	test_path();
	test_local();
	arena_free(a);
	return done_testing();
}
