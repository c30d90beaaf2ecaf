#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/oom.h"
#include "base/turn.h"
#include "door/door.h"
#include "gate/check.h"
#include "gate/migrate.h"
#include "gate/pool.h"
#include "gate/probe.h"
#include "gate/rehearse.h"
#include "kernel/git.h"
#include "kernel/install.h"
#include "kernel/migration.h"
#include "wire/syscall.h"

/* More than a fetch, the tests and a migration may take, which is computed for the rows, for the copy that is tested, and once more
 * where they moved. Each of them has its own end; one that has not ends with the process, and the candidate counts as lost. */
#define LIFE_S ((GIT_MS + REHEARSE_MS + 3 * MIGRATE_MS) / 1000 + 120)

int install_main(int argc, char **argv)
{
	struct node node;
	struct fault f = {0};
	if (argc != 4 || strcmp(argv[1], "--home"))
		die("usage: faztd install-fetch --home DIR ID");
	if (become_owner(argv[2]))
		die("install-fetch: cannot become the owner of %s", argv[2]);
	alarm(LIFE_S);
	signal(SIGPIPE, SIG_IGN); /* a cell that was ended takes no answer */
	log_open(argv[2]);
	oom_volunteer(OOM_SOON);
	turn_take(0, TURN_IN_ORDER); /* the thread that started this may have worked for somebody who goes first */
	syscall_init();
	int control = zygote_fork(); /* for what the code does */
	int err = node_open(&node, argv[2], STORE_SERVE, &f);
	if (!err) {
		pool_open(&node, control);
		check_install();
		probe_install();
		migrate_install();
		rehearse_install();
		err = candidate_fetch(&node, argv[3], &f);
		pool_close(&node);
		node_close(&node);
	}
	if (err)
		log_event(LOG_WARN, "install.failed", "candidate", argv[3], "message", fault_message(&f), NULL);
	return err_row(err)->exit;
}
