#define _GNU_SOURCE /* close_range */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/now.h"
#include "door/door.h"

#ifdef HAVE_CURL
#include "door/transfer.h"
#include "wire/fds.h"

/* One thread, one loop over curl's sockets and those of the jobs. A job is one fetch: its frames come and go through its
 * socket, and between them it is one transfer after the other. Nothing here blocks: resolvers are libcurl's threads. Until
 * the first job comes, this process is as small as a process can be: libcurl is loaded then. */

#define JOBS 64         /* at once, of everybody */
#define PAYER_JOBS 4    /* of one payer */
#define RESOLVERS 48    /* threads that wait for names; one that was given up ends when its resolver does */
#define OUT_HIGH (256 * KIB)
#define OUT_LOW (64 * KIB)
#define OUT_MOST (4 * MIB) /* what a little that came may unpack to */
#define DATA_MAX (64 * KIB)
#define LOOK_MS 1000

enum stage {
	STAGE_NEW,     /* its FETCH is not there yet */
	STAGE_ASKING,  /* DIAL went, PASS is awaited */
	STAGE_RUNNING, /* libcurl has it */
	STAGE_ENDING,  /* END is on its way */
	STAGE_GONE,    /* nobody listens any more */
};

struct job {
	int fd;
	enum stage stage;
	int64_t until; /* mono_ms */
	struct buf in, out;
	struct wire_fetch ask;
	struct buf asked; /* its bytes */
	struct transfer transfer;
	CURL *running; /* in the multi handle */
	bool paused;
	bool alone;    /* whoever asked wants no more of it, and only waits to hear what it cost */
};

static const struct curl_calls *lib;
static CURLM *multi;
static struct job *jobs[JOBS];
static int njobs;

/* ---- frames out ---- */

static void end(struct job *j, int err, const char *why)
{
	size_t at = frame_begin(&j->out, FRAME_END, 0, (unsigned)err);
	wire_put_end(&j->out, &(struct wire_end){str_of(why), j->transfer.sent, j->transfer.received});
	frame_end(&j->out, at);
	j->stage = STAGE_ENDING;
}

static void end_fault(struct job *j, const struct fault *f)
{
	end(j, f->err, fault_message(f));
}

static void ask_to_dial(struct job *j)
{
	const struct target *t = &j->transfer.target;
	size_t at = frame_begin(&j->out, FRAME_DIAL, 0, 0);
	wire_put_dial(&j->out, &(struct wire_dial){str_of(target_scheme(t)), str_of(t->host), (unsigned)t->port});
	frame_end(&j->out, at);
	j->stage = STAGE_ASKING;
}

static void put_head(void *arg)
{
	struct job *j = arg;
	struct wire_head h;
	transfer_head(&j->transfer, &h);
	size_t at = frame_begin(&j->out, FRAME_ANSWER, 0, 0);
	wire_put_head(&j->out, &h);
	frame_end(&j->out, at);
}

/* All of it or nothing: libcurl would keep what it unpacked for somebody who does not want it now, and that may be anything. */
static size_t put_data(void *arg, const char *p, size_t n)
{
	struct job *j = arg;
	if (j->out.len + n > OUT_MOST)
		return 0;
	for (size_t done = 0, part; done < n; done += part) {
		part = MIN(n - done, DATA_MAX);
		size_t at = frame_begin(&j->out, FRAME_DATA, 0, 0);
		buf_add(&j->out, p + done, part);
		frame_end(&j->out, at);
	}
	return n;
}

/* ---- what comes in ---- */

static int of_payer(struct str payer)
{
	int n = 0;
	for (int i = 0; i < njobs; i++)
		n += jobs[i]->stage != STAGE_NEW && jobs[i]->stage < STAGE_ENDING && str_eq(jobs[i]->ask.payer, payer);
	return n;
}

static int threads(void)
{
	struct stat st;
	return stat("/proc/self/task", &st) ? 0 : (int)st.st_nlink - 3; /* ., .., and this one */
}

/* The first frame: what is wanted. Its bytes move out of the way. */
static bool begin(struct job *j, const struct frame *frame)
{
	struct fault f = {0};
	buf_addstr(&j->asked, frame->payload);
	if (frame->type != FRAME_FETCH || !wire_get_fetch(buf_str(&j->asked), &j->ask) || j->ask.ms < 0 || j->ask.most < 0)
		return false;
	j->until = mono_ms() + j->ask.ms;
	if (of_payer(j->ask.payer) >= PAYER_JOBS)
		return end(j, ERR_RATE_LIMITED, "The app fetches from four places at once already; let one come to its end first."), true;
	if (threads() >= RESOLVERS)
		return end(j, ERR_UNAVAILABLE, "Too many names wait for their resolver; try again in a moment."), true;
	j->transfer.head = put_head;
	j->transfer.data = put_data;
	j->transfer.arg = j;
	if (transfer_begin(&j->transfer, lib, &j->ask, &f))
		end_fault(j, &f);
	else
		ask_to_dial(j);
	return true;
}

static bool dial(struct job *j, const struct frame *frame)
{
	struct wire_pass p;
	int64_t left = j->until - mono_ms();
	if (frame->type != FRAME_PASS || !wire_get_pass(frame->payload, &p))
		return false;
	if (left <= 0)
		return end(j, ERR_TIMEOUT, "no time was left to dial"), true;
	j->running = transfer_dial(&j->transfer, &p, left);
	j->stage = STAGE_RUNNING;
	if (lib->multi_add_handle(multi, j->running))
		die("libcurl takes no more transfers");
	return true;
}

static bool one_frame(struct job *j, const struct frame *frame)
{
	switch (j->stage) {
	case STAGE_NEW: return begin(j, frame);
	case STAGE_ASKING: return dial(j, frame);
	default: return false;
	}
}

static bool parse(struct job *j)
{
	struct frame frame;
	long n;
	while ((n = j->in.len ? frame_parse(buf_str(&j->in), &frame) : 0) > 0) {
		if (!one_frame(j, &frame))
			return false;
		memmove(j->in.p, j->in.p + n, j->in.len - (size_t)n);
		j->in.len -= (size_t)n;
	}
	return n == 0;
}

static void stop_running(struct job *j)
{
	if (j->running)
		lib->multi_remove_handle(multi, j->running);
	j->running = NULL;
}

static void cut_short(struct job *j, int err, const char *why)
{
	stop_running(j);
	transfer_stop(&j->transfer);
	end(j, err, why);
}

/* What is on its way already goes on, since it may have begun in the middle of a frame. */
static bool give_up(struct job *j)
{
	j->alone = true;
	if (j->stage == STAGE_ASKING || j->stage == STAGE_RUNNING)
		cut_short(j, 0, NULL);
	return j->stage == STAGE_ENDING;
}

static bool take_in(struct job *j)
{
	buf_reserve(&j->in, 64 * KIB);
	ssize_t n = recv(j->fd, j->in.p + j->in.len, j->in.cap - j->in.len - 1, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	j->in.len += (size_t)n;
	return n ? parse(j) : give_up(j);
}

/* Nothing more is read from a server whose answer is not taken. */
static void hold_back(struct job *j)
{
	if (j->paused || !j->running || j->out.len <= OUT_HIGH)
		return;
	j->paused = true;
	lib->easy_pause(j->running, CURLPAUSE_RECV);
}

/* What the socket takes; a transfer that waited for room goes on. */
static bool give_out(struct job *j)
{
	ssize_t n = j->out.len ? send(j->fd, j->out.p, j->out.len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0)
		memmove(j->out.p, j->out.p + n, j->out.len - (size_t)n);
	j->out.len -= (size_t)n;
	if (j->paused && j->running && j->out.len < OUT_LOW) {
		j->paused = false;
		lib->easy_pause(j->running, CURLPAUSE_CONT);
	}
	return true;
}

/* ---- jobs ---- */

static void job_open(int fd)
{
	if (njobs == JOBS) { /* whoever asks reads an end */
		close(fd);
		return;
	}
	struct job *j = jobs[njobs++] = xcalloc(1, sizeof *j);
	j->fd = fd;
	j->until = mono_ms() + LOOK_MS * 30;
}

static void job_close(struct job *j)
{
	stop_running(j);
	transfer_end(&j->transfer);
	close(j->fd);
	buf_release(&j->in);
	buf_release(&j->out);
	buf_release(&j->asked);
	free(j);
}

static void sweep(void)
{
	for (int i = 0; i < njobs; i++) {
		struct job *j = jobs[i];
		bool over = j->stage == STAGE_GONE || (j->stage == STAGE_ENDING && !j->out.len);
		if (!over)
			continue;
		job_close(j);
		jobs[i--] = jobs[--njobs];
	}
}

static void job_done(struct job *j, CURLcode code)
{
	struct fault f = {0};
	bool again;
	stop_running(j);
	int err = transfer_done(&j->transfer, code, &again, &f);
	if (err)
		end_fault(j, &f);
	else if (again)
		ask_to_dial(j);
	else
		end(j, 0, NULL);
}

static void look(struct job *j, short events)
{
	bool sound = !(events & CURL_WAIT_POLLIN) || take_in(j);
	sound = sound && give_out(j);
	if (sound && j->stage < STAGE_ENDING && mono_ms() >= j->until)
		cut_short(j, ERR_TIMEOUT, "the time was up");
	if (!sound)
		j->stage = STAGE_GONE;
}

/* ---- the loop ---- */

static void finished(void)
{
	int left;
	for (CURLMsg *m; (m = lib->multi_info_read(multi, &left));) {
		struct job *j = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		lib->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&j);
		job_done(j, code);
	}
}

static void accept_jobs(int control)
{
	char byte;
	int fd;
	ssize_t n = fds_receive(control, &byte, 1, &fd, 1);
	if (n == 0 || (n < 0 && errno != EBADMSG && errno != EAGAIN))
		exit(0); /* nobody is left who could ask */
	if (n > 0 && fd >= 0)
		job_open(fd);
}

static int wait_for(struct job *j, int64_t now)
{
	return j->stage >= STAGE_ENDING ? LOOK_MS : (int)MIN(MAX(j->until - now, (int64_t)0), (int64_t)LOOK_MS); /* its socket wakes us */
}

static short events_of(const struct job *j)
{
	return (short)((j->alone ? 0 : CURL_WAIT_POLLIN) | (j->out.len ? CURL_WAIT_POLLOUT : 0));
}

static void turn(int control)
{
	struct curl_waitfd fds[1 + JOBS] = {{.fd = control, .events = CURL_WAIT_POLLIN}};
	int n = njobs, still, ms = LOOK_MS;
	int64_t now = mono_ms();
	for (int i = 0; i < n; i++) {
		fds[1 + i] = (struct curl_waitfd){jobs[i]->fd, events_of(jobs[i]), 0};
		ms = MIN(ms, wait_for(jobs[i], now));
	}
	lib->multi_poll(multi, fds, (unsigned)(1 + n), ms, NULL);
	for (int i = 0; i < n; i++)
		look(jobs[i], fds[1 + i].revents);
	if (fds[0].revents)
		accept_jobs(control);
	lib->multi_perform(multi, &still);
	finished();
	for (int i = 0; i < njobs; i++) {
		if (jobs[i]->stage != STAGE_GONE && !give_out(jobs[i]))
			jobs[i]->stage = STAGE_GONE;
		hold_back(jobs[i]);
	}
	sweep();
}

/* Of all descriptors the control socket and standard error. */
static void keep_descriptors(int control)
{
	int null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null < 0 || close_range((unsigned)control + 1, ~0u, 0))
		die("fetch: cannot close descriptors: %s", strerror(errno));
	fcntl(control, F_SETFD, FD_CLOEXEC);
	fcntl(control, F_SETFL, O_NONBLOCK);
}

static void await_first(int control)
{
	struct pollfd p = {.fd = control, .events = POLLIN};
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

int fetch_main(int argc UNUSED, char **argv UNUSED)
{
	int control = ZYGOTE_FD;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN); /* meant for everybody, it is the supervisor's: requests under way still need this */
	signal(SIGINT, SIG_IGN);
	keep_descriptors(control);
	await_first(control);
	setenv("RES_OPTIONS", "timeout:2 attempts:2", 1); /* before any thread: a name that nobody answers for is let go soon */
	lib = curl_load();
	if (!lib || lib->global_init(CURL_GLOBAL_DEFAULT) || !(multi = lib->multi_init()))
		die("libcurl.so.4 cannot be loaded; on Debian: apt-get install libcurl4");
	confine_fetcher();
	for (;;)
		turn(control);
}

#else

/* Nobody asks (gate/fetch): until those are gone who could. */
int fetch_main(int argc UNUSED, char **argv UNUSED)
{
	struct pollfd p = {.fd = ZYGOTE_FD, .events = POLLIN};
	while (poll(&p, 1, -1) < 0)
		;
	return 0;
}

#endif
