#include <weir/shared.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "toolkit/victim.h"

/* Names are of this test's process, so that two tests at once do not meet. */
static char name[64];
static struct weir_shared memory;
static struct weir_err err;

static void set_up(void)
{
    snprintf(name, sizeof(name), "test-%d", (int)getpid());
    memory = (struct weir_shared){.fd = -1};
}

static void tear_down(void)
{
    weir_shared_close(&memory);
    weir_shared_remove(name, NULL);
}

static void create(bool persist)
{
    ck_assert_msg(weir_shared_create(&memory, name, 5000, persist, &err) == 0, "%s", err.text);
}

static int attach(void)
{
    struct weir_shared other;
    int code = weir_shared_attach(&other, name, &err);
    if (code == 0)
        weir_shared_close(&other);
    return code;
}

START_TEST(test_what_one_writes_the_other_reads)
{
    for (int persist = 0; persist < 2; persist++) {
        struct weir_shared by_name, by_fd;
        create(persist);
        ck_assert_uint_eq(memory.bytes, 5000);
        strcpy(memory.base, "hello");
        ck_assert_int_eq(weir_shared_attach(&by_name, name, &err), 0);
        ck_assert_int_eq(weir_shared_attach_fd(&by_fd, memory.fd, &err), 0);
        ck_assert_uint_eq(by_name.bytes, 5000);
        ck_assert_str_eq(by_name.base, "hello");
        strcpy((char *)by_name.base + 4990, "back");
        ck_assert_str_eq((char *)by_fd.base + 4990, "back");
        weir_shared_close(&by_name);
        weir_shared_close(&by_fd);
        weir_shared_close(&by_fd);
        ck_assert_str_eq(memory.base, "hello");
        weir_shared_unlink(&memory, NULL);
        weir_shared_close(&memory);
    }
}
END_TEST

START_TEST(test_a_name_is_given_once)
{
    for (int persist = 0; persist < 2; persist++) {
        struct weir_shared second;
        create(persist);
        ck_assert_int_eq(weir_shared_create(&second, name, 100, false, &err), WEIR_ECANTCREATE);
        ck_assert_int_eq(weir_shared_create(&second, name, 100, true, &err), WEIR_ECANTCREATE);
        ck_assert_ptr_nonnull(strstr(err.text, name));
        ck_assert_int_eq(attach(), 0);
        ck_assert_int_eq(weir_shared_unlink(&memory, &err), 0);
        weir_shared_close(&memory);
    }
}
END_TEST

START_TEST(test_wrong_names_are_refused)
{
    static const char *const names[] = {
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a b",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_int_eq(weir_shared_create(&memory, names[i], 100, false, &err), WEIR_EUSAGE);
        ck_assert_int_eq(weir_shared_attach(&memory, names[i], &err), WEIR_EUSAGE);
        ck_assert_int_eq(weir_shared_remove(names[i], &err), WEIR_EUSAGE);
    }
    ck_assert_int_eq(weir_shared_create(&memory, NULL, 100, true, &err), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_what_is_not_there_is_not_attached)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(attach(), WEIR_ENOINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, name));
    ck_assert_int_eq(weir_shared_attach_fd(&memory, null, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_shared_attach_fd(&memory, 999, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_shared_remove(name, &err), WEIR_ENOINPUT);
    close(null);
}
END_TEST

/* ---- who takes a name away ---- */

static int attach_and_destroy(void *context)
{
    struct weir_shared other;
    (void)context;
    if (weir_shared_attach(&other, name, NULL) != 0)
        return 1;
    if (weir_shared_unlink(&other, NULL) != WEIR_EUSAGE)
        return 2;
    if (weir_shared_remove(name, NULL) != WEIR_ENOINPUT)
        return 3;
    weir_shared_close(&other);
    if (weir_shared_unlink(&memory, NULL) != WEIR_EUSAGE) /* its copy of the creator's */
        return 4;
    weir_shared_close(&memory);
    return 0;
}

START_TEST(test_an_attacher_takes_nothing_away)
{
    create(false);
    ck_assert_int_eq(finish(start(attach_and_destroy, NULL)), 0);
    ck_assert_int_eq(attach(), 0);
}
END_TEST

START_TEST(test_closing_takes_the_name_away_unless_it_persists)
{
    create(false);
    weir_shared_close(&memory);
    ck_assert_int_eq(attach(), WEIR_ENOINPUT);
    create(true);
    weir_shared_close(&memory);
    ck_assert_int_eq(attach(), 0);
    ck_assert_int_eq(weir_shared_remove(name, &err), 0);
    ck_assert_int_eq(attach(), WEIR_ENOINPUT);
}
END_TEST

START_TEST(test_a_name_that_was_given_anew_is_not_taken_away)
{
    struct weir_shared first;
    create(true);
    first = memory;
    ck_assert_int_eq(weir_shared_remove(name, &err), 0);
    create(true);
    ck_assert_int_eq(weir_shared_unlink(&first, &err), 0);
    ck_assert_int_eq(attach(), 0);
    weir_shared_close(&first);
}
END_TEST

static int create_and_stay(void *persist)
{
    if (weir_shared_create(&memory, name, 5000, persist != NULL, NULL) != 0)
        return 1;
    for (;;)
        pause();
}

static pid_t start_creator(void *persist)
{
    pid_t creator = start(create_and_stay, persist);
    while (attach() != 0)
        nap_us(50);
    return creator;
}

START_TEST(test_memory_whose_creator_is_killed_is_found_by_nobody)
{
    struct weir_shared kept;
    pid_t creator = start_creator(NULL);
    ck_assert_int_eq(weir_shared_attach(&kept, name, &err), 0);
    strcpy(kept.base, "still mine");
    kill_and_reap(creator);
    ck_assert_int_eq(attach(), WEIR_ENOINPUT);
    ck_assert_str_eq(kept.base, "still mine");
    create(false); /* and the name is free */
    ck_assert_int_eq(((char *)memory.base)[0], 0);
    weir_shared_close(&kept);
    ck_assert_int_eq(attach(), 0);
}
END_TEST

START_TEST(test_memory_that_persists_outlives_its_creator)
{
    kill_and_reap(start_creator(""));
    ck_assert_int_eq(attach(), 0);
}
END_TEST

static int create_once(void *context)
{
    (void)context;
    return weir_shared_create(&memory, name, 5000, false, NULL);
}

/* They are many: each 97th has to do. */
START_TEST(test_a_creator_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += 97) {
        pid_t victim = start_victim(create_once, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        create(false);
        weir_shared_close(&memory);
    }
}
END_TEST

/* ---- Array ---- */

START_TEST(test_an_array_is_of_its_type)
{
    struct weir_array array, other;
    ck_assert_int_eq(weir_array_create(&array, WEIR_ARRAY_DOUBLE, 1000, &err), 0);
    ck_assert_uint_eq(array.count, 1000);
    double *numbers = array.data;
    numbers[999] = 2.5;
    ck_assert_int_eq(weir_array_attach_fd(&other, WEIR_ARRAY_DOUBLE, array.memory.fd, &err), 0);
    ck_assert_uint_eq(other.count, 1000);
    ck_assert(((double *)other.data)[999] == 2.5);
    ck_assert_int_eq(weir_lock_acquire(array.lock, 0), 0);
    weir_array_close(&other);
    ck_assert_int_eq(weir_array_attach_fd(&other, WEIR_ARRAY_INT64, array.memory.fd, &err),
                     WEIR_EUSAGE);
    ck_assert_int_eq(weir_lock_release(array.lock), 0);
    weir_array_close(&array);
    ck_assert_int_eq(weir_array_create(&array, WEIR_ARRAY_DOUBLE, SIZE_MAX / 4, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_array_create(&array, WEIR_ARRAY_DOUBLE, 0, &err), WEIR_EUSAGE);
    create(true);
    ck_assert_int_eq(weir_array_attach_fd(&other, WEIR_ARRAY_INT64, memory.fd, &err), WEIR_EUSAGE);
}
END_TEST

enum { TIMES = 20000 };

static int add(void *context)
{
    struct weir_array *array = context;
    for (int i = 0; i < TIMES; i++) {
        weir_atomic_add((double *)array->data, 0.5);
        weir_atomic_add((int64_t *)array->data + 1, -1);
    }
    return 0;
}

START_TEST(test_atomic_operations_lose_nothing)
{
    struct weir_array array;
    pid_t adders[4];
    ck_assert_int_eq(weir_array_create(&array, WEIR_ARRAY_DOUBLE, 2, &err), 0);
    for (size_t i = 0; i < COUNT(adders); i++)
        adders[i] = start(add, &array);
    for (size_t i = 0; i < COUNT(adders); i++)
        ck_assert_int_eq(finish(adders[i]), 0);
    int64_t *count = (int64_t *)array.data + 1, expected = 5;
    ck_assert(weir_atomic_load((double *)array.data) == TIMES * 2.0);
    ck_assert_int_eq(*count, -4 * TIMES);
    ck_assert(!weir_atomic_compare_set(count, &expected, 7));
    ck_assert_int_eq(expected, -4 * TIMES);
    ck_assert(weir_atomic_compare_set(count, &expected, 7));
    weir_atomic_store((double *)array.data, 1.5);
    ck_assert(*(double *)array.data == 1.5);
    ck_assert_int_eq(*count, 7);
    weir_array_close(&array);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, test_what_one_writes_the_other_reads);
    tcase_add_test(all, test_a_name_is_given_once);
    tcase_add_test(all, test_wrong_names_are_refused);
    tcase_add_test(all, test_what_is_not_there_is_not_attached);
    tcase_add_test(all, test_an_attacher_takes_nothing_away);
    tcase_add_test(all, test_closing_takes_the_name_away_unless_it_persists);
    tcase_add_test(all, test_a_name_that_was_given_anew_is_not_taken_away);
    tcase_add_test(all, test_memory_whose_creator_is_killed_is_found_by_nobody);
    tcase_add_test(all, test_memory_that_persists_outlives_its_creator);
    tcase_add_test(all, test_a_creator_may_die_at_any_instruction);
    tcase_add_test(all, test_an_array_is_of_its_type);
    tcase_add_test(all, test_atomic_operations_lose_nothing);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
