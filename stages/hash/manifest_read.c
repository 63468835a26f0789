#include "hash/manifest.h"

#include "file/lines.h"

const struct weir_option weir__manifest_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true,
     "the manifest or manifests to read; \"-\" is standard input"},
    {"algorithm", WEIR_OPT_STRING, "sha256", NULL, false, "the digest that they are of"},
    {"zero", WEIR_OPT_BOOL, "false", NULL, false,
     "lines end with NUL and names are as they are, as sha256sum --zero writes them"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_lines_cut, &weir_manifest_parse, NULL};

const struct weir_stage_type weir_manifest_read = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.read",
    .summary = "reads digests and names of files as sha256sum writes them",
    .doc =
        "Reads the lines that sha256sum, sha256sum --tag, shasum and openssl dgst write, and gives "
        "the columns path and expected, the digest in small letters. Names are unescaped. Blank "
        "lines and those that begin with # are passed over. Any other line, one of another "
        "digest too, is improperly formatted, and rejected.",
    .options = weir__manifest_read_options,
    .traits = WEIR_SOURCE | WEIR_REJECTS,
    .inner = inner,
};
