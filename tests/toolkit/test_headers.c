/* A program may include all headers; that each stands alone the build shows. */
#include <weir/manager.h>
#include <weir/pipe.h>
#include <weir/pool.h>
#include <weir/process.h>
#include <weir/queue.h>
#include <weir/shared.h>
#include <weir/sync.h>
#include <weir/engine.h>

#include "toolkit/victim.h"

static int answer(const struct weir_child *child)
{
    return *(const int *)child->argument;
}

static const struct weir_process_function children[] = {{"answer", answer}, {NULL, NULL}};
static const struct weir_function expressions[] = {{.help.name = NULL}};

START_TEST(test_a_program_has_functions_of_both_kinds)
{
    struct weir_err err;
    struct weir_process *process;
    int argument = 42, code = 0;
    ck_assert_int_eq(
        weir_register_functions((const struct weir_function *const[]){expressions, NULL}, &err), 0);
    struct weir_process_options options = {
        .method = WEIR_SPAWN, .argument = &argument, .argument_bytes = sizeof(argument)};
    ck_assert_msg(weir_process_start(&process, answer, &options, &err) == 0, "%s", err.text);
    ck_assert_int_eq(weir_process_join(process, SOON_MS, &code), 0);
    ck_assert_int_eq(code, 42);
    weir_process_release(process);
}
END_TEST

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, children);
    Suite *suite = suite_create("headers");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_a_program_has_functions_of_both_kinds);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
