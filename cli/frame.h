/*
 * frame.h - one picture of a running pipeline: a head line, then a line for each stage.
 *
 *     clean-orders  run 7f3a  6 processes  bound 96 MiB                       0:07
 *      read   ██████████████░░░░░░ 71 %  711 MB of 1.0 GB  102 MB/s  0:03 left
 *      clean  9,412,033 in · 2,118,442 out · 7 rejected    queue 62 %   ← slowest
 *      write  2,118,442 · 60 MB
 *
 * Text only: progress.c puts it on the terminal.
 */
#ifndef WEIR_CLI_FRAME_H
#define WEIR_CLI_FRAME_H

#include <weir/engine.h>

#include "look.h"

#define FRAME_LINES 64

struct frame_line {
    char text[512];
    unsigned columns; /* never more than frame_make was allowed */
};

struct frame {
    struct frame_line line[FRAME_LINES];
    unsigned lines;
};

/* What the picture is drawn on. rate: the sources' bytes a second of late; 0: not known yet. */
struct canvas {
    const struct look *look;
    unsigned columns, rows; /* the most that may be used */
    double rate;
};

void frame_make(struct frame *frame, const struct weir_receipt *run, const struct canvas *canvas);

/* All of it in one line, for a log. */
void frame_make_plain(struct frame_line *line, const struct weir_receipt *run, double rate);

/* What all sources together have read, and will read (0: unknown). */
uint64_t frame_bytes(const struct weir_receipt *run);
uint64_t frame_bytes_total(const struct weir_receipt *run);
/* The records that entered the run. */
uint64_t frame_records(const struct weir_receipt *run);

/* How much has been read, in percent; -1: unknown. */
int frame_percent(uint64_t bytes, uint64_t total);

#endif
