/*
 * flat.h - a receipt in one piece, for another process.
 */
#ifndef WEIR_HOST_FLAT_H
#define WEIR_HOST_FLAT_H

#include <weir/receipt.h>

/* base */
#include "base/buf.h"

/* Appends the receipt, whose pointers become offsets. */
void weir__receipt_flatten(const struct weir_receipt *receipt, struct buf *to);

/* A receipt in one block, for free(3). NULL: memory ran out, or these are not the bytes of one. */
struct weir_receipt *weir__receipt_raise(const char *bytes, size_t byte_count);

#endif
