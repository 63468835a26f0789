/* csv.cut: reads the files of csv.read and cuts them into batches of whole rows, without taking the
 * rows apart. */
#include "csv/read.h"
#include "csv/separators.h"

#include <stdlib.h>
#include <string.h>

#include "file/source.h"
#include "file/split.h"
#include "file/types.h"

struct cut {
    struct rows rows;
    struct csv_layout layout;
    struct source source;
    struct splits splits;
    struct marks marks; /* of the split in work */
    /* of the row that is passed over */
    struct rows_trace trace;
    bool ends_with_cr; /* its end may go on with a LF */
};

/* ---- rows, for the source ---- */

static size_t cut_rows(void *context, const char *bytes, size_t n, bool last, uint64_t *ret_lines)
{
    struct cut *cut = context;
    struct rows_scan scan = {0};
    /* The CR at the very end may be half of a CRLF. */
    if (!last && n > 0 && bytes[n - 1] == '\r')
        n--;
    size_t end = weir__rows_scan(&cut->rows, &scan, bytes, n);
    if (last && scan.state != ROWS_QUOTED) {
        *ret_lines = scan.lines;
        return n;
    }
    *ret_lines = scan.lines - weir__rows_lines(bytes + end, n - end);
    return end;
}

static bool skip_row(void *context, const char *bytes, size_t n, bool first, size_t *used,
                     uint64_t *ret_lines)
{
    struct cut *cut = context;
    if (first) {
        cut->trace = (struct rows_trace){0};
        cut->ends_with_cr = false;
    }
    bool found = cut->ends_with_cr && n > 0;
    if (found) {
        *used = bytes[0] == '\n';
    } else {
        found = weir__rows_next(&cut->rows, &cut->trace, bytes, n, used) != ROWS_NONE;
        cut->ends_with_cr = found && *used == n && bytes[n - 1] == '\r';
        found = found && !cut->ends_with_cr;
    }
    *ret_lines = cut->trace.line;
    return found;
}

static const struct source_format format = {cut_rows, skip_row};

/* ---- and for splits ---- */

/* What is found out on the way csv.parse need not look for again. */
static void scan_rows(void *context, struct split_state *state, const char *bytes, size_t n)
{
    struct cut *cut = context;
    struct rows_scan scan = {.state = (enum rows_state)state->machine,
                             .after_cr = state->after_cr,
                             .lines = state->lines};
    weir__marks_scan(&cut->marks, &cut->rows, &scan, bytes, n);
    *state = (struct split_state){scan.state, scan.after_cr, scan.lines};
}

static void correct_marks(void *context, const struct split_state *state, const char *bytes)
{
    struct cut *cut = context;
    weir__marks_correct(&cut->marks, &cut->rows, (enum rows_state)state->machine, state->after_cr,
                        bytes);
}

static bool next_row(void *context, struct split_state *state, const char *bytes, size_t n,
                     size_t *used)
{
    const struct cut *cut = context;
    struct rows_trace trace = {.state = (enum rows_state)state->machine,
                               .after_cr = state->after_cr,
                               .line = state->lines};
    bool found = weir__rows_next(&cut->rows, &trace, bytes, n, used) != ROWS_NONE;
    *state = (struct split_state){trace.state, trace.after_cr, trace.line};
    return found;
}

static unsigned guess_state(void *context, const char *bytes, size_t n)
{
    return weir__rows_guess(&((const struct cut *)context)->rows, bytes, n);
}

static bool states_meet(void *context, unsigned a, unsigned b, const char *bytes, size_t n)
{
    const struct cut *cut = context;
    return weir__rows_meet(&cut->rows, (enum rows_state)a, (enum rows_state)b, bytes, n);
}

static bool is_unfinished(unsigned machine)
{
    return machine == ROWS_QUOTED;
}

static const struct split_format split_format = {scan_rows,   next_row,      guess_state,
                                                 states_meet, correct_marks, is_unfinished};
_Static_assert(ROWS_ROW == 0, "a record's start, for splits");

/* ---- the stage ---- */

static int cut_configure(struct weir_stage *stage)
{
    struct cut *cut = calloc(1, sizeof(*cut));
    stage->self = cut;
    if (cut == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    const struct csv_dialect dialect = weir__csv_dialect(stage);
    weir__csv_rows(stage, &dialect, &cut->rows);
    stage->irreplaceable = weir__input_is_standard(stage);
    return 0;
}

static int cut_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    schema->raw = true;
    return weir__types_set(stage, schema);
}

static int cut_open(struct weir_stage *stage)
{
    struct cut *cut = stage->self;
    int rc = weir__csv_layout_read(stage, &cut->layout);
    if (rc < 0)
        return rc;
    weir__source_open(&cut->source, stage, &format, cut, cut->layout.file);
    return weir__splits_open(&cut->splits, stage, &split_format, cut, cut->layout.file);
}

static int cut_read_split(struct weir_stage *stage, uint64_t split, struct weir_batch *ret)
{
    struct cut *cut = stage->self;
    int rc = weir__splits_read(&cut->splits, split, ret);
    if (rc == 0 && ret->byte_count > 0) {
        weir__marks_begin(&cut->marks, (size_t)(ret->bytes - cut->splits.bytes));
        ret->notes = &cut->marks;
    }
    return rc;
}

static int cut_produce(struct weir_stage *stage, struct weir_output *out)
{
    struct cut *cut = stage->self;
    return weir__source_produce(&cut->source, out);
}

static void cut_close(struct weir_stage *stage)
{
    struct cut *cut = stage->self;
    if (cut == NULL)
        return;
    weir__source_close(&cut->source);
    weir__splits_close(&cut->splits);
    weir__marks_release(&cut->marks);
    weir__csv_layout_release(&cut->layout);
    free(cut);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_cut = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.cut",
    .summary = "cuts CSV files into batches of whole rows",
    .options = weir__csv_read_options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct source_state),
    .configure = cut_configure,
    .probe = weir__csv_probe,
    .bind = cut_bind,
    .open = cut_open,
    .produce = cut_produce,
    .read_split = cut_read_split,
    .close = cut_close,
};
