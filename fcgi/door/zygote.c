#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cell/zygote.h"
#include "door/door.h"
#include "wire/syscall.h"

int zygote_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	signal(SIGTERM, SIG_IGN); /* meant for everybody, it is the supervisor's: requests under way still need this */
	signal(SIGINT, SIG_IGN);
	syscall_init();
	zygote_run(ZYGOTE_FD);
	return 0;
}

const char *cells_lua(void)
{
	return zygote_lua();
}

int zygote_fork(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	pid_t pid = fork();
	if (pid < 0)
		return close(pair[0]), close(pair[1]), -1;
	if (!pid) {
		close(pair[0]);
		zygote_run(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	return pair[0];
}
