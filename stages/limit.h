/*
 * limit.h - the inner stage `limit`: passes the first N records of its input and then needs no
 * more.
 *
 * For types that have an option `limit` (a count) and list it among their inner stages: it is
 * wanted when the option is given.
 */
#ifndef WEIR_STAGES_LIMIT_H
#define WEIR_STAGES_LIMIT_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_stage_limit;
extern const struct weir_stage_type weir_head; /* the same as a stage of its own */

#endif
