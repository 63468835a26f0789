/*
 * expr_table.h - a small table of records for tests of the expression language.
 *
 * Columns are written "name" or "name:type", rows as fields with '|' between them, "~" being null
 * and "" empty text.
 */
#ifndef WEIR_TESTS_EXPR_TABLE_H
#define WEIR_TESTS_EXPR_TABLE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <weir/expr.h>

#define TABLE_COLUMNS 16

struct table {
    struct weir_schema schema;
    struct weir_batch batch;
    struct weir_column column[TABLE_COLUMNS];
    uint64_t *entry[TABLE_COLUMNS];
    char *heap; /* all columns' */
};

__attribute__((unused)) static void table_schema(struct weir_schema *schema, const char *columns)
{
    char *copy = strdup(columns), *rest = copy, *name;
    while ((name = strsep(&rest, " ")) != NULL) {
        char *colon = strchr(name, ':');
        int type = WEIR_UNTYPED;
        if (colon != NULL) {
            *colon = '\0';
            type = weir_type_find(colon + 1);
            ck_assert_int_ge(type, 0);
        }
        ck_assert_int_eq(weir_schema_add(schema, name, (enum weir_type)type), 0);
    }
    free(copy);
}

__attribute__((unused)) static void table_init(struct table *table, const char *columns,
                                               const char *const *rows, uint32_t count)
{
    memset(table, 0, sizeof(*table));
    table_schema(&table->schema, columns);
    ck_assert_uint_le(table->schema.columns, TABLE_COLUMNS);
    size_t bytes = 1, used = 0;
    for (uint32_t r = 0; r < count; r++)
        bytes += strlen(rows[r]);
    table->heap = malloc(bytes);
    for (uint32_t c = 0; c < table->schema.columns; c++)
        table->entry[c] = calloc(count + 1u, sizeof(uint64_t));
    for (uint32_t r = 0; r < count; r++) {
        const char *at = rows[r];
        for (uint32_t c = 0; c < table->schema.columns; c++) {
            size_t n = strcspn(at, "|");
            bool null = n == 1 && at[0] == '~';
            memcpy(table->heap + used, at, n);
            table->entry[c][r] = null ? weir_entry_null() : weir_entry((uint32_t)used, (uint32_t)n);
            used += n;
            at += n;
            ck_assert_msg((c + 1 < table->schema.columns) == (*at == '|'), "row '%s'", rows[r]);
            at += *at == '|';
        }
    }
    for (uint32_t c = 0; c < table->schema.columns; c++)
        table->column[c] = (struct weir_column){table->entry[c], table->heap, (uint32_t)used};
    table->batch = (struct weir_batch){
        .records = count, .columns = table->schema.columns, .column = table->column};
}

__attribute__((unused)) static void table_release(struct table *table)
{
    for (uint32_t c = 0; c < table->schema.columns; c++)
        free(table->entry[c]);
    free(table->heap);
    weir_schema_release(&table->schema);
}

/* Compiles, or fails the test with what the compiler said. */
__attribute__((unused)) static struct weir_expr *table_compile(const struct table *table,
                                                               const char *text)
{
    struct weir_expr *expr = NULL;
    struct weir_expr_fault fault = {0};
    int code = weir_expr_compile(text, &table->schema, &expr, &fault);
    ck_assert_msg(code == 0, "%s: %s (%s) at %zu", text, fault.text, fault.note, fault.offset);
    return expr;
}

/* The value of one record: "~" for null, "!" and the reason for an error. In static memory. */
__attribute__((unused)) static const char *table_value(const struct weir_column *column,
                                                       const struct weir_expr_errors *errors,
                                                       uint32_t record)
{
    static char text[4096];
    for (size_t i = 0; i < errors->count; i++) {
        if (errors->list[i].record != record)
            continue;
        text[0] = '!';
        weir_expr_error_text(&errors->list[i], text + 1, sizeof(text) - 1);
        return text;
    }
    struct weir_value value = weir_value(column, record);
    snprintf(text, sizeof(text), "%.*s", value.data == NULL ? 1 : (int)value.length,
             value.data == NULL ? "~" : value.data);
    return text;
}

/* An expression over one record. */
struct case_row {
    const char *text;
    const char *type;   /* NULL: not looked at */
    const char *result; /* "~": null; "!...": the record's error */
};

__attribute__((unused)) static void table_check_rows(const char *columns, const char *row,
                                                     const struct case_row *rows, size_t count)
{
    struct table table;
    table_init(&table, columns, (const char *const[]){row}, 1);
    for (size_t i = 0; i < count; i++) {
        struct weir_expr *expr = table_compile(&table, rows[i].text);
        struct weir_column column;
        struct weir_expr_errors errors;
        ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
        const char *value = table_value(&column, &errors, 0);
        ck_assert_msg(strcmp(value, rows[i].result) == 0, "%s gives %s, not %s", rows[i].text,
                      value, rows[i].result);
        const char *type = weir_type_name(weir_expr_type(expr));
        ck_assert_msg(rows[i].type == NULL || strcmp(type, rows[i].type) == 0, "%s is %s, not %s",
                      rows[i].text, type, rows[i].type);
        weir_expr_free(expr);
    }
    table_release(&table);
}

#endif
