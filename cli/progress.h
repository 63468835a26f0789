/*
 * progress.h - shows a run while it goes: redrawn in place on a terminal, or as a plain line now
 * and then.
 *
 * Always true: after progress_clear nothing of the picture is left and the cursor stands at the
 * beginning of the line where the picture began, so whatever is written next takes its place. No
 * terminal mode outlives one write: a program that is killed leaves a picture and nothing else.
 */
#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include <weir/engine.h>

#include "frame.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_NONE };

struct progress {
    int fd;
    enum progress_mode mode; /* AUTO: draws in place */
    const struct look *look;
    struct frame frame;           /* what stands on the terminal now */
    uint64_t seen_ns, seen_bytes; /* at the last look, for the rate */
    double rate;                  /* bytes a second, smoothed; 0: not known yet */
};

/* fd is borrowed. AUTO becomes PLAIN where fd is not a terminal that can be drawn on. */
void progress_init(struct progress *progress, enum progress_mode mode, int fd);
/* How often progress_show should be called. */
uint32_t progress_interval_ms(const struct progress *progress);
void progress_show(struct progress *progress, const struct weir_receipt *so_far);
void progress_clear(struct progress *progress);

#endif
