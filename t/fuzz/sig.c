#include "base/crypt.h"
#include "codec/json.h"
#include "codec/sig.h"
#include "fuzz.h"

#include <math.h>

/* The arguments of a call as JSON: what is read, written and read again is the same. The first line is a value as text, of
 * a command line or a query. */

static void texts(const struct sig *s, struct str text)
{
	struct fault f = {0};
	struct arg a;
	for (int i = 0; i < s->n; i++) {
		if (sig_from_text(&s->param[i], text, &a, &f)) {
			MUST(f.err && f.message[0]);
			continue;
		}
		MUST(a.present && (s->param[i].type != ARG_NUM || isfinite(a.n)));
		MUST((s->param[i].type != ARG_STR && s->param[i].type != ARG_JSON) || text_utf8(a.s));
	}
}

static void objects(const struct sig *s, struct str object, struct arena *a)
{
	struct call c = {0}, again = {0};
	struct fault f = {0};
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct out o = OUT(&once), p = OUT(&twice);
	if (sig_from_json(s, object, &c, a, &f)) {
		MUST(f.err && f.message[0]);
		return;
	}
	sig_to_json(s, &c, &o);
	MUST(!json_check(buf_str(&once), JSON_DEPTH + 1, 20000, NULL));
	MUST(!sig_from_json(s, buf_str(&once), &again, a, &f));
	sig_to_json(s, &again, &p);
	MUST(str_eq(buf_str(&once), buf_str(&twice)));
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sig s;
	struct arena *a = arena_new();
	struct str object, text = str_cut((struct str){(const char *)data, size}, '\n', &object);
	if (!s.n)
		sig_parse(&s, "name:str? count:int? size:num? on:bool? raw:bytes? doc:json?");
	texts(&s, text);
	objects(&s, object, a);
	arena_free(a);
	return 0;
}
