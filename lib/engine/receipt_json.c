#include <weir/receipt.h>

#include <stdlib.h>
#include <string.h>

/* Raised when a member changes its meaning or goes away; new members leave it as it is. */
#define RECEIPT_VERSION 1

void weir_err_members(struct weir_json_writer *json, const struct weir_err *err)
{
    weir_json_text(json, "text", err->text);
    weir_json_number(json, "exit_code", (uint64_t)weir_err_exit_code(err->code));
    /* Of bad data the place is the record's, in an input. */
    bool of_record = err->record.line != 0;
    const char *file = of_record ? err->record.file : err->file;
    weir_json_text(json, "file", file[0] == '\0' ? NULL : file);
    weir_json_number(json, "line", of_record ? err->record.line : err->line);
    weir_json_number(json, "column", err->column);
    weir_json_number(json, "span", err->span);
    if (of_record)
        weir_json_number(json, "byte", err->record.byte);
    if (err->record.column[0] != '\0')
        weir_json_text(json, "column_name", err->record.column);
    weir_json_text(json, "stage", err->stage[0] == '\0' ? NULL : err->stage);
    weir_json_text(json, "source", err->source[0] == '\0' ? NULL : err->source);
    weir_json_text(json, "note", err->note[0] == '\0' ? NULL : err->note);
}

static void stage_json(struct weir_json_writer *json, const struct weir_stage_stats *stage)
{
    weir_json_open(json, NULL, '{');
    weir_json_text(json, "id", stage->id);
    weir_json_text(json, "type", stage->type);
    weir_json_bool(json, "source", stage->source);
    weir_json_bool(json, "sink", stage->sink);
    weir_json_number(json, "workers", stage->workers);
    weir_json_number(json, "in", stage->in);
    weir_json_number(json, "used", stage->used);
    weir_json_number(json, "dropped", stage->dropped);
    weir_json_number(json, "null_dropped", stage->null_dropped);
    weir_json_number(json, "rejected", stage->rejected);
    weir_json_number(json, "failed", stage->failed);
    weir_json_number(json, "quarantined", stage->quarantined);
    weir_json_number(json, "out", stage->out);
    weir_json_open(json, "ports", '{');
    for (size_t p = 0; p < stage->ports; p++)
        weir_json_number(json, stage->port[p].name, stage->port[p].out);
    weir_json_close(json, '}');
    weir_json_number(json, "bytes", stage->bytes);
    weir_json_number(json, "bytes_total", stage->bytes_total);
    if (stage->slow_way != NULL)
        weir_json_number(json, "slow_bytes", stage->slow_bytes);
    weir_json_text(json, "slow_way", stage->slow_way);
    weir_json_number(json, "busy_percent", stage->busy_percent);
    weir_json_number(json, "wait_in_percent", stage->wait_in_percent);
    weir_json_number(json, "wait_out_percent", stage->wait_out_percent);
    weir_json_number(json, "queue_percent", stage->queue_percent);
    weir_json_text(json, "published", stage->published);
    weir_json_close(json, '}');
}

static void run_json(struct weir_json_writer *json, const struct weir_receipt *receipt)
{
    const char *signal = receipt->signal == 0 ? NULL : sigabbrev_np(receipt->signal);
    char name[32];
    snprintf(name, sizeof(name), "SIG%s", signal == NULL ? "?" : signal);
    weir_json_number(json, "receipt_version", RECEIPT_VERSION);
    weir_json_text(json, "weir_version", weir_version());
    weir_json_text(json, "name", receipt->name);
    weir_json_text(json, "run_id", receipt->run_id);
    weir_json_bool(json, "finished", receipt->finished);
    weir_json_bool(json, "balanced", receipt->balanced);
    weir_json_bool(json, "published", receipt->published);
    weir_json_bool(json, "ended_early", receipt->ended_early);
    weir_json_number(json, "signal", (uint64_t)receipt->signal);
    weir_json_text(json, "signal_name", receipt->signal == 0 ? NULL : name);
    weir_json_number(json, "exit_code", (uint64_t)receipt->exit_code);
    weir_json_text(json, "verdict", receipt->verdict);
    weir_json_number(json, "elapsed_ns", receipt->elapsed_ns);
    weir_json_number(json, "processes", receipt->processes);
    weir_json_number(json, "restarts", receipt->restarts);
    weir_json_number(json, "memory_bound", receipt->memory_bound);
    weir_json_number(json, "memory_used", receipt->memory_used);
}

void weir_receipt_members(struct weir_json_writer *json, const struct weir_receipt *receipt,
                          const struct weir_err *err)
{
    run_json(json, receipt);
    weir_json_open(json, "stages", '[');
    for (size_t i = 0; i < receipt->stages; i++)
        stage_json(json, &receipt->stage[i]);
    weir_json_close(json, ']');
    if (err == NULL) {
        weir_json_text(json, "error", NULL);
        return;
    }
    weir_json_open(json, "error", '{');
    weir_err_members(json, err);
    weir_json_close(json, '}');
}

char *weir_receipt_json(const struct weir_receipt *receipt, const struct weir_err *err)
{
    char *text = NULL;
    size_t bytes;
    struct weir_json_writer json = {.to = open_memstream(&text, &bytes)};
    if (json.to == NULL)
        return NULL;
    weir_json_open(&json, NULL, '{');
    weir_receipt_members(&json, receipt, err);
    weir_json_close(&json, '}');
    bool failed = ferror(json.to) != 0;
    if (fclose(json.to) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
