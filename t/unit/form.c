#include "codec/form.h"
#include "tap.h"

static struct arena *a;

/* The pairs as name<value>name<value>… */
static const char *pairs(struct str text)
{
	struct form form = FORM(text);
	struct str name, value;
	struct buf b = BUF_INIT;
	while (form_next(&form, a, &name, &value)) {
		buf_addstr(&b, name);
		buf_addf(&b, "<%.*s>", STR_FMT(value));
	}
	const char *s = arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return s;
}

int main(void)
{
	a = arena_new();
	is_str(pairs(STR("a=1&b=two+words&c=%C3%A9%2B")), "a<1>b<two words>c<\xC3\xA9+>", "pairs are decoded");
	is_str(pairs(STR("&&a&=b&&")), "a<>" "<b>", "empty pairs are skipped, missing halves are empty");
	is_str(pairs(STR("a=b=c&%41%=%4&%zz=100%")), "a<b=c>A%<%4>%zz<100%>", "a broken %% stands for itself");
	is_str(pairs(STR("")), "", "nothing");
	is_str(pairs(STR_NONE), "", "no query at all");

	struct str v = form_get(a, STR("x=1&csrf=%61bc&csrf=2"), "csrf");
	ok(str_is(v, "abc"), "form_get finds the first");
	ok(!form_get(a, STR("x=1"), "y").p && form_get(a, STR("y"), "y").p, "absent and empty differ");
	v = form_get(a, STR("n=a%00b"), "n");
	ok(v.n == 3 && !v.p[1], "a NUL is a byte like any other");

	struct buf b = BUF_INIT;
	for (int i = 0; i <= FORM_PAIRS; i++)
		buf_adds(&b, "a=1&");
	struct form form = FORM(buf_str(&b));
	struct str name;
	int n = 0;
	while (form_next(&form, a, &name, &v))
		n++;
	ok(n == FORM_PAIRS && form.too_many, "a thousand pairs and no more");

	buf_clear(&b);
	buf_adds(&b, "/x?");
	form_add(&b, "next", STR("/a b?c=1&d=\xC3\xBC"));
	form_add(&b, "app", STR("pad-1_.~"));
	is_str(b.p, "/x?next=%2Fa%20b%3Fc%3D1%26d%3D%C3%BC&app=pad-1_.~", "form_add encodes");
	buf_release(&b);
	arena_free(a);
	return done_testing();
}
