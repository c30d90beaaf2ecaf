#include "base/crypt.h"
#include "base/visible.h"
#include "codec/version.h"
#include "kernel/grant.h"
#include "kernel/manifest.h"
#include "kernel/sentence.h"
#include "tap.h"

static struct arena *a;

static struct manifest *good(const char *json)
{
	struct fault f = {0};
	struct manifest *m;
	ok(!manifest_parse(str_of(json), a, &m, &f), "accepted: %.60s %s", json, f.message);
	return m;
}

#define CRON(more) "{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"," more "}]}"

static const struct refusal {
	const char *json;
	int err;
	const char *says; /* a part of the message: the key and the fix */
} refusals[] = {
	{"{}", ERR_BAD_MANIFEST, "\"name\" is missing"},
	{"[]", ERR_BAD_MANIFEST, "must be an object"},
	{"", ERR_BAD_MANIFEST, "line 1"},
	{"{\"name\":\"pad\",\"visability\":\"owner\"}", ERR_BAD_MANIFEST, "did you mean \"visibility\"?"},
	{"{\"name\":\"pad\",\"collections\":{\"notes\":{\"reed\":\"owner\"}}}", ERR_BAD_MANIFEST, "collections.notes: there is no key \"reed\"; did you mean \"read\"?"},
	{"{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"everyone\"}}}", ERR_BAD_MANIFEST, "collections.notes.read: \"everyone\" is not one of \"owner\""},
	{"{\"name\":\"pad\",\"collections\":{\"Notes\":{}}}", ERR_BAD_MANIFEST, "\"Notes\" is not a name"},
	{"{\"name\":\"pad\",\"collections\":{\"notes\":{\"sealed\":[\"x\"]}}}", ERR_BAD_MANIFEST, "reserved"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"parent\":\"b\"}}}", ERR_BAD_MANIFEST, "collections.a.parent: there is no collection \"b\""},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"parent\":\"b\"},\"b\":{\"parent\":\"a\"}}}", ERR_BAD_MANIFEST, "circle"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"parent\":\"a\"}}}", ERR_BAD_MANIFEST, "circle"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"x;drop\"]}}}", ERR_BAD_MANIFEST, "collections.a.index[0]: \"x;drop\" is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}}", ERR_BAD_MANIFEST, "at most 4"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"unique\":[\"a,-a\"]}}}", ERR_BAD_MANIFEST, "twice"},
	{"{\"name\":\"pad\",\"permissions\":[\"storrage\"]}", ERR_BAD_MANIFEST, "permissions[0]: there is no permission \"storrage\"; did you mean \"storage\"?"},
	{"{\"name\":\"pad\",\"permissions\":[\"storage\",\"storage\"]}", ERR_BAD_MANIFEST, "twice"},
	{"{\"name\":\"pad\",\"permissions\":\"storage\"}", ERR_BAD_MANIFEST, "must be a list"},
	{"{\"name\":\"pad\",\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "\"schedule\"; add it"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"daily\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"visibility\":\"public\"}", ERR_BAD_MANIFEST, "visibility: \"public\" is not one of \"owner\", \"members\", \"anyone\""},
	{"{\"name\":\"pad\",\"open\":[\"hook\"]}", ERR_BAD_MANIFEST, "begins with /"},
	{"{\"name\":\"pad\",\"open\":[\"/_fazt/login\"]}", ERR_BAD_MANIFEST, "belong to Fazt"},
	{"{\"name\":\"pad\",\"open\":[\"/a*b\"]}", ERR_BAD_MANIFEST, "at the end only"},
	{"{\"name\":\"pad\",\"fazt\":\">=99\"}", ERR_BAD_MANIFEST, "needs Fazt >=99"},
	{"{\"name\":\"pad\",\"fazt\":\"new\"}", ERR_BAD_MANIFEST, "fazt: \"new\" is not a version"},
	{"{\"name\":\"pad\",\"title\":\"a\xE2\x80\xAE" "b\"}", ERR_BAD_MANIFEST, "a\\u{202E}b"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"lower\"}]}", ERR_BAD_MANIFEST, "env[0].name"},
	{"{\"name\":\"pad\",\"imports\":[\"x\"]}", ERR_BAD_MANIFEST, "APP/COLLECTION"},
	{"{\"name\":\"Pad\"}", ERR_BAD_MANIFEST, "name: \"Pad\""},
	{"{\"name\":\"pa\"}", ERR_BAD_MANIFEST, "3 to 30"},
	{"{\"name\":\"xn--pad\"}", ERR_RESERVED_NAME, "xn--"},
	{"{\"name\":\"_pad\"}", ERR_RESERVED_NAME, "_"},
	/* INS-22 */
	{"\xEF\xBB\xBF{\"name\":\"pad\"}", ERR_BAD_MANIFEST, "byte order mark"},
	{"\xFF\xFE{\"name\":\"pad\"}", ERR_BAD_MANIFEST, "UTF-16"},
	{"{\"name\":\"pad\"} x", ERR_BAD_MANIFEST, "line 1, column"},
	{"{\"name\":\"pad\",\"name\":\"pod\"}", ERR_BAD_MANIFEST, "duplicate"},
	{"{\"name\":\"pad\",\"title\":1e999}", ERR_BAD_MANIFEST, "line 1"},
	{"{\"name\":\"pad\",\"title\":[[[[[[[[[[[[1]]]]]]]]]]]]}", ERR_BAD_MANIFEST, "title: must be a text"},
	{"{\"name\":\"pa\\u0000d\"}", ERR_BAD_MANIFEST, "\\u0000"},
	{"{\"name\":\"pad\",\"title\":\"\xC0\x80\"}", ERR_BAD_MANIFEST, "not UTF-8"},
	{"{\"name\":\"pad\",}", ERR_BAD_MANIFEST, "line 1"},
	{"{\"name\":\"pad\",\"collections\":[]}", ERR_BAD_MANIFEST, "collections: must be an object"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":1}}", ERR_BAD_MANIFEST, "collections.a"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"read\":1}}}", ERR_BAD_MANIFEST, "collections.a.read"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"\"]}}}", ERR_BAD_MANIFEST, "collections.a.index[0]"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a..b\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\".a\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a.\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a.1\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"-\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"1a\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a b\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[[1]]}}}", ERR_BAD_MANIFEST, "collections.a.index[0]"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[[]]}}}", ERR_BAD_MANIFEST, "collections.a.index[0]"},
	{"{\"name\":\"pad\",\"open\":[\"//\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/a//b\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/./x\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/a/../b\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/a?b\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/a#b\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/_faztx\"]}", ERR_BAD_MANIFEST, "belong to Fazt"},
	{"{\"name\":\"pad\",\"title\":\"\"}", ERR_BAD_MANIFEST, "must not be empty"},
	{"{\"name\":\"pad\",\"version\":\"x\"}", ERR_BAD_MANIFEST, "version"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@every 0s\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@every s\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@every 5x\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@every \",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"* * * *\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"* * * * * *\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"* * * * ;\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[0].schedule"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"tz\":\"/etc/x\"}]}", ERR_BAD_MANIFEST, "cron[0].tz"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"tz\":\"a b\"}]}", ERR_BAD_MANIFEST, "cron[0].tz"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"tz\":\"a;b\"}]}", ERR_BAD_MANIFEST, "cron[0].tz"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"x.lua\"}]}", ERR_BAD_MANIFEST, "is not a handler"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.txt\"}]}", ERR_BAD_MANIFEST, "is not a handler"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\"}]}", ERR_BAD_MANIFEST, "needs name, schedule and handler"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "needs name, schedule and handler"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"overlap\":\"maybe\"}]}", ERR_BAD_MANIFEST, "cron[0].overlap"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"catchup\":1}]}", ERR_BAD_MANIFEST, "cron[0].catchup"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[1]}", ERR_BAD_MANIFEST, "cron[0]"},
	{CRON("\"most\":0"), ERR_BAD_MANIFEST, "cron[0].most: must be a whole number from 1 to 100"},
	{CRON("\"most\":101"), ERR_BAD_MANIFEST, "cron[0].most"},
	{CRON("\"most\":\"3\""), ERR_BAD_MANIFEST, "cron[0].most"},
	{CRON("\"jitter\":-1"), ERR_BAD_MANIFEST, "cron[0].jitter: must be a whole number from 0 to 3600"},
	{CRON("\"jitter\":1.5"), ERR_BAD_MANIFEST, "cron[0].jitter"},
	{CRON("\"zone\":\"UTC\""), ERR_BAD_MANIFEST, "cron[0]: there is no key \"zone\""},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"},"
	 "{\"name\":\"x\",\"schedule\":\"@weekly\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "cron[1]: \"x\" is there twice"},
	{"{\"name\":\"pad\",\"env\":[{}]}", ERR_BAD_MANIFEST, "env[0]"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"9A\"}]}", ERR_BAD_MANIFEST, "env[0].name"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\",\"secret\":\"yes\"}]}", ERR_BAD_MANIFEST, "env[0].secret"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\"},{\"name\":\"A\"}]}", ERR_BAD_MANIFEST, "env"},
	{"{\"name\":\"pad\",\"imports\":[\"X/notes\"]}", ERR_BAD_MANIFEST, "imports[0]"},
	{"{\"name\":\"pad\",\"imports\":[\"blog/Notes\"]}", ERR_BAD_MANIFEST, "imports[0]"},
	{"{\"name\":\"pad\",\"imports\":[\"/x\"]}", ERR_BAD_MANIFEST, "imports[0]"},
	{"{\"name\":\"pad\",\"imports\":[\"blog/\"]}", ERR_BAD_MANIFEST, "imports[0]"},
	{"{\"name\":\"pad\",\"permissions\":[1]}", ERR_BAD_MANIFEST, "permissions[0]"},
	{"{\"name\":\"pad\",\"visibility\":1}", ERR_BAD_MANIFEST, "visibility"},
	{"{\"name\":1}", ERR_BAD_MANIFEST, "name"},
	{"{\"name\":\"pad\",\"a-key-of-more-than-forty-letters-that-means-nothing\":1}", ERR_BAD_MANIFEST, "there is no key \"a-key-of-more"},
	{"{\"name\":\"pad\",\"zzzzzzzz\":1}", ERR_BAD_MANIFEST, "there is no key \"zzzzzzzz\""},
	{"{\"name\":\"pad\",\"version\":\"1.2.3.4\"}", ERR_BAD_MANIFEST, "version: \"1.2.3.4\" is not a version; write up to three numbers"},
	{"{\"name\":\"pad\",\"runs\":\"stop\"}", ERR_BAD_MANIFEST, "runs: \"stop\" is not one of \"finish\", \"follow\""},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"unique\":[\"a,b,c,d,e\"]}}}", ERR_BAD_MANIFEST, "collections.a.unique[0]: has more than 4 fields"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"unique\":[[\"a\",\"a\"]]}}}", ERR_BAD_MANIFEST, "names the field \"a\" twice"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a,\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a[0]\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a{\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"index\":[\"a/b\"]}}}", ERR_BAD_MANIFEST, "is not a field"},
	{"{\"name\":\"pad\",\"collections\":{\"a\":{\"parent\":\"B\"}}}", ERR_BAD_MANIFEST, "collections.a.parent: \"B\" is not a name"},
	{"{\"name\":\"pad\",\"open\":[\"/a\\\\b\"]}", ERR_BAD_MANIFEST, "is not a path"},
	{"{\"name\":\"pad\",\"open\":[\"/*/\"]}", ERR_BAD_MANIFEST, "at the end only"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x y\"}]}", ERR_BAD_MANIFEST, "cron[0].name: \"x y\" is not a name"},
	{"{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"handler\":\"api/x.lua\"}]}", ERR_BAD_MANIFEST, "needs name, schedule and handler"},
	{CRON("\"jitter\":3601"), ERR_BAD_MANIFEST, "cron[0].jitter"},
	{"{\"name\":\"pad\",\"exports\":[\"No tes\"]}", ERR_BAD_MANIFEST, "exports[0]: \"No tes\" is not a name"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"\"}]}", ERR_BAD_MANIFEST, "env[0].name"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A-B\"}]}", ERR_BAD_MANIFEST, "env[0].name: \"A-B\" is not a name"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\",\"host\":\"10.0.0.1\"}]}", ERR_BAD_MANIFEST, "env[0].host: \"10.0.0.1\""},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\",\"host\":\"api.example.com\",\"header\":\"X Key\"}]}", ERR_BAD_MANIFEST, "is not the name of a header"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\",\"host\":\"api.example.com\",\"header\":\"\"}]}", ERR_BAD_MANIFEST, "is not the name of a header"},
	{"{\"name\":\"pad\",\"env\":[{\"name\":\"A\",\"header\":\"X-Key\"}]}", ERR_BAD_MANIFEST, "env[0]: A: \"header\" goes with \"host\""},
	{"\xFE\xFF{\"name\":\"pad\"}", ERR_BAD_MANIFEST, "UTF-16"},
	{"[", ERR_BAD_MANIFEST, "line 1"},
};

static void refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct fault f = {0};
		struct manifest *m;
		const struct refusal *r = &refusals[i];
		int err = manifest_parse(str_of(r->json), a, &m, &f);
		ok(err == r->err && strstr(f.message, r->says) && !m, "refused: %.60s: %s", r->json, f.message);
	}
	struct fault f = {0};
	struct manifest *m;
	is_int(manifest_parse(STR("{\"name\":\"pad\"}\0"), a, &m, &f), ERR_BAD_MANIFEST, "a NUL behind it: %s", f.message);
	struct buf deep = BUF_INIT;
	for (int i = 0; i < 30000; i++)
		buf_addc(&deep, '[');
	is_int(manifest_parse(buf_str(&deep), a, &m, &f), ERR_BAD_MANIFEST, "30,000 brackets: %s", f.message);
	buf_release(&deep);
	is_int(manifest_parse(STR("{\0\"\0"), a, &m, &f), ERR_BAD_MANIFEST, "UTF-16 without a mark: %s", f.message);
	is_int(manifest_parse(STR("\0{\0\""), a, &m, &f), ERR_BAD_MANIFEST, "nor in the other order: %s", f.message);
	is_int(manifest_parse(STR_NONE, a, &m, &f), ERR_BAD_MANIFEST, "nothing at all: %s", f.message);
}

/* A manifest whose one value is `one` n times, between what opens and what closes it. */
static int repeated(const char *before, const char *one, int n, const char *after, struct fault *f)
{
	struct manifest *m;
	struct buf b = BUF_INIT;
	buf_addf(&b, "{\"name\":\"pad\",\"permissions\":[\"schedule\"],%s", before);
	for (int i = 0; i < n; i++)
		buf_adds(&b, one);
	buf_addf(&b, "%s}", after);
	int err = manifest_parse(buf_str(&b), a, &m, f);
	buf_release(&b);
	return err;
}

static void bounds(void)
{
	struct fault f = {0};
	struct buf many = BUF_INIT;
	for (int i = 0; i <= MANIFEST_COLLECTIONS; i++)
		buf_addf(&many, "%s\"c%d\":{}", i ? "," : "", i);
	is_int(repeated("\"collections\":{", many.p, 1, "}", &f), ERR_BAD_MANIFEST, "65 collections: %s", f.message);
	buf_release(&many);
	is_int(repeated("\"description\":\"", "0123456789", 7000, "\"", &f), ERR_BAD_MANIFEST, "70 KB: %s", f.message);
	ok(strstr(f.message, "larger than 64 KB") != NULL, "the whole is looked at first");
	is_int(repeated("\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"input\":[0", ",0", 3000, "]}]", &f), ERR_BAD_MANIFEST,
	       "6 KB of input: %s", f.message);
	is_int(repeated("\"collections\":{\"a\":{\"index\":[\"x", "y", 128, "\"]}}", &f), ERR_BAD_MANIFEST, "a field of 129 letters: %s", f.message);
	is_int(repeated("\"collections\":{\"a\":{\"index\":[\"x", "y", 127, "\"]}}", &f), 0, "and one of 128");
	is_int(repeated("\"cron\":[{\"name\":\"x\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\",\"input\":", "\"text\"", 1, "}]", &f), 0,
	       "the input of a job is any value: %s", f.message);
}

/* Of every key, what is of another kind, and what is too long or too many. */
static void kinds(void)
{
	static const char *const places[] = {
		"\"title\":%s", "\"version\":%s", "\"description\":%s", "\"fazt\":%s", "\"visibility\":%s", "\"open\":%s", "\"open\":[%s]",
		"\"permissions\":%s", "\"permissions\":[%s]", "\"collections\":%s", "\"collections\":{\"a\":%s}", "\"collections\":{\"a\":{\"read\":%s}}",
		"\"collections\":{\"a\":{\"add\":%s}}", "\"collections\":{\"a\":{\"change\":%s}}", "\"collections\":{\"a\":{\"parent\":%s}}",
		"\"collections\":{\"a\":{\"index\":%s}}", "\"collections\":{\"a\":{\"index\":[%s]}}", "\"collections\":{\"a\":{\"unique\":%s}}", "\"cron\":%s",
		"\"cron\":[%s]", "\"cron\":[{\"name\":%s}]", "\"cron\":[{\"schedule\":%s}]", "\"cron\":[{\"tz\":%s}]", "\"cron\":[{\"handler\":%s}]",
		"\"cron\":[{\"overlap\":%s}]", "\"exports\":%s", "\"exports\":[%s]", "\"imports\":%s", "\"imports\":[%s]", "\"env\":%s", "\"env\":[%s]",
		"\"env\":[{\"name\":%s}]", "\"env\":[{\"description\":%s}]", "\"env\":[{\"required\":%s}]", "\"env\":[{\"secret\":%s}]",
		"\"env\":[{\"host\":%s}]", "\"env\":[{\"header\":%s}]", "\"runs\":%s", "\"cron\":[{\"catchup\":%s}]", "\"cron\":[{\"most\":%s}]",
		"\"cron\":[{\"jitter\":%s}]", "\"collections\":{\"a\":{\"unique\":[%s]}}", "\"collections\":{\"a\":{\"sealed\":%s}}",
	};
	char *lengthy = arena_alloc(a, 17003), *many = arena_alloc(a, 1000);
	memset(lengthy, 'x', 17002);
	lengthy[0] = lengthy[17001] = '"';
	many[0] = '[';
	for (int i = 0; i < 100; i++)
		memcpy(many + 1 + 9 * i, "\"/abcde\",", 9);
	memcpy(many + 1 + 9 * 100, "1]", 3);
	const char *const values[] = {"1.5", "null", "[null]", lengthy, many};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			struct fault f = {0};
			struct manifest *m;
			struct buf b = BUF_INIT;
			buf_adds(&b, "{\"name\":\"pad\",");
			buf_add(&b, places[i], (size_t)(strchr(places[i], '%') - places[i]));
			buf_adds(&b, values[k]);
			buf_adds(&b, strchr(places[i], '%') + 2);
			buf_addc(&b, '}');
			if (!manifest_parse(buf_str(&b), a, &m, &f) || !f.message[0] || m)
				ok(0, "%s with value %zu: %s", places[i], k, f.message);
			buf_release(&b);
		}
	ok(1, "nothing of another kind, too long or too many is taken");
}

static void names(void)
{
	struct fault f = {0};
	is_int(manifest_name(STR("os"), false, &f), ERR_RESERVED_NAME, "os is reserved");
	is_int(manifest_name(STR("os"), true, &f), 0, "but not for built-in apps");
	is_int(manifest_name(STR("www"), false, &f), ERR_RESERVED_NAME, "www too");
	is_int(manifest_name(STR("a-b"), false, &f), 0, "hyphens inside");
	is_int(manifest_name(STR("-ab"), false, &f), ERR_BAD_MANIFEST, "not outside");
	is_int(manifest_name(STR("abcdefghijklmnopqrstuvwxyz01234"), false, &f), ERR_BAD_MANIFEST, "31 are too many");
}

static void whole(void)
{
	struct manifest *m = good("{\"name\":\"board\",\"title\":\"Board\",\"version\":\"1.2.0\",\"fazt\":\">=0.1 <9\",\"visibility\":\"members\","
				  "\"open\":[\"/hook/*\"],\"permissions\":[\"storage\",\"schedule\",\"net:api.example.com:443\"],"
				  "\"collections\":{\"comments\":{\"parent\":\"posts\",\"read\":\"anyone\"},"
				  "\"posts\":{\"read\":\"shared\",\"add\":\"admins\",\"index\":[\"tag,-created\",[\"a.b\",\"-c\"],\"-created\"],\"unique\":[\"slug\"]}},"
				  "\"cron\":[{\"name\":\"tidy\",\"schedule\":\"0 3 * * MON\",\"handler\":\"api/tidy.lua\",\"overlap\":\"queue\",\"catchup\":\"none\","
				  "\"input\":{\"a\":[1]},\"most\":5,\"jitter\":60}],"
				  "\"exports\":[\"posts\"],\"imports\":[\"pad/notes\"],\"env\":[{\"name\":\"API_KEY\",\"secret\":true}]}");
	if (!m)
		return;
	const struct collection *c = manifest_collection(m, STR("comments")), *p = manifest_collection(m, STR("posts"));
	ok(c->parent == p && c->read == WHO_ANYONE && c->add == WHO_SHARED && c->change == WHO_OWNER, "below a parent: shared, shared, owner");
	ok(p->read == WHO_SHARED && p->add == WHO_ADMINS && p->change == WHO_OWNER && !p->parent, "declared rules");
	is_int(p->nindex, 3, "indexes");
	ok(p->index[0].n == 2 && p->index[0].field[1].desc && !strcmp(p->index[0].field[1].path, "created"), "fields and directions");
	ok(p->index[1].n == 2 && !strcmp(p->index[1].field[0].path, "a.b"), "an index as a list");
	ok(m->cron[0].overlap == OVERLAP_QUEUE && m->cron[0].catchup == CATCHUP_NONE && m->cron[0].most == 5 && m->cron[0].jitter == 60000, "cron");
	is_str(m->cron[0].input, "{\"a\":[1]}", "the input of a job");
	ok(manifest_asks(m, STR("import:pad/notes")), "an import is asked for");
	ok(m->env[0].secret && !m->env[0].required, "env");
	const char **s;
	int n = manifest_sentences(m, "Europe/Berlin", a, &s);
	for (int i = 0; i < n; i++)
		printf("# %s\n", s[i]);
	is_int(n, 7, "sentences");
	m = good("{\"name\":\"pad\",\"title\":\"Ünï\"}");
	is_str(m->title, "Ünï", "a title");
	ok(m->visibility == VISIBLE_OWNER, "only for the owner unless it says more");
	m = good("{\"name\":\"pad\",\"permissions\":[\"import:blog/posts\"],\"imports\":[\"blog/posts\"],\"exports\":[\"notes\"],"
		 "\"env\":[{\"name\":\"API_KEY_2\",\"description\":\"of the weather\",\"host\":\"api.example.com\",\"header\":\"X-Api-Key\",\"required\":true},"
		 "{\"name\":\"CITY\"}]}");
	is_int(m->npermissions, 1, "an import that is asked for as well is asked for once");
	const struct env_entry *e = manifest_env(m, STR("API_KEY_2"));
	ok(e && e->secret && e->required, "what is sent to a host is a secret");
	ok(!manifest_env(m, STR("CITY"))->secret && !manifest_env(m, STR("TOWN")), "another setting, and one that is not there");
}

static void often(void)
{
	static const char *const schedules[] = {"* * * * * *", "@every 1ms", "@every 0s", "*/0 * * * *"};
	struct buf b = BUF_INIT;
	struct manifest *m;
	for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
		struct fault f = {0};
		const char *json = arena_printf(a, "{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[{\"name\":\"x\",\"schedule\":\"%s\",\"handler\":\"api/x.lua\"}]}", schedules[i]);
		is_int(manifest_parse(str_of(json), a, &m, &f), ERR_BAD_MANIFEST, "SCH-01: nothing is woken each second: %s: %s", schedules[i], f.message);
	}
	is_int(err_row(ERR_BAD_MANIFEST)->http, 422, "SCH-01: with 422");
	buf_adds(&b, "{\"name\":\"pad\",\"permissions\":[\"schedule\"],\"cron\":[");
	for (int i = 0; i < 21; i++)
		buf_addf(&b, "%s{\"name\":\"x%d\",\"schedule\":\"@daily\",\"handler\":\"api/x.lua\"}", i ? "," : "", i);
	buf_adds(&b, "]}");
	struct fault f = {0};
	is_int(manifest_parse(buf_str(&b), a, &m, &f), ERR_BAD_MANIFEST, "SCH-01: an app has at most 20 jobs");
	buf_release(&b);
}

static const char *const hosts_refused[] = { /* INS-18 */
	"net:*", "net:*.*", "net:*.example.com", "net:localhost", "net:10.0.0.1", "net:127.1", "net:2130706433", "net:1.0x7f", "net:com", "net:[::1]",
	"net:user@example.com", "net:example.com/path", "net:example.com:0", "net:example.com:99999", "net:example.com:443:1", "net:b\xC3\xBC" "cher.example",
	"net:xn--bcher-kva.example", "net:EXAMPLE.com", "net:example.com.", "net:", "net", "net:a..b", "net:x.localhost", "net:https://example.com", "net:http://10.0.0.1",
	"import:x", "import:x/Y", "kernel:format", "kernel:", "storage:x", "STORAGE", "", "net:example.com ",
};

static void grants(void)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts_refused); i++) {
		const char *why = grant_problem(str_of(hosts_refused[i]), a);
		ok(why != NULL, "refused: %s: %s", hosts_refused[i], why ? why : "");
	}
	ok(!grant_problem(STR("net:api.example.com"), a) && !grant_problem(STR("net:api.example.com:8443"), a), "hosts with and without port");
	ok(!grant_problem(STR("mail:anyone"), a) && !grant_problem(STR("kernel:app.list"), a) && !grant_problem(STR("import:pad/notes"), a), "others");
	is_str(grant_sentence(STR("net:api.example.com:8443"), a), "Exchange data with api.example.com:8443 on the Internet.", "a sentence with its parameter");
	is_int(grant_row(STR("net:x.y"))->risk, RISK_HIGH, "high risk");
	is_int(grant_row(STR("mail:owner"))->risk, RISK_LOW, "low risk");
}

static bool wider(const char *before, const char *now)
{
	return manifest_wider(good(before), good(now), NULL, a) != NULL;
}

static void upgrades(void)
{
	static const char notes[] = "{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"shared\"}}}";
	ok(!wider(notes, notes), "the same is not wider");
	ok(!wider(notes, "{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"owner\"}}}"), "neither is less");
	ok(wider(notes, "{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"members\"}}}"), "a rule that reads more is");
	ok(!wider(notes, "{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"shared\"},\"more\":{}}}"), "a new collection with the default rule is not");
	ok(wider(notes, "{\"name\":\"pad\",\"collections\":{\"notes\":{\"read\":\"shared\"},\"more\":{\"read\":\"anyone\"}}}"), "one with a wide rule is");
	ok(wider("{\"name\":\"pad\",\"collections\":{\"notes\":{\"add\":\"admins\"}}}", "{\"name\":\"pad\"}"), "a rule that vanishes may be");
#define NOTES(rule) "{\"name\":\"pad\",\"collections\":{\"notes\":{" rule "}}}"
#define BELOW(rule) "{\"name\":\"pad\",\"collections\":{\"lists\":{},\"notes\":{\"parent\":\"lists\"," rule "}}}"
	ok(wider(NOTES("\"add\":\"admins\""), NOTES("\"add\":\"owner\"")), "every member may add, where only admins did");
	ok(wider(NOTES("\"add\":\"admins\""), NOTES("\"add\":\"shared\"")), "also by the other word for it");
	ok(!wider(NOTES("\"add\":\"owner\""), NOTES("\"add\":\"members\"")), "the same by a third");
	ok(!wider(NOTES("\"add\":\"owner\""), NOTES("\"add\":\"admins\"")), "and less");
	ok(wider(BELOW("\"add\":\"admins\""), BELOW("\"add\":\"shared\"")), "below a row, whoever it is shared with may add");
	ok(wider(BELOW("\"add\":\"shared\""), BELOW("\"add\":\"admins\"")), "or the admins may");
	ok(!wider(BELOW("\"add\":\"shared\""), BELOW("\"add\":\"owner\"")), "or the same people");
	ok(wider("{\"name\":\"pad\"}", "{\"name\":\"pad\",\"visibility\":\"anyone\"}"), "more visitors");
	ok(wider("{\"name\":\"pad\"}", "{\"name\":\"pad\",\"open\":[\"/x\"]}"), "an open path");
}

static void versions(void)
{
	ok(version_compare(STR("1.10"), STR("v1.9.9")) > 0, "versions are numbers");
	ok(version_compare(STR("1"), STR("1.0.0-rc1")) == 0, "suffixes are not compared");
	is_int(version_admits(STR(">=0.1 <2"), STR("1.5")), ADMITS_YES, "inside a range");
	is_int(version_admits(STR(">=0.1  <2"), STR("2.0")), ADMITS_NO, "outside");
	is_int(version_admits(STR("0.1"), STR("0.1.0")), ADMITS_YES, "at least");
	is_int(version_admits(STR("~1"), STR("1")), ADMITS_MALFORMED, "an unknown operator");
	is_int(version_admits(STR("1.2.3.4"), STR("1")), ADMITS_MALFORMED, "four numbers");
	is_int(version_admits(STR(""), STR("1")), ADMITS_MALFORMED, "nothing");
}

static void shown(void)
{
	is_str(visible(a, STR("a\xE2\x80\x8F\n\xFF" "b"), 100), "a\\u{200F}\\u{A}\\xFF" "b", "deceptive characters are shown");
	is_str(visible(a, STR("abcdef"), 3), "abc…", "and long text is cut");
	is_str(visible(a, STR("a\xEF\xB8\x80 1\xEF\xB8\x8F \xF3\xA0\x84\x80x"), 100), "a\\u{FE00} 1\\u{FE0F} \\u{E0100}x", "so are variation selectors");
	is_str(visible(a, STR("❤\xEF\xB8\x8F 🛠\xEF\xB8\x8F"), 100), "❤\xEF\xB8\x8F 🛠\xEF\xB8\x8F", "… but behind an emoji");
	is_str(visible(a, STR("❤\xEF\xB8\x8F\xEF\xB8\x8F \xEF\xB8\x8F"), 100), "❤\xEF\xB8\x8F\\u{FE0F} \\u{FE0F}", "… and only directly behind it");
	ok(!text_deceptive(STR("❤\xEF\xB8\x8F")) && text_deceptive(STR("b\xEF\xB8\x8E")), "a name may have an emoji, and no selector besides");
	ok(text_deceptive(STR("a\xC2\xAD")) && !text_deceptive(STR("größe 漢字 🌱")), "what is deceptive and what is not");
}

int main(void)
{
	a = arena_new();
	refused();
	kinds();
	bounds();
	names();
	whole();
	often();
	grants();
	upgrades();
	versions();
	shown();
	arena_free(a);
	return done_testing();
}
