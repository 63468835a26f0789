#include "report.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "receipt.h"

void report_init(struct report *report, bool json, bool quiet)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    report->json = json;
    report->quiet = quiet;
    report->colour = isatty(STDERR_FILENO) && (no_colour == NULL || no_colour[0] == '\0') &&
                     term != NULL && term[0] != '\0';
}

/* Begins a line: {"time":"2026-11-21T02:15:04Z","event":EVENT */
static void begin(struct weir_json_writer *json, const char *event)
{
    char text[32] = "";
    struct tm utc;
    time_t now = time(NULL);
    if (gmtime_r(&now, &utc) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    *json = (struct weir_json_writer){.to = stderr};
    weir_json_open(json, NULL, '{');
    weir_json_text(json, "time", text);
    weir_json_text(json, "event", event);
}

int report_error(const struct report *report, const struct weir_err *err)
{
    if (report->json) {
        struct weir_json_writer json;
        begin(&json, "error");
        weir_err_members(&json, err);
        weir_json_close(&json, '}');
    } else {
        weir_err_print(stderr, err, report->colour);
    }
    return weir_err_exit_code(err->code);
}

int report_errors(const struct report *report, struct weir_errors *errors)
{
    int exit_code = weir_err_exit_code(errors->count > 0 ? errors->list[0].code : WEIR_EINTERNAL);
    for (size_t i = 0; i < errors->count; i++)
        report_error(report, &errors->list[i]);
    weir_errors_release(errors);
    return exit_code;
}

void report_event(const struct report *report, const char *text)
{
    if (report->json) {
        struct weir_json_writer json;
        begin(&json, "notice");
        weir_json_text(&json, "text", text);
        weir_json_close(&json, '}');
    } else {
        fprintf(stderr, " ! %s\n", text);
    }
}

void report_progress_json(const struct weir_receipt *so_far)
{
    struct weir_json_writer json;
    begin(&json, "progress");
    weir_json_text(&json, "run_id", so_far->run_id);
    weir_json_number(&json, "elapsed_ns", so_far->elapsed_ns);
    weir_json_number(&json, "records", frame_records(so_far));
    weir_json_number(&json, "bytes", frame_bytes(so_far));
    weir_json_number(&json, "bytes_total", frame_bytes_total(so_far));
    weir_json_close(&json, '}');
}

void report_receipt_json(const struct weir_receipt *receipt, const struct weir_err *err)
{
    struct weir_json_writer json;
    begin(&json, "receipt");
    weir_receipt_members(&json, receipt, err);
    weir_json_close(&json, '}');
}
