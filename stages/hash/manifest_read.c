#include "hash/manifest.h"

#include "file/lines.h"
#include "file/source.h"

const struct weir_option weir__manifest_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true,
     "the manifest or manifests to read; \"-\" is standard input"},
    {"algorithm", WEIR_OPT_STRING, "sha256", NULL, false, "the digest that they are of"},
    {"zero", WEIR_OPT_BOOL, "false", NULL, false,
     "lines end with NUL and names are as they are, as sha256sum --zero writes them"},
    {0}};

/* manifest.cut: lines.cut in one seat, as manifest.parse is, which cuts small: a batch is what one worker
 * hashes, however large the files are, and those of a short manifest are for all of them. */
enum { FIRST_BYTES = 4096, FIRST_BATCH = 128, BATCH = 8192 };

static int cut_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    int rc = weir_lines_cut.probe(stage, ret);
    ret->splits = 0;
    return rc;
}

static int cut_configure(struct weir_stage *stage)
{
    return weir_lines_cut.configure(stage);
}

static int cut_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    return weir_lines_cut.bind(stage, schema);
}

static int cut_open(struct weir_stage *stage)
{
    return weir_lines_cut.open(stage);
}

static int cut_produce(struct weir_stage *stage, struct weir_output *out)
{
    const struct source_state *state = stage->state;
    out->capacity = state->offset < FIRST_BYTES ? FIRST_BATCH : BATCH;
    return weir_lines_cut.produce(stage, out);
}

static void cut_close(struct weir_stage *stage)
{
    weir_lines_cut.close(stage);
}

static const struct weir_stage_type manifest_cut = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.cut",
    .summary = "cuts manifests into batches of whole lines",
    .options = weir__manifest_read_options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_INNER | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(struct source_state),
    .configure = cut_configure,
    .probe = cut_probe,
    .bind = cut_bind,
    .open = cut_open,
    .produce = cut_produce,
    .close = cut_close,
};

static const struct weir_stage_type *const inner[] = {&manifest_cut, &weir_manifest_parse, NULL};

const struct weir_stage_type weir_manifest_read = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.read",
    .summary = "reads digests and names of files as sha256sum writes them",
    .doc =
        "Reads the lines that sha256sum, sha256sum --tag, shasum and openssl dgst write, and gives "
        "the columns path and expected, the digest in small letters. Names are unescaped. Blank "
        "lines and those that begin with # are passed over. Any other line, one of another "
        "digest too, is improperly formatted, and rejected. A warning at the end says how many "
        "there "
        "were: with on_error: drop there is nothing else, as of sha256sum --check, with reject the "
        "exit code is 1 too, as of its --strict. If no line at all is properly formatted, that "
        "counts "
        "as a record that has failed.",
    .options = weir__manifest_read_options,
    .traits = WEIR_SOURCE | WEIR_REJECTS,
    .inner = inner,
};
