/*
 * count.h - count: count.partial counts the records that each seat has, count.total adds up the
 * seats' numbers and writes the sum as one line.
 */
#ifndef WEIR_COUNT_H
#define WEIR_COUNT_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_count;
extern const struct weir_stage_type weir_count_partial;
extern const struct weir_stage_type weir_count_total;

#endif
