/* hash.h - file.hash: the digests of the files whose paths come in. */
#ifndef WEIR_HASH_HASH_H
#define WEIR_HASH_HASH_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_file_hash;

#endif
