/* quarantine.write: frames of records that were set aside, in pieces of any size. */
#include "stages/rig.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>

#include "file/quarantine.h"

#include "unit/unit.h"

static struct rig rig;
static const char *lines, *raw; /* the two outputs */

static void setup(void)
{
    rig_init(&rig);
    lines = rig_path(&rig, "aside");
    raw = rig_path(&rig, "aside.raw");
}

static void teardown(void)
{
    rig_release(&rig);
}

/* ---- what is put in ---- */

struct record {
    const char *account, *bytes;
    size_t n;
};

/* With a line end, with other bytes, without any, without a line end, with nothing but that. */
static const struct record records[] = {
    {"{\"stage\":\"a\"}\n", "1,2\n", 4},
    {"{\"stage\":\"b\",\"deaths\":2}\n", "\0a\0\n\0\r\n", 7},
    {"{\"stage\":\"c\",\"record\":{\"n\":\"3\"}}\n", "", 0},
    {"{\"stage\":\"d\"}\n", "3", 1},
    {"{\"stage\":\"e\"}\n", "4\0", 2},
    {"{\"stage\":\"f\"}\n", "5\r", 2},
    {"{\"stage\":\"g\"}\n", "\n", 1},
};

static void add_frame(struct buf *frames, const struct record *record)
{
    const uint64_t head[2] = {strlen(record->account), record->n};
    weir__buf_add(frames, (const char *)head, sizeof(head));
    weir__buf_puts(frames, record->account);
    weir__buf_add(frames, record->bytes, record->n);
}

static struct buf frames_of(const struct record *list, size_t n)
{
    struct buf frames;
    weir__buf_init(&frames);
    for (size_t i = 0; i < n; i++)
        add_frame(&frames, &list[i]);
    return frames;
}

static void feed(const char *bytes, size_t n)
{
    rig_bytes(&rig, "frame", bytes, n);
}

static void add_stage(void)
{
    ck_assert_int_eq(rig_add(&rig, &weir_quarantine_write, rig_with("path", lines, NULL)), 0);
}

static int run(void)
{
    add_stage();
    return rig_run(&rig);
}

/* ---- what comes out ---- */

static void check_file(const char *path, const char *expected)
{
    struct buf text = rig_read(path);
    ck_assert_str_eq(text.data, expected);
    weir__buf_release(&text);
}

static const char *part_of(const char *path)
{
    static char part[600];
    const char *slash = strrchr(path, '/');
    snprintf(part, sizeof(part), "%.*s/.%s.part", (int)(slash - path), path, slash + 1);
    return part;
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void check_no_parts(void)
{
    ck_assert_int_ne(access(part_of(lines), F_OK), 0);
    ck_assert_int_ne(access(part_of(raw), F_OK), 0);
}

/* Each line has its record's account, and says where in the other file its bytes stand: one behind
 * the other, each but an empty one ended as a line is. */
static void check_outputs(const struct record *list, size_t n)
{
    struct buf text = rig_read(lines), bytes = rig_read(raw);
    const char *line = text.data;
    uint64_t at, length, next = 0;
    for (size_t i = 0; i < n; i++) {
        int used = 0;
        sscanf(line, "{\"raw_at\":%" SCNu64 ",\"raw_bytes\":%" SCNu64 ",%n", &at, &length, &used);
        ck_assert_msg(used > 0, "record %zu: '%.80s'", i, line);
        line += used;
        size_t rest = strlen(list[i].account + 1);
        ck_assert_msg(strncmp(line, list[i].account + 1, rest) == 0, "record %zu: '%.80s'", i,
                      line);
        line += rest;
        ck_assert_uint_eq(at, next);
        ck_assert_uint_eq(length, list[i].n);
        next += length;
        ck_assert_uint_le(next, bytes.len);
        ck_assert(length == 0 || memcmp(bytes.data + at, list[i].bytes, length) == 0);
        if (length == 0 || bytes.data[next - 1] == '\n' || bytes.data[next - 1] == '\r')
            continue;
        ck_assert_int_eq(bytes.data[next++], '\n');
    }
    ck_assert_str_eq(line, "");
    ck_assert_uint_eq(bytes.len, next);
    ck_assert_uint_eq(rig.stage[0].total.bytes, text.len + bytes.len);
    ck_assert_str_eq(rig.published, lines);
    check_no_parts();
    weir__buf_release(&text);
    weir__buf_release(&bytes);
}

/* ---- frames ---- */

/* Not killed, killed in each transaction, in each second one. */
START_TEST(test_frames_may_be_cut_anywhere)
{
    static const unsigned kills[] = {0, 2, 1};
    struct buf frames = frames_of(records, COUNT(records));
    for (size_t cut = 0; cut <= frames.len; cut++) {
        rig.kill_every = (unsigned)_i;
        feed(frames.data, cut);
        feed(frames.data + cut, frames.len - cut);
        ck_assert_int_eq(run(), 0);
        check_outputs(records, COUNT(records));
        ck_assert_uint_eq(rig.kills, kills[_i]);
        teardown();
        setup();
    }
    weir__buf_release(&frames);
}
END_TEST

START_TEST(test_frames_may_come_byte_by_byte)
{
    struct buf frames = frames_of(records, COUNT(records));
    rig.kill_every = (unsigned)_i;
    for (size_t i = 0; i < frames.len; i++)
        feed(frames.data + i, 1);
    ck_assert_int_eq(run(), 0);
    check_outputs(records, COUNT(records));
    ck_assert_int_eq(rig.kills > 0, _i > 0);
    weir__buf_release(&frames);
}
END_TEST

START_TEST(test_a_record_may_be_larger_than_a_slot)
{
    enum { SLOT = 64 << 10, LARGE = 5 * SLOT + 123 };
    static char bytes[LARGE], account[LARGE];
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    snprintf(account, sizeof(account), "{\"x\":\"%0*d\"}\n", LARGE - 10, 0);
    const struct record list[] = {records[0], {account, bytes, LARGE}, records[3]};
    struct buf frames = frames_of(list, COUNT(list));
    rig.kill_every = (unsigned)_i;
    for (size_t at = 0; at < frames.len; at += SLOT)
        feed(frames.data + at, frames.len - at < SLOT ? frames.len - at : SLOT);
    ck_assert_int_eq(run(), 0);
    check_outputs(list, COUNT(list));
    ck_assert_int_eq(rig.kills > 0, _i > 0);
    weir__buf_release(&frames);
}
END_TEST

/* ---- successors ---- */

/* Feeds two halves of the frames, and does the first. */
static void begin(void)
{
    struct buf frames = frames_of(records, COUNT(records));
    feed(frames.data, frames.len / 2);
    feed(frames.data + frames.len / 2, frames.len - frames.len / 2);
    weir__buf_release(&frames);
    add_stage();
    ck_assert_int_eq(rig_plan(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(rig_transaction(&rig, 0), 1);
}

/* Whoever did what was done last dies before it is committed. Returns what its successor's open
 * does. */
static int succeed(void)
{
    rig_forget(&rig, 0, false);
    rig_close(&rig);
    ck_assert_int_eq(rig_bind(&rig), 0);
    return rig_open(&rig);
}

START_TEST(test_a_successor_cuts_off_what_was_not_committed)
{
    begin();
    uint64_t line_bytes = size_of(part_of(lines)), raw_bytes = size_of(part_of(raw));
    ck_assert_int_eq(rig_step(&rig, 1), 0);
    ck_assert_uint_gt(size_of(part_of(lines)), line_bytes);
    ck_assert_uint_gt(size_of(part_of(raw)), raw_bytes);
    ck_assert_int_eq(succeed(), 0);
    ck_assert_uint_eq(size_of(part_of(lines)), line_bytes);
    ck_assert_uint_eq(size_of(part_of(raw)), raw_bytes);
    ck_assert_int_eq(rig_transaction(&rig, 1), 0);
    ck_assert_int_eq(rig_finish(&rig), 0);
    ck_assert_int_eq(rig_publish(&rig, true), 0);
    rig_close(&rig);
    check_outputs(records, COUNT(records));
}
END_TEST

START_TEST(test_a_successor_does_not_go_on_in_another_file)
{
    begin();
    const char *part = part_of(_i == 0 ? lines : raw);
    char other[600];
    snprintf(other, sizeof(other), "%s.other", part);
    ck_assert_int_eq(rename(part, other), 0);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_lt(succeed(), 0);
    rig_close(&rig);
}
END_TEST

/* ---- the files ---- */

START_TEST(test_what_is_there_is_replaced)
{
    struct buf frames = frames_of(records, COUNT(records));
    rig_write(&rig, "aside", "old\n");
    rig_write(&rig, "aside.raw", "old bytes\n");
    feed(frames.data, frames.len);
    ck_assert_int_eq(run(), 0);
    check_outputs(records, COUNT(records));
    weir__buf_release(&frames);
}
END_TEST

START_TEST(test_publishing_can_be_repeated)
{
    begin();
    ck_assert_int_eq(rig_transaction(&rig, 1), 0);
    ck_assert_int_eq(rig_finish(&rig), 0);
    ck_assert_int_eq(rig_publish(&rig, true), 0);
    ck_assert_int_eq(rig_publish(&rig, true), 0);
    rig_close(&rig);
    check_outputs(records, COUNT(records));
}
END_TEST

START_TEST(test_a_run_that_fails_leaves_what_is_there)
{
    rig_write(&rig, "aside", "old\n");
    rig_write(&rig, "aside.raw", "old bytes\n");
    begin();
    ck_assert_int_eq(rig_publish(&rig, false), 0);
    rig_close(&rig);
    ck_assert_ptr_null(rig.published);
    check_file(lines, "old\n");
    check_file(raw, "old bytes\n");
    check_no_parts();
}
END_TEST

START_TEST(test_if_nothing_is_set_aside_nothing_is_made)
{
    rig_schema(&rig.input, "frame");
    ck_assert_int_eq(run(), 0);
    ck_assert_ptr_null(rig.published);
    ck_assert_int_ne(access(lines, F_OK), 0);
    ck_assert_int_ne(access(raw, F_OK), 0);
    check_no_parts();
}
END_TEST

/* A folder has the name of the first, of the second file. */
START_TEST(test_both_files_are_made_or_none)
{
    struct buf frames = frames_of(records, 1);
    ck_assert_int_eq(mkdir(_i == 0 ? lines : raw, 0777), 0);
    feed(frames.data, frames.len);
    ck_assert_int_eq(run(), WEIR_ECANTCREATE);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), _i == 0 ? lines : raw));
    check_no_parts();
    weir__buf_release(&frames);
}
END_TEST

START_TEST(test_a_limit_on_file_size_is_said)
{
    static const char bytes[200];
    const struct record large = {"{\"stage\":\"a\"}\n", bytes, sizeof(bytes)};
    struct buf frames = frames_of(&large, 1);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = 100;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    feed(frames.data, frames.len);
    int rc = run();
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(rc, WEIR_EIO);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "aside.raw': File too large"));
    check_no_parts();
    weir__buf_release(&frames);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quarantine.write");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, test_frames_may_be_cut_anywhere, 0, 3);
    tcase_add_loop_test(all, test_frames_may_come_byte_by_byte, 0, 4);
    tcase_add_loop_test(all, test_a_record_may_be_larger_than_a_slot, 0, 3);
    tcase_add_test(all, test_a_successor_cuts_off_what_was_not_committed);
    tcase_add_loop_test(all, test_a_successor_does_not_go_on_in_another_file, 0, 2);
    tcase_add_test(all, test_what_is_there_is_replaced);
    tcase_add_test(all, test_publishing_can_be_repeated);
    tcase_add_test(all, test_a_run_that_fails_leaves_what_is_there);
    tcase_add_test(all, test_if_nothing_is_set_aside_nothing_is_made);
    tcase_add_loop_test(all, test_both_files_are_made_or_none, 0, 2);
    tcase_add_test(all, test_a_limit_on_file_size_is_said);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
