/* sample.h - the stage `sample`: a share of the records, by chance, the same in every run. */
#ifndef WEIR_STAGES_KEPT_SAMPLE_H
#define WEIR_STAGES_KEPT_SAMPLE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_sample;

#endif
