#include "receipt.h"

#include <string.h>

/* Raised when a member changes its meaning or goes away; new members leave it as it is. */
#define RECEIPT_VERSION 1

void receipt_error_json(struct json *json, const struct weir_err *err)
{
    json_text(json, "text", err->text);
    json_number(json, "exit_code", (uint64_t)weir_err_exit_code(err->code));
    /* Of bad data the place is the record's, in an input. */
    bool of_record = err->record.line != 0;
    const char *file = of_record ? err->record.file : err->file;
    json_text(json, "file", file[0] == '\0' ? NULL : file);
    json_number(json, "line", of_record ? err->record.line : err->line);
    json_number(json, "column", err->column);
    json_number(json, "span", err->span);
    if (of_record)
        json_number(json, "byte", err->record.byte);
    if (err->record.column[0] != '\0')
        json_text(json, "column_name", err->record.column);
    json_text(json, "stage", err->stage[0] == '\0' ? NULL : err->stage);
    json_text(json, "source", err->source[0] == '\0' ? NULL : err->source);
    json_text(json, "note", err->note[0] == '\0' ? NULL : err->note);
}

static void stage_json(struct json *json, const struct weir_stage_stats *stage)
{
    json_open(json, NULL, '{');
    json_text(json, "id", stage->id);
    json_text(json, "type", stage->type);
    json_bool(json, "source", stage->source);
    json_bool(json, "sink", stage->sink);
    json_number(json, "workers", stage->workers);
    json_number(json, "in", stage->in);
    json_number(json, "used", stage->used);
    json_number(json, "dropped", stage->dropped);
    json_number(json, "null_dropped", stage->null_dropped);
    json_number(json, "rejected", stage->rejected);
    json_number(json, "failed", stage->failed);
    json_number(json, "quarantined", stage->quarantined);
    json_number(json, "out", stage->out);
    json_open(json, "ports", '{');
    for (size_t p = 0; p < stage->ports; p++)
        json_number(json, stage->port[p].name, stage->port[p].out);
    json_close(json, '}');
    json_number(json, "bytes", stage->bytes);
    json_number(json, "bytes_total", stage->bytes_total);
    if (stage->slow_way != NULL)
        json_number(json, "slow_bytes", stage->slow_bytes);
    json_text(json, "slow_way", stage->slow_way);
    json_number(json, "busy_percent", stage->busy_percent);
    json_number(json, "wait_in_percent", stage->wait_in_percent);
    json_number(json, "wait_out_percent", stage->wait_out_percent);
    json_number(json, "queue_percent", stage->queue_percent);
    json_text(json, "published", stage->published);
    json_close(json, '}');
}

static void run_json(struct json *json, const struct weir_receipt *receipt)
{
    const char *signal = receipt->signal == 0 ? NULL : sigabbrev_np(receipt->signal);
    char name[32];
    snprintf(name, sizeof(name), "SIG%s", signal == NULL ? "?" : signal);
    json_number(json, "receipt_version", RECEIPT_VERSION);
    json_text(json, "weir_version", weir_version());
    json_text(json, "name", receipt->name);
    json_text(json, "run_id", receipt->run_id);
    json_bool(json, "finished", receipt->finished);
    json_bool(json, "balanced", receipt->balanced);
    json_bool(json, "published", receipt->published);
    json_bool(json, "ended_early", receipt->ended_early);
    json_number(json, "signal", (uint64_t)receipt->signal);
    json_text(json, "signal_name", receipt->signal == 0 ? NULL : name);
    json_number(json, "exit_code", (uint64_t)receipt->exit_code);
    json_text(json, "verdict", receipt->verdict);
    json_number(json, "elapsed_ns", receipt->elapsed_ns);
    json_number(json, "processes", receipt->processes);
    json_number(json, "restarts", receipt->restarts);
    json_number(json, "memory_bound", receipt->memory_bound);
    json_number(json, "memory_used", receipt->memory_used);
}

void receipt_fields_json(struct json *json, const struct weir_receipt *receipt,
                         const struct weir_err *err)
{
    run_json(json, receipt);
    json_open(json, "stages", '[');
    for (size_t i = 0; i < receipt->stages; i++)
        stage_json(json, &receipt->stage[i]);
    json_close(json, ']');
    if (err == NULL) {
        json_text(json, "error", NULL);
        return;
    }
    json_open(json, "error", '{');
    receipt_error_json(json, err);
    json_close(json, '}');
}
