/*
 * peek.c - `pipeline peek`: the first records that a stage emits.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture.h"
#include "command.h"
#include "load.h"
#include "look.h"
#include "rows.h"
#include "run.h"

#define RECORDS    10
#define CELL_BYTES 256 /* more of a value is not shown */
#define CELL_MAX   40  /* columns on the terminal */

/* ---- the table ---- */

/* A cell as the table shows it. */
static void show(const struct look *look, const struct cell *cell, char text[CELL_BYTES])
{
    look_clean(text, CELL_BYTES, cell->null ? "NULL" : cell->text);
    look_clip(look, text, CELL_MAX);
}

static void print_table(const struct rows *rows)
{
    const struct look *look = look_of_user();
    char text[CELL_BYTES];
    size_t columns = rows->count == 0 ? 0 : rows->row[0].cells;
    unsigned *width = calloc(columns + 1, sizeof(*width));
    for (size_t r = 0; width != NULL && r < rows->count; r++)
        for (size_t c = 0; c < columns && c < rows->row[r].cells; c++) {
            show(look, &rows->row[r].cell[c], text);
            unsigned needed = look_columns(look, text);
            width[c] = needed > width[c] ? needed : width[c];
        }
    for (size_t r = 0; width != NULL && r < rows->count; r++) {
        for (size_t c = 0; c < columns && c < rows->row[r].cells; c++) {
            show(look, &rows->row[r].cell[c], text);
            unsigned blanks = c + 1 < columns ? width[c] - look_columns(look, text) + 2 : 0;
            printf("%s%*s", text, (int)blanks, "");
        }
        putchar('\n');
    }
    free(width);
}

static int print_captured(struct capture *capture, const struct report *report)
{
    struct weir_err err;
    struct rows rows;
    char *text;
    size_t bytes;
    if (capture_end(capture, &text, &bytes, &err) < 0)
        return report_error(report, &err);
    bool read = rows_read(text, bytes, true, &rows);
    if (read)
        print_table(&rows);
    else
        weir_err_set(&err, WEIR_EOS, "out of memory");
    rows_release(&rows);
    free(text);
    return read ? EXIT_SUCCESS : report_error(report, &err);
}

/* ---- the command ---- */

/* Few records, or none, may be so because others were rejected. */
static void tell_rejected(const struct weir_receipt *receipt)
{
    for (size_t i = 0; i < receipt->stages; i++) {
        uint64_t rejected = receipt->stage[i].rejected;
        if (rejected > 0)
            fprintf(stderr, "%" PRIu64 " record%s rejected by '%s'\n", rejected,
                    rejected == 1 ? " was" : "s were", receipt->stage[i].id);
    }
}

static int run_excerpt(struct weir_plan *plan, const struct report *report)
{
    struct weir_receipt *receipt = NULL;
    struct capture capture;
    struct weir_err err;
    bool table = isatty(STDOUT_FILENO);
    if (table && capture_begin(&capture, NULL, &err) < 0)
        return report_error(report, &err);
    int exit_code = run_quietly(report, plan, &receipt);
    int print_code = table ? print_captured(&capture, report) : EXIT_SUCCESS;
    if (receipt != NULL && !report->json)
        tell_rejected(receipt);
    weir_receipt_free(receipt);
    return exit_code == EXIT_SUCCESS ? print_code : exit_code;
}

static int peek(const struct arguments *args, const struct report *report)
{
    struct loaded loaded;
    const struct weir_excerpt excerpt = {.stage = args->stage,
                                         .count = args->records == 0 ? RECORDS : args->records};
    int exit_code = load_excerpt(args, &excerpt, report, &loaded);
    if (exit_code == 0)
        exit_code = run_excerpt(loaded.plan, report);
    load_release(&loaded);
    return exit_code;
}

const struct command command_peek = {
    .name = "peek",
    .taker = TAKER_PEEK,
    .operand = "FILE STAGE",
    .summary = "print the first records that a stage emits",
    .doc = "Runs the pipeline as far as STAGE, and prints the first records that it emits: as CSV, "
           "or on a\n"
           "terminal as a table. Then the run ends. No other stage runs, and nothing is published: "
           "neither\n"
           "outputs nor files of rejects.",
    .run = peek,
};
