#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "door/admin.h"
#include "kernel/home.h"

int admin_init(struct admin *a)
{
	struct str owner = admin_option(&a->cmd, "owner");
	char home[PATH_MAX];
	struct stat st;
	struct user u;
	int err = home_folders(a->cmd.home, &a->r.fault);
	if (err)
		return err;
	if (!realpath(a->cmd.home, home))
		return fail(&a->r, ERR_NOT_FOUND, "cannot resolve %s: %s", a->cmd.home, strerror(errno));
	char *data = arena_printf(a->arena, "%s/data.db", home);
	if (!lstat(data, &st))
		return fail(&a->r, ERR_CONFLICT, "%s is a home already; nothing was changed", home);
	log_open(home);
	if ((err = node_open(&a->node, arena_strdup(a->arena, home), STORE_CREATE, &a->r.fault)) ||
	    (err = home_person(&a->node, owner.n ? owner : STR("owner"), ROLE_OWNER, &u, &a->r.fault)))
		return err;
	printf("%s is ready; next: faztd serve --home %s\n", home, home);
	return 0;
}
