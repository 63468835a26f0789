/* lines.cut: reads the files of lines.read and cuts them into batches of whole lines. */
#include "lines/lines.h"

#include <stdlib.h>
#include <string.h>

#include "file/input.h"
#include "file/source.h"

struct cut {
    struct source source;
    struct source_file *file;
};

static size_t cut_lines(void *context, const char *bytes, size_t n, bool last, uint64_t *ret_lines)
{
    (void)context;
    const char *end = n == 0 ? NULL : memrchr(bytes, '\n', n);
    size_t cut = end == NULL ? 0 : (size_t)(end - bytes) + 1;
    uint64_t lines = 0;
    for (size_t i = 0; i < cut; i++)
        lines += bytes[i] == '\n';
    *ret_lines = lines;
    return last ? n : cut;
}

static bool skip_line(void *context, const char *bytes, size_t n, bool first, size_t *used,
                      uint64_t *ret_lines)
{
    (void)context, (void)first;
    const char *end = n == 0 ? NULL : memchr(bytes, '\n', n);
    *used = end == NULL ? n : (size_t)(end - bytes) + 1;
    *ret_lines = end != NULL;
    return end != NULL;
}

static const struct source_format format = {cut_lines, skip_line};

static int cut_configure(struct weir_stage *stage)
{
    stage->irreplaceable = weir__input_is_standard(stage);
    stage->self = calloc(1, sizeof(struct cut));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

/* The probe's text has a letter for each file: i for standard input. */
static int cut_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    int rc = weir__input_find(stage, ret);
    ret->text = calloc(ret->files + 1, 1);
    if (rc == 0 && (ret->text == NULL || weir_schema_add(&ret->schema, "line", WEIR_TEXT) < 0))
        rc = weir_fail(stage, WEIR_EOS, "no memory to look at the files");
    bool unknown = false;
    for (size_t i = 0; rc == 0 && i < ret->files; i++) {
        struct input input;
        rc = weir__input_open(stage, ret->file[i], &input);
        if (rc < 0)
            break;
        ret->text[i] = input.pipe ? 'i' : 'f';
        ret->bytes += input.bytes;
        unknown |= input.pipe;
        weir__input_close(&input);
    }
    if (unknown)
        ret->bytes = 0;
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
    size_t files = weir_probed_files(stage);
    const char *probed = weir_probed(stage);
    cut->file = calloc(files + 1, sizeof(*cut->file));
    if (cut->file == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the list of files");
    for (size_t i = 0; i < files && probed != NULL && probed[i] != '\0'; i++)
        cut->file[i].standard_input = probed[i] == 'i';
    weir__source_open(&cut->source, stage, &format, cut, cut->file);
    return 0;
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
    free(cut->file);
    free(cut);
    stage->self = NULL;
}

const struct weir_stage_type weir_lines_cut = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.cut",
    .summary = "cuts text files into batches of whole lines",
    .options = weir__lines_read_options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER,
    .state_bytes = sizeof(struct source_state),
    .configure = cut_configure,
    .probe = cut_probe,
    .bind = cut_bind,
    .open = cut_open,
    .produce = cut_produce,
    .close = cut_close,
};
