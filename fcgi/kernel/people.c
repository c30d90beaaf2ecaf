#include "kernel/people.h"

#include "kernel/principal.h"

/* Public ids are pairwise: a keyed hash of app and user, so two apps cannot find out that they know the same person.
 * There is no table of them; a node has few people, and looking one up means computing everybody's. */

#define PUBLIC_ID_BYTES 15 /* 120 bits are 24 characters */

enum role people_role(const struct app *a, const struct user *u)
{
	if (u->role == ROLE_OWNER)
		return ROLE_OWNER;
	if (u->app_role >= 0)
		return (enum role)u->app_role;
	return a->manifest->visibility == VISIBLE_OWNER ? ROLE_NONE : u->role;
}

void app_public_id(struct node *n, const char *app_id, const char *user_id, char out[27])
{
	unsigned char key[KEY_LEN], mac[HASH_LEN];
	char both[2 * ID_LEN + 2];
	int len = snprintf(both, sizeof both, "%s %s", app_id, user_id);
	crypt_derive(key, store_secret(n->store), "pairwise");
	crypt_mac(mac, key, both, (size_t)len);
	crypt_wipe(key, sizeof key);
	memcpy(out, "u_", 2);
	crypt_base32(out + 2, mac, PUBLIC_ID_BYTES);
}

static void fill(struct node *n, const struct app *a, const struct user *u, struct person *p)
{
	app_public_id(n, a->id, u->id, p->public_id);
	memcpy(p->user_id, u->id, sizeof p->user_id);
	memcpy(p->name, u->name, sizeof p->name);
	p->admin = people_role(a, u) >= ROLE_ADMIN;
}

int app_people(struct node *n, struct db *db, const struct app *a, struct arena *arena, struct person **list)
{
	struct user *users;
	int found = 0, all = user_list(db, arena, str_of(a->id), &users);
	*list = arena_alloc(arena, sizeof(struct person) * (size_t)MAX(all, 1));
	for (int i = 0; i < all; i++)
		if (people_role(a, &users[i]) != ROLE_NONE)
			fill(n, a, &users[i], &(*list)[found++]);
	return all < 0 ? all : found;
}

bool people_find(struct node *n, struct db *db, const struct app *a, struct str public_id, struct arena *arena,
		 struct user *u)
{
	struct user *users;
	char id[PUBLIC_ID_LEN + 1];
	if (public_id.n != PUBLIC_ID_LEN)
		return false;
	int all = user_list(db, arena, str_of(a->id), &users);
	for (int i = 0; i < all; i++) {
		app_public_id(n, a->id, users[i].id, id);
		if (!str_is(public_id, id))
			continue;
		*u = users[i];
		return people_role(a, u) != ROLE_NONE;
	}
	return false;
}

struct person *app_person(struct node *n, struct db *db, const struct app *a, struct str public_id, struct arena *arena)
{
	struct user u;
	if (!people_find(n, db, a, public_id, arena, &u))
		return NULL;
	struct person *p = NEW(arena, struct person);
	fill(n, a, &u, p);
	return p;
}
