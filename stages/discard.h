/* discard.h - the stage type `discard`. */
#ifndef WEIR_DISCARD_H
#define WEIR_DISCARD_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_discard;

#endif
