/* manual — what fazt-admin says about itself: --help and its man page, both from the tables of commands. */
#ifndef DOOR_MANUAL_H
#define DOOR_MANUAL_H

#include "base/buf.h"

void manual_help(const char *noun); /* on stdout; NULL: everything */
void manual_usage(const char *noun, const char *verb); /* one command */

/* faztd reference WHAT: markdown | stubs (lua-sdk), man (fazt-admin.1); for the build. */
int reference_main(int argc, char **argv);

#endif
