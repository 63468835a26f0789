/*
 * groups.h - the groups of an aggregate as rows.
 *
 * A group has one row, with the values of its columns and its accounts; behind it stand those of
 * its measures that have a row for each value. Their keys begin with the group's, so that all rows
 * of a group follow each other:
 *
 *     the group's key | GROUP_ROW                            values, accounts
 *                     | VALUE_ROW, measure, the value's key  (count_distinct)
 *                     | TEXT_ROW, measure, where it stood    the text (string_agg)
 */
#ifndef WEIR_STAGES_KEPT_GROUPS_H
#define WEIR_STAGES_KEPT_GROUPS_H

#include "kept/measure.h"
#include "kept/runs.h"

enum { GROUP_ROW, VALUE_ROW, TEXT_ROW };

/* Rows of one group as they come in order of their keys, put together. Zero-initialise; release. */
struct gathering {
    const struct measure *measure;
    size_t measures, by;
    struct account *account;
    struct bytes key;    /* of the last row, with its mark */
    size_t group_bytes;  /* of it, the group's */
    struct bytes values; /* of the group's columns, as they are written */
    bool begun;
};

int weir__gathering_init(struct weir_stage *stage, struct gathering *gathering,
                         const struct measure *measure, size_t measures, size_t by);
void weir__gathering_release(struct gathering *gathering);

/* Whether the row is of another group than those before it. */
bool weir__gathering_ends(const struct gathering *gathering, const struct row *row);
/* Whether the row is one of a value that came before. */
bool weir__gathering_repeats(const struct gathering *gathering, const struct row *row);
/* Adds a row to the group, or begins one. 0 or a negative code. */
int weir__gathering_add(struct weir_stage *stage, struct gathering *gathering,
                        const struct row *row);
/* Which mark the row has; VALUE_ROW and TEXT_ROW: and which measure it is of. */
unsigned weir__gathering_mark(const struct gathering *gathering, const struct row *row,
                              size_t *ret_measure);

#endif
