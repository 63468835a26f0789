/* text.h - the bytes of a pipeline file, before anybody reads YAML in them. */
#ifndef WEIR_CONFIG_TEXT_H
#define WEIR_CONFIG_TEXT_H

#include <stddef.h>

#include <weir/err.h>

#define TEXT_MAX ((size_t)16 << 20)

/* Reads a file ("-": standard input) of at most max bytes into *ret (owned by the caller, with a
 * NUL behind it). 0, or a negative code with err filled. */
int weir__text_read(const char *path, size_t max, char **ret, size_t *ret_length,
                    struct weir_err *err);

/*
 * Checks that text can be a pipeline file: UTF-8, no control characters but tab and line ends, no
 * line end that is a carriage return alone. Drops a byte order mark. 0, or WEIR_ECONFIG with the
 * place in err.
 */
int weir__text_check(char *text, size_t *length, struct weir_err *err);

#endif
