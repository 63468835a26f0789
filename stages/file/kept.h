/* kept.h - the file that a seat keeps. */
#ifndef WEIR_FILE_KEPT_H
#define WEIR_FILE_KEPT_H

#include <weir/stage.h>

/* Writes all of it. 0 or a negative code. */
int weir__kept_write(struct weir_stage *stage, const char *data, size_t bytes, uint64_t at);

#endif
