/*
 * eval.c - `pipeline eval`: an expression tried out on one record.
 */
#include <stdlib.h>
#include <string.h>

#include <weir/expr.h>

#include "command.h"

/* The record that --column makes. */
struct record {
    struct weir_schema schema;
    struct weir_column *column;
    uint64_t *entry;
};

static int make_record(struct record *record, const struct pairs *columns, struct weir_err *err)
{
    *record = (struct record){.column = calloc(columns->count + 1, sizeof(*record->column)),
                              .entry = calloc(columns->count + 1, sizeof(*record->entry))};
    if (record->column == NULL || record->entry == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    for (size_t i = 0; i < columns->count; i++) {
        const struct weir_pair *pair = &columns->list[i];
        size_t length = strlen(pair->value);
        if (weir_schema_find(&record->schema, pair->key) >= 0)
            return weir_err_set(err, WEIR_EUSAGE, "--column %s is given twice", pair->key);
        if (weir_schema_add(&record->schema, pair->key, WEIR_UNTYPED) < 0)
            return weir_err_set(err, WEIR_EOS, "out of memory");
        record->entry[i] = weir_entry(0, (uint32_t)length);
        record->column[i] = (struct weir_column){&record->entry[i], pair->value, (uint32_t)length};
    }
    return 0;
}

static void release_record(struct record *record)
{
    weir_schema_release(&record->schema);
    free(record->column);
    free(record->entry);
}

static int compile(const char *text, const struct record *record, struct weir_expr **ret,
                   struct weir_err *err)
{
    struct weir_expr_fault fault;
    int code = weir_expr_compile(text, &record->schema, ret, &fault);
    if (code == WEIR_EOS)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    if (code == 0)
        return 0;
    weir_err_set(err, WEIR_EUSAGE, "%s", fault.text);
    snprintf(err->note, sizeof(err->note), "%s", fault.note);
    if (strlen(text) < sizeof(err->source) && strchr(text, '\n') == NULL) {
        snprintf(err->source, sizeof(err->source), "%s", text);
        err->column = (uint32_t)fault.offset + 1;
        err->span = (uint32_t)fault.span;
    }
    return err->code;
}

static int evaluate(struct weir_expr *expr, const struct record *record, struct weir_err *err)
{
    struct weir_batch batch = {
        .records = 1, .columns = record->schema.columns, .column = record->column};
    struct weir_column column;
    struct weir_expr_errors errors;
    char why[128];
    int code = weir_expr_column(expr, &batch, &column, &errors);
    if (code < 0)
        return weir_err_set(err, code,
                            code == WEIR_EDATA ? "the expression makes more than 256 MiB of text"
                                               : "out of memory");
    if (errors.count > 0) {
        weir_expr_error_text(&errors.list[0], why, sizeof(why));
        return weir_err_set(err, WEIR_EDATA, "%s", why);
    }
    struct weir_value value = weir_value(&column, 0);
    if (value.data == NULL)
        value = (struct weir_value){"null", 4};
    fwrite(value.data, 1, value.length, stdout);
    putchar('\n');
    return 0;
}

static int eval(const struct arguments *args, const struct report *report)
{
    struct weir_err err;
    struct record record;
    struct weir_expr *expr = NULL;
    int code = make_record(&record, &args->columns, &err);
    if (code == 0)
        code = compile(args->operand, &record, &expr, &err);
    if (code == 0)
        code = evaluate(expr, &record, &err);
    weir_expr_free(expr);
    release_record(&record);
    return code == 0 ? EXIT_SUCCESS : report_error(report, &err);
}

const struct command command_eval = {
    .name = "eval",
    .taker = TAKER_EVAL,
    .operand = "EXPRESSION",
    .summary = "compute an expression",
    .doc = "Computes one expression and prints its value; a null is printed as null.",
    .run = eval,
};
