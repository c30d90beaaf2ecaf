#include "codec/diff.h"

#include "base/visible.h"

#define AROUND 3

/* A text cut in lines. The last one may lack its end, which makes it another line than one that has it. */
struct lines {
	int n;
	struct str *line;
};

/* One line of the answer. */
struct edit {
	char kind; /* ' ', '-', '+' */
	struct str line;
};

struct diff {
	struct lines before, after;
	int n;
	struct edit *edit;
};

static struct lines split(struct str text)
{
	struct lines l = {0};
	size_t n = 1;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	l.line = xcalloc(n, sizeof *l.line);
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t len = end ? (size_t)(end - text.p) + 1 : text.n;
		l.line[l.n++] = (struct str){text.p, len};
		text = (struct str){text.p + len, text.n - len};
	}
	return l;
}

static void add(struct diff *d, char kind, struct str line)
{
	d->edit[d->n++] = (struct edit){kind, line};
}

/* The middle, where it is short enough: common[i][j] is the length of the longest common sequence behind line i and j. */
static void compare(struct diff *d, const struct str *a, int n, const struct str *b, int m)
{
	size_t wide = (size_t)m + 1;
	uint16_t *common = xcalloc(((size_t)n + 1) * wide, sizeof *common);
	int i, j;
	for (i = n - 1; i >= 0; i--)
		for (j = m - 1; j >= 0; j--)
			common[(size_t)i * wide + (size_t)j] = str_eq(a[i], b[j])
				? (uint16_t)(common[(size_t)(i + 1) * wide + (size_t)j + 1] + 1)
				: MAX(common[(size_t)(i + 1) * wide + (size_t)j], common[(size_t)i * wide + (size_t)j + 1]);
	for (i = j = 0; i < n || j < m;) {
		if (i < n && j < m && str_eq(a[i], b[j]))
			add(d, ' ', a[i++]), j++;
		else if (i < n && (j == m || common[(size_t)(i + 1) * wide + (size_t)j] >= common[(size_t)i * wide + (size_t)j + 1]))
			add(d, '-', a[i++]);
		else
			add(d, '+', b[j++]);
	}
	free(common);
}

static void replace(struct diff *d, const struct str *a, int n, const struct str *b, int m)
{
	for (int i = 0; i < n; i++)
		add(d, '-', a[i]);
	for (int j = 0; j < m; j++)
		add(d, '+', b[j]);
}

static void find_edits(struct diff *d, size_t *left)
{
	const struct str *a = d->before.line, *b = d->after.line;
	int n = d->before.n, m = d->after.n, first = 0, last = 0;
	while (first < MIN(n, m) && str_eq(a[first], b[first]))
		first++;
	while (last < MIN(n, m) - first && str_eq(a[n - 1 - last], b[m - 1 - last]))
		last++;
	for (int i = 0; i < first; i++)
		add(d, ' ', a[i]);
	size_t cells = ((size_t)(n - first - last) + 1) * ((size_t)(m - first - last) + 1);
	bool small = cells <= DIFF_CELLS && (!left || cells <= *left);
	if (small && left)
		*left -= cells;
	(small ? compare : replace)(d, a + first, n - first - last, b + first, m - first - last);
	for (int i = n - last; i < n; i++)
		add(d, ' ', a[i]);
}

/* ---- as text ---- */

/* As much of a line as is shown, cut between characters. */
static struct str beginning(struct str line)
{
	size_t n = MIN(line.n, (size_t)DIFF_LINE);
	for (int i = 0; i < 3 && n && n < line.n && ((unsigned char)line.p[n] & 0xC0) == 0x80; i++)
		n--;
	return (struct str){line.p, n};
}

static void add_line(struct buf *b, const struct edit *e)
{
	struct str line = e->line;
	bool ended = str_ends(line, "\n");
	line.n -= ended;
	struct str rest = beginning(line);
	size_t more = line.n - rest.n;
	buf_addc(b, e->kind);
	while (rest.p) {
		visible_add(b, str_cut(rest, '\t', &rest), SIZE_MAX);
		buf_adds(b, rest.p ? "\t" : "");
	}
	if (more)
		buf_addf(b, "… and %zu bytes more", more);
	buf_adds(b, ended ? "\n" : "\n\\ no end of line\n");
}

static bool changes_within(const struct diff *d, int from, int to)
{
	for (int i = MAX(from, 0); i < MIN(to, d->n); i++)
		if (d->edit[i].kind != ' ')
			return true;
	return false;
}

static int count(const struct diff *d, int from, int to, char without)
{
	int n = 0;
	for (int i = from; i < to; i++)
		n += d->edit[i].kind != without;
	return n;
}

static void add_hunk(struct buf *b, const struct diff *d, int from, int to)
{
	int a = count(d, 0, from, '+'), an = count(d, from, to, '+'), c = count(d, 0, from, '-'), cn = count(d, from, to, '-');
	buf_addf(b, "@@ -%d,%d +%d,%d @@\n", a + (an > 0), an, c + (cn > 0), cn);
	for (int i = from; i < to; i++)
		add_line(b, &d->edit[i]);
}

void diff_text(struct buf *b, struct str before, struct str after, size_t *left)
{
	struct diff d = {.before = split(before), .after = split(after)};
	d.edit = xcalloc((size_t)(d.before.n + d.after.n) + 1, sizeof *d.edit);
	find_edits(&d, left);
	for (int i = 0; i < d.n;) {
		int to = i;
		if (!changes_within(&d, i, i + AROUND + 1)) {
			i++;
			continue;
		}
		while (to < d.n && changes_within(&d, MAX(i, to - AROUND), to + AROUND + 1))
			to++;
		add_hunk(b, &d, i, to);
		i = to;
	}
	free(d.before.line);
	free(d.after.line);
	free(d.edit);
}
