/* write.h - file.write: writes the raw bytes of an edge to a file. The last inner stage of
 * csv.write and its kind. */
#ifndef WEIR_FILE_WRITE_H
#define WEIR_FILE_WRITE_H

#include <weir/stage.h>

/* Reads two options of the table that it is given: path, and if_exists where there is one. */
extern const struct weir_stage_type weir_file_write;

#endif
