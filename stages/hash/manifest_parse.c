/* manifest.parse: makes records of a manifest's lines. The cursor is a byte offset in the input. One seat
 * sees all lines, and says at the end how many were none. */
#include "hash/manifest.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "file/text.h"
#include "hash/name.h"
#include "file/record.h"

enum { PATH, EXPECTED, COLUMNS };
enum { CALL_RECORDS = 1024, TAG = 64 };

struct parse_state {
    uint64_t taken, malformed; /* lines */
};

struct parse {
    EVP_MD *type;
    size_t digits;
    char end; /* of a line; names are escaped only where it is a newline */
    struct records records;
    char *name; /* of the line at hand, changed in place */
    size_t name_capacity;
};

static int parse_configure(struct weir_stage *stage)
{
    struct parse *parse = calloc(1, sizeof(*parse));
    const char *algorithm = weir_option_string(stage, "algorithm");
    stage->self = parse;
    if (parse == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    parse->type = EVP_MD_fetch(NULL, algorithm, NULL);
    if (parse->type == NULL)
        return weir_option_error(stage, "algorithm", NULL, 0, 0, NULL, "OpenSSL has no digest '%s'",
                                 algorithm);
    parse->end = weir_option_number(stage, "zero") == 1 ? '\0' : '\n';
    parse->digits = 2 * (size_t)EVP_MD_get_size(parse->type);
    return 0;
}

static int parse_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    if (weir_schema_add(schema, "path", WEIR_TEXT) < 0 ||
        weir_schema_add(schema, "expected", WEIR_TEXT) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static int parse_open(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (weir__records_init(&parse->records, COLUMNS, CALL_RECORDS) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a batch");
    return 0;
}

/* ---- one line ---- */

struct span {
    const char *at;
    size_t bytes;
};

static void advance(struct span *span, size_t n)
{
    span->at += n;
    span->bytes -= n;
}

static void skip_blanks(struct span *span)
{
    while (span->bytes > 0 && (*span->at == ' ' || *span->at == '\t'))
        advance(span, 1);
}

static bool is_digest(const struct parse *parse, const struct span *span)
{
    if (span->bytes < parse->digits)
        return false;
    for (size_t i = 0; i < parse->digits; i++)
        if (!isxdigit((unsigned char)span->at[i]))
            return false;
    return true;
}

/* "DIGEST  NAME" or "DIGEST *NAME"; some write but one blank. */
static bool split_plain(const struct parse *parse, struct span line, struct span *name,
                        struct span *digest)
{
    if (!is_digest(parse, &line))
        return false;
    *digest = (struct span){line.at, parse->digits};
    advance(&line, parse->digits);
    if (line.bytes < 2 || (*line.at != ' ' && *line.at != '\t'))
        return false;
    advance(&line, 1);
    if (line.bytes > 1 && (*line.at == ' ' || *line.at == '*'))
        advance(&line, 1);
    *name = line;
    return true;
}

/* "SHA256 (NAME) = DIGEST"; OpenSSL has no blank before the parenthesis and the sign. */
static bool split_tagged(const struct parse *parse, struct span line, struct span *name,
                         struct span *digest)
{
    char tag[TAG];
    const char *open = memchr(line.at, '(', line.bytes), *close = memrchr(line.at, ')', line.bytes);
    if (open == NULL || close == NULL || close < open || open - line.at >= TAG)
        return false;
    size_t n = (size_t)(open - line.at);
    n -= n > 0 && open[-1] == ' ';
    snprintf(tag, sizeof(tag), "%.*s", (int)n, line.at);
    if (!EVP_MD_is_a(parse->type, tag))
        return false;
    *name = (struct span){open + 1, (size_t)(close - open) - 1};
    struct span rest = {close + 1, line.bytes - (size_t)(close + 1 - line.at)};
    skip_blanks(&rest);
    if (rest.bytes == 0 || *rest.at != '=')
        return false;
    advance(&rest, 1);
    skip_blanks(&rest);
    *digest = rest;
    return rest.bytes == parse->digits && is_digest(parse, &rest);
}

static bool keep_name(struct parse *parse, const struct span *name)
{
    if (name->bytes > parse->name_capacity) {
        free(parse->name);
        parse->name_capacity = 2 * name->bytes;
        parse->name = malloc(parse->name_capacity);
        if (parse->name == NULL) {
            parse->name_capacity = 0;
            return false;
        }
    }
    if (name->bytes > 0)
        memcpy(parse->name, name->at, name->bytes);
    return true;
}

enum outcome { TAKEN, PASSED_OVER, MALFORMED, NO_MEMORY };

/* As sha256sum reads a line. */
static enum outcome parse_line(struct parse *parse, struct span line)
{
    struct span name, digest;
    char expected[2 * EVP_MAX_MD_SIZE];
    bool plain = parse->end == '\0';
    line.bytes -= !plain && line.bytes > 0 && line.at[line.bytes - 1] == '\r';
    if (line.bytes == 0 || *line.at == '#')
        return PASSED_OVER;
    skip_blanks(&line);
    bool escaped = !plain && line.bytes > 0 && *line.at == '\\';
    advance(&line, escaped);
    if (line.bytes == 0 ||
        (!split_plain(parse, line, &name, &digest) && !split_tagged(parse, line, &name, &digest)))
        return MALFORMED;
    if (!keep_name(parse, &name))
        return NO_MEMORY;
    long n = escaped ? weir__name_unescape(parse->name, name.bytes) : (long)name.bytes;
    if (n <= 0)
        return MALFORMED;
    for (size_t i = 0; i < digest.bytes; i++)
        expected[i] = (char)tolower((unsigned char)digest.at[i]);
    int rc = weir__records_set(&parse->records, PATH, parse->name, (size_t)n);
    rc |= weir__records_set(&parse->records, EXPECTED, expected, digest.bytes);
    weir__records_end(&parse->records);
    return rc < 0 ? NO_MEMORY : TAKEN;
}

/* ---- batches ---- */

static uint64_t count_lines(const char *bytes, size_t n, char end)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == end;
    return lines;
}

/* The line, or of one that is too large the beginning, at an offset of the input. */
static int refuse(struct weir_stage *stage, const struct weir_batch *in, size_t at, size_t bytes)
{
    const struct parse *parse = stage->self;
    char limit[TEXT_FIGURE];
    struct weir_position position = in->origin;
    position.offset += at;
    position.line += count_lines(in->bytes, at, parse->end);
    position.raw = in->bytes + at;
    position.raw_bytes = bytes;
    if (in->whole_bytes != 0)
        return weir_reject_at(stage, &position, NULL, "a line is larger than max_record (%s)",
                              weir__text_limit(weir_max_record(stage), limit));
    return weir_reject_at(stage, &position, NULL, "improperly formatted line");
}

static int parse_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct parse *parse = stage->self;
    struct parse_state *state = stage->state;
    size_t begin = (size_t)*cursor, at = begin;
    weir__records_clear(&parse->records);
    while (at < in->byte_count && parse->records.count < CALL_RECORDS) {
        const char *line = in->bytes + at, *end = memchr(line, parse->end, in->byte_count - at);
        size_t n = end == NULL ? in->byte_count - at : (size_t)(end - line);
        enum outcome outcome =
            in->whole_bytes != 0 ? MALFORMED : parse_line(parse, (struct span){line, n});
        if (outcome == NO_MEMORY)
            return weir_fail(stage, WEIR_EOS, "no memory for a line");
        int verdict = outcome == MALFORMED ? refuse(stage, in, at, n) : WEIR_SKIP;
        if (verdict < 0 && at == begin)
            return verdict;
        if (verdict != WEIR_SKIP)
            break; /* what stands before it goes on first */
        stage->count.in += outcome != PASSED_OVER;
        state->taken += outcome == TAKEN;
        state->malformed += outcome == MALFORMED;
        at += n + (end != NULL);
    }
    out->batch =
        (struct weir_batch){.records = parse->records.count,
                            .columns = COLUMNS,
                            .column = weir__records_columns(&parse->records, stage->needed),
                            .origin = {.file = in->origin.file}};
    *cursor = at < in->byte_count ? at : UINT64_MAX;
    return 0;
}

/* Messages as those of sha256sum --check. A manifest that lists nothing is no manifest: it counts as a
 * record that has failed. */
static int parse_finish(struct weir_stage *stage, struct weir_output *out)
{
    const struct parse_state *state = stage->state;
    (void)out;
    if (state->taken == 0) {
        const char *const *path;
        bool one = weir_option_list(stage, "path", &path) == 1;
        fprintf(stderr, "%s: no properly formatted checksum lines found\n",
                one ? weir__text_input(path[0]) : "manifests");
        stage->count.in++;
        stage->count.failed++;
    } else {
        weir__manifest_warn(state->malformed, "line is improperly formatted",
                            "lines are improperly formatted");
    }
    return 0;
}

static size_t parse_first_record(struct weir_stage *stage, const struct weir_batch *in,
                                 uint64_t *ret_lines)
{
    const struct parse *parse = stage->self;
    const char *end = in->byte_count == 0 ? NULL : memchr(in->bytes, parse->end, in->byte_count);
    *ret_lines = end != NULL;
    return end == NULL || in->whole_bytes != 0 ? in->byte_count : (size_t)(end - in->bytes) + 1;
}

static void parse_close(struct weir_stage *stage)
{
    struct parse *parse = stage->self;
    if (parse == NULL)
        return;
    EVP_MD_free(parse->type);
    weir__records_release(&parse->records);
    free(parse->name);
    free(parse);
    stage->self = NULL;
}

const struct weir_stage_type weir_manifest_parse = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.parse",
    .summary = "makes records of the lines of a manifest",
    .options = weir__manifest_read_options,
    .traits = WEIR_ONE_SEAT | WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .state_bytes = sizeof(struct parse_state),
    .configure = parse_configure,
    .bind = parse_bind,
    .open = parse_open,
    .process = parse_process,
    .finish = parse_finish,
    .first_record = parse_first_record,
    .close = parse_close,
};
