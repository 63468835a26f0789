/* Jobs: a pipeline's text, or the stages of one that is built, and what the program gives to it. */
#include "host/job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/node.h"
/* config */
#include "config/text.h"

static int no_memory(struct weir_err *err)
{
    return weir_err_set(err, WEIR_EOS, "out of memory");
}

int weir__sized_copy(void *to, size_t room, const void *from, size_t size, struct weir_err *err)
{
    if (size < sizeof(size))
        return weir_err_set(err, WEIR_EUSAGE, "a struct without its size");
    memcpy(to, from, size < room ? size : room);
    return 0;
}

/* ---- pairs ---- */

static struct text_pair *pair_of(const struct text_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->list[i].name, name) == 0)
            return &pairs->list[i];
    return NULL;
}

/* Takes value over, which may be NULL: there was no memory for it. */
static int append_pair(struct text_pairs *pairs, const char *name, char *value,
                       struct weir_err *err)
{
    char *copy = value == NULL ? NULL : strdup(name);
    struct text_pair *list =
        copy == NULL ? NULL : realloc(pairs->list, (pairs->count + 1) * sizeof(*list));
    if (list == NULL) {
        free(copy);
        free(value);
        return no_memory(err);
    }
    list[pairs->count++] = (struct text_pair){copy, value};
    pairs->list = list;
    return 0;
}

/* The same in place of what has that name. */
static int put_pair(struct text_pairs *pairs, const char *name, char *value, struct weir_err *err)
{
    struct text_pair *there = pair_of(pairs, name);
    if (there == NULL || value == NULL)
        return append_pair(pairs, name, value, err);
    free(there->value);
    there->value = value;
    return 0;
}

static void release_pairs(struct text_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->list[i].name);
        free(pairs->list[i].value);
    }
    free(pairs->list);
}

/* ---- jobs ---- */

int weir_job_parse(const char *name, const char *text, size_t length, struct weir_job **ret,
                   struct weir_err *err)
{
    struct weir_job *job = calloc(1, sizeof(*job));
    if (memchr(text, '\0', length) != NULL) {
        free(job);
        return weir_err_set(err, WEIR_ECONFIG, "%s: a pipeline has no byte 0", name);
    }
    if (job != NULL) {
        job->name = strdup(name);
        job->text = strndup(text, length);
    }
    if (job == NULL || job->name == NULL || job->text == NULL) {
        weir_job_free(job);
        return no_memory(err);
    }
    *ret = job;
    return 0;
}

int weir_job_load(const char *path, struct weir_job **ret, struct weir_err *err)
{
    char *text;
    size_t length;
    struct weir_err reading = {0};
    int code = weir__text_read(path, TEXT_MAX, &text, &length, &reading);
    if (code < 0 && err != NULL)
        *err = reading;
    if (code < 0)
        return code;
    code = weir_job_parse(path, text, length, ret, err);
    free(text);
    return code;
}

int weir_job_new(const char *name, struct weir_job **ret, struct weir_err *err)
{
    int code = weir_job_parse(name, "", 0, ret, err);
    if (code < 0)
        return code;
    (*ret)->built = true;
    free((*ret)->text);
    (*ret)->text = NULL;
    return 0;
}

void weir_job_free(struct weir_job *job)
{
    if (job == NULL)
        return;
    for (size_t s = 0; s < job->stages; s++) {
        free(job->stage[s].id);
        free(job->stage[s].type);
        release_pairs(&job->stage[s].input);
        release_pairs(&job->stage[s].key);
        release_pairs(&job->stage[s].with);
    }
    for (size_t e = 0; e < job->ends; e++)
        free(job->end[e].id);
    release_pairs(&job->key);
    release_pairs(&job->var);
    release_pairs(&job->set);
    free(job->stage);
    free(job->end);
    free(job->text);
    free(job->name);
    free(job);
}

int weir_job_var(struct weir_job *job, const char *name, const char *value, struct weir_err *err)
{
    return put_pair(&job->var, name, strdup(value), err);
}

int weir_job_set(struct weir_job *job, const char *option, const char *value, struct weir_err *err)
{
    return put_pair(&job->set, option, strdup(value), err);
}

void weir_job_workers(struct weir_job *job, uint32_t workers)
{
    job->workers = workers;
}

static int put_end(struct weir_job *job, const char *id, const struct job_end *end,
                   struct weir_err *err)
{
    for (size_t e = 0; e < job->ends; e++)
        if (strcmp(job->end[e].id, id) == 0)
            return weir_err_set(err, WEIR_EUSAGE, "something stands behind stage '%s' already", id);
    char *copy = strdup(id);
    struct job_end *list = copy == NULL ? NULL : realloc(job->end, (job->ends + 1) * sizeof(*list));
    if (list == NULL) {
        free(copy);
        return no_memory(err);
    }
    job->end = list;
    list[job->ends] = *end;
    list[job->ends++].id = copy;
    return 0;
}

int weir_job_source(struct weir_job *job, const char *id, const struct weir_host_source *source,
                    struct weir_err *err)
{
    struct job_end end = {.is_source = true};
    int code = weir__sized_copy(&end.source, sizeof(end.source), source, source->size, err);
    return code < 0 ? code : put_end(job, id, &end, err);
}

int weir_job_sink(struct weir_job *job, const char *id, const struct weir_host_sink *sink,
                  struct weir_err *err)
{
    struct job_end end = {.is_source = false};
    int code = weir__sized_copy(&end.sink, sizeof(end.sink), sink, sink->size, err);
    return code < 0 ? code : put_end(job, id, &end, err);
}

/* ---- building ---- */

static int check_built(const struct weir_job *job, struct weir_err *err)
{
    return job->built ? 0
                      : weir_err_set(err, WEIR_EUSAGE,
                                     "'%s' was read from a text: only a pipeline of weir_job_new "
                                     "can be built on",
                                     job->name);
}

/* The stage whose id is the first n bytes, or NULL with err filled. */
static struct job_stage *stage_of(struct weir_job *job, const char *id, size_t n,
                                  struct weir_err *err)
{
    if (check_built(job, err) < 0)
        return NULL;
    for (size_t s = 0; s < job->stages; s++)
        if (strlen(job->stage[s].id) == n && memcmp(job->stage[s].id, id, n) == 0)
            return &job->stage[s];
    weir_err_set(err, WEIR_EUSAGE, "there is no stage '%.*s'", (int)n, id);
    return NULL;
}

static void changed(struct weir_job *job)
{
    free(job->text);
    job->text = NULL;
}

int weir_stage_add(struct weir_job *job, const char *id, const char *type, struct weir_err *err)
{
    if (check_built(job, err) < 0)
        return WEIR_EUSAGE;
    struct job_stage *list = realloc(job->stage, (job->stages + 1) * sizeof(*list));
    if (list == NULL)
        return no_memory(err);
    job->stage = list;
    list[job->stages] = (struct job_stage){.id = strdup(id), .type = strdup(type)};
    if (list[job->stages].id == NULL || list[job->stages].type == NULL) {
        free(list[job->stages].id);
        free(list[job->stages].type);
        return no_memory(err);
    }
    job->stages++;
    changed(job);
    return 0;
}

static int put_setting(struct weir_job *job, struct text_pairs *to, const char *name, char *yaml,
                       struct weir_err *err)
{
    changed(job);
    if (yaml == NULL || strchr(yaml, '\n') == NULL)
        return put_pair(to, name, yaml, err);
    free(yaml);
    return weir_err_set(err, WEIR_EUSAGE, "'%s': a value as in a file is to be one line", name);
}

/* Text as YAML has it in quotes, with what would be a reference to a variable made none. */
static char *quoted(const char *text)
{
    struct buf to;
    weir__buf_init(&to);
    weir__buf_putc(&to, '"');
    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '$' && at[1] == '{')
            weir__buf_puts(&to, "$$");
        else if (*at == '"' || *at == '\\')
            weir__buf_printf(&to, "\\%c", *at);
        else if ((unsigned char)*at < 0x20 || *at == 0x7f)
            weir__buf_printf(&to, "\\x%02x", (unsigned)*at);
        else
            weir__buf_putc(&to, *at);
    }
    weir__buf_putc(&to, '"');
    return weir__buf_detach(&to);
}

int weir_stage_set(struct weir_job *job, const char *id, const char *option, const char *value,
                   struct weir_err *err)
{
    struct job_stage *stage = stage_of(job, id, strlen(id), err);
    return stage == NULL ? WEIR_EUSAGE : put_setting(job, &stage->with, option, quoted(value), err);
}

int weir_stage_set_yaml(struct weir_job *job, const char *id, const char *option, const char *yaml,
                        struct weir_err *err)
{
    struct job_stage *stage = stage_of(job, id, strlen(id), err);
    return stage == NULL ? WEIR_EUSAGE : put_setting(job, &stage->with, option, strdup(yaml), err);
}

int weir_job_key(struct weir_job *job, const char *id, const char *key, const char *yaml,
                 struct weir_err *err)
{
    if (check_built(job, err) < 0)
        return WEIR_EUSAGE;
    struct job_stage *stage = id == NULL ? NULL : stage_of(job, id, strlen(id), err);
    if (id != NULL && stage == NULL)
        return WEIR_EUSAGE;
    return put_setting(job, stage == NULL ? &job->key : &stage->key, key, strdup(yaml), err);
}

int weir_connect(struct weir_job *job, const char *from, const char *to, struct weir_err *err)
{
    size_t n = strcspn(to, ".");
    const char *input = to[n] == '.' ? to + n + 1 : "";
    struct job_stage *stage = stage_of(job, to, n, err);
    if (stage == NULL || stage_of(job, from, strcspn(from, "."), err) == NULL)
        return WEIR_EUSAGE;
    changed(job);
    return append_pair(&stage->input, input, strdup(from), err);
}

/* ---- as a file ---- */

static void write_pairs(const struct text_pairs *pairs, const char *before, struct buf *to)
{
    for (size_t i = 0; i < pairs->count; i++)
        weir__buf_printf(to, "%s%s: %s\n", before, pairs->list[i].name, pairs->list[i].value);
}

static void write_inputs(const struct text_pairs *input, struct buf *to)
{
    if (input->count == 0)
        return;
    bool named = input->list[0].name[0] != '\0';
    weir__buf_printf(to, "    inputs: %c", named ? '{' : '[');
    for (size_t i = 0; i < input->count; i++)
        weir__buf_printf(to, "%s%s%s%s", i == 0 ? "" : ", ", input->list[i].name, named ? ": " : "",
                         input->list[i].value);
    weir__buf_printf(to, "%c\n", named ? '}' : ']');
}

static char *written(const struct weir_job *job)
{
    struct buf to;
    weir__buf_init(&to);
    weir__buf_printf(&to, "version: 1\nname: %s\n", job->name);
    write_pairs(&job->key, "", &to);
    weir__buf_puts(&to, "stages:\n");
    for (size_t s = 0; s < job->stages; s++) {
        const struct job_stage *stage = &job->stage[s];
        weir__buf_printf(&to, "  - id: %s\n    type: %s\n", stage->id, stage->type);
        write_inputs(&stage->input, &to);
        write_pairs(&stage->key, "    ", &to);
        if (stage->with.count > 0)
            weir__buf_puts(&to, "    with:\n");
        write_pairs(&stage->with, "      ", &to);
    }
    return weir__buf_detach(&to);
}

const char *weir_job_text(struct weir_job *job)
{
    if (job->text == NULL)
        job->text = written(job);
    return job->text;
}

/* ---- to the supervisor, and there ---- */

static const char *const wishes[] = {"check", "plan", "run"};

static void put(struct node *map, const char *key, const char *text)
{
    weir__node_append(map, key, weir__node_scalar(text));
}

static void put_number(struct node *map, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    put(map, key, text);
}

static struct node *pairs_node(const struct text_pairs *pairs)
{
    struct node *map = weir__node_map();
    for (size_t i = 0; i < pairs->count; i++)
        put(map, pairs->list[i].name, pairs->list[i].value);
    return map;
}

int weir__job_write(const struct weir_job *job, const struct job_request *request, struct buf *to,
                    struct weir_err *err)
{
    struct node *map = weir__node_map(), *ends = weir__node_list();
    char *made = job->text == NULL ? written(job) : NULL;
    for (size_t e = 0; e < job->ends; e++)
        put(ends, NULL, job->end[e].id);
    put(map, "wish", wishes[request->wish]);
    put_number(map, "timeout", request->timeout_ms);
    put_number(map, "progress", request->progress_ms);
    put_number(map, "workers", job->workers);
    put(map, "method", request->start_method);
    put(map, "name", job->name);
    put(map, "text", job->text == NULL ? made : job->text);
    weir__node_append(map, "vars", pairs_node(&job->var));
    weir__node_append(map, "sets", pairs_node(&job->set));
    weir__node_append(map, "ends", ends);
    bool whole = map != NULL && !map->incomplete;
    if (whole)
        weir__node_write(map, to);
    weir__node_free(map);
    free(made);
    return whole && !to->failed ? 0 : no_memory(err);
}

static const char *text_of(const struct node *map, const char *key)
{
    const struct node *node = weir__node_get(map, key);
    return node == NULL || node->kind != NODE_SCALAR ? NULL : node->text;
}

static uint64_t number_of(const struct node *map, const char *key)
{
    const char *text = text_of(map, key);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static int read_pairs(const struct node *map, struct weir_pair **ret, size_t *ret_count)
{
    size_t count = 0;
    for (const struct node *n = map == NULL ? NULL : map->child; n != NULL; n = n->next)
        count++;
    *ret = calloc(count + 1, sizeof(**ret));
    if (*ret == NULL)
        return WEIR_EOS;
    for (const struct node *n = map == NULL ? NULL : map->child; n != NULL; n = n->next)
        (*ret)[(*ret_count)++] = (struct weir_pair){n->key, n->text};
    return 0;
}

int weir__job_read(const char *text, struct job_read *ret)
{
    *ret = (struct job_read){.node = weir__node_read(&text)};
    if (ret->node == NULL)
        return errno == ENOMEM ? WEIR_EOS : WEIR_EINTERNAL;
    const char *wish = text_of(ret->node, "wish");
    ret->start_method = text_of(ret->node, "method");
    ret->name = text_of(ret->node, "name");
    ret->text = text_of(ret->node, "text");
    if (wish == NULL || ret->start_method == NULL || ret->name == NULL || ret->text == NULL)
        return WEIR_EINTERNAL;
    while (ret->wish < JOB_RUN && strcmp(wishes[ret->wish], wish) != 0)
        ret->wish++;
    ret->timeout_ms = number_of(ret->node, "timeout");
    ret->progress_ms = (uint32_t)number_of(ret->node, "progress");
    ret->workers = (uint32_t)number_of(ret->node, "workers");
    ret->ends = weir__node_get(ret->node, "ends");
    int code = read_pairs(weir__node_get(ret->node, "vars"), &ret->var, &ret->vars);
    return code < 0 ? code : read_pairs(weir__node_get(ret->node, "sets"), &ret->set, &ret->sets);
}

bool weir__job_stands_behind(const struct job_read *job, const char *stage)
{
    for (const struct node *n = job->ends == NULL ? NULL : job->ends->child; n != NULL; n = n->next)
        if (strcmp(n->text, stage) == 0)
            return true;
    return false;
}

void weir__job_read_release(struct job_read *job)
{
    free(job->var);
    free(job->set);
    weir__node_free(job->node);
    *job = (struct job_read){.node = NULL};
}
