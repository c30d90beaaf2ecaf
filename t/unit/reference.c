/* The committed reference and stubs are what syscall.def says. FAZT_WRITE=1 writes them. */
#include "tap.h"
#include "wire/reference.h"
#include "wire/syscall.h"

static struct buf read_file(const char *path)
{
	struct buf b = BUF_INIT;
	char part[4096];
	FILE *f = fopen(path, "rb");
	for (size_t n; f && (n = fread(part, 1, sizeof part, f));)
		buf_add(&b, part, n);
	if (f)
		fclose(f);
	return b;
}

static void write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(b->p, 1, b->len, f) != b->len || fclose(f))
		die("cannot write %s", path);
}

static void is_text(const char *name, struct buf *b)
{
	char path[4096];
	snprintf(path, sizeof path, FAZT_SRCDIR "/lua-sdk/%s", name);
	if (getenv("FAZT_WRITE"))
		write_file(path, b);
	struct buf is = read_file(path);
	ok(str_eq(buf_str(&is), buf_str(b)), "lua-sdk/%s is current (FAZT_WRITE=1 t/unit/reference writes it)", name);
	buf_release(&is);
	buf_release(b);
}

static void is_current(const char *name, void (*write)(struct buf *))
{
	struct buf b = BUF_INIT;
	write(&b);
	is_text(name, &b);
}

static void modules_are_current(void)
{
	for (int i = 0; reference_module_name(i); i++) {
		struct buf b = BUF_INIT;
		char name[100];
		snprintf(name, sizeof name, "types/%s.d.lua", reference_module_name(i));
		reference_module(&b, i);
		is_text(name, &b);
	}
}

int main(void)
{
	struct buf text = BUF_INIT;
	int missing = 0;
	syscall_init();
	reference_markdown(&text);
	for (int i = 0; i < SYSCALL_COUNT; i++) {
		char name[100];
		snprintf(name, sizeof name, "`fazt.%s", syscall_row(i)->name);
		missing += !strstr(text.p, name) || strlen(syscall_row(i)->doc) < 10;
	}
	is_int(missing, 0, "every row is documented");
	buf_release(&text);
	is_current("reference.md", reference_markdown);
	is_current("fazt.d.lua", reference_stubs);
	modules_are_current();
	return done_testing();
}
