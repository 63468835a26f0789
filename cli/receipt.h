/*
 * receipt.h - what a run did, at its end: a table for people, JSON for programs.
 */
#ifndef WEIR_CLI_RECEIPT_H
#define WEIR_CLI_RECEIPT_H

#include <weir/engine.h>

#include "look.h"

/* The table, the notes and the reason of the exit code. */
void receipt_print(FILE *to, const struct weir_receipt *receipt, const struct look *look);

/* Whether a receipt can be written there; asked before a run that may take hours. 0 or
 * WEIR_ECANTCREATE. */
int receipt_file_check(const char *path, struct weir_err *ret_err);

/* Writes the receipt to a file that appears complete or not at all. A path that names something
 * other than a regular file (/dev/fd/3, a FIFO) is written in place. 0, WEIR_ECANTCREATE or
 * WEIR_EIO. */
int receipt_file_write(const char *path, const struct weir_receipt *receipt,
                       const struct weir_err *err, struct weir_err *ret_err);

#endif
