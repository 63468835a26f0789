#include "hash/manifest.h"

const struct weir_option weir__manifest_check_options[] = {
    {"path", WEIR_OPT_PATH, "-", NULL, false,
     "the file to write the report to; \"-\" is standard output"},
    {"quiet", WEIR_OPT_BOOL, "false", NULL, false, "write no line for a file that is as expected"},
    {"extra", WEIR_OPT_ENUM, "report", "report|fail|ignore", false,
     "what to do with a file that nobody expects: write a line, count it as failed as well, or "
     "neither"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_manifest_moves, &weir_manifest_compare,
                                                      &weir_manifest_report, NULL};

const struct weir_stage_type weir_manifest_check = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.check",
    .summary = "compares digests with those expected, as sha256sum --check does",
    .doc =
        "Compares the columns expected, which manifest.read makes, and digest, which file.hash "
        "makes, and writes a line for each path, as sha256sum --check does: OK, FAILED, or "
        "FAILED open or read. A record with a path and nothing expected, which a full join with "
        "the "
        "files that are there makes, is a file that the manifest does not know: its line says "
        "EXTRA. At the end it warns how many there were. A digest that differs is "
        "counted as failed, so that the program "
        "ends with 1 unless max_failed allows it.\n\n"
        "Unless extra is ignore, a file that is listed and not there, and one of the same digest "
        "that is not listed, are one that was moved: OLD -> NEW: MOVED, counted as failed "
        "once. Of several of one digest the first that is missing goes with the first that is "
        "extra. "
        "Files without content are never taken for one another. What is missing or extra "
        "therefore comes last in the report. Up to 8 MiB of names and digests are held back for "
        "that; "
        "what is beyond is told as missing and extra at once, and a warning says how many those "
        "are.",
    .options = weir__manifest_check_options,
    .traits = WEIR_SINK,
    .inner = inner,
};
