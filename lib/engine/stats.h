/*
 * stats.h - what a run has done so far, from the ledgers: progress, and the receipt.
 */
#ifndef WEIR_STATS_H
#define WEIR_STATS_H

#include <weir/engine.h>

/* engine */
#include "engine/graph.h"
#include "engine/layout.h"

/* A receipt with room for the blueprint's stages. NULL when memory ran out. Strings are borrowed
 * from the blueprint and the segment until weir__receipt_own copies them. */
struct weir_receipt *weir__receipt_new(const struct run_view *view);

/* Reads all ledgers. While the run goes the figures of a seat may be torn: they are for the eye. */
void weir__receipt_read(struct weir_receipt *receipt, const struct run_view *view);

/* Makes the receipt independent of the run's memory. 0 or WEIR_EOS. */
int weir__receipt_own(struct weir_receipt *receipt);

/* Whether records were rejected or failed beyond what the pipeline's `run:` allows: exit code 1
 * with the reason, else 0. */
int weir__receipt_judge(struct weir_receipt *receipt, const struct weir_pipeline *pipeline);

#endif
