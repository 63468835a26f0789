/* Records sorted in a file. */
#include "stages/rig.h"

#include "hash/sort.h"

enum { RECORDS = 3000 };

struct record {
    char key[40], text[80];
    size_t key_bytes, text_bytes;
};

static struct record record[RECORDS];
static struct buf got;

static int add_text(void *context, const char *text, size_t bytes)
{
    (void)context;
    weir__buf_add(&got, text, bytes);
    return 0;
}

static int stop_at_once(void *context, const char *text, size_t bytes)
{
    (void)context, (void)text, (void)bytes;
    return WEIR_ENOUGH;
}

/* Few different keys, some a beginning of another, with any bytes; texts tell where they stood. */
static void make_records(size_t records)
{
    unsigned long random = 1;
    for (size_t i = 0; i < records; i++) {
        struct record *to = &record[i];
        random = random * 6364136223846793005u + 1442695040888963407u;
        to->key_bytes = (random >> 33) % sizeof(to->key);
        for (size_t k = 0; k < to->key_bytes; k++)
            to->key[k] = (char)(k + 1 < to->key_bytes ? 0 : (random >> 40) % 3 * 127);
        to->text_bytes = (size_t)snprintf(to->text, sizeof(to->text), "%*zu\n",
                                          (int)((random >> 45) % 70) + 1, i);
    }
}

static uint64_t write_records(int fd, size_t records)
{
    struct buf file;
    weir__buf_init(&file);
    for (size_t i = 0; i < records; i++) {
        struct sort_head head = {(uint32_t)record[i].key_bytes, (uint32_t)record[i].text_bytes};
        weir__buf_add(&file, &head, sizeof(head));
        weir__buf_add(&file, record[i].key, record[i].key_bytes);
        weir__buf_add(&file, record[i].text, record[i].text_bytes);
    }
    ck_assert_int_eq(write(fd, file.data, file.len), (ssize_t)file.len);
    uint64_t bytes = file.len;
    weir__buf_release(&file);
    return bytes;
}

static int compare(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    size_t n = x->key_bytes < y->key_bytes ? x->key_bytes : y->key_bytes;
    int order = memcmp(x->key, y->key, n);
    if (order == 0)
        order = (x->key_bytes > y->key_bytes) - (x->key_bytes < y->key_bytes);
    return order != 0 ? order : (atoi(x->text) > atoi(y->text)) - (atoi(x->text) < atoi(y->text));
}

static const struct {
    size_t records, memory;
} sizes[] = {
    {0, 1000}, {1, 1000}, {1, 1}, {RECORDS, 1 << 20}, {RECORDS, 20000}, {RECORDS, 1500}, {300, 1},
};

START_TEST(test_records_come_in_the_order_of_their_keys)
{
    int fd = memfd_create("sort", MFD_CLOEXEC);
    struct buf expected;
    weir__buf_init(&expected);
    weir__buf_init(&got);
    make_records(sizes[_i].records);
    uint64_t bytes = write_records(fd, sizes[_i].records);
    struct sort sort = {.fd = fd, .name = "x", .memory = sizes[_i].memory, .put = add_text};
    ck_assert_int_eq(weir__sort_run(&sort, bytes), 0);
    qsort(record, sizes[_i].records, sizeof(record[0]), compare);
    for (size_t i = 0; i < sizes[_i].records; i++)
        weir__buf_add(&expected, record[i].text, record[i].text_bytes);
    ck_assert_uint_eq(got.len, expected.len);
    ck_assert(got.len == 0 || memcmp(got.data, expected.data, got.len) == 0);
    weir__buf_release(&got);
    weir__buf_release(&expected);
    close(fd);
}
END_TEST

START_TEST(test_who_wants_no_more_gets_no_more)
{
    int fd = memfd_create("sort", MFD_CLOEXEC);
    make_records(RECORDS);
    uint64_t bytes = write_records(fd, RECORDS);
    struct sort sort = {.fd = fd, .name = "x", .memory = 2000, .put = stop_at_once};
    ck_assert_int_eq(weir__sort_run(&sort, bytes), WEIR_ENOUGH);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sort");
    TCase *tcase = tcase_create("sort");
    tcase_add_loop_test(tcase, test_records_come_in_the_order_of_their_keys, 0,
                        (int)(sizeof(sizes) / sizeof(sizes[0])));
    tcase_add_test(tcase, test_who_wants_no_more_gets_no_more);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
