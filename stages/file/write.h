/* write.h - file.write: writes the raw bytes of an edge to a file. The last inner stage of
 * csv.write and its kind. */
#ifndef WEIR_FILE_WRITE_H
#define WEIR_FILE_WRITE_H

#include <weir/stage.h>

/* Committed with each batch. A type that writes by calling file.write's functions begins its own
 * state with this. */
struct file_write_state {
    uint64_t offset; /* behind what is written */
    uint64_t device, inode;
    uint64_t started; /* 1: the preamble is written, if there is to be one */
};

/* Reads two options of the table that it is given: path, and if_exists where there is one. */
extern const struct weir_stage_type weir_file_write;

#endif
