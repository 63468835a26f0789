/*
 * module.h - the modules that this process has loaded.
 */
#ifndef WEIR_STAGE_MODULE_H
#define WEIR_STAGE_MODULE_H

#include <weir/module.h>

/* The absolute path of the i-th, NULL behind the last: what a worker that is no copy of this process
 * loads, too. */
const char *weir__module_at(size_t i);

#endif
