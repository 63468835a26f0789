/*
 * ready.h - the ready pipelines that are installed with the program, and named @NAME instead of a
 * file's path.
 *
 * They are looked for from where the program stands, and nowhere else: in share/weir/pipelines beside
 * it, where a build has them, then in ../share/weir/pipelines, where an installation has them.
 */
#ifndef WEIR_CLI_READY_H
#define WEIR_CLI_READY_H

#include <weir/err.h>

/* The path of the one that has this name, which is given without the @: 0 with *ret to be freed, or a
 * negative code. WEIR_EUSAGE: there is none, and err suggests one. */
int ready_find(const char *name, char **ret, struct weir_err *err);

/* A line for each that there is: @NAME, and the comment in the first line of its file. */
void ready_print(FILE *to);

#endif
