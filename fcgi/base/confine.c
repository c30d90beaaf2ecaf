#include "config.h"

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/oom.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

/* Nothing here is optional but landlock and the OOM score, which not every kernel and container has. A step that
 * fails ends the process: an unconfined cell must not exist. */

#define UID_COUNT 1000u

NORETURN static void refuse(const char *what)
{
	dprintf(STDERR_FILENO, "fazt: a process cannot be confined: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void must(bool done, const char *what)
{
	if (!done)
		refuse(what);
}

/* The filter is built once, as a program of the kernel's; loading it is one system call in each cell. */
#ifdef HAVE_SECCOMP
static struct sock_fprog filter;

static void allow(scmp_filter_ctx ctx, int call)
{
	must(!seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0), "seccomp rule");
}

static void allow_on(scmp_filter_ctx ctx, int call, int fd)
{
	must(!seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd)), "seccomp rule");
}

/* Memory, but never memory that can be executed. */
static void allow_without_exec(scmp_filter_ctx ctx, int call)
{
	must(!seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)), "seccomp rule");
}

static void allow_what_is_needed(scmp_filter_ctx ctx)
{
	static const int calls[] = {
		SCMP_SYS(munmap),       SCMP_SYS(mremap), SCMP_SYS(brk),        SCMP_SYS(madvise),          SCMP_SYS(futex),
		SCMP_SYS(clock_gettime), SCMP_SYS(exit),  SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	};
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		allow(ctx, calls[i]);
	allow_on(ctx, SCMP_SYS(read), CONFINE_IN_FD);
	allow_on(ctx, SCMP_SYS(write), CONFINE_OUT_FD);
	allow_without_exec(ctx, SCMP_SYS(mmap));
	allow_without_exec(ctx, SCMP_SYS(mprotect));
#ifdef SANITIZE
	allow_on(ctx, SCMP_SYS(write), STDERR_FILENO); /* its reports */
	allow(ctx, SCMP_SYS(sigaltstack));             /* it looks for the stack when a function does not return */
#endif
}

static void read_program(int fd)
{
	off_t n = lseek(fd, 0, SEEK_END);
	filter.len = (unsigned short)((size_t)n / sizeof *filter.filter);
	filter.filter = xmalloc((size_t)n);
	must(n > 0 && pread(fd, filter.filter, (size_t)n, 0) == n, "seccomp program");
}

void confine_prepare(void)
{
#ifdef SANITIZE
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM)); /* what a sanitizer tries besides is none of ours */
#else
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
#endif
	int fd = memfd_create("filter", MFD_CLOEXEC);
	must(ctx && fd >= 0, "seccomp");
	allow_what_is_needed(ctx);
	must(!seccomp_export_bpf(ctx, fd), "seccomp program");
	seccomp_release(ctx);
	read_program(fd);
	close(fd);
}

static void filter_calls(void)
{
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "seccomp");
}
#else
void confine_prepare(void)
{
}

static void filter_calls(void)
{
}
#endif

bool confine_complete(void)
{
#ifdef HAVE_SECCOMP
	return true;
#else
	return false;
#endif
}

void confine_descriptors(int in_fd, int out_fd, int leash_fd)
{
	/* first out of the way of the numbers they are to have */
	int in = fcntl(in_fd, F_DUPFD, 16), out = fcntl(out_fd, F_DUPFD, 16), leash = fcntl(leash_fd, F_DUPFD, 16);
	int null = open("/dev/null", O_RDWR);
	must(in >= 0 && out >= 0 && leash >= 0 && null >= 0, "descriptors");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
#ifndef SANITIZE
	dup2(null, STDERR_FILENO);
#endif
	must(dup2(in, CONFINE_IN_FD) >= 0 && dup2(out, CONFINE_OUT_FD) >= 0 && dup2(leash, CONFINE_LEASH_FD) >= 0, "descriptors");
	must(!syscall(SYS_close_range, CONFINE_LEASH_FD + 1, ~0u, 0), "close_range");
}

static void take_leash(void)
{
	int flags = fcntl(CONFINE_LEASH_FD, F_GETFL);
	must(flags >= 0 && !fcntl(CONFINE_LEASH_FD, F_SETOWN, getpid()) &&
		     !fcntl(CONFINE_LEASH_FD, F_SETSIG, SIGKILL) && !fcntl(CONFINE_LEASH_FD, F_SETFL, flags | O_ASYNC),
	     "leash");
}

/* It may have been dropped before it was taken. */
static void check_leash(void)
{
	struct pollfd leash = {.fd = CONFINE_LEASH_FD};
	if (poll(&leash, 1, 0) > 0)
		_exit(0);
}

static void change_uid(uid_t uid)
{
	if (geteuid())
		return;
	must(!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid), "uid");
	must(setuid(0) < 0 && getuid() == uid && geteuid() == uid, "uid");
	errno = 0;
}

static size_t address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	must(n > 0, "statm");
	close(fd);
	return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, rlim_t max)
{
	struct rlimit r = {max, max};
	must(!setrlimit(resource, &r), "limits");
}

static void limit_all(rlim_t memory UNUSED)
{
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, 16);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
#ifndef SANITIZE
	limit(RLIMIT_AS, memory);
#endif
}

/* A ruleset without rules: nothing of the file system, and of the network what this kernel can refuse. */
int confine_landlock(void)
{
#ifdef HAVE_LINUX_LANDLOCK_H
	return (int)MAX(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), 0l);
#else
	return 0;
#endif
}

#ifdef HAVE_LINUX_LANDLOCK_H
#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static void admit_reading(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr below = {.allowed_access = READ_FILES, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
	if (below.parent_fd < 0)
		return; /* not on this machine */
	must(!syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0), "landlock rule");
	close(below.parent_fd);
}

/* Nothing of the file system but reading below these paths, and of the network what this kernel can refuse. */
static void enter_landlock(const char *const *readable)
{
	static const unsigned char rights[] = {0, 13, 14, 15, 15, 16}; /* how many each version of it knows */
	struct landlock_ruleset_attr all = {0};
	int abi = confine_landlock();
	if (abi < 1)
		return;
	all.handled_access_fs = (1u << rights[MIN((size_t)abi, ARRAY_LEN(rights) - 1)]) - 1;
	long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	must(fd >= 0, "landlock");
	for (; *readable; readable++)
		admit_reading((int)fd, *readable);
	must(!syscall(SYS_landlock_restrict_self, fd, 0), "landlock");
	close((int)fd);
}
#else
static void enter_landlock(const char *const *readable UNUSED)
{
}
#endif

void confine(size_t memory, unsigned number)
{
	static const char *const nothing[] = {NULL};
	rlim_t total = address_space() + memory;
	oom_volunteer(OOM_FIRST);
	take_leash();
	change_uid(FAZT_CELL_UID + number % UID_COUNT);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable");
	enter_landlock(nothing);
	limit_all(total);
	check_leash();
	filter_calls();
}

/* ---- the process that fetches ---- */

#define FETCHER_FILES 1024
#define FETCHER_THREADS 128
#define FETCHER_MEMORY (2ull << 30) /* of addresses: every thread's stack is counted whole */

/* A resolver may load what nsswitch.conf names, so this list says what is refused: to be somebody else, to start or look
 * into another process, to change a file. A sanitizer does all of that. */
#if defined HAVE_SECCOMP && !defined SANITIZE
static void refuse_what_is_not_needed(void)
{
	static const int calls[] = {
		SCMP_SYS(execve),   SCMP_SYS(execveat), SCMP_SYS(fork),     SCMP_SYS(vfork),     SCMP_SYS(ptrace),    SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(mount), SCMP_SYS(umount2),   SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),   SCMP_SYS(unshare),  SCMP_SYS(setns),    SCMP_SYS(setuid),    SCMP_SYS(setgid),    SCMP_SYS(setresuid),
		SCMP_SYS(setresgid), SCMP_SYS(bpf),     SCMP_SYS(keyctl),   SCMP_SYS(add_key),   SCMP_SYS(request_key), SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(unlink),
		SCMP_SYS(unlinkat), SCMP_SYS(rename),   SCMP_SYS(renameat2), SCMP_SYS(mkdir),    SCMP_SYS(mkdirat),   SCMP_SYS(link),
		SCMP_SYS(linkat),   SCMP_SYS(symlink),  SCMP_SYS(symlinkat), SCMP_SYS(chmod),    SCMP_SYS(fchmodat),  SCMP_SYS(chown),
		SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(mknod),    SCMP_SYS(mknodat),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	must(ctx != NULL, "seccomp");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		must(!seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0), "seccomp rule");
	must(!seccomp_load(ctx), "seccomp");
	seccomp_release(ctx);
}
#else
static void refuse_what_is_not_needed(void)
{
}
#endif

void confine_fetcher(void)
{
	change_uid(FAZT_CELL_UID + UID_COUNT);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable");
	limit(RLIMIT_NOFILE, FETCHER_FILES);
	limit(RLIMIT_CORE, 0);
#ifndef SANITIZE /* whose reports are files */
	static const char *const readable[] = {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
					       "/proc/self", "/proc/sys", NULL};
	limit(RLIMIT_AS, FETCHER_MEMORY);
	if (getuid() == FAZT_CELL_UID + UID_COUNT)
		limit(RLIMIT_NPROC, FETCHER_THREADS);
	enter_landlock(readable);
#endif
	refuse_what_is_not_needed();
}
