/*
 * yaml.h - from YAML text to nodes with their places, through libfyaml.
 *
 * Always true of the nodes: at most YAML_DEPTH_MAX deep and YAML_NODES_MAX in number, keys are not
 * empty, no text holds a NUL. Scalars are text as it was written: nothing is read as a number, a
 * boolean or null.
 */
#ifndef WEIR_CONFIG_YAML_H
#define WEIR_CONFIG_YAML_H

/* stage */
#include "stage/node.h"

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 100000

/*
 * Reads one document. text (length bytes, and a NUL) must be UTF-8 and stay until the call returns.
 * Every mistake that can be passed over (a key twice, an alias, a tag) is added to errors and
 * reading goes on; the first that can't be ends it. Returns 0 with *ret (owned by the caller; NULL
 * for a file without content), or a negative code with *ret NULL when the text could not be read to
 * its end. File and source line are left for the caller.
 */
int weir__yaml_read(const char *text, size_t length, struct weir_errors *errors, struct node **ret);

#endif
