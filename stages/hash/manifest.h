/* manifest.h - lists of digests and files, as sha256sum writes and checks them. */
#ifndef WEIR_HASH_MANIFEST_H
#define WEIR_HASH_MANIFEST_H

#include <weir/stage.h>

#include "file/line.h"

extern const struct weir_stage_type weir_manifest_write;
extern const struct weir_stage_type weir_manifest_format;

extern const struct weir_stage_type weir_manifest_read;
extern const struct weir_stage_type weir_manifest_parse;
extern const struct weir_stage_type weir_manifest_check;
extern const struct weir_stage_type weir_manifest_moves;
extern const struct weir_stage_type weir_manifest_compare;
extern const struct weir_stage_type weir_manifest_report;

extern const struct weir_option weir__manifest_write_options[];
extern const struct weir_option weir__manifest_read_options[];
extern const struct weir_option weir__manifest_check_options[];

/* How lines of a report end. */
#define MANIFEST_MATCHES    ": OK\n"
#define MANIFEST_DIFFERS    ": FAILED\n"
#define MANIFEST_UNREADABLE ": FAILED open or read\n"
#define MANIFEST_EXTRA      ": EXTRA\n"
#define MANIFEST_MOVED      ": MOVED\n"

/* Finds a column, or says that the stage wants it. 0 or a code. */
int weir__manifest_column(struct weir_stage *stage, const char *name, uint32_t *ret);

/* "WARNING: COUNT TEXT" on standard error, if there are any. */
void weir__manifest_warn(uint64_t count, const char *one, const char *several);

/* These add a line with its end: the names of the columns in CSV, and a record as a row of CSV (nulls
 * are empty). False when memory ran out. */
bool weir__manifest_add_header(struct line *line, const struct weir_schema *schema);
bool weir__manifest_add_row(struct line *line, const struct weir_batch *in, uint32_t record);

#endif
