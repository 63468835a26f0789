#include "receipt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "human.h"

/* The table's columns behind the stage's id. */
enum column { IN, USED, DROPPED, REJECTED, FAILED, QUARANTINED, BUSY, WAIT_IN, WAIT_OUT, COLUMNS };

static const char *const headings[COLUMNS] = {
    [IN] = "in",
    [USED] = "used",
    [DROPPED] = "dropped",
    [REJECTED] = "rejected",
    [FAILED] = "failed",
    [QUARANTINED] = "quar.",
    [BUSY] = "busy",
    [WAIT_IN] = "wait-in",
    [WAIT_OUT] = "wait-out",
};

static uint64_t value(const struct weir_stage_stats *stage, enum column column)
{
    switch (column) {
    case IN: return stage->in;
    case USED: return stage->used;
    case DROPPED: return stage->dropped;
    case REJECTED: return stage->rejected;
    case FAILED: return stage->failed;
    case QUARANTINED: return stage->quarantined;
    case BUSY: return stage->busy_percent;
    case WAIT_IN: return stage->wait_in_percent;
    case WAIT_OUT: return stage->wait_out_percent;
    case COLUMNS: break;
    }
    return 0;
}

static struct human cell(const struct weir_stage_stats *stage, enum column column)
{
    struct human text = human_count(value(stage, column));
    if (column >= BUSY)
        strcat(text.text, " %");
    return text;
}

static void print_row(FILE *to, const struct look *look, const char *id, unsigned id_width,
                      const struct weir_stage_stats *stage, const unsigned *width)
{
    fprintf(to, " %s%*s", id, (int)(id_width - look_columns(look, id)), "");
    for (enum column c = IN; c < COLUMNS; c++)
        fprintf(to, "  %*s", (int)width[c], stage == NULL ? headings[c] : cell(stage, c).text);
    fputc('\n', to);
}

static void print_table(FILE *to, const struct weir_receipt *receipt, const struct look *look)
{
    unsigned width[COLUMNS], id_width = (unsigned)strlen("stage");
    for (enum column c = IN; c < COLUMNS; c++) {
        width[c] = (unsigned)strlen(headings[c]);
        for (size_t i = 0; i < receipt->stages; i++) {
            unsigned wanted = (unsigned)strlen(cell(&receipt->stage[i], c).text);
            width[c] = wanted > width[c] ? wanted : width[c];
        }
    }
    for (size_t i = 0; i < receipt->stages; i++) {
        unsigned wanted = look_columns(look, receipt->stage[i].id);
        id_width = wanted > id_width ? wanted : id_width;
    }
    print_row(to, look, "stage", id_width, NULL, width);
    for (size_t i = 0; i < receipt->stages; i++)
        print_row(to, look, receipt->stage[i].id, id_width, &receipt->stage[i], width);
}

/* "complete in 9.8 s", "stopped by SIGINT after 7.1 s at record 9,412,033 (71 %)", "failed
 * after 3.2 s" */
static void print_ending(FILE *to, const struct weir_receipt *receipt)
{
    struct human took = human_duration(receipt->elapsed_ns);
    if (receipt->signal != 0) {
        const char *name = sigabbrev_np(receipt->signal);
        int percent = frame_percent(frame_bytes(receipt), frame_bytes_total(receipt));
        fprintf(to, "stopped by SIG%s after %s at record %s", name == NULL ? "?" : name, took.text,
                human_count(frame_records(receipt)).text);
        if (percent >= 0)
            fprintf(to, " (%d %%)", percent);
    } else if (receipt->exit_code > 1) {
        fprintf(to, "failed after %s", took.text);
    } else {
        fprintf(to, "complete in %s%s", took.text,
                receipt->ended_early ? " (ended early: nothing more was wanted)" : "");
    }
}

static void print_head(FILE *to, const struct weir_receipt *receipt, const struct look *look)
{
    char name[128];
    bool good = receipt->signal == 0 && receipt->exit_code <= 1;
    look_clean(name, sizeof(name), receipt->name);
    fprintf(to, "%s: ", name);
    print_ending(to, receipt);
    if (good && frame_bytes(receipt) > 0)
        fprintf(to, "%s%s", look->separator, human_bytes(frame_bytes(receipt)).text);
    if (good)
        fprintf(to, "%s%s of %s", look->separator, human_memory(receipt->memory_used).text,
                human_memory(receipt->memory_bound).text);
    if (receipt->restarts > 0)
        fprintf(to, "%s%s restart%s", look->separator, human_count(receipt->restarts).text,
                receipt->restarts == 1 ? "" : "s");
    if (good)
        fprintf(to, "%s%s", look->separator, receipt->balanced ? "balanced" : "NOT BALANCED");
    bool some = false;
    for (size_t i = 0; i < receipt->stages; i++)
        some = some || receipt->stage[i].published != NULL;
    if (!receipt->published)
        fprintf(to, "%s%s was published", look->separator, some ? "NOT ALL" : "nothing");
    fputc('\n', to);
}

static void print_notes(FILE *to, const struct weir_receipt *receipt)
{
    for (size_t i = 0; i < receipt->stages; i++) {
        const struct weir_stage_stats *stage = &receipt->stage[i];
        if (stage->null_dropped > 0)
            fprintf(to, " %s dropped %s, of which %s because the condition was null\n", stage->id,
                    human_count(stage->dropped).text, human_count(stage->null_dropped).text);
        if (stage->slow_bytes > 0)
            fprintf(to, " %s took %s of %s %s\n", stage->id, human_bytes(stage->slow_bytes).text,
                    human_bytes(stage->bytes).text, stage->slow_way);
    }
}

static void print_published(FILE *to, const struct weir_receipt *receipt, const struct look *look)
{
    const char *before = " published  ";
    for (size_t i = 0; i < receipt->stages; i++) {
        const struct weir_stage_stats *stage = &receipt->stage[i];
        if (stage->published == NULL || stage->quarantine)
            continue;
        fprintf(to, "%s%s %s", before, stage->published, human_bytes(stage->bytes).text);
        before = look->separator;
    }
    if (before == look->separator)
        fputc('\n', to);
    const struct weir_stage_stats *last = &receipt->stage[receipt->stages - 1];
    if (last->quarantine && last->published != NULL)
        fprintf(to, " set aside  %s (their bytes are in %s.raw)\n", last->published,
                last->published);
}

/* What an exit code means, where the run itself says nothing. */
static const char *meaning(int exit_code)
{
    switch (exit_code) {
#define MEANING(name, code, text)                                                                  \
    case code: return text;
        WEIR_ERRORS(MEANING)
#undef MEANING
    default: return "records were rejected or failed";
    }
}

void receipt_print(FILE *to, const struct weir_receipt *receipt, const struct look *look)
{
    print_head(to, receipt, look);
    print_table(to, receipt, look);
    print_notes(to, receipt);
    print_published(to, receipt, look);
    if (receipt->exit_code == 0 || receipt->signal != 0)
        return;
    fprintf(to, " exit %d: %s\n", receipt->exit_code,
            receipt->verdict[0] != '\0' ? receipt->verdict : meaning(receipt->exit_code));
}
