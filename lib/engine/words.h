/*
 * words.h - what a worker writes to its standard error.
 *
 * It goes through a pipe, so that the supervisor can say whose it is, and can quote the last of it
 * when the worker is given up.
 */
#ifndef WEIR_WORDS_H
#define WEIR_WORDS_H

#include <stdbool.h>

#include <weir/err.h>

struct words {
    int fd;         /* the reading end; -1: none */
    char line[512]; /* what has come of a line; a longer one is cut into several */
    unsigned used;
    char last[512]; /* the last line that had something in it */
};

/* Makes the pipe; *ret_fd is the worker's end. The last words of its predecessor stay until there
 * are others. */
int weir__words_open(struct words *words, int *ret_fd, struct weir_err *err);

/* Reads what there is, without waiting, and calls tell with each line that is not the same as the
 * last. False at the end. */
bool weir__words_read(struct words *words, void (*tell)(void *context, const char *line),
                      void *context);

/* Tells what has come of a line, if nobody is left who could end it. Another process may still hold
 * the pipe open, so that its end never comes. */
void weir__words_end(struct words *words, void (*tell)(void *context, const char *line),
                     void *context);

void weir__words_close(struct words *words);

#endif
