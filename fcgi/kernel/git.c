#include "config.h"

#include "kernel/git.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/now.h"

/* Everything git could take from its surroundings is replaced: the environment, the descriptors, the working directory,
 * the group. What it may not do is said to it in the environment rather than in arguments, because its own helpers
 * inherit that. */

#define SAID_BYTES (16 * KIB)
#define CPU_SECONDS 30
#define MEMORY (320ull * MIB)
#define PROCESSES 64

static const struct {
	int what;
	rlim_t most;
} limits[] = {
	{RLIMIT_FSIZE, GIT_BYTES}, {RLIMIT_CPU, CPU_SECONDS}, {RLIMIT_AS, MEMORY}, {RLIMIT_NOFILE, 64}, {RLIMIT_CORE, 0},
};

uid_t git_uid(void)
{
	return FAZT_CELL_UID - 1; /* beside those of the cells */
}

/* ---- in the child ---- */

NORETURN static void give_up(void)
{
	_exit(126);
}

static void be_nobody(void)
{
	struct rlimit few = {PROCESSES, PROCESSES};
	uid_t uid = git_uid();
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) || setrlimit(RLIMIT_NPROC, &few))
		give_up();
}

static void be_small(const struct git *g)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit l = {limits[i].most, limits[i].most};
		if (setrlimit((__rlimit_resource_t)limits[i].what, &l))
			give_up();
	}
	if (g->own_uid && !geteuid())
		be_nobody();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		give_up();
}

static void place(int fd, int number)
{
	if (dup2(fd, number) < 0)
		give_up();
}

NORETURN static void child(const struct git *g, enum git_use use, const char *const *args, int in, int out)
{
	char protocols[64];
	char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
		       "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "GIT_NO_REPLACE_OBJECTS=1",
		       "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0", protocols, NULL};
	int nothing = open("/dev/null", O_RDWR);
	snprintf(protocols, sizeof protocols, "GIT_ALLOW_PROTOCOL=%s", g->protocols);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	place(use == GIT_ANSWERS ? in : nothing, 0);
	place(use == GIT_ANSWERS ? out : nothing, 1);
	place(use == GIT_SAYS ? out : nothing, 2);
	if (close_range(3, ~0u, 0) || chdir(g->folder))
		give_up();
	be_small(g);
	execve(FAZT_GIT, (char *const *)args, env);
	give_up();
}

/* ---- in the parent ---- */

static void close_both(int pipe[2])
{
	close(pipe[0]);
	close(pipe[1]);
}

int git_start(struct git *g, enum git_use use, const char *const *args, struct fault *f)
{
	const char *argv[64] = {"git"};
	int in[2], out[2], n = 1;
	for (; *args && n < 63; args++)
		argv[n++] = *args;
	g->said = BUF_MAX(SAID_BYTES);
	g->to = g->from = -1;
	if (pipe2(in, O_CLOEXEC))
		return fault(f, ERR_UNAVAILABLE, "git cannot be started: %s", strerror(errno));
	if (pipe2(out, O_CLOEXEC)) {
		close_both(in);
		return fault(f, ERR_UNAVAILABLE, "git cannot be started: %s", strerror(errno));
	}
	g->pid = fork();
	if (!g->pid)
		child(g, use, argv, in[0], out[1]);
	if (g->pid < 0) {
		close_both(in);
		close_both(out);
		return fault(f, ERR_UNAVAILABLE, "git cannot be started: %s", strerror(errno));
	}
	setpgid(g->pid, g->pid);
	close(in[0]);
	close(out[1]);
	g->to = in[1];
	g->from = out[0];
	return 0;
}

/* Until there is something to read: true, also at its end. False: late. */
static bool await(struct git *g)
{
	struct pollfd p = {.fd = g->from, .events = POLLIN};
	int64_t left = g->until - mono_ms();
	return left > 0 && poll(&p, 1, (int)left) > 0;
}

int git_wait(struct git *g, bool *late)
{
	char part[1024];
	int status;
	ssize_t n = 1;
	while (n > 0 && !(*late = !await(g))) {
		n = read(g->from, part, sizeof part);
		if (n > 0)
			buf_add(&g->said, part, (size_t)n);
	}
	if (*late)
		kill(-g->pid, SIGKILL);
	while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
		;
	g->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool git_write(struct git *g, const char *line)
{
	struct str s = str_of(line);
	while (s.n) {
		ssize_t n = write(g->to, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

static bool more(struct git *g)
{
	if (!await(g))
		return false;
	ssize_t n = read(g->from, g->ahead, sizeof g->ahead);
	g->at = 0;
	g->nahead = n > 0 ? (size_t)n : 0;
	return n > 0;
}

bool git_read(struct git *g, void *p, size_t n)
{
	for (char *to = p; n;) {
		if (g->at == g->nahead && !more(g))
			return false;
		size_t part = MIN(n, g->nahead - g->at);
		memcpy(to, g->ahead + g->at, part);
		to += part;
		g->at += part;
		n -= part;
	}
	return true;
}

bool git_line(struct git *g, struct buf *line)
{
	char c;
	buf_clear(line);
	while (line->len < 4096 && git_read(g, &c, 1)) {
		if (c == '\n')
			return true;
		buf_addc(line, c);
	}
	return false;
}

void git_stop(struct git *g)
{
	if (g->to >= 0)
		close(g->to);
	if (g->from >= 0)
		close(g->from);
	g->to = g->from = -1;
	if (g->pid > 0) {
		kill(-g->pid, SIGKILL);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	g->pid = 0;
	buf_release(&g->said);
}
