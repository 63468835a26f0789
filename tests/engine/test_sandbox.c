/*
 * What a worker can still do in each sandbox, tried from inside: the stage puts out which doors it
 * found open.
 */
#include "engine/killer.h"
#include "engine/toys.h"
#include "unit/unit.h"

#include <limits.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* engine */
#include "engine/sandbox.h"

/* ---- a stage that tries the doors ---- */

enum door { READ = 1, WRITE = 2, SOCKET = 4, EXECUTE = 8, TRACE = 16, SIGNAL = 32, PEEK = 64 };

/* What is no matter of permission has got through the door. */
static int if_open(enum door door, long result)
{
    return result >= 0 || (errno != EPERM && errno != EACCES) ? (int)door : 0;
}

static int try_doors(const char *file)
{
    static char *const nothing[] = {NULL};
    int open_doors = if_open(READ, open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    open_doors |= if_open(WRITE, open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    open_doors |= if_open(SOCKET, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    open_doors |= if_open(SOCKET, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    open_doors |= if_open(EXECUTE, execve("/is/not/there", nothing, nothing));
    open_doors |=
        if_open(TRACE, ptrace(PTRACE_PEEKDATA, INT_MAX, NULL, NULL)); /* nobody's number */
    open_doors |= if_open(SIGNAL, kill(getppid(), 0));
    open_doors |= if_open(PEEK, syscall(SYS_process_vm_readv, INT_MAX, NULL, 0, NULL, 0, 0));
    unlink(file);
    return open_doors;
}

struct escape {
    int held;
    struct weir_column column;
    uint64_t entry;
    char text[24];
};

static int escape_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct escape));
    return stage->self == NULL ? WEIR_EOS : 0;
}

/* What is open before stays so. */
static int escape_open(struct weir_stage *stage)
{
    struct escape *self = stage->self;
    self->held = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    return self->held < 0 ? weir_fail_errno(stage, WEIR_EIO, "cannot open /dev/zero") : 0;
}

static int escape_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct escape *self = stage->self;
    char byte;
    (void)in;
    if (read(self->held, &byte, 1) != 1)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read what was open before");
    int n = sprintf(self->text, "%d", try_doors(weir_option_string(stage, "file")));
    self->entry = weir_entry(0, (uint32_t)n);
    self->column = (struct weir_column){&self->entry, self->text, (uint32_t)n};
    out->batch = (struct weir_batch){.records = 1, .columns = 1, .column = &self->column};
    stage->count.dropped += in->records - 1;
    *cursor = UINT64_MAX;
    return 0;
}

static void escape_close(struct weir_stage *stage)
{
    free(stage->self);
    stage->self = NULL;
}

static const struct weir_option escape_options[] = {
    {"file", WEIR_OPT_PATH, NULL, NULL, true, "one that it may try to write"}, {0}};

static const struct weir_stage_type escape = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.escape",
                                              .summary = "tries what it can do",
                                              .options = escape_options,
                                              .configure = escape_configure,
                                              .bind = pass_bind,
                                              .open = escape_open,
                                              .process = escape_process,
                                              .close = escape_close};

/* ---- runs ---- */

static bool has_seccomp(void)
{
    const char *gap = weir__sandbox_gap();
    return gap == NULL || strstr(gap, "seccomp") == NULL;
}

static bool has_landlock(void)
{
    const char *gap = weir__sandbox_gap();
    return gap == NULL || strstr(gap, "Landlock") == NULL;
}

static struct outcome run_in(struct weir_pipeline *pipeline, uint32_t sandbox)
{
    struct weir_supervise_options options = {.timeout_ms = 60000};
    pipeline->stage[1].confined = true;
    pipeline->stage[1].sandbox = sandbox;
    return run_to_end(pipeline, &options);
}

static int open_doors(uint32_t sandbox)
{
    char file[160];
    snprintf(file, sizeof(file), "%s/escaped", folder);
    const struct given given[] = {{&numbers, 0, false, false, {"count", "1"}},
                                  {&escape, 1, false, false, {"file", file}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_in(make_pipeline(given, 3), sandbox);
    int doors = -1;
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    weir_receipt_free(outcome.receipt);
    FILE *found = fopen(output, "re");
    ck_assert_int_eq(fscanf(found, "%d", &doors), 1);
    fclose(found);
    return doors;
}

/* Where other processes may be looked into depends on more than us. */
START_TEST(test_a_sandbox_leaves_the_doors_open_that_it_is_named_for)
{
    static const struct {
        uint32_t sandbox;
        int open, closed;
    } rows[] = {
        {0, READ | WRITE | SOCKET | EXECUTE | TRACE | SIGNAL, 0},
        {WEIR_SANDBOX_FILES, READ | WRITE, SOCKET | EXECUTE | TRACE | SIGNAL | PEEK},
        {WEIR_SANDBOX_NETWORK, READ | SOCKET, EXECUTE | TRACE | SIGNAL | PEEK},
        {WEIR_SANDBOX_STRICT, 0, READ | WRITE | SOCKET | EXECUTE | TRACE | SIGNAL | PEEK},
    };
    if (!has_seccomp()) {
        printf("skipped: this kernel has no seccomp\n");
        return;
    }
    int doors = open_doors(rows[_i].sandbox);
    ck_assert_msg((doors & rows[_i].open) == rows[_i].open, "open is %d", doors);
    ck_assert_msg((doors & rows[_i].closed) == 0, "open is %d", doors);
    if (rows[_i].sandbox == WEIR_SANDBOX_NETWORK && has_landlock())
        ck_assert_int_eq(doors & WRITE, 0);
}
END_TEST

START_TEST(test_workers_in_a_sandbox_are_replaced_like_others)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "60000", "batch", "7"}},
                                  {&pass, 3, true, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct killer killer = {.seed = 5};
    struct weir_supervise_options options = {
        .interval_ms = 3, .context = &killer, .on_progress = kill_somebody, .timeout_ms = 120000};
    struct weir_pipeline *pipeline = make_pipeline(given, 3);
    pipeline->restarts = 1000;
    pipeline->stage[1].confined = true;
    pipeline->stage[1].sandbox = WEIR_SANDBOX_STRICT;
    struct outcome outcome = run_to_end(pipeline, &options);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    weir_receipt_free(outcome.receipt);
    assert_collected_but(60000, 0, 0);
}
END_TEST

/* ---- who shares a worker ---- */

/* As `pass`, but for their traits. */
static struct weir_stage_type files, frugal, confined;

static const struct weir_stage_type *const more_types[] = {&escape, &files, &frugal, &confined,
                                                           NULL};

static void make_type(struct weir_stage_type *type, const char *name, uint32_t traits)
{
    *type = pass;
    type->name = name;
    type->traits = traits;
}

/* The groups between source and sink, with their sandboxes: "files+frugal:files confined:strict". */
static void assert_groups(const struct weir_stage_type *const *type, const char *expected)
{
    char text[256] = "";
    struct given given[6] = {{&numbers, 0, false, false, {"count", "1"}}};
    size_t n = 1;
    for (; *type != NULL; type++)
        given[n++] = (struct given){*type, 2, false, false, {NULL}};
    given[n++] = (struct given){&collect, 0, false, false, {"path", output}};
    struct weir_pipeline *pipeline = make_pipeline(given, n);
    struct weir_plan *plan = NULL;
    struct weir_errors errors = {0};
    ck_assert_int_eq(weir_plan_make(pipeline, false, &plan, &errors), 0);
    for (uint32_t g = 1; g + 1 < plan->blueprint.groups; g++) {
        const struct group *group = &plan->blueprint.group[g];
        for (uint32_t m = 0; m < group->members; m++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
                     m > 0   ? "+"
                     : g > 1 ? " "
                             : "",
                     group->member[m].type->name + 5);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ":%s",
                 weir__sandbox_name(group->sandbox));
    }
    ck_assert_str_eq(text, expected);
    weir_plan_free(plan);
    weir_pipeline_free(pipeline);
}

START_TEST(test_who_is_confined_shares_no_worker_with_who_needs_more)
{
#define TYPES(...) ((const struct weir_stage_type *const[]){__VA_ARGS__, NULL})
    assert_groups(TYPES(&frugal), "frugal:strict");
    assert_groups(TYPES(&files, &frugal), "files+frugal:files");
    assert_groups(TYPES(&frugal, &files, &pass), "frugal+files+pass:none");
    assert_groups(TYPES(&files, &confined), "files:files confined:strict");
    assert_groups(TYPES(&confined, &files), "confined:strict files:files");
    assert_groups(TYPES(&frugal, &confined, &frugal), "frugal+confined+frugal:strict");
    assert_groups(TYPES(&files, &frugal, &confined, &pass),
                  "files+frugal:files confined:strict pass:none");
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    make_type(&files, "test.files", WEIR_SANDBOX_FILES);
    make_type(&frugal, "test.frugal", WEIR_SANDBOX_STRICT);
    make_type(&confined, "test.confined", WEIR_SANDBOX_STRICT | WEIR_CONFINED);
    if (weir_register(types, &err) < 0 || weir_register(more_types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("sandbox");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 200);
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_add_loop_test(all, test_a_sandbox_leaves_the_doors_open_that_it_is_named_for, 0, 4);
    tcase_add_test(all, test_workers_in_a_sandbox_are_replaced_like_others);
    tcase_add_test(all, test_who_is_confined_shares_no_worker_with_who_needs_more);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
