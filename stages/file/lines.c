/* lines.cut: reads files and cuts them into batches of whole lines. */
#include "file/lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file/input.h"
#include "file/source.h"
#include "file/split.h"
#include "file/text.h"

struct cut {
    char end; /* of a line */
    struct source source;
    struct splits splits;
    struct source_file *file;
};

static uint64_t count_ends(const char *bytes, size_t n, char end)
{
    uint64_t ends = 0;
    for (size_t i = 0; i < n; i++)
        ends += bytes[i] == end;
    return ends;
}

uint64_t weir__lines_count(const char *bytes, size_t n)
{
    return count_ends(bytes, n, '\n');
}

static size_t cut_lines(void *context, const char *bytes, size_t n, bool last, uint64_t *ret_lines)
{
    const struct cut *cut = context;
    const char *end = n == 0 ? NULL : memrchr(bytes, cut->end, n);
    size_t whole = end == NULL ? 0 : (size_t)(end - bytes) + 1;
    *ret_lines = count_ends(bytes, whole, cut->end);
    return last ? n : whole;
}

static bool skip_line(void *context, const char *bytes, size_t n, bool first, size_t *used,
                      uint64_t *ret_lines)
{
    const struct cut *cut = context;
    (void)first;
    const char *end = n == 0 ? NULL : memchr(bytes, cut->end, n);
    *used = end == NULL ? n : (size_t)(end - bytes) + 1;
    *ret_lines = end != NULL;
    return end != NULL;
}

static const struct weir_option options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true, "the file or files to read"},
    {"zero", WEIR_OPT_BOOL, "false", NULL, false, "lines end with NUL"},
    {0}};

static const struct source_format format = {cut_lines, skip_line};

/* ---- for the stage behind ---- */

int weir__lines_reject_large(struct weir_stage *stage, const struct weir_batch *in,
                             uint64_t *cursor)
{
    struct weir_position position = in->origin;
    char size[TEXT_FIGURE], limit[TEXT_FIGURE];
    position.offset += in->whole_at;
    position.line += weir__lines_count(in->bytes, in->whole_at);
    position.raw = in->bytes + in->whole_at;
    position.raw_bytes = in->byte_count - in->whole_at;
    int verdict = weir_reject_at(
        stage, &position, NULL, "a line of %s is larger than max_record (%s)",
        weir__text_bytes(in->whole_bytes, size), weir__text_limit(weir_max_record(stage), limit));
    if (verdict != WEIR_SKIP)
        return verdict < 0 ? verdict : 0;
    stage->count.in++;
    *cursor = UINT64_MAX;
    return 0;
}

size_t weir__lines_first_record(struct weir_stage *stage, const struct weir_batch *in,
                                uint64_t *ret_lines)
{
    (void)stage;
    const char *end = in->byte_count == 0 ? NULL : memchr(in->bytes, '\n', in->byte_count);
    *ret_lines = end != NULL;
    bool whole = in->whole_bytes != 0 && in->whole_at == 0;
    return end == NULL || whole ? in->byte_count : (size_t)(end - in->bytes) + 1;
}

/* ---- for splits: the machine is 1 within a line ---- */

static void scan_lines(void *context, struct split_state *state, const char *bytes, size_t n)
{
    const struct cut *cut = context;
    state->lines += count_ends(bytes, n, cut->end);
    if (n > 0)
        state->machine = bytes[n - 1] != cut->end;
}

static bool next_line(void *context, struct split_state *state, const char *bytes, size_t n,
                      size_t *used)
{
    bool found = skip_line(context, bytes, n, false, used, &(uint64_t){0});
    scan_lines(context, state, bytes, *used);
    return found;
}

static unsigned guess_machine(void *context, const char *bytes, size_t n)
{
    (void)context, (void)bytes, (void)n;
    return 1;
}

static bool machines_meet(void *context, unsigned a, unsigned b, const char *bytes, size_t n)
{
    (void)context, (void)bytes;
    return a == b || n > 0;
}

static bool is_unfinished(unsigned machine)
{
    (void)machine;
    return false;
}

static const struct split_format split_format = {scan_lines,    next_line, guess_machine,
                                                 machines_meet, NULL,      is_unfinished};

/* ---- the stage ---- */

static int cut_configure(struct weir_stage *stage)
{
    struct cut *cut = calloc(1, sizeof(*cut));
    stage->irreplaceable = weir__input_is_standard(stage);
    stage->self = cut;
    if (cut == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    cut->end = weir_option_number(stage, "zero") == 1 ? '\0' : '\n';
    return 0;
}

/* ---- what the probe leaves for the workers: a line for each file, its size, or i for standard
 * input ---- */

static int read_layout(struct weir_stage *stage, const char *at, size_t files,
                       struct source_file **ret)
{
    struct source_file *file = *ret = calloc(files + 1, sizeof(*file));
    if (file == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the list of files");
    for (size_t i = 0; i < files && at != NULL && *at != '\0'; i++) {
        file[i].standard_input = *at == 'i';
        file[i].bytes = strtoull(at, NULL, 10);
        at = strchrnul(at, '\n');
        at += *at == '\n';
    }
    return 0;
}

static int probe_file(struct weir_stage *stage, const char *path, struct weir_probe *probe,
                      FILE *to, bool *unknown)
{
    struct input input;
    int rc = weir__input_open(stage, path, &input);
    if (rc < 0)
        return rc;
    if (input.standard)
        fputs("i\n", to);
    else
        fprintf(to, "%" PRIu64 "\n", input.bytes);
    *unknown |= input.pipe;
    probe->bytes += input.bytes;
    weir__input_close(&input);
    return 0;
}

static int cut_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    size_t bytes;
    struct source_file *file = NULL;
    bool unknown = false; /* what a pipe will bring */
    FILE *to = open_memstream(&ret->text, &bytes);
    if (to == NULL || weir_schema_add(&ret->schema, "line", WEIR_TEXT) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory to look at the files");
    int rc = weir__input_find(stage, ret);
    for (size_t i = 0; rc == 0 && i < ret->files; i++)
        rc = probe_file(stage, ret->file[i], ret, to, &unknown);
    if (fclose(to) != 0 && rc == 0)
        rc = weir_fail(stage, WEIR_EOS, "no memory to look at the files");
    if (rc == 0)
        rc = read_layout(stage, ret->text, ret->files, &file);
    if (rc == 0)
        ret->splits = weir__splits_count(stage, file, ret->files);
    if (unknown)
        ret->bytes = 0;
    free(file);
    return rc;
}

static int cut_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    (void)stage;
    schema->raw = true;
    return 0;
}

static int cut_open(struct weir_stage *stage)
{
    struct cut *cut = stage->self;
    int rc = read_layout(stage, weir_probed(stage), weir_probed_files(stage), &cut->file);
    if (rc < 0)
        return rc;
    weir__source_open(&cut->source, stage, &format, cut, cut->file);
    return weir__splits_open(&cut->splits, stage, &split_format, cut, cut->file);
}

static int cut_read_split(struct weir_stage *stage, uint64_t split, struct weir_batch *ret)
{
    struct cut *cut = stage->self;
    return weir__splits_read(&cut->splits, split, ret);
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
    free(cut->file);
    free(cut);
    stage->self = NULL;
}

const struct weir_stage_type weir_lines_cut = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.cut",
    .summary = "cuts text files into batches of whole lines",
    .options = options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct source_state),
    .configure = cut_configure,
    .probe = cut_probe,
    .bind = cut_bind,
    .open = cut_open,
    .produce = cut_produce,
    .read_split = cut_read_split,
    .close = cut_close,
};
