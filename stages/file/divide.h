/* divide.h - file.divide: writes what stands in frames (template.h), each to its file, or to numbered files one after the other. The last inner
 * stage of csv.write, instead of file.write, where its path is a template, or it is split. */
#ifndef WEIR_FILE_DIVIDE_H
#define WEIR_FILE_DIVIDE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_file_divide;

#endif
