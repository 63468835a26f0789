#include "hash/manifest.h"

#include "file/write.h"

const struct weir_option weir__manifest_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    {"format", WEIR_OPT_ENUM, "sha256sum", "sha256sum|bsd|csv|json", false,
     "lines like those of sha256sum, or of sha256sum --tag; or all columns as CSV with a header, "
     "or "
     "as an object of JSON a line"},
    {"zero", WEIR_OPT_BOOL, "false", NULL, false,
     "end lines with NUL and write names as they are, as sha256sum --zero does"},
    {"column", WEIR_OPT_STRING, "digest", NULL, false, "the column of the digests"},
    {"algorithm", WEIR_OPT_STRING, "sha256", NULL, false,
     "the name of the digest in lines of the format bsd"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_manifest_format, &weir_file_write,
                                                      NULL};

const struct weir_stage_type weir_manifest_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.write",
    .summary = "writes digests and names of files as sha256sum does",
    .doc =
        "Writes a line for each record: its digest and its path, byte for byte as sha256sum of "
        "coreutils 9.1 does, which can check them: sha256sum --check. A name with a newline, a "
        "carriage return or a backslash is escaped as there. A record without a digest is left "
        "out, and counted as dropped: file.hash has said why. The lines come in the order of "
        "the records; to have them in that of their paths, put a stage of type sort before, by: "
        "path.\n\n"
        "The formats csv and json are for other programs: they have every column, of every "
        "record, as csv.write and jsonl.write write them. The file is published as csv.write does "
        "it.",
    .options = weir__manifest_write_options,
    .traits = WEIR_SINK,
    .inner = inner,
};
