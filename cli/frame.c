#include "frame.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "human.h"

#define COMFORTABLE 80 /* columns; wider terminals stay blank at the right */
#define BAR_CELLS   20
#define BUSY_ENOUGH 50 /* percent: below it no stage holds the others up */

__attribute__((format(printf, 2, 3))) static void add(struct frame_line *line, const char *format,
                                                      ...)
{
    size_t used = strlen(line->text);
    va_list args;
    va_start(args, format);
    vsnprintf(line->text + used, sizeof(line->text) - used, format, args);
    va_end(args);
}

/* Adds blanks up to the column, and at least one. */
static void pad(struct frame_line *line, const struct look *look, unsigned column)
{
    unsigned now = look_columns(look, line->text);
    add(line, "%*s", now + 1 < column ? (int)(column - now) : 1, "");
}

uint64_t frame_bytes(const struct weir_receipt *run)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < run->stages; i++)
        bytes += run->stage[i].source ? run->stage[i].bytes : 0;
    return bytes;
}

uint64_t frame_bytes_total(const struct weir_receipt *run)
{
    uint64_t total = 0;
    for (size_t i = 0; i < run->stages; i++) {
        if (run->stage[i].source && run->stage[i].bytes_total == 0)
            return 0;
        total += run->stage[i].source ? run->stage[i].bytes_total : 0;
    }
    return total;
}

uint64_t frame_records(const struct weir_receipt *run)
{
    uint64_t records = 0;
    for (size_t i = 0; i < run->stages; i++)
        records += run->stage[i].source ? run->stage[i].in : 0;
    return records;
}

int frame_percent(uint64_t bytes, uint64_t total)
{
    if (total == 0)
        return -1;
    return bytes >= total ? 100 : (int)((double)bytes * 100 / (double)total);
}

/* The stage that the others wait for, or NULL if none is busy enough to say so. */
static const struct weir_stage_stats *slowest(const struct weir_receipt *run)
{
    const struct weir_stage_stats *ret = NULL;
    for (size_t i = 0; i < run->stages; i++) {
        const struct weir_stage_stats *stage = &run->stage[i];
        if (stage->busy_percent < BUSY_ENOUGH)
            continue;
        if (ret == NULL || stage->busy_percent > ret->busy_percent)
            ret = stage;
    }
    return run->stages > 1 ? ret : NULL;
}

static void add_bar(struct frame_line *line, const struct look *look, int percent, unsigned cells)
{
    unsigned full = cells * (unsigned)percent / 100;
    for (unsigned i = 0; i < cells; i++)
        add(line, "%s", i < full ? look->full : look->empty);
}

/* "711 MB of 1.0 GB  102 MB/s  0:03 left" */
static void add_flow(struct frame_line *line, uint64_t bytes, uint64_t total, double rate)
{
    add(line, "%s", human_bytes(bytes).text);
    if (total != 0)
        add(line, " of %s", human_bytes(total).text);
    if (rate < 1)
        return;
    add(line, "  %s/s", human_bytes((uint64_t)rate).text);
    if (total > bytes && (double)(total - bytes) / rate < 360000)
        add(line, "  %s left",
            human_clock((uint64_t)((double)(total - bytes) / rate + 0.999)).text);
}

static void add_source(struct frame_line *line, const struct weir_stage_stats *stage,
                       const struct canvas *canvas, double rate)
{
    int percent = frame_percent(stage->bytes, stage->bytes_total);
    unsigned cells = canvas->columns >= COMFORTABLE ? BAR_CELLS : canvas->columns / 8;
    if (percent >= 0) {
        add_bar(line, canvas->look, percent, cells);
        add(line, " %2d %%  ", percent);
    }
    if (stage->bytes == 0 && stage->bytes_total == 0)
        add(line, "%s records", human_count(stage->in).text);
    else
        add_flow(line, stage->bytes, stage->bytes_total, rate);
}

static void add_count(struct frame_line *line, const char *between, uint64_t n, const char *what)
{
    if (n > 0)
        add(line, "%s%s %s", between, human_count(n).text, what);
}

static void add_losses(struct frame_line *line, const char *between,
                       const struct weir_stage_stats *stage)
{
    add_count(line, between, stage->rejected, "rejected");
    add_count(line, between, stage->failed, "failed");
    add_count(line, between, stage->quarantined, "quarantined");
}

static void add_figures(struct frame_line *line, const struct weir_stage_stats *stage,
                        const struct look *look)
{
    if (stage->sink) {
        add(line, "%s", human_count(stage->in).text);
        if (stage->bytes > 0)
            add(line, "%s%s", look->separator, human_bytes(stage->bytes).text);
    } else {
        add(line, "%s in%s%s out", human_count(stage->in).text, look->separator,
            human_count(stage->out).text);
    }
    add_losses(line, look->separator, stage);
}

static void make_head(struct frame_line *line, const struct weir_receipt *run,
                      const struct canvas *canvas)
{
    char name[64];
    struct human clock = human_clock(run->elapsed_ns / 1000000000u);
    unsigned width = canvas->columns < COMFORTABLE ? canvas->columns : COMFORTABLE;
    look_clean(name, sizeof(name), run->name);
    add(line, "%s  run %s  %" PRIu32 " processes  bound %s", name, run->run_id, run->processes,
        human_memory(run->memory_bound).text);
    unsigned clock_columns = (unsigned)strlen(clock.text);
    if (width > clock_columns + 1) {
        look_clip(canvas->look, line->text, width - clock_columns - 1);
        pad(line, canvas->look, width - clock_columns);
    }
    add(line, "%s", clock.text);
}

/* Where the figures of the stages' lines begin: behind the longest id. */
static unsigned id_column(const struct weir_receipt *run, const struct canvas *canvas)
{
    unsigned widest = 0, most = canvas->columns / 3;
    for (size_t i = 0; i < run->stages; i++) {
        unsigned columns = look_columns(canvas->look, run->stage[i].id);
        widest = columns > widest ? columns : widest;
    }
    return 3 + (widest < most ? widest : most);
}

static void make_stage(struct frame_line *line, const struct weir_stage_stats *stage,
                       const struct canvas *canvas, unsigned column, bool slowest_one, double rate)
{
    add(line, " %s", stage->id);
    look_clip(canvas->look, line->text, column - 2);
    pad(line, canvas->look, column);
    if (stage->source) {
        add_source(line, stage, canvas, rate);
    } else {
        add_figures(line, stage, canvas->look);
        if (stage->queue_percent > 0) {
            pad(line, canvas->look, column + 42);
            add(line, " queue %2" PRIu32 " %%", stage->queue_percent);
        }
    }
    if (slowest_one)
        add(line, "   %s", canvas->look->slowest);
}

static struct frame_line *next_line(struct frame *frame)
{
    struct frame_line *line = &frame->line[frame->lines++];
    line->text[0] = '\0';
    return line;
}

static void finish_line(struct frame_line *line, const struct canvas *canvas)
{
    look_clip(canvas->look, line->text, canvas->columns);
    line->columns = look_columns(canvas->look, line->text);
}

void frame_make(struct frame *frame, const struct weir_receipt *run, const struct canvas *canvas)
{
    const struct weir_stage_stats *slow = slowest(run);
    unsigned most = canvas->rows < FRAME_LINES ? canvas->rows : FRAME_LINES;
    unsigned column = id_column(run, canvas);
    frame->lines = 0;
    if (most == 0)
        return;
    make_head(next_line(frame), run, canvas);
    uint64_t all = frame_bytes(run);
    for (size_t i = 0; i < run->stages && frame->lines < most; i++) {
        const struct weir_stage_stats *stage = &run->stage[i];
        double share = all == 0 ? 0 : (double)stage->bytes / (double)all;
        make_stage(next_line(frame), stage, canvas, column, stage == slow, canvas->rate * share);
    }
    for (unsigned i = 0; i < frame->lines; i++)
        finish_line(&frame->line[i], canvas);
}

void frame_make_plain(struct frame_line *line, const struct weir_receipt *run, double rate)
{
    char name[64];
    uint64_t bytes = frame_bytes(run), total = frame_bytes_total(run);
    int percent = frame_percent(bytes, total);
    look_clean(name, sizeof(name), run->name);
    line->text[0] = '\0';
    add(line, "%s  %s  ", name, human_clock(run->elapsed_ns / 1000000000u).text);
    if (percent >= 0)
        add(line, "%d %%  ", percent);
    add_flow(line, bytes, total, rate);
    add(line, "  %s records", human_count(frame_records(run)).text);
    for (size_t i = 0; i < run->stages; i++)
        add_losses(line, ", ", &run->stage[i]);
    line->columns = (unsigned)strlen(line->text);
}
