/* lines.h - lines.cut: the inner stage of all sources that read text line by line. It takes the files from the option
 * `path`, a list. */
#ifndef WEIR_FILE_LINES_H
#define WEIR_FILE_LINES_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_lines_cut;

#endif
