/*
 * new.c - `pipeline new`: a pipeline file to begin with.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"

static const struct {
    const char *name, *summary, *text;
} kinds[] = {
    {"csv", "a CSV file cleaned and computed; bad rows in files of their own",
     "version: 1\n"
     "name: clean\n"
     "run: {max_rejected: 1%}        # more bad records than that make the run end with exit code "
     "1\n"
     "vars: {in: in.csv, out: out.csv}\n"
     "stages:\n"
     "  - id: read\n"
     "    type: csv.read\n"
     "    on_error: reject            # or stop, the default; drop; set_null\n"
     "    rejects: {path: bad-rows.csv}\n"
     "    with: {path: \"${in}\"}\n"
     "  - id: clean\n"
     "    type: transform\n"
     "    on_error: reject\n"
     "    rejects: {path: bad-values.csv}\n"
     "    with: {}\n"
     "      # where: \"quantity > 0\"\n"
     "      # set: {total: \"round(quantity * price, 2)\"}\n"
     "      # select: [id, total]\n"
     "  - id: write\n"
     "    type: csv.write\n"
     "    with: {path: \"${out}\"}\n"},
    {"group", "a CSV file grouped, with counts and sums, and sorted",
     "version: 1\n"
     "name: group\n"
     "vars: {in: in.csv, out: groups.csv}\n"
     "stages:\n"
     "  - id: read\n"
     "    type: csv.read\n"
     "    with: {path: \"${in}\"}\n"
     "  - id: groups\n"
     "    type: aggregate\n"
     "    with:\n"
     "      # by: [country]           # without it all records are one group\n"
     "      set:\n"
     "        records: count(*)\n"
     "        # total: sum(amount)\n"
     "  - id: sort\n"
     "    type: sort\n"
     "    with: {by: [records desc]}\n"
     "  - id: write\n"
     "    type: csv.write\n"
     "    with: {path: \"${out}\"}\n"},
    {"hash", "the SHA-256 of every file of a folder, as sha256sum writes it",
     "version: 1\n"
     "name: hash\n"
     "vars: {root: photos, out: SHA256SUMS}\n"
     "stages:\n"
     "  - id: list\n"
     "    type: file.list\n"
     "    with: {root: \"${root}\"}\n"
     "  - id: hash\n"
     "    type: file.hash\n"
     "    with: {algorithm: sha256}\n"
     "  - id: write\n"
     "    type: manifest.write\n"
     "    with: {path: \"${out}\"}\n"},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int new_file(const struct arguments *args, const struct report *report)
{
    struct weir_err err;
    const char *names[KINDS + 1] = {NULL};
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].name;
        if (args->operand == NULL)
            printf("%-6s %s\n", kinds[i].name, kinds[i].summary);
        else if (strcmp(args->operand, kinds[i].name) == 0) {
            fputs(kinds[i].text, stdout);
            return EXIT_SUCCESS;
        }
    }
    if (args->operand == NULL)
        return EXIT_SUCCESS;
    weir_err_set(&err, WEIR_EUSAGE, "there is no pipeline '%s' to begin with", args->operand);
    nearest_note(&err, "", args->operand, names);
    return report_error(report, &err);
}

const struct command command_new = {
    .name = "new",
    .taker = TAKER_OTHERS,
    .operand = "[KIND]",
    .summary = "print a pipeline file to begin with",
    .doc =
        "Prints a pipeline file of that kind on standard output, to be changed: pipeline new csv "
        ">clean.yaml\nWithout KIND, lists what there is.",
    .run = new_file,
};
