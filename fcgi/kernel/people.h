/* people — who belongs to an app, and under which id it knows them.
 *
 * Every account is a member of every app whose visibility is not `owner`, unless the owner of the node narrowed or
 * widened it for that app (table app_members). The owner is an admin everywhere, an admin in every app that is not
 * the owner's alone. app.h declares what sys/users asks: app_person, app_people, app_public_id.
 */
#ifndef KERNEL_PEOPLE_H
#define KERNEL_PEOPLE_H

#include "kernel/app.h"
#include "store/user.h"

/* What the user is in this app; u->app_role must have been read for it. */
enum role people_role(const struct app *a, const struct user *u);

/* The member an app knows under this id: true when there is one. */
bool people_find(struct node *n, struct db *db, const struct app *a, struct str public_id, struct arena *arena,
		 struct user *u);

#endif
