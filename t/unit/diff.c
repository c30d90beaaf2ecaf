/* The difference between two texts, as a person reads it. */
#include "codec/diff.h"
#include "tap.h"

static void differ(const char *before, const char *after, const char *want, const char *name)
{
	struct buf b = BUF_INIT;
	diff_text(&b, str_of(before), str_of(after), NULL);
	is_str(b.len ? b.p : "", want, "%s", name);
	buf_release(&b);
}

static void long_ones(void)
{
	struct buf a = BUF_INIT, b = BUF_INIT, d = BUF_INIT;
	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	diff_text(&d, buf_str(&a), buf_str(&b), NULL);
	ok(str_starts(buf_str(&d), "@@ -1,3000 +1,3000 @@\n-a0\n-a1\n"), "too many to compare: replaced whole");
	buf_clear(&d);
	buf_adds(&a, "end\n");
	diff_text(&d, buf_str(&a), buf_str(&a), NULL);
	is_int(d.len, 0, "the same is the same, however long");
	buf_release(&a);
	buf_release(&b);
	buf_release(&d);
}

/* Nobody has to wait for a thousand files that are each just small enough to be compared. */
static void many_texts(void)
{
	struct buf a = BUF_INIT, b = BUF_INIT, d = BUF_INIT;
	size_t left = 150;
	for (int i = 0; i < 10; i++) {
		buf_addf(&a, "%d\n", i ? i : 100);
		buf_addf(&b, "%d\n", i ? i : 200);
	}
	buf_adds(&a, "x\n");
	buf_adds(&b, "y\n");
	diff_text(&d, buf_str(&a), buf_str(&b), &left);
	ok(left == 150 - 12 * 12 && strstr(d.p, "\n 1\n"), "what is compared is taken off the budget");
	buf_clear(&d);
	diff_text(&d, buf_str(&a), buf_str(&b), &left);
	ok(left == 150 - 12 * 12 && strstr(d.p, "\n-1\n"), "CPU-17: beyond it texts are replaced whole");
	buf_release(&a);
	buf_release(&b);
	buf_release(&d);
}

static void long_lines(void)
{
	struct buf a = BUF_INIT, d = BUF_INIT;
	for (size_t i = 0; i < DIFF_LINE; i++)
		buf_addc(&a, 'x');
	size_t n = a.len;
	buf_adds(&a, "\tevil()\n");
	diff_text(&d, STR(""), buf_str(&a), NULL);
	ok(str_ends(buf_str(&d), "x… and 7 bytes more\n"), "what is cut off a line is said, behind a tab too");
	a.len = n - 1;
	buf_adds(&a, "\xE2\x82\xAC");
	buf_clear(&d);
	diff_text(&d, STR(""), buf_str(&a), NULL);
	ok(str_ends(buf_str(&d), "x… and 3 bytes more\n\\ no end of line\n"), "it is cut between characters");
	buf_release(&a);
	buf_release(&d);
}

int main(void)
{
	differ("", "", "", "nothing and nothing");
	differ("a\nb\n", "a\nb\n", "", "the same");
	differ("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n", "new");
	differ("a\n", "", "@@ -1,1 +0,0 @@\n-a\n", "gone");
	differ("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", "one line");
	differ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n", "three lines around it");
	differ("1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n", "x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n",
	       "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -7,4 +7,4 @@\n 7\n 8\n 9\n-0\n+y\n", "two hunks");
	differ("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
	       "@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n", "or one, where they meet");
	differ("a\nb\nc\nd\n", "b\nc\nx\nd\n", "@@ -1,4 +1,4 @@\n-a\n b\n c\n+x\n d\n", "what is common stays");
	differ("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ no end of line\n+a\n", "an end of line");
	differ("\tif\n", "\tif x\t\xE2\x80\xAE\n", "@@ -1,1 +1,1 @@\n-\tif\n+\tif x\t\\u{202E}\n", "tabs stay, what deceives is shown");
	long_ones();
	long_lines();
	many_texts();
	return done_testing();
}
