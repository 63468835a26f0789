#include <weir/stage.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* stage */
#include "stage/runtime.h"

#define RAW_MAX (64u << 10) /* bytes of a rejected record that are kept */

/* ---- options ---- */

bool weir_option_given(const struct weir_stage *stage, const char *name)
{
    return weir__settings_given(stage->runtime->settings, name);
}

const char *weir_option_string(const struct weir_stage *stage, const char *name)
{
    return weir__settings_string(stage->runtime->settings, name);
}

int64_t weir_option_number(const struct weir_stage *stage, const char *name)
{
    return weir__settings_number(stage->runtime->settings, name);
}

size_t weir_option_list(const struct weir_stage *stage, const char *name, const char *const **ret)
{
    return weir__settings_list(stage->runtime->settings, name, ret);
}

size_t weir_option_map(const struct weir_stage *stage, const char *name,
                       const struct weir_pair **ret)
{
    return weir__settings_map(stage->runtime->settings, name, ret);
}

int64_t weir_option_member(const struct weir_stage *stage, const char *name, const char *member)
{
    return weir__settings_member(stage->runtime->settings, name, member);
}

int weir_option_error(struct weir_stage *stage, const char *name, const char *key, size_t offset,
                      size_t span, const char *note, const char *format, ...)
{
    struct weir_err local;
    struct stage_runtime *runtime = stage->runtime;
    struct weir_err *err =
        runtime->errors != NULL ? weir_errors_add(runtime->errors) : runtime->err;
    if (err == NULL)
        err = &local;
    memset(err, 0, sizeof(*err));
    err->code = WEIR_ECONFIG;
    snprintf(err->stage, sizeof(err->stage), "%s", stage->id);
    if (note != NULL)
        snprintf(err->note, sizeof(err->note), "%s", note);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    const struct node *node = weir__settings_node(runtime->settings, name, key);
    if (node != NULL && offset == WEIR_OPTION_KEY && node->key != NULL)
        weir__node_place_key(node, err);
    else if (node != NULL)
        weir__node_place(node, offset == WEIR_OPTION_KEY ? 0 : offset, span, err);
    return WEIR_ECONFIG;
}

/* ---- failing ---- */

static void stage_context(struct weir_stage *stage)
{
    struct weir_err *err = stage->runtime->err;
    if (err == NULL)
        return;
    snprintf(err->stage, sizeof(err->stage), "%s", stage->id);
    weir_err_context(err, "stage '%s'", stage->id);
}

int weir_fail(struct weir_stage *stage, int code, const char *format, ...)
{
    char text[sizeof(((struct weir_err *)0)->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    weir_err_set(stage->runtime->err, code, "%s", text);
    stage_context(stage);
    return code;
}

int weir_fail_errno(struct weir_stage *stage, int code, const char *format, ...)
{
    int saved = errno;
    char text[sizeof(((struct weir_err *)0)->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    errno = saved;
    code = weir_err_errno(stage->runtime->err, code, "%s", text);
    stage_context(stage);
    errno = saved;
    return code;
}

/* ---- rejecting ---- */

const char *weir_file_name(const struct weir_stage *stage, uint32_t file)
{
    const struct run_facts *facts = stage->runtime->facts;
    if (facts == NULL || file >= facts->files)
        return "(input)";
    return strcmp(facts->file[file], "-") == 0 ? "(standard input)" : facts->file[file];
}

/* Adds text as a CSV field; NULL is null, which is written as nothing. False if there is no room.
 */
static bool add_field(struct reject_room *room, const char *text, size_t n, char end)
{
    bool quote = text != NULL && n == 0;
    for (size_t i = 0; i < n && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    char *at = room->bytes + room->used, *limit = room->bytes + room->capacity;
    if ((size_t)(limit - at) < n + 3)
        return false;
    if (quote)
        *at++ = '"';
    for (size_t i = 0; i < n; i++) {
        if (limit - at < 4)
            return false;
        if (text[i] == '"')
            *at++ = '"';
        *at++ = text[i];
    }
    if (quote)
        *at++ = '"';
    *at++ = end;
    room->used = (size_t)(at - room->bytes);
    return true;
}

static bool add_text(struct reject_room *room, const char *text, char end)
{
    return add_field(room, text, text == NULL ? 0 : strlen(text), end);
}

static bool add_number(struct reject_room *room, bool known, uint64_t number, char end)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    return add_text(room, known ? text : NULL, end);
}

static bool add_row(struct reject_room *room, const struct weir_stage *stage,
                    const struct weir_position *position, const char *column, const char *reason)
{
    bool placed = position->line != 0;
    const char *file = position->file != UINT32_MAX ? weir_file_name(stage, position->file) : NULL;
    /* Quotes may double the raw bytes; a part of the slot is left for the rest. */
    size_t raw = position->raw == NULL ? 0 : position->raw_bytes;
    size_t most = room->capacity / 8 * 3, before = room->used;
    raw = raw > RAW_MAX ? RAW_MAX : raw;
    raw = raw > most ? most : raw;
    bool fits = add_text(room, file, ',') && add_number(room, placed, position->line, ',') &&
                add_number(room, placed, position->offset, ',') && add_text(room, column, ',') &&
                add_text(room, reason, ',') && add_field(room, position->raw, raw, '\n');
    if (!fits)
        room->used = before;
    else
        room->rows++;
    return fits;
}

/* The same for programs. */
void weir__place_record(const struct weir_stage *stage, const struct weir_position *position,
                        const char *column, struct weir_err *err)
{
    if (position->file != UINT32_MAX && position->line != 0) {
        err->record.line = position->line;
        err->record.byte = position->offset;
        snprintf(err->record.file, sizeof(err->record.file), "%s",
                 weir_file_name(stage, position->file));
    }
    if (column != NULL)
        snprintf(err->record.column, sizeof(err->record.column), "%s", column);
}

bool weir__position_text(const struct weir_stage *stage, const struct weir_position *position,
                         char *to, size_t room)
{
    if (position->file == UINT32_MAX || position->line == 0)
        return false;
    snprintf(to, room, "%s:%" PRIu64 " (byte %" PRIu64 ")", weir_file_name(stage, position->file),
             position->line, position->offset);
    return true;
}

static int stop(struct weir_stage *stage, const struct weir_position *position, const char *column,
                const char *reason)
{
    char where[400] = "", of_column[160] = "";
    weir__position_text(stage, position, where, sizeof(where));
    if (column != NULL && column[0] != '\0')
        snprintf(of_column, sizeof(of_column), "%scolumn '%s'", where[0] != '\0' ? ", " : "",
                 column);
    struct weir_err *err = stage->runtime->err;
    bool placed = where[0] != '\0' || of_column[0] != '\0';
    weir_err_set(err, WEIR_EDATA, "%s%s%s%s", where, of_column, placed ? ": " : "", reason);
    if (err != NULL) {
        weir__place_record(stage, position, column, err);
        snprintf(err->stage, sizeof(err->stage), "%s", stage->id);
        snprintf(err->note, sizeof(err->note),
                 "in stage '%s'. To go on without such records: on_error: reject", stage->id);
    }
    return WEIR_EDATA;
}

static int reject(struct weir_stage *stage, const struct weir_position *position,
                  const char *column, const char *reason)
{
    struct stage_runtime *runtime = stage->runtime;
    switch (runtime->on_error) {
    case ON_ERROR_STOP: return stop(stage, position, column, reason);
    case ON_ERROR_DROP: stage->count.dropped++; return WEIR_SKIP;
    case ON_ERROR_SET_NULL:
        if (column != NULL)
            return WEIR_SET_NULL;
        break; /* no value to null: the record is rejected */
    case ON_ERROR_REJECT: break;
    }
    if (runtime->rejects != NULL && runtime->rejected >= runtime->rejects_done &&
        !add_row(runtime->rejects, stage, position, column, reason))
        return WEIR_FULL;
    runtime->rejected++;
    return WEIR_SKIP;
}

int weir_reject_at(struct weir_stage *stage, const struct weir_position *position,
                   const char *column, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    return reject(stage, position, column, reason);
}

int weir_reject(struct weir_stage *stage, const struct weir_batch *batch, uint32_t record,
                const char *column, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    struct weir_position position = {.file = UINT32_MAX};
    if (batch->locate != NULL)
        batch->locate(batch, record, &position);
    return reject(stage, &position, column, reason);
}

/* ---- the run ---- */

size_t weir_split_bytes(const struct weir_stage *stage)
{
    return stage->runtime->facts->split_bytes;
}

int weir_split_receive(struct weir_stage *stage, uint64_t *ret)
{
    return stage->runtime->receive(stage, ret);
}

void weir_split_hand_on(struct weir_stage *stage, uint64_t word)
{
    stage->runtime->hand_on(stage, word);
}

int weir_output_oversize(struct weir_stage *stage, struct weir_output *out)
{
    return stage->runtime->oversize(stage, out);
}

size_t weir_max_record(const struct weir_stage *stage)
{
    return stage->runtime->facts->max_record;
}

bool weir_is_fresh(const struct weir_stage *stage)
{
    return stage->runtime->fresh;
}

int weir_probe_add_file(struct weir_probe *probe, const char *path)
{
    char **file = probe->file;
    size_t n = probe->files;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0)
        file = realloc(file, (n == 0 ? 1 : 2 * n) * sizeof(*file));
    if (file == NULL)
        return WEIR_EOS;
    probe->file = file;
    file[n] = strdup(path);
    if (file[n] == NULL)
        return WEIR_EOS;
    probe->files++;
    return 0;
}

const char *weir_probed(const struct weir_stage *stage)
{
    return stage->runtime->probed;
}

size_t weir_probed_files(const struct weir_stage *stage)
{
    return stage->runtime->files;
}

uint32_t weir_first_file(const struct weir_stage *stage)
{
    return stage->runtime->first_file;
}

const struct weir_schema *weir_input_schema(const struct weir_stage *stage, uint32_t i)
{
    if (i < stage->runtime->inputs)
        return stage->runtime->input[i];
    return i == 0 ? stage->in : NULL;
}

const bool *weir_output_needed(const struct weir_stage *stage, uint32_t i)
{
    return i < STAGE_OUTPUTS ? stage->runtime->output_needed[i] : NULL;
}

ssize_t weir_stdin_head(const struct weir_stage *stage, void *to, size_t bytes, uint64_t offset)
{
    if (stage->runtime->head_fd < 0)
        return 0;
    return TEMP_FAILURE_RETRY(pread(stage->runtime->head_fd, to, bytes, (off_t)offset));
}

int weir_source_memory(const struct weir_stage *stage)
{
    return stage->runtime->head_fd;
}

int weir_given_fd(const struct weir_stage *stage, uint32_t i)
{
    return stage->runtime->given[i];
}

int weir_kept(const struct weir_stage *stage)
{
    return stage->runtime->kept_fd;
}

int weir_kept_before(const struct weir_stage *stage, uint32_t seat)
{
    const struct stage_runtime *runtime = stage->runtime;
    return seat < runtime->kept_befores ? runtime->kept_before[seat] : -1;
}

uint32_t weir_workers(const struct weir_stage *stage)
{
    return stage->runtime->workers;
}

uint32_t weir_seat(const struct weir_stage *stage)
{
    return stage->runtime->seat;
}

uint64_t weir_input_number(const struct weir_stage *stage)
{
    return stage->runtime->number;
}
