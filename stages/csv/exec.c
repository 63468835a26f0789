#include "csv/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "csv/table.h"
#include "file/json_lines.h"
#include "file/lines.h"

static const struct weir_option options[] = {
    {"command", WEIR_OPT_LIST, NULL, NULL, true,
     "the program and its arguments: [python3, clean.py]"},
    {"columns", WEIR_OPT_LIST, NULL, NULL, false,
     "the columns that it writes; without it those that come in"},
    {"format", WEIR_OPT_ENUM, "csv", "csv|jsonl", false,
     "how it reads and writes records: as CSV with a header, or as JSON Lines"},
    {"memory", WEIR_OPT_BYTES, "128MiB", "1MiB..", false, "what the program may take"},
    {0}};

enum { FORMAT_CSV, FORMAT_JSONL };
enum { DIED = 70, CANNOT_RUN = 127, PIECE = 1 << 16 };

struct exec {
    char **command;    /* NULL at the end */
    int input, output; /* memory: what goes in, what came out */
    char *text;        /* of a piece of the input */
    size_t used;
    struct weir_column *column;

    /* CSV */
    struct table table;
    uint64_t *entry;
    size_t entries;

    /* JSON Lines */
    bool jsonl;
    struct json_lines lines;
    char *line;
    size_t line_room;
    char **path; /* of each column of the output, in an object */
    char *answer;
    struct json_values values;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

/* ---- planning ---- */

/* Whether the shell would find it. */
static bool is_program(const char *name)
{
    char path[4096];
    const char *at = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return access(name, X_OK) == 0;
    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ":");
        snprintf(path, sizeof(path), "%.*s/%s", (int)n, at, name);
        if (access(path, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static int exec_configure(struct weir_stage *stage)
{
    const char *const *word;
    size_t words = weir_option_list(stage, "command", &word);
    struct exec *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return no_memory(stage);
    stage->self = self;
    stage->memory_bytes = (uint64_t)weir_option_number(stage, "memory");
    self->input = self->output = -1;
    self->jsonl = weir_option_number(stage, "format") == FORMAT_JSONL;
    if (words == 0 || !is_program(word[0]))
        return weir_option_error(stage, "command", words == 0 ? NULL : word[0], 0, 0, NULL,
                                 "there is no program '%s'", words == 0 ? "" : word[0]);
    self->command = calloc(words + 1, sizeof(*self->command));
    if (self->command == NULL)
        return no_memory(stage);
    for (size_t i = 0; i < words; i++)
        if ((self->command[i] = strdup(word[i])) == NULL)
            return no_memory(stage);
    return 0;
}

static int exec_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    const char *const *name;
    size_t names = weir_option_list(stage, "columns", &name);
    for (uint32_t c = 0; names == 0 && c < stage->in->columns; c++)
        if (weir_schema_add(ret, stage->in->column[c].name, WEIR_UNTYPED) != 0)
            return no_memory(stage);
    for (size_t i = 0; i < names; i++) {
        if (weir_schema_find(ret, name[i]) >= 0)
            return weir_option_error(stage, "columns", name[i], 0, 0, NULL,
                                     "column '%s' is listed twice", name[i]);
        if (weir_schema_add(ret, name[i], WEIR_UNTYPED) != 0)
            return no_memory(stage);
    }
    return 0;
}

/* The pointer to a member of an object. */
static char *path_of(const char *name)
{
    char *path = malloc(2 * strlen(name) + 2), *to = path;
    if (path == NULL)
        return NULL;
    *to++ = '/';
    for (; *name != '\0'; name++) {
        if (*name == '~' || *name == '/')
            *to++ = '~';
        *to++ = *name == '~' ? '0' : *name == '/' ? '1' : *name;
    }
    *to = '\0';
    return path;
}

static bool open_jsonl(const struct weir_stage *stage, struct exec *self)
{
    self->lines.lenient = true;
    self->path = calloc(stage->out->columns + 1u, sizeof(*self->path));
    bool ok = self->path != NULL && weir__json_lines_make(&self->lines, stage->in);
    for (uint32_t c = 0; ok && c < stage->out->columns; c++) {
        self->path[c] = path_of(stage->out->column[c].name);
        ok = self->path[c] != NULL;
    }
    return ok;
}

static int exec_open(struct weir_stage *stage)
{
    struct exec *self = stage->self;
    self->input = memfd_create("weir exec", MFD_CLOEXEC);
    self->output = memfd_create("weir exec", MFD_CLOEXEC);
    if (self->input < 0 || self->output < 0)
        return weir_fail_errno(stage, WEIR_EOS, "no memory to hand records over");
    self->text = malloc(PIECE);
    self->column = calloc(stage->out->columns, sizeof(*self->column));
    if (self->text == NULL || self->column == NULL || (self->jsonl && !open_jsonl(stage, self)))
        return no_memory(stage);
    return 0;
}

static void exec_close(struct weir_stage *stage)
{
    struct exec *self = stage->self;
    if (self == NULL)
        return;
    for (size_t i = 0; self->command != NULL && self->command[i] != NULL; i++)
        free(self->command[i]);
    free(self->command);
    if (self->input >= 0)
        close(self->input);
    if (self->output >= 0)
        close(self->output);
    weir__table_release(&self->table);
    free(self->entry);
    weir__json_lines_release(&self->lines);
    free(self->line);
    for (char **path = self->path; path != NULL && *path != NULL; path++)
        free(*path);
    free(self->path);
    free(self->answer);
    weir__json_values_release(&self->values);
    free(self->text);
    free(self->column);
    free(self);
    stage->self = NULL;
}

/* ---- what goes in ---- */

static int flush(struct weir_stage *stage, struct exec *self)
{
    for (size_t at = 0; at < self->used;) {
        ssize_t wrote = TEMP_FAILURE_RETRY(write(self->input, self->text + at, self->used - at));
        if (wrote < 0)
            return weir_fail_errno(stage, WEIR_EOS, "no memory to hand records over");
        at += (size_t)wrote;
    }
    self->used = 0;
    return 0;
}

static int put(struct weir_stage *stage, struct exec *self, const char *text, size_t bytes)
{
    int code = 0;
    while (bytes > 0 && code == 0) {
        size_t n = bytes < PIECE - self->used ? bytes : PIECE - self->used;
        memcpy(self->text + self->used, text, n);
        self->used += n;
        text += n;
        bytes -= n;
        if (self->used == PIECE)
            code = flush(stage, self);
    }
    return code;
}

/* alone: it is the only one of its row, in which nothing would be no row. */
static int put_field(struct weir_stage *stage, struct exec *self, struct weir_value value,
                     bool alone)
{
    if (value.data == NULL && !alone)
        return 0;
    bool quotes = value.length == 0;
    for (uint32_t i = 0; i < value.length && !quotes; i++)
        quotes = memchr(",\"\r\n", value.data[i], 4) != NULL;
    if (!quotes)
        return put(stage, self, value.data, value.length);
    int code = put(stage, self, "\"", 1);
    for (uint32_t i = 0; i < value.length && code == 0; i++)
        code = put(stage, self, value.data[i] == '"' ? "\"\"" : &value.data[i],
                   value.data[i] == '"' ? 2 : 1);
    return code == 0 ? put(stage, self, "\"", 1) : code;
}

static int put_lines(struct weir_stage *stage, struct exec *self, const struct weir_batch *in)
{
    int code = 0;
    uint32_t column; /* of a value that is not what its type says: there is none */
    for (uint32_t r = 0; r < in->records && code == 0; r++) {
        size_t most = weir__json_line_most(&self->lines, in, r);
        if (most > self->line_room) {
            free(self->line);
            self->line = malloc(2 * most);
            self->line_room = self->line == NULL ? 0 : 2 * most;
        }
        if (self->line == NULL)
            return no_memory(stage);
        const char *end = weir__json_line_put(&self->lines, in, r, self->line, &column);
        code = put(stage, self, self->line, (size_t)(end - self->line));
    }
    return code == 0 ? flush(stage, self) : code;
}

static int put_records(struct weir_stage *stage, struct exec *self, const struct weir_batch *in)
{
    int code = 0;
    uint32_t columns = stage->in->columns;
    for (uint64_t row = 0; row <= in->records && code == 0; row++)
        for (uint32_t c = 0; c < columns && code == 0; c++) {
            const char *name = stage->in->column[c].name;
            struct weir_value value = {name, (uint32_t)strlen(name)};
            if (row > 0)
                value = weir_value(&in->column[c], (uint32_t)row - 1);
            code = put_field(stage, self, value, columns == 1);
            if (code == 0)
                code = put(stage, self, c + 1 < columns ? "," : "\n", 1);
        }
    return code == 0 ? flush(stage, self) : code;
}

/* ---- the program ---- */

static void become_program(const struct exec *self, pid_t worker)
{
    static const int own[] = {SIGINT, SIGHUP, SIGTERM, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        signal(own[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != worker || dup2(self->input, STDIN_FILENO) < 0 ||
        dup2(self->output, STDOUT_FILENO) < 0)
        _exit(CANNOT_RUN);
    execvp(self->command[0], self->command);
    fprintf(stderr, "cannot run '%s': %s\n", self->command[0], strerror(errno));
    _exit(CANNOT_RUN);
}

/* Runs it over what stands in the input. If it dies, so does this worker: then a record is to
 * blame, and the engine finds which. */
static int run_program(struct weir_stage *stage, const struct exec *self)
{
    int status = 0;
    pid_t worker = getpid(), child = fork();
    if (child == 0)
        become_program(self, worker);
    if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0)
        return weir_fail_errno(stage, WEIR_EOS, "cannot run '%s'", self->command[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        fprintf(stderr, "'%s' died of signal %d\n", self->command[0], WTERMSIG(status));
    else
        fprintf(stderr, "'%s' ended with exit %d\n", self->command[0], WEXITSTATUS(status));
    _exit(DIED);
}

static bool rewind_both(const struct exec *self)
{
    return lseek(self->input, 0, SEEK_SET) == 0 && lseek(self->output, 0, SEEK_SET) == 0;
}

/* ---- what comes out ---- */

/* The whole of it, in self->answer. */
static int read_answer(struct weir_stage *stage, struct exec *self, size_t *ret_bytes)
{
    struct stat status;
    size_t done = 0;
    if (fstat(self->output, &status) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read what '%s' has written",
                               self->command[0]);
    if ((uint64_t)status.st_size > WEIR_ENTRY_MAX)
        return weir_fail(stage, WEIR_EDATA, "what '%s' has written: it is larger than 256 MiB",
                         self->command[0]);
    free(self->answer);
    self->answer = malloc((size_t)status.st_size + 1);
    if (self->answer == NULL)
        return no_memory(stage);
    while (done < (size_t)status.st_size) {
        ssize_t n = TEMP_FAILURE_RETRY(
            pread(self->output, self->answer + done, (size_t)status.st_size - done, (off_t)done));
        if (n <= 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot read what '%s' has written",
                                   self->command[0]);
        done += (size_t)n;
    }
    *ret_bytes = done;
    return 0;
}

/* The answer's lines as columns. */
static int take_lines(struct weir_stage *stage, struct exec *self, struct weir_output *out)
{
    uint32_t columns = stage->out->columns, records = 0, number = 0;
    size_t bytes = 0;
    int code = read_answer(stage, self, &bytes);
    if (code < 0)
        return code;
    const char *at = self->answer, *end = at + bytes;
    uint32_t most = (uint32_t)weir__lines_count(at, bytes) + 1;
    if (!weir__json_values_begin(&self->values, at, bytes, columns, most))
        return no_memory(stage);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end == NULL ? end : line_end;
        struct weir_value json = {at, (uint32_t)(line_end - at)};
        const char *wrong = weir__json_line_check(&json);
        number++;
        if (wrong != NULL)
            return weir_fail(stage, WEIR_EDATA, "what '%s' has written: line %u: %s",
                             self->command[0], number, wrong);
        for (uint32_t c = 0; json.length > 0 && c < columns; c++)
            if (!weir__json_values_take(&self->values, records, c, json, self->path[c]))
                return no_memory(stage);
        records += json.length > 0;
        at = line_end + (line_end < end);
    }
    for (uint32_t c = 0; c < columns; c++)
        self->column[c] = weir__json_values_column(&self->values, c);
    out->batch =
        (struct weir_batch){.records = records, .columns = columns, .column = self->column};
    return 0;
}

/* The table's rows as columns. */
static int put_out(struct weir_stage *stage, struct exec *self, struct weir_output *out)
{
    const struct table *table = &self->table;
    uint32_t rows = table_rows(table), columns = stage->out->columns;
    size_t entries = (size_t)rows * columns + 1;
    if (entries > self->entries) {
        uint64_t *entry = realloc(self->entry, entries * sizeof(*entry));
        if (entry == NULL)
            return no_memory(stage);
        self->entry = entry;
        self->entries = entries;
    }
    for (uint32_t c = 0; c < columns; c++) {
        int from = weir_schema_find(&table->schema, stage->out->column[c].name);
        uint64_t *entry = self->entry + (size_t)c * rows;
        if (from < 0)
            return weir_fail(stage, WEIR_EDATA, "'%s' has written no column '%s'", self->command[0],
                             stage->out->column[c].name);
        for (uint32_t r = 0; r < rows; r++)
            entry[r] = table_entry(table, r, (uint32_t)from);
        self->column[c] = (struct weir_column){entry, table->heap, (uint32_t)table->heap_bytes};
    }
    out->batch = (struct weir_batch){.records = rows, .columns = columns, .column = self->column};
    return 0;
}

static int take_table(struct weir_stage *stage, struct exec *self, struct weir_output *out)
{
    char wrong[160];
    weir__table_release(&self->table);
    rewind_both(self);
    int code = weir__table_parse(self->output, ',', &self->table, wrong, sizeof(wrong));
    if (code == WEIR_EIO)
        return weir_fail_errno(stage, code, "cannot read what '%s' has written", self->command[0]);
    if (code < 0)
        return weir_fail(stage, code, "what '%s' has written: %s", self->command[0], wrong);
    return put_out(stage, self, out);
}

static int exec_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct exec *self = stage->self;
    self->used = 0;
    if (ftruncate(self->input, 0) < 0 || ftruncate(self->output, 0) < 0 || !rewind_both(self))
        return weir_fail_errno(stage, WEIR_EOS, "no memory to hand records over");
    int code = self->jsonl ? put_lines(stage, self, in) : put_records(stage, self, in);
    if (code == 0 && !rewind_both(self))
        code = weir_fail_errno(stage, WEIR_EOS, "no memory to hand records over");
    if (code == 0)
        code = run_program(stage, self);
    if (code < 0)
        return code;
    *cursor = UINT64_MAX;
    return self->jsonl ? take_lines(stage, self, out) : take_table(stage, self, out);
}

const struct weir_stage_type weir_exec = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "exec",
    .summary = "has a program of your own work on the records, as CSV or JSON",
    .doc =
        "Starts a program for each batch of records, some thousands mostly. On its standard input "
        "it gets them as CSV with a header, an unquoted empty field being null; on its standard "
        "output it writes records in the same form, with the columns of `columns` in any order, "
        "and ends with 0. It may leave records out and make several of one, but what it makes of a "
        "record must not depend on the others, nor on the time: a batch whose worker was killed is "
        "worked on again, and may be divided otherwise. In return any number of workers run it at "
        "a time, and the output is the same.\n\n"
        "If it ends with another code or dies of a signal, its worker dies too, and all happens "
        "that "
        "happens when a stage's own code does: the batch is worked on again, then one record at a "
        "time, and the record of which it dies is set aside. `record_timeout` of the stage kills "
        "one that "
        "hangs. What it writes to standard error is shown as the stage's.\n\n"
        "With `format: jsonl` it gets an object of JSON a line, its members being the columns in "
        "their order: numbers, true and false and JSON where the column has such a type, else "
        "strings, and null. It writes lines in the same form, in which a member that `columns` "
        "does not name is passed over, and one that is not there is null.\n\n"
        "Each start costs what the program takes to begin: a larger `slot` of `run` makes larger "
        "batches. Where a record stood in its file is not known behind this stage.",
    .options = options,
    .configure = exec_configure,
    .bind = exec_bind,
    .open = exec_open,
    .process = exec_process,
    .close = exec_close,
};
