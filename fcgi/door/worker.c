#define _GNU_SOURCE /* accept4 */

#include <errno.h>
#include <fcgiapp.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/lane.h"
#include "base/log.h"
#include "base/now.h"
#include "door/door.h"
#include "gate/fetch.h"
#include "gate/gateway.h"
#include "gate/migrate.h"
#include "gate/op.h"
#include "gate/check.h"
#include "gate/pool.h"
#include "gate/runner.h"
#include "gate/turns.h"
#include "kernel/cache.h"
#include "kernel/content.h"
#include "kernel/publish.h"
#include "kernel/threads.h"
#include "store/job.h"
#include "store/run.h"
#include "store/upload.h"
#include "wire/syscall.h"

/* One blocking thread for each kept FastCGI connection. nginx keeps fewer idle connections than there are threads
 * (nginx/README.md), so an idle one can never starve a new one. Threads wait on their connection or their cell (kernel/threads.h); the
 * work itself is bounded by cells and by four database connections. */

#define RETIRE_MS 100000 /* nginx lets go of every connection within 90 s: keepalive_time and keepalive_timeout */
#define FINISH_MS 62000  /* the longest deadline of a request, and a moment to send its answer */
#define THREAD_STACK (512 * KIB)
#define DRAIN_BYTES (64 * MIB) /* of a body that nobody wanted */
#define DRAIN_SECONDS 2
#define SKIP_BYTES MIB /* more than waits in a socket */
#define SKIP_MS 20
#define SWEEPS 32
#define PRUNINGS 100

extern char **environ;

static struct node node;
static pid_t supervisor;     /* 0: nobody's worker */
static atomic_bool draining; /* no new connections */
static int ending[2];        /* a pipe whose write end is closed once those there are shall end */
static pthread_t threads[THREADS];
static atomic_int running;   /* threads that serve or may yet */

/* ---- one request ---- */

/* What a request comes and goes through: a FastCGI connection, or standard input and output. */
struct channel {
	char **params;
	body_fn *read;
	content_fn *write; /* false: nobody takes it any more */
	void *in, *out;
	bool until_end; /* a body without a length ends where its stream does */
};

static void send_answer(struct req *r, const struct channel *c)
{
	struct buf head = BUF_INIT;
	cgi_head(r, &head);
	c->write(c->out, head.p, head.len);
	if (cgi_sends_body(r) && r->res.file.length)
		content_send(r, c->write, c->out);
	else if (cgi_sends_body(r))
		c->write(c->out, r->res.body.p, r->res.body.len);
	buf_release(&head);
}

/* Was the body read to its end? Its memory is its own: a thread that waits for the next one keeps none. */
static bool serve_request(const struct channel *c)
{
	struct req r;
	struct arena *a = arena_new();
	int64_t length = 0;
	req_init(&r, &node, a, DOOR_HTTP);
	int err = cgi_request(&r, c->params, &length);
	r.source = (struct body_source){.read = c->read, .in = c->in, .left = length < 0 && !c->until_end ? 0 : length};
	if (err)
		req_error(&r, err);
	else
		req_run(&r);
	send_answer(&r, c);
	bool whole = !r.source.left;
	req_release(&r);
	arena_free(a);
	return whole;
}

/* ---- FastCGI ---- */

/* What there is: the library itself would wait for all n. */
static size_t fcgi_read(void *in, char *p, size_t n)
{
	FCGX_Stream *s = in;
	int c = n ? FCGX_GetChar(s) : EOF;
	if (c == EOF)
		return 0;
	*p = (char)c;
	int more = FCGX_GetStr(p + 1, (int)MIN(n - 1, (size_t)(s->stop - s->rdNext)), s);
	return 1 + (size_t)MAX(more, 0);
}

/* A client that went away is nginx's business, which then closes the connection. */
static bool fcgi_write(void *out, const char *p, size_t n)
{
	return FCGX_PutStr(p, (int)n, out) == (int)n;
}

/* The next connection, or -1 when there shall be no more: the supervisor has shut the socket down and nothing waits in it, or
 * it is none any more. One thread of each worker waits for it: the kernel serves those who wait in order, so that the workers get
 * connections in turn. With all threads waiting, the worker that started first would get every one of them. */
static int accept_connection(void)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	int fd;
	pthread_mutex_lock(&turn);
	while ((fd = accept4(FCGI_LISTENSOCK_FILENO, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno != EINVAL && !draining)
		usleep(10000); /* no descriptor was left for it */
	pthread_mutex_unlock(&turn);
	return fd;
}

/* A read that blocks is woken for nothing when nginx takes the answer written before; a poll is not. There is nothing to
 * wait for when the library has closed the connection, as it does when an answer could not be written: poll would wait
 * for ever for no descriptor. At the end an idle connection is shut for reading: a request that nginx sent before that is
 * still read, one that it would send later it cannot, so none is lost between the two. */
static void await_request(int fd)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = ending[0]}};
	if (fd < 0)
		return;
	while (poll(p, ARRAY_LEN(p), -1) < 0 && errno == EINTR)
		;
	if (p[1].revents && !p[0].revents)
		shutdown(fd, SHUT_RD);
}

static void have_patience(int fd, int ms)
{
	struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

/* The record that ends the body, which nginx sends behind the last of it. It is read before the answer ends, because from then on what comes is
 * the next request: left there, it would be taken for the beginning of that, and a body that nobody asked for is what a client likes. */
static bool ended(FCGX_Request *f)
{
	return FCGX_GetChar(f->in) == EOF && !FCGX_GetError(f->in);
}

/* Is the rest of the body there already? */
static bool skip(FCGX_Request *f)
{
	char piece[16 * KIB];
	int64_t until = mono_ms() + SKIP_MS;
	size_t n = 1;
	have_patience(f->ipcFd, SKIP_MS);
	for (size_t sum = 0; n && (sum < SKIP_BYTES || mono_ms() < until); sum += n)
		n = fcgi_read(f->in, piece, sizeof piece);
	have_patience(f->ipcFd, 0);
	return !n && !FCGX_GetError(f->in);
}

/* An answer came before the body had been read. nginx still writes, and takes the answer only if it can: so the
 * answer is ended, then what comes is thrown away for a moment. It may be anything, so the connection is not used again. */
static void drain(FCGX_Request *f)
{
	char piece[16 * KIB];
	int64_t until = mono_ms() + DRAIN_SECONDS * 1000;
	ssize_t n;
	if (f->ipcFd < 0 || skip(f))
		return;
	FCGX_FClose(f->err);
	FCGX_FClose(f->out);
	have_patience(f->ipcFd, DRAIN_SECONDS * 1000);
	for (size_t sum = 0; sum < DRAIN_BYTES && mono_ms() < until && (n = recv(f->ipcFd, piece, sizeof piece, 0)) > 0; sum += (size_t)n)
		;
	f->keepConnection = 0;
}

/* The requests of one connection. The library is given it as one that is kept, and has no socket to accept from: it
 * returns when nginx has closed it. */
static void serve_connection(FCGX_Request *f, int fd)
{
	f->ipcFd = fd;
	f->keepConnection = 1;
	while (await_request(f->ipcFd), !FCGX_Accept_r(f)) {
		if (!serve_request(&(struct channel){f->envp, fcgi_read, fcgi_write, f->in, f->out, true}) || !ended(f))
			drain(f);
		FCGX_Finish_r(f);
		turns_wait();
	}
}

static void *serve_connections(void *unused)
{
	FCGX_Request f;
	(void)unused;
	if (FCGX_InitRequest(&f, -1, 0))
		die("cannot serve FastCGI");
	turns_join();
	for (int fd; (fd = accept_connection()) >= 0;)
		serve_connection(&f, fd);
	running--;
	return NULL;
}

static void start_threads(void)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	running = THREADS;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attr, serve_connections, NULL))
			die("cannot start a thread");
	pthread_attr_destroy(&attr);
}

/* ---- the end ---- */

static void woken(int sig UNUSED)
{
}

/* No new connections. The signal makes each thread that waits in accept() call it again, on what is no socket any more;
 * those that read from a connection go on. */
static void stop_accepting(void)
{
	struct sigaction act = {.sa_handler = woken, .sa_flags = SA_RESTART};
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	draining = true;
	sigaction(SIGUSR1, &act, NULL);
	dup2(nowhere, FCGI_LISTENSOCK_FILENO);
	for (int i = 0; i < THREADS; i++)
		pthread_kill(threads[i], SIGUSR1);
}

static sigset_t signals_of_interest(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	return set;
}

/* A signal, or -1 after ms. */
static int await_signal(int ms)
{
	sigset_t set = signals_of_interest();
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	return sigtimedwait(&set, NULL, &t);
}

static bool supervised(void)
{
	return supervisor && getppid() == supervisor;
}

/* Told to end by somebody else: the supervisor puts another one in this one's place, and answers with SIGHUP. It may be about
 * to end itself, when everybody was told: then it is SIGQUIT. */
static bool pass_on(int sig)
{
	pid_t self = getpid();
	return (sig == SIGTERM || sig == SIGINT) && supervised() && write(NOTES_FD, &self, sizeof self) == sizeof self;
}

/* Others serve already: stay until nginx has let go of the last connection. Were it closed here, a request could just be
 * on its way, and nginx does not send a POST twice. */
static void retire(void)
{
	for (int64_t until = mono_ms() + RETIRE_MS; running && mono_ms() < until;) {
		if (await_signal(100) == SIGQUIT)
			break;
		pool_reap(node.pool);
	}
}

/* Everything ends. What waits for being accepted still is; a supervisor would have said that there shall be no more. */
static void close_door(void)
{
	if (!supervised())
		shutdown(FCGI_LISTENSOCK_FILENO, SHUT_RD);
}

/* The requests under way finish; the supervisor's patience is the limit, too. */
static void finish(void)
{
	runner_give_up();
	close(ending[1]);
	for (int64_t until = mono_ms() + FINISH_MS; running && mono_ms() < until;)
		usleep(5000);
}

/* A worker whose supervisor died would serve on, unseen, beside those of the next one: it drains instead. The signal is
 * asked for here because a change of user forgets it; whoever came too late finds another parent than the one that
 * started it. */
static void follow_supervisor(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGQUIT) || (supervisor && !supervised()))
		kill(getpid(), SIGQUIT); /* raise() is another function here */
}

/* Runs that ended long ago: a few in each transaction, so that nobody waits for it, and more in a second than end in one. */
static void forget_runs(struct db *db)
{
	struct settings s;
	struct arena *a = arena_new();
	int n = node_settings(&node, db, a, &s) ? 0 : 1;
	for (int i = 0; n > 0 && i < PRUNINGS; i++) {
		if (db_begin(db))
			break;
		int64_t before = now_ms() - s.number[SETTING_RUN_DAYS] * 86400000;
		n = run_prune(db, before, s.number[SETTING_RUN_KEEP]);
		int m = n < 0 ? n : firing_prune(db, before, s.number[SETTING_RUN_KEEP]);
		n = m < 0 ? m : n + m;
		n <= 0 ? db_rollback(db) : db_commit(db);
	}
	arena_free(a);
}

/* In the first worker only: uploads that nobody took, content that nobody has any more and copies of it, runs of long ago. A
 * little at a time; the next time is ten seconds away. */
static void sweep(void)
{
	struct fault quiet = {0};
	struct db *db = node.lane ? NULL : db_borrow(node.store, &quiet);
	if (!db)
		return;
	upload_reap(db);
	forget_runs(db);
	for (int i = 0; i < SWEEPS && object_reap(db); i++)
		;
	cache_sweep(&node, db);
	db_return(db);
}

/* Cells end with their leashes. What exit() would run is not for a process whose threads go on; a build that counts what was
 * run (./dev coverage) has to be told so. */
NORETURN static void leave(void)
{
#ifdef COVERAGE
	void __gcov_dump(void);
	__gcov_dump();
#endif
	_exit(0);
}

/* The main thread keeps house: cells that nobody uses end here. */
static void serve_fastcgi(void)
{
	sigset_t set = signals_of_interest();
	int sig;
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	follow_supervisor();
	if (FCGX_Init() || pipe2(ending, O_CLOEXEC))
		die("cannot initialise FastCGI");
	fcntl(NOTES_FD, F_SETFD, FD_CLOEXEC);
	log_together();
	start_threads();
	runner_start(&node);
	while ((sig = await_signal(10000)) < 0 || pass_on(sig)) {
		pool_reap(node.pool);
		store_check(node.store);
		sweep();
		malloc_trim(0); /* what many at once needed is given back */
	}
	sig == SIGQUIT ? close_door() : stop_accepting();
	runner_stop();
	if (sig == SIGHUP)
		retire();
	finish();
	log_flush();
	leave();
}

/* ---- plain CGI ---- */

static size_t stdio_read(void *in, char *p, size_t n)
{
	return fread(p, 1, n, in);
}

static bool stdio_write(void *out, const char *p, size_t n)
{
	return fwrite(p, 1, n, out) == n;
}

static void serve_cgi(void)
{
	serve_request(&(struct channel){environ, stdio_read, stdio_write, stdin, stdout, false});
	fflush(stdout);
	pool_close(&node);
	node_close(&node);
}

/* Which of how many workers this is, and whose: behind --home DIR on the command line. */
static void take_place(int argc, char **argv)
{
	int64_t lane = 0, lanes = 1, pid = 0;
	if (argc > 4 && (!str_int(str_of(argv[3]), &lane) || !str_int(str_of(argv[4]), &lanes) || lane < 0 || lane >= lanes || lanes > 64))
		die("worker: %s %s is no lane", argv[3], argv[4]);
	if (argc > 5 && (!str_int(str_of(argv[5]), &pid) || pid < 1 || pid > INT_MAX))
		die("worker: %s is no process", argv[5]);
	supervisor = (pid_t)pid;
	node.lane = (int)lane;
	node.workers = (int)lanes;
	lane_enter((unsigned)lane, (unsigned)lanes);
}

int worker_main(int argc, char **argv)
{
	const char *home = argc > 2 && !strcmp(argv[1], "--home") ? argv[2] : getenv("FAZT_HOME");
	bool cgi = FCGX_IsCGI();
	int control = cgi ? zygote_fork() : ZYGOTE_FD;
	struct fault f = {0};
	if (!home)
		die("worker: --home DIR is missing");
	if (become_owner(home))
		die("worker: cannot become the owner of %s", home);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2); /* an arena for each of many threads would cost megabytes and win nothing here */
	log_open(home);
	syscall_init();
	op_init();
	if (node_open(&node, home, STORE_SERVE, &f)) {
		log_event(LOG_ERROR, "worker.refused", "message", fault_message(&f), NULL);
		fprintf(stderr, "faztd: %s\n", fault_message(&f));
		return err_row(f.err)->exit;
	}
	take_place(argc, argv);
	pool_open(&node, control);
	fetch_install(&node, cgi ? FETCHER_OWN : FETCHER_FD);
	migrate_install();
	check_install();
	if (cgi) {
		serve_cgi();
	} else {
		publish_all(&node, NULL); /* it may have been deleted; a failure is in the log, and the kernel serves the files */
		serve_fastcgi();
	}
	return 0;
}
