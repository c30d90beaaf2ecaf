/* A full disk: writes say so, nothing is lost, deleting still works. On a file system of 48 MB of its own, as root only. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "base/id.h"
#include "home.h"
#include "store/docs.h"
#include "tap.h"

static struct fault f;
static char app_id[ID_LEN + 1];
static struct collection notes = {.name = "notes", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_OWNER};

/* Takes so many blocks of the disk, or the last byte that is left. */
static void fill(const char *path, int blocks)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	while (blocks-- && write(fd, block, sizeof block) > 0)
		;
	close(fd);
}

static int insert(const struct docs *d, char id[ID_LEN + 1])
{
	struct buf out = BUF_INIT;
	char *doc = arena_printf(d->arena, "{\"text\":\"%0100000d\"}", 0);
	int err = docs_insert(d, str_of(doc), id, &out);
	buf_release(&out);
	arena_reset(d->arena);
	return err;
}

static int count(const struct docs *d)
{
	struct buf out = BUF_INIT;
	int n = docs_count(d, STR_NONE, &out) ? -1 : (int)strtol(out.p, NULL, 10);
	buf_release(&out);
	return n;
}

static void test_full(struct store *store, const char *junk)
{
	char id[500][ID_LEN + 1];
	struct scope ann = scope_person(app_id, "u_ann", false);
	ann.max_bytes = ann.max_rows = INT64_MAX;
	struct docs d = {.db = db_borrow(store, &f), .arena = arena_new(), .scope = &ann, .collection = &notes, .scan_rows = 1000};
	int n = 0, err;
	fill(junk, 4096);
	while (n < 500 && !(err = insert(&d, id[n])))
		n++;
	is_int(err, ERR_DISK_FULL, "%d rows fit: %s", n, f.message);
	fill(junk, -1);
	is_int(insert(&d, id[n]), ERR_DISK_FULL, "and no more");
	is_int(count(&d), n, "all are there");
	is_int(docs_delete(&d, str_of(id[0])), 0, "deleting works");
	is_int(docs_delete(&d, str_of(id[1])), 0, "more than once");
	is_int(count(&d), n - 2, "two fewer");
	unlink(junk);
	is_int(insert(&d, id[0]), 0, "with room again, so does writing");
	arena_free(d.arena);
	db_return(d.db);
}

int main(void)
{
	char dir[] = "/tmp/fazt-full-XXXXXX", path[128];
	crypt_init();
	if (!mkdtemp(dir) || mount("none", dir, "tmpfs", 0, "size=48m")) {
		printf("ok 1 - # SKIP mounting a file system: %s\n1..1\n", strerror(errno));
		rmdir(dir);
		return 0;
	}
	struct store *store = store_open(dir, STORE_CREATE, &f);
	ok(store != NULL, "a home on a small disk");
	id_new(app_id);
	snprintf(path, sizeof path, "%s/junk", dir);
	test_full(store, path);
	store_close(store);
	store = store_open(dir, STORE_SERVE, &f);
	ok(store != NULL, "and opens again");
	store_close(store);
	umount(dir);
	rmdir(dir);
	return done_testing();
}
