/* lookup.h - the stage `lookup`: columns from a small CSV file, found by a key. */
#ifndef WEIR_CSV_LOOKUP_H
#define WEIR_CSV_LOOKUP_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_lookup;

#endif
