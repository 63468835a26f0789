/*
 * draw.c - shows what the program's formats make of figures, for test_drawing.sh.
 *
 *     draw FORMAT VALUE...          a line for each value: bytes, count, memory, duration (ns), clock, read, json
 *     draw frame COLUMNS ROWS       the picture of a run, drawn on so much room
 *     draw plain                    the same in a line
 *     draw receipt KIND             complete, rejected, signal, failed, early
 */
#include <stdlib.h>
#include <string.h>

/* cli */
#include "frame.h"
#include "human.h"
#include <weir/json_write.h>
#include "receipt.h"

static const struct weir_stage_stats stages[] = {
    {.id = "read",
     .type = "csv.read",
     .source = true,
     .workers = 1,
     .in = 13204126,
     .used = 13204117,
     .rejected = 9,
     .out = 13204117,
     .bytes = 711000000,
     .bytes_total = 1000000000,
     .busy_percent = 41,
     .wait_out_percent = 59},
    {.id = "clean",
     .type = "transform",
     .workers = 4,
     .in = 13204117,
     .used = 2970884,
     .dropped = 10233221,
     .null_dropped = 311,
     .rejected = 12,
     .out = 2970884,
     .busy_percent = 97,
     .wait_in_percent = 2,
     .wait_out_percent = 1,
     .queue_percent = 62},
    {.id = "write",
     .type = "csv.write",
     .sink = true,
     .workers = 1,
     .in = 2970884,
     .used = 2970884,
     .bytes = 84100000,
     .busy_percent = 22,
     .wait_in_percent = 78,
     .published = "clean.csv"},
    {.id = "bad",
     .type = "csv.write",
     .sink = true,
     .workers = 1,
     .in = 21,
     .used = 21,
     .bytes = 3012,
     .wait_in_percent = 100,
     .published = "bad.csv"},
};

static struct weir_receipt make_receipt(void)
{
    return (struct weir_receipt){.name = "clean-orders",
                                 .run_id = "7f3a",
                                 .elapsed_ns = 9800000000,
                                 .processes = 6,
                                 .memory_bound = 96 << 20,
                                 .memory_used = 71 << 20,
                                 .stage = stages,
                                 .stages = sizeof(stages) / sizeof(stages[0]),
                                 .balanced = true,
                                 .published = true};
}

static void draw_frame(unsigned columns, unsigned rows)
{
    struct weir_receipt run = make_receipt();
    struct frame frame;
    struct canvas canvas = {look_of_user(), columns, rows, 102000000};
    frame_make(&frame, &run, &canvas);
    for (unsigned i = 0; i < frame.lines; i++)
        printf("%s\n", frame.line[i].text);
}

static void draw_plain(void)
{
    struct weir_receipt run = make_receipt();
    struct frame_line line;
    frame_make_plain(&line, &run, 102000000);
    printf("%s\n", line.text);
}

static void draw_receipt(const char *kind)
{
    struct weir_receipt receipt = make_receipt();
    struct weir_stage_stats unpublished[sizeof(stages) / sizeof(stages[0])];
    if (strcmp(kind, "rejected") == 0) {
        receipt.exit_code = 1;
        strcpy(receipt.verdict, "21 records rejected (see bad.csv)");
    } else if (strcmp(kind, "early") == 0) {
        receipt.ended_early = true;
        receipt.restarts = 4;
    } else if (strcmp(kind, "complete") != 0) {
        memcpy(unpublished, stages, sizeof(stages));
        unpublished[2].published = unpublished[3].published = NULL;
        receipt.stage = unpublished;
        receipt.published = false;
        receipt.signal = strcmp(kind, "signal") == 0 ? 2 : 0;
        receipt.exit_code = receipt.signal != 0 ? 130 : 65;
    }
    receipt_print(stdout, &receipt, look_of_user());
}

static void draw_value(const char *format, const char *text)
{
    uint64_t n = strtoull(text, NULL, 10), ms;
    struct weir_json_writer json = {.to = stdout};
    if (strcmp(format, "bytes") == 0)
        printf("%s\n", human_bytes(n).text);
    else if (strcmp(format, "count") == 0)
        printf("%s\n", human_count(n).text);
    else if (strcmp(format, "memory") == 0)
        printf("%s\n", human_memory(n).text);
    else if (strcmp(format, "duration") == 0)
        printf("%s\n", human_duration(n).text);
    else if (strcmp(format, "clock") == 0)
        printf("%s\n", human_clock(n).text);
    else if (strcmp(format, "read") == 0 && human_read_duration(text, &ms))
        printf("%llu\n", (unsigned long long)ms);
    else if (strcmp(format, "read") == 0)
        printf("no\n");
    else if (strcmp(format, "json") == 0) {
        weir_json_text(&json, NULL, text);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "frame") == 0)
        draw_frame((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
    else if (argc == 2 && strcmp(argv[1], "plain") == 0)
        draw_plain();
    else if (argc == 3 && strcmp(argv[1], "receipt") == 0)
        draw_receipt(argv[2]);
    else
        for (int i = 2; i < argc; i++)
            draw_value(argv[1], argv[i]);
    return EXIT_SUCCESS;
}
