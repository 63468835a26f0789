/* lines.h - lines.cut: the inner stage of all sources that read text line by line. It reads two options of the table
 * that it is given: path, a list, and zero where there is one: lines end with NUL. */
#ifndef WEIR_FILE_LINES_H
#define WEIR_FILE_LINES_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_lines_cut;

/* What the stages behind it share, which make records of its lines. */
uint64_t weir__lines_count(const char *bytes, size_t n);
/* For process: the batch's last line, which is too large. */
int weir__lines_reject_large(struct weir_stage *stage, const struct weir_batch *in,
                             uint64_t *cursor);
size_t weir__lines_first_record(struct weir_stage *stage, const struct weir_batch *in,
                                uint64_t *ret_lines);

#endif
