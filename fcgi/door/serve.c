#define _GNU_SOURCE /* pipe2 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "base/turn.h"
#include "door/door.h"
#include "kernel/home.h"

/* The supervisor holds what must outlive any child: the FastCGI socket and both ends of the control sockets of the zygote and
 * the fetcher, who are the helpers: the workers need them to their end.
 * So a child that dies is simply started again; nobody has to reconnect. */

#define WORKERS 2
#define HELPERS 2 /* before the workers in the list of children */
#define BACKLOG 512
#define PATIENCE_MS 63000     /* how long workers may finish their requests, whose deadlines are sooner than that */
#define LIVED_MS 200          /* who lived as long did start, whatever ended it */
#define READY_SECONDS 20      /* within which a fresh worker opens the home */
#define RESTART_MIN_MS 50
#define RESTART_MAX_MS 5000

extern char **environ;

struct child {
	const char *name; /* the subcommand */
	int lane;         /* a worker's share of the processors */
	int stdin_fd;     /* becomes descriptor 0, or -1 */
	int control_fd;   /* becomes ZYGOTE_FD */
	int fetcher_fd;   /* becomes FETCHER_FD, or -1 */
	pid_t pid;
	int64_t started, again; /* mono_ms: when it began, when it may begin again */
	int64_t pause;
};

static const char *home;
static bool stopping;
static int notes[2]; /* a pipe: pids of workers that somebody else told to end. SIGIO says that there is one */
static pid_t retired[8 * WORKERS]; /* workers of before a reload that still finish: for a minute, as nginx keeps connections */

/* ---- sockets ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if ((size_t)snprintf(a.sun_path, sizeof a.sun_path, "%s", path) >= sizeof a.sun_path)
		die("the socket's path is too long (107 bytes at most): %s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)unlink(path);
	mode_t mask = umask(0117); /* nginx's group may connect; nobody else */
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, BACKLOG))
		die("cannot listen at %s: %s", path, strerror(errno));
	umask(mask);
	return fd;
}

/* One supervisor for each home: the lock is held as long as this process lives. */
static void lock_home(void)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/run/serve.pid", home);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		fprintf(stderr, "faztd: cannot open %s: %s\n", path, errno == ELOOP ? "it is a link; remove it" : strerror(errno));
		exit(err_row(ERR_DENIED)->exit);
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "faztd: another faztd serves %s already\n", home);
		exit(6);
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		die("cannot write %s", path);
}

bool serve_holds(const char *dir)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/run/serve.pid", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB);
	if (fd >= 0)
		close(fd);
	return held;
}

/* ---- children ---- */

static void start(struct child *c)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	char lane[12], lanes[12], supervisor[12];
	snprintf(lane, sizeof lane, "%d", c->lane);
	snprintf(lanes, sizeof lanes, "%d", WORKERS);
	snprintf(supervisor, sizeof supervisor, "%d", (int)getpid());
	char *argv[] = {"faztd", (char *)c->name, "--home", (char *)home, lane, lanes, supervisor, NULL};
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (c->stdin_fd >= 0)
		posix_spawn_file_actions_adddup2(&files, c->stdin_fd, 0);
	posix_spawn_file_actions_adddup2(&files, c->control_fd, ZYGOTE_FD);
	if (c->fetcher_fd >= 0) {
		posix_spawn_file_actions_adddup2(&files, c->fetcher_fd, FETCHER_FD);
		posix_spawn_file_actions_adddup2(&files, notes[1], NOTES_FD);
	}
	c->started = mono_ms();
	int err = posix_spawn(&c->pid, "/proc/self/exe", &files, &attr, argv, environ);
	if (err) {
		c->pid = 0;
		c->again = c->started + RESTART_MAX_MS;
		log_event(LOG_ERROR, "child.refused", "name", c->name, "message", strerror(err), NULL);
	}
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
}

/* A child that did start starts again at once; one that cannot, after growing pauses. */
static void ended(struct child *c, int status)
{
	char how[32];
	int64_t now = mono_ms();
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof how, "exit %d", WEXITSTATUS(status));
	bool lived = now - c->started > LIVED_MS;
	c->pause = lived || !c->pause ? RESTART_MIN_MS : MIN(c->pause * 2, (int64_t)RESTART_MAX_MS);
	c->again = now + (lived ? 0 : c->pause);
	c->pid = 0;
	if (!stopping)
		log_event(LOG_WARN, "child.ended", "name", c->name, "how", how, NULL);
}

static void reap(struct child *c, int n)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		for (int i = 0; i < n; i++)
			if (c[i].pid == pid)
				ended(&c[i], status);
		for (size_t i = 0; i < ARRAY_LEN(retired); i++)
			if (retired[i] == pid)
				retired[i] = 0;
	}
}

/* A fresh child takes the place at once, and the old one ends when nginx has let go of it. More than eight
 * reloads in a minute make the oldest ones hurry: then a request may be lost that nginx sends at the moment its connection is closed. */
static void retire(struct child *c)
{
	static size_t next;
	pid_t *place = &retired[next++ % ARRAY_LEN(retired)];
	if (!c->pid)
		return;
	if (*place)
		kill(*place, SIGQUIT);
	kill(c->pid, SIGHUP);
	*place = c->pid;
	c->pid = 0;
	c->again = 0;
}

static void hear_notes(struct child *c, int n)
{
	for (pid_t pid; read(notes[0], &pid, sizeof pid) == sizeof pid;)
		for (int i = HELPERS; i < n; i++)
			if (c[i].pid == pid)
				retire(&c[i]);
}

static void listen_for_notes(void)
{
	if (pipe2(notes, O_CLOEXEC | O_NONBLOCK) || fcntl(notes[0], F_SETOWN, (int)getpid()) || fcntl(notes[0], F_SETFL, O_NONBLOCK | O_ASYNC))
		die("cannot make a pipe: %s", strerror(errno));
}

static int alive(struct child *c, int n)
{
	int count = 0;
	for (int i = 0; i < n; i++)
		count += c[i].pid > 0;
	for (size_t i = 0; i < ARRAY_LEN(retired); i++)
		count += retired[i] > 0;
	return count;
}

static void signal_all(struct child *c, int n, int sig)
{
	for (int i = 0; i < n; i++)
		if (c[i].pid > 0)
			kill(c[i].pid, sig);
	for (size_t i = 0; i < ARRAY_LEN(retired); i++)
		if (retired[i] > 0)
			kill(retired[i], sig);
}

/* ---- signals: blocked, and taken one at a time where it suits us ---- */

static sigset_t signals_of_interest(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGIO};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&set, signals[i]);
	return set;
}

/* Sleep until a signal arrives or ms have passed; the signal, or -1. */
static int await_signal(int64_t ms)
{
	sigset_t set = signals_of_interest();
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	return sigtimedwait(&set, NULL, &t);
}

/* Nobody can connect any more; what had connected is still accepted, the workers answer it, and the helpers serve them to the
 * end. */
static void stop_all(struct child *c, int n, int fcgi, const char *path)
{
	int64_t until = mono_ms() + PATIENCE_MS;
	stopping = true;
	(void)unlink(path);
	shutdown(fcgi, SHUT_RD);
	signal_all(c + HELPERS, n - HELPERS, SIGQUIT);
	while (alive(c + HELPERS, n - HELPERS) && mono_ms() < until) {
		await_signal(100);
		reap(c, n);
	}
	signal_all(c, n, SIGKILL);
	while (alive(c, n)) {
		await_signal(100);
		reap(c, n);
	}
}

/* Start what is due; how long until the next one is. */
static int64_t start_due(struct child *c, int n)
{
	int64_t now = mono_ms(), wait = 60000;
	for (int i = 0; i < n; i++) {
		if (!c[i].pid && c[i].again <= now)
			start(&c[i]);
		if (!c[i].pid)
			wait = MIN(wait, MAX(c[i].again - now, (int64_t)1));
	}
	return wait;
}

/* As a worker does, and with the folders that somebody deleted. The exit code, with the reason in the log and said to whoever started us. */
static int try_home(const char *refused)
{
	struct fault f = {0};
	struct node node;
	int err = become_owner(home) ? fault(&f, ERR_DENIED, "cannot become the owner of %s", home) : node_open(&node, home, STORE_SERVE, &f);
	if (!err) {
		home_refill(home);
		return 0;
	}
	log_event(LOG_ERROR, refused, "message", fault_message(&f), NULL);
	fprintf(stderr, "faztd: %s\n", fault_message(&f));
	return err_row(err)->exit;
}

/* Could workers start? 0, or what to exit with. Asked in a process of its own, because what is wrong may end it, and because what
 * is in the database is the owner's word: root reads none of it. */
static int trouble(const char *refused)
{
	int status;
	pid_t pid = fork();
	if (!pid) {
		alarm(READY_SECONDS);
		_exit(try_home(refused));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return err_row(ERR_INTERNAL)->exit;
	return WEXITSTATUS(status);
}

/* The old ones serve on if fresh ones could not. */
static void reload(struct child *c, int n)
{
	if (!trouble("reload.refused"))
		for (int i = HELPERS; i < n; i++)
			retire(&c[i]);
}

static void supervise(struct child *c, int n)
{
	for (;;) {
		int sig = await_signal(start_due(c, n));
		reap(c, n);
		if (sig == SIGTERM || sig == SIGINT)
			return;
		if (sig == SIGHUP)
			reload(c, n);
		if (sig == SIGIO)
			hear_notes(c, n);
	}
}

int serve_main(int argc, char **argv)
{
	char path[4200];
	int control[2], fetcher[2];
	home = argc > 2 && !strcmp(argv[1], "--home") ? argv[2] : getenv("FAZT_HOME");
	if (!home)
		home = "/var/lib/fazt";
	if (touch_as_owner(home))
		die("cannot work with the rights of the owner of %s", home);
	log_open(home);
	int refused = trouble("serve.refused");
	if (refused)
		return refused;
	lock_home();
	snprintf(path, sizeof path, "%s/run/fcgi.sock", home);
	int fcgi = listen_at(path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fetcher))
		die("cannot make a socket pair: %s", strerror(errno));
	sigset_t set = signals_of_interest();
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	listen_for_notes();
	struct child child[HELPERS + WORKERS] = {
		{.name = "zygote", .stdin_fd = -1, .control_fd = control[1], .fetcher_fd = -1},
		{.name = "fetch", .stdin_fd = -1, .control_fd = fetcher[1], .fetcher_fd = -1},
	};
	for (int i = 0; i < WORKERS; i++)
		child[HELPERS + i] = (struct child){.name = "worker", .lane = i, .stdin_fd = fcgi, .control_fd = control[0], .fetcher_fd = fetcher[0]};
	/* A worker has a hundred threads, and each would keep up to 200 KB of what it freed for itself. */
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0);
	turn_take(0, TURN_IN_ORDER);
	log_event(LOG_INFO, "serve.start", "home", home, NULL);
	supervise(child, ARRAY_LEN(child));
	stop_all(child, ARRAY_LEN(child), fcgi, path);
	log_event(LOG_INFO, "serve.stop", NULL);
	return 0;
}
