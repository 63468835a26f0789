/* list.h - file.list: a source of the files of some trees. */
#ifndef WEIR_HASH_LIST_H
#define WEIR_HASH_LIST_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_file_list;

#endif
