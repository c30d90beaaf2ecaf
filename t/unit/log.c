/* A log read while it is written and rotated: nothing twice, nothing left out. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "tap.h"

static char home[] = "/tmp/fazt-log-XXXXXX";

static void collect(void *arg, struct str line)
{
	buf_addf(arg, "%.*s ", STR_FMT(line));
}

static bool even(void *arg, struct str line)
{
	(void)arg;
	return (line.p[line.n - 1] - '0') % 2 == 0;
}

static char *follow(struct log_place *p)
{
	static struct buf b;
	buf_clear(&b);
	buf_adds(&b, "");
	log_follow("app", p, collect, &b);
	return b.p;
}

static char *tail(int n, bool (*wanted)(void *, struct str), struct log_place *end)
{
	static struct buf b;
	buf_clear(&b);
	buf_adds(&b, "");
	log_tail("app", n, wanted, collect, &b, end);
	return b.p;
}

static void say(int n)
{
	char text[8];
	snprintf(text, sizeof text, "%d", n);
	log_line("app", str_of(text));
}

static void rotate(void)
{
	char from[64], to[64];
	snprintf(from, sizeof from, "%s/log/app.log", home);
	snprintf(to, sizeof to, "%s/log/app.log.1", home);
	if (rename(from, to))
		die("rename");
}

int main(void)
{
	char path[64];
	struct log_place p = {0}, old;
	if (!mkdtemp(home))
		die("no folder");
	snprintf(path, sizeof path, "%s/log", home);
	mkdir(path, 0700);
	log_open(home);
	is_str(tail(5, NULL, &p), "", "no log: nothing");
	is_str(follow(&p), "", "… to follow either");
	say(1);
	is_str(follow(&p), "1 ", "a log that begins");
	is_str(follow(&p), "", "once");
	say(2), say(3), say(4);
	is_str(tail(2, NULL, &old), "3 4 ", "its end");
	is_str(tail(2, even, NULL), "2 4 ", "… of those wanted");
	is_str(tail(1, even, NULL), "4 ", "… from the end");
	is_str(tail(9, even, NULL), "2 4 ", "… all there are");
	is_str(follow(&p), "2 3 4 ", "what came");
	is_str(follow(&old), "", "the end is behind the last line");
	rotate();
	is_str(follow(&p), "", "rotated");
	say(5);
	is_str(follow(&p), "5 ", "what comes after a rotation");
	say(6);
	rotate();
	say(7);
	old = p;
	is_str(follow(&p), "6 7 ", "what was written before one and after");
	is_str(tail(2, NULL, NULL), "6 7 ", "the end reaches into the file before");
	say(8);
	rotate();
	say(9);
	rotate();
	say(0);
	is_str(follow(&old), "9 0 ", "after two rotations: what there is");
	is_str(follow(&old), "", "… once");
	snprintf(path, sizeof path, "%s/log/app.log", home);
	FILE *f = fopen(path, "a");
	fputs("hal", f);
	fflush(f);
	is_str(follow(&old), "", "half a line is none");
	fputs("f\n", f);
	fclose(f);
	is_str(follow(&old), "half ", "… until its end is there");
	log_forget("app");
	snprintf(path, sizeof path, "%s/log", home);
	rmdir(path);
	rmdir(home);
	return done_testing();
}
