#include "kept/groups.h"
#include "kept/values.h"

enum { MEASURE_BYTES = 2 }; /* of a key */

int weir__gathering_init(struct weir_stage *stage, struct gathering *gathering,
                         const struct measure *measure, size_t measures, size_t by)
{
    *gathering = (struct gathering){.measure = measure, .measures = measures, .by = by};
    gathering->account = calloc(measures + 1, sizeof(*gathering->account));
    return gathering->account == NULL ? weir_fail(stage, WEIR_EOS, "out of memory") : 0;
}

void weir__gathering_release(struct gathering *gathering)
{
    for (size_t m = 0; gathering->account != NULL && m < gathering->measures; m++)
        weir__account_release(&gathering->account[m]);
    free(gathering->account);
    free(gathering->key.data);
    free(gathering->values.data);
}

/* A group's key is never the beginning of another one's. */
bool weir__gathering_ends(const struct gathering *gathering, const struct row *row)
{
    return gathering->begun &&
           (row->key_bytes <= gathering->group_bytes ||
            (gathering->group_bytes > 0 &&
             memcmp(row->key, gathering->key.data, gathering->group_bytes) != 0));
}

bool weir__gathering_repeats(const struct gathering *gathering, const struct row *row)
{
    return row->key_bytes == gathering->key.used &&
           memcmp(row->key, gathering->key.data, row->key_bytes) == 0;
}

unsigned weir__gathering_mark(const struct gathering *gathering, const struct row *row,
                              size_t *ret_measure)
{
    const unsigned char *at = (const unsigned char *)row->key + gathering->group_bytes;
    unsigned mark = *at;
    if (mark != GROUP_ROW)
        *ret_measure = (size_t)at[1] << 8 | at[2];
    return mark;
}

static int damaged(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
}

static void begin(struct gathering *gathering, const struct row *row)
{
    gathering->begun = true;
    gathering->group_bytes = row->key_bytes - 1;
    gathering->values.used = 0;
    for (size_t m = 0; m < gathering->measures; m++)
        weir__account_clear(&gathering->account[m]);
}

static int add_group_row(struct weir_stage *stage, struct gathering *gathering,
                         const struct row *row)
{
    const char *at = row->data, *end = row->data + row->data_bytes;
    struct weir_value value;
    for (size_t c = 0; c < gathering->by; c++)
        if (!value_read(&at, end, &value))
            return damaged(stage);
    if (gathering->values.used == 0)
        bytes_add(&gathering->values, row->data, (size_t)(at - row->data));
    for (size_t m = 0; m < gathering->measures; m++) {
        const struct measure *measure = &gathering->measure[m];
        int code = weir__account_merge(measure, &gathering->account[m], &at, end);
        if (code == WEIR_EDATA)
            return weir_fail(stage, code, "%s of a group is too large", measure->text);
        if (code < 0)
            return code == WEIR_EOS ? weir_fail(stage, code, "out of memory") : damaged(stage);
    }
    return 0;
}

/* string_agg's texts with what stands between them; else a value is counted once. */
static int add_value(struct weir_stage *stage, struct gathering *gathering, const struct row *row,
                     size_t m)
{
    const struct measure *measure = &gathering->measure[m];
    struct account *account = &gathering->account[m];
    if (m >= gathering->measures)
        return damaged(stage);
    account->count++;
    if (measure->kind != MEASURE_STRING_AGG)
        return 0;
    if (account->has)
        bytes_add(&account->value, measure->separator, strlen(measure->separator));
    account->has = true;
    bytes_add(&account->value, row->data, row->data_bytes);
    return 0;
}

int weir__gathering_add(struct weir_stage *stage, struct gathering *gathering,
                        const struct row *row)
{
    size_t m = 0;
    int code = 0;
    if (row->key_bytes == 0)
        return damaged(stage);
    if (!gathering->begun || weir__gathering_ends(gathering, row))
        begin(gathering, row);
    if (weir__gathering_mark(gathering, row, &m) == GROUP_ROW)
        code = add_group_row(stage, gathering, row);
    else if (!weir__gathering_repeats(gathering, row))
        code = row->key_bytes < gathering->group_bytes + 1 + MEASURE_BYTES
                   ? damaged(stage)
                   : add_value(stage, gathering, row, m);
    gathering->key.used = 0;
    bytes_add(&gathering->key, row->key, row->key_bytes);
    if (gathering->key.failed || gathering->values.failed)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    return code;
}
