/* check — does a package load? Its files are given to a cell of their own, which is then thrown away. */
#ifndef GATE_CHECK_H
#define GATE_CHECK_H

#include "kernel/package.h"

/* The installer calls this through its hook package_check. Needs n->pool. */
void check_install(void);

#endif
