/*
 * schema_text.h - a schema as text, and back: how it travels to a worker and from a probe.
 *
 *     raw | for each column: TYPE LENGTH NAME | preamble's bytes
 *
 * Compact, since a file may have a hundred thousand columns.
 */
#ifndef WEIR_SCHEMA_TEXT_H
#define WEIR_SCHEMA_TEXT_H

#include <weir/batch.h>

/* base */
#include "base/buf.h"

void weir__schema_write(const struct weir_schema *schema, struct buf *to);

/* 0; WEIR_EINTERNAL for a text that is not ours; WEIR_EOS. On failure *ret is empty. */
int weir__schema_read(const char *text, struct weir_schema *ret);

#endif
