/* What an exploited cell can do: native code of an attacker, in a process that has confined itself. Each system call of
 * interest is tried in a cell of its own; all but those a computation needs end it. */
#define _GNU_SOURCE /* pipe2 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "config.h"
#include "tap.h"

static int to[2], from[2], leash[2];

static void pipes(void)
{
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || pipe2(leash, O_CLOEXEC))
		die("pipe");
}

static void close_pipes(void)
{
	int *all[] = {to, from, leash};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		close(all[i][0]);
		close(all[i][1]);
	}
}

typedef long attack_fn(long which);

/* fn in a cell: its signal, or its exit code as a negative number. */
static int in_cell(attack_fn *fn, long which)
{
	int status;
	pipes();
	pid_t pid = fork();
	if (!pid) {
		close(leash[1]);
		confine_descriptors(to[0], from[1], leash[0]);
		confine(64 * MIB, (unsigned)which);
		long got = fn(which);
		syscall(SYS_exit_group, got < 0 ? 1 : got == 77 ? 77 : 0);
	}
	waitpid(pid, &status, 0);
	close_pipes();
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* ---- system calls ---- */

#define CALL(name) {#name, SYS_##name}
static const struct {
	const char *name;
	long number;
} forbidden[] = {
	CALL(open), CALL(openat), CALL(openat2), CALL(creat), CALL(close), CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(access), CALL(faccessat2),
	CALL(unlink), CALL(unlinkat), CALL(rename), CALL(renameat2), CALL(mkdir), CALL(rmdir), CALL(link), CALL(symlink), CALL(readlink), CALL(chmod), CALL(fchmod), CALL(chown),
	CALL(truncate), CALL(ftruncate), CALL(fallocate), CALL(getdents64), CALL(chdir), CALL(chroot), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(mknod), CALL(utimensat),
	CALL(fsopen), CALL(open_tree), CALL(move_mount), CALL(name_to_handle_at), CALL(open_by_handle_at), CALL(swapon), CALL(quotactl), CALL(inotify_init1), CALL(fanotify_init),
	CALL(socket), CALL(socketpair), CALL(connect), CALL(bind), CALL(listen), CALL(accept), CALL(accept4), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg), CALL(setsockopt),
	CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(clone), CALL(clone3), CALL(kill), CALL(tkill), CALL(tgkill), CALL(wait4), CALL(waitid), CALL(ptrace),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_open), CALL(pidfd_getfd), CALL(pidfd_send_signal), CALL(kcmp), CALL(process_madvise), CALL(prctl), CALL(arch_prctl),
	CALL(setuid), CALL(setgid), CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(capset), CALL(unshare), CALL(setns), CALL(seccomp), CALL(personality), CALL(setrlimit), CALL(prlimit64),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigqueueinfo), CALL(setitimer), CALL(timer_create), CALL(alarm), CALL(pause), CALL(nanosleep), CALL(sched_setscheduler), CALL(sched_setaffinity),
	CALL(dup), CALL(dup2), CALL(dup3), CALL(fcntl), CALL(ioctl), CALL(pipe), CALL(pipe2), CALL(poll), CALL(select), CALL(epoll_create1), CALL(eventfd2), CALL(signalfd4), CALL(timerfd_create),
	CALL(memfd_create), CALL(memfd_secret), CALL(userfaultfd), CALL(io_uring_setup), CALL(io_setup), CALL(bpf), CALL(perf_event_open), CALL(keyctl), CALL(add_key), CALL(request_key),
	CALL(shmget), CALL(shmat), CALL(msgget), CALL(semget), CALL(mq_open), CALL(splice), CALL(tee), CALL(vmsplice), CALL(sendfile), CALL(copy_file_range), CALL(pread64), CALL(pwrite64), CALL(readv), CALL(writev), CALL(preadv2), CALL(pwritev2),
	CALL(pkey_mprotect), CALL(mlock), CALL(mlockall), CALL(remap_file_pages), CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(reboot), CALL(sethostname), CALL(settimeofday), CALL(clock_settime),
	CALL(acct), CALL(syslog), CALL(iopl), CALL(ioperm), CALL(modify_ldt), CALL(landlock_create_ruleset), CALL(landlock_restrict_self), CALL(getpid), CALL(getuid), CALL(uname), CALL(sysinfo), CALL(getcwd), CALL(getrandom), CALL(times), CALL(set_tid_address), CALL(set_robust_list), CALL(rseq),
	{"one that is not there", 100000}, {"an x32 one", 0x40000000 | 0}, {"-1", -1},
};

static long call_it(long i)
{
	return syscall(forbidden[i].number, 1, 0, 0, 0, 0, 0);
}

static void test_calls(void)
{
	int alive = 0;
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		int end = in_cell(call_it, (long)i);
		if (end == SIGSYS || end == SIGKILL)
			continue;
		alive++;
		printf("# %s: the cell ended with %d\n", forbidden[i].name, end);
	}
	is_int(alive, 0, "SB-02 %zu system calls, each of which ends a cell", ARRAY_LEN(forbidden));
}

/* ---- what is allowed, with arguments that are not ---- */

static char page[4096] __attribute__((aligned(4096)));

static void fault_at_executing(void *p)
{
	*(unsigned char *)p = 0xC3;
	((void (*)(void))(uintptr_t)p)();
}

static long read_other(long fd)
{
	return read((int)fd, page, 1);
}

static long write_other(long fd)
{
	return write((int)fd, "x", 1);
}

static long read_wide(long unused UNUSED)
{
	return syscall(SYS_read, 0x100000000 | CONFINE_IN_FD, page, 1); /* the kernel would look at half of it */
}

static long map_exec(long prot)
{
	return mmap(NULL, 4096, (int)prot | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 77;
}

static long protect_exec(long prot)
{
	return mprotect(page, sizeof page, (int)prot | PROT_EXEC) ? 1 : 77;
}

static long run_data(long unused UNUSED)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault_at_executing(p);
	return 77;
}

static long old_gate(long unused UNUSED)
{
#ifdef __x86_64__
	long got;
	__asm__ volatile("int $0x80" : "=a"(got) : "a"(20L) : "memory"); /* getpid of 32 bits */
	return got > 0 ? 77 : 1;
#else
	kill(getpid(), SIGSYS);
	return 1;
#endif
}

static long map_much(long mib)
{
	char *p = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? -1 : 77;
}

static long grow_break(long mib)
{
	char *now = (char *)syscall(SYS_brk, 0);
	return (char *)syscall(SYS_brk, now + ((size_t)mib << 20)) == now ? -1 : 77;
}

static void test_arguments(void)
{
	int ends[] = {0, 1, 2, 5, 6, 7, 8, 16, 255};
	int alive = 0;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		alive += in_cell(read_other, ends[i]) != SIGSYS || in_cell(write_other, ends[i]) != SIGSYS;
	alive += in_cell(read_other, CONFINE_OUT_FD) != SIGSYS || in_cell(write_other, CONFINE_IN_FD) != SIGSYS;
	is_int(alive, 0, "SB-02 it reads from one descriptor and writes to one other");
	is_int(in_cell(read_wide, 0), SIGSYS, "SB-02 not from one that only looks like it");
	for (int prot = 0; prot < 4; prot++)
		ok(in_cell(map_exec, prot) == SIGSYS && in_cell(protect_exec, prot) == SIGSYS, "SB-02 no memory that can be executed (%d)", prot);
	is_int(in_cell(run_data, 0), SIGSEGV, "SB-02 nor is data run");
	int old = in_cell(old_gate, 0);
	ok(old == SIGSYS || old == SIGSEGV || old == -1, "SB-02 nor the system calls of 32 bits: %d", old);
	is_int(in_cell(map_much, 128), -1, "MEM-01 more memory than it may have is not mapped");
	is_int(in_cell(map_much, 32), -77, "MEM-01 as much as it may is");
	is_int(in_cell(grow_break, 128), -1, "MEM-01 nor had by brk");
}

/* ---- the leash ---- */

NORETURN static void spin(void)
{
	for (volatile int i = 0;; i++)
		;
}

/* Whatever it does with signals before, the kernel ends it when the other end closes. */
static void test_leash(void)
{
	char confined;
	int status;
	pipes();
	pid_t pid = fork();
	if (!pid) {
		close(leash[1]);
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_IGN);
		confine_descriptors(to[0], from[1], leash[0]);
		confine(64 * MIB, 1);
		write_other(CONFINE_OUT_FD);
		spin();
	}
	close(from[1]);
	bool began = read(from[0], &confined, 1) == 1;
	close(leash[1]);
	waitpid(pid, &status, 0);
	ok(began && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "CPU-01 a cell that ignores every signal ends with its leash");
	leash[1] = from[1] = -1;
	close_pipes();
}

/* ---- who it is ---- */

/* Looked at from outside, while it waits for a frame. */
static void test_status(void)
{
	char path[64], status[4096] = "", line[16];
	int end;
	pipes();
	pid_t pid = fork();
	if (!pid) {
		close(leash[1]);
		confine_descriptors(to[0], from[1], leash[0]);
		confine(64 * MIB, 1);
		write_other(CONFINE_OUT_FD);
		read_other(CONFINE_IN_FD);
		syscall(SYS_exit_group, 0);
	}
	if (read(from[0], line, 1) != 1)
		die("no cell");
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	int fd = open(path, O_RDONLY);
	if (read(fd, status, sizeof status - 1) < 0)
		die("no status");
	close(fd);
	ok(strstr(status, "NoNewPrivs:\t1") && (!confine_complete() || strstr(status, "Seccomp:\t2")), "a filter, and no new privileges");
	if (!geteuid())
		ok(strstr(status, "CapEff:\t0000000000000000") && strstr(status, "CapPrm:\t0000000000000000") && !strstr(status, "Uid:\t0"), "started as root it is nobody, without capabilities");
	close(to[1]);
	waitpid(pid, &end, 0);
	ok(WIFEXITED(end), "and it ends when nobody asks any more");
	close_pipes();
}

/* A build with sanitizers has another filter: theirs. */
static bool filtered(void)
{
#ifdef SANITIZE
	return false;
#else
	return confine_complete();
#endif
}

int main(void)
{
	confine_prepare();
	if (filtered()) {
		test_calls();
		test_arguments();
	}
	test_leash();
	test_status();
	return done_testing();
}
