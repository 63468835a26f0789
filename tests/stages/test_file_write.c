/* file.write, as the last stage of csv.write. */
#include "stages/rig.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "csv/write.h"
#include "file/write.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static void check_error(const char *part)
{
    ck_assert_msg(strstr(rig_error(&rig), part) != NULL, "said '%s', not '%s'", rig_error(&rig),
                  part);
}

static void check_file(const char *path, const char *expected)
{
    struct buf text = rig_read(path);
    ck_assert_str_eq(text.data, expected);
    weir__buf_release(&text);
}

/* The temporary file beside a path. */
static const char *part_of(const char *path)
{
    static char part[600];
    const char *slash = strrchr(path, '/');
    snprintf(part, sizeof(part), "%.*s/.%s.part", (int)(slash - path), path, slash + 1);
    return part;
}

static int write_rows(const char *path, const char *rows, const char *if_exists)
{
    rig.batch_records = 1;
    rig_table(&rig, "a|b", rows);
    int rc = rig_add(&rig, &weir_csv_write, rig_with("path", path, "if_exists", if_exists, NULL));
    return rc < 0 ? rc : rig_run(&rig);
}

START_TEST(test_a_file_appears_when_all_is_done)
{
    const char *path = rig_path(&rig, "out.csv");
    ck_assert_int_eq(write_rows(path, "1|2\n3|4\n", "replace"), 0);
    check_file(path, "a,b\n1,2\n3,4\n");
    ck_assert_str_eq(rig.published, path);
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
    ck_assert_uint_eq(rig.stage[1].total.bytes, 12);
}
END_TEST

START_TEST(test_a_file_without_records_has_its_header)
{
    const char *path = rig_path(&rig, "out.csv");
    ck_assert_int_eq(write_rows(path, "", "replace"), 0);
    check_file(path, "a,b\n");
}
END_TEST

START_TEST(test_a_failed_run_leaves_the_old_file)
{
    const char *path = rig_write(&rig, "out.csv", "old\n");
    rig.batch_records = 1;
    rig_table(&rig, "a|b", "1|2\n3|,\n");
    rig_add(&rig, &weir_csv_write, rig_with("path", path, "quoting", "none", NULL));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    check_file(path, "old\n");
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
    ck_assert_ptr_null(rig.published);
}
END_TEST

START_TEST(test_a_successor_writes_the_same_bytes)
{
    const char *path = rig_path(&rig, "out.csv");
    rig.kill_every = 1 + (unsigned)_i;
    ck_assert_int_eq(write_rows(path, "1|2\n3|4\n5|6\n7|8\n", "replace"), 0);
    ck_assert_uint_gt(rig.kills, 0);
    check_file(path, "a,b\n1,2\n3,4\n5,6\n7,8\n");
}
END_TEST

START_TEST(test_a_successor_appends_the_same_bytes)
{
    const char *path = rig_write(&rig, "out.csv", "a,b\n0,0");
    rig.kill_every = 1 + (unsigned)_i;
    ck_assert_int_eq(write_rows(path, "1|2\n3|4\n", "append"), 0);
    check_file(path, "a,b\n0,0\n1,2\n3,4\n");
}
END_TEST

static const struct {
    const char *header, *key, *value, *error; /* "": it fits */
} appended[] = {
    {"a,b\n", NULL, NULL, ""},
    {"a,b", NULL, NULL, ""},
    {"\xef\xbb\xbf\"a\",\"b\"\r\n", NULL, NULL, ""},
    {"\na,b\n", NULL, NULL, ""},
    {"a;b\n", "delimiter", ";", ""},
    {"1,2,3\n", "header", "false", ""},
    {"a;b\n", NULL, NULL, "it lacks 'a', 'b', it has 'a;b'"},
    {"a\n", NULL, NULL, "it lacks 'b'"},
    {"a,b,c\n", NULL, NULL, "it has 'c'"},
    {"a,c\n", NULL, NULL, "it lacks 'b', it has 'c'"},
    {"A,b\n", NULL, NULL, "it lacks 'a', it has 'A'"},
    {"b,a\n", NULL, NULL, "its columns stand in another order"},
    {"a,b,b\n", NULL, NULL, "its columns stand in another order"},
    {"\n\n", NULL, NULL, "it has no header"},
};

START_TEST(test_a_file_is_appended_to_only_if_its_header_names_the_columns)
{
    const char *path = rig_write(&rig, "out.csv", appended[_i].header);
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(
        &rig, &weir_csv_write,
        rig_with("path", path, "if_exists", "append", appended[_i].key, appended[_i].value, NULL));
    int rc = rig_run(&rig);
    if (appended[_i].error[0] == '\0') {
        ck_assert_int_eq(rc, 0);
        return;
    }
    ck_assert_int_eq(rc, WEIR_EDATA);
    ck_assert_msg(strstr(rig_error(&rig), appended[_i].error) != NULL, "%s", rig_error(&rig));
    check_file(path, appended[_i].header);
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
}
END_TEST

START_TEST(test_appending_to_nothing_writes_the_header)
{
    const char *path = rig_path(&rig, "out.csv");
    ck_assert_int_eq(write_rows(path, "1|2\n", "append"), 0);
    check_file(path, "a,b\n1,2\n");
}
END_TEST

START_TEST(test_an_existing_file_is_an_error_if_so_wanted)
{
    const char *path = rig_write(&rig, "out.csv", "old\n");
    ck_assert_int_eq(write_rows(path, "1|2\n", "error"), WEIR_ECANTCREATE);
    check_error("out.csv' is there already (if_exists: error)");
    check_file(path, "old\n");
}
END_TEST

START_TEST(test_mode_and_symbolic_links_are_kept)
{
    struct stat st;
    const char *path = rig_write(&rig, "real.csv", "old\n");
    const char *link = rig_path(&rig, "link.csv");
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(symlink("real.csv", link), 0);
    ck_assert_int_eq(write_rows(link, "1|2\n", "replace"), 0);
    check_file(path, "a,b\n1,2\n");
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

START_TEST(test_a_link_to_nothing_makes_what_it_names)
{
    const char *link = rig_path(&rig, "link.csv");
    ck_assert_int_eq(symlink("made.csv", link), 0);
    ck_assert_int_eq(write_rows(link, "1|2\n", "replace"), 0);
    check_file(rig_path(&rig, "made.csv"), "a,b\n1,2\n");
}
END_TEST

START_TEST(test_a_new_file_has_the_mode_that_umask_leaves)
{
    struct stat st;
    const char *path = rig_path(&rig, "out.csv");
    umask(027);
    ck_assert_int_eq(write_rows(path, "1|2\n", "replace"), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

START_TEST(test_a_directory_cannot_be_written)
{
    const char *path = rig_path(&rig, "folder");
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(write_rows(path, "1|2\n", "replace"), WEIR_ECANTCREATE);
    check_error("folder': it is a directory");
}
END_TEST

START_TEST(test_a_folder_that_does_not_exist_is_said)
{
    const char *path = rig_path(&rig, "none/out.csv");
    ck_assert_int_eq(write_rows(path, "1|2\n", "replace"), WEIR_ECANTCREATE);
    check_error("/none' does not exist");
}
END_TEST

START_TEST(test_a_file_without_permission_is_not_replaced)
{
    const char *path = rig_write(&rig, "out.csv", "old\n");
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(rig.dir, 0777), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(write_rows(path, "1|2\n", "replace"), WEIR_ECANTCREATE);
    check_error("out.csv': Permission denied");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(test_what_a_killed_run_left_is_replaced)
{
    const char *path = rig_path(&rig, "out.csv");
    rig_write(&rig, ".out.csv.part", "half of something larger than what comes now\n");
    ck_assert_int_eq(write_rows(path, "1|2\n", "replace"), 0);
    check_file(path, "a,b\n1,2\n");
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
}
END_TEST

START_TEST(test_a_file_that_another_run_writes_is_busy)
{
    const char *path = rig_path(&rig, "out.csv");
    int ready[2];
    char byte, pid_text[32];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        rig_table(&rig, "a|b", "1|2\n");
        rig_add(&rig, &weir_csv_write, rig_with("path", path, NULL));
        if (rig_bind(&rig) == 0 && rig_open(&rig) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    snprintf(pid_text, sizeof(pid_text), "(pid %d, since ",
             (int)getpid()); /* of the program, whose worker holds the lock */
    ck_assert_int_eq(write_rows(path, "3|4\n", "replace"), WEIR_ETEMPFAIL);
    check_error("out.csv' is being written by another run (pid ");
    check_error(pid_text);
    check_error("). Nothing was done");
    ck_assert_int_eq(access(part_of(path), F_OK), 0); /* the other's */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    rig_release(&rig);
    rig_init(&rig);
}
END_TEST

START_TEST(test_publishing_can_be_repeated)
{
    const char *path = rig_path(&rig, "out.csv"), *published = NULL;
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(&rig, &weir_csv_write, rig_with("path", path, NULL));
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(rig_transaction(&rig, 0), 0);
    ck_assert_int_eq(rig_finish(&rig), 0);
    ck_assert_int_eq(rig_publish(&rig, true), 0);
    ck_assert_int_eq(rig_publish(&rig, true), 0);
    /* Died after the rename: the successor finds the file under its name. */
    rig_close(&rig);
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(weir_file_write.publish(&rig.stage[1].stage, true, &published), 0);
    ck_assert_str_eq(published, path);
    rig_close(&rig);
    check_file(path, "a,b\n1,2\n");
}
END_TEST

START_TEST(test_a_file_that_comes_meanwhile_is_not_replaced_if_so_wanted)
{
    const char *path = rig_path(&rig, "out.csv");
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(&rig, &weir_csv_write, rig_with("path", path, "if_exists", "error", NULL));
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(rig_transaction(&rig, 0), 0);
    ck_assert_int_eq(rig_finish(&rig), 0);
    rig_write(&rig, "out.csv", "meanwhile\n");
    ck_assert_int_eq(rig_publish(&rig, true), WEIR_ECANTCREATE);
    rig_publish(&rig, false);
    rig_close(&rig);
    check_file(path, "meanwhile\n");
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
}
END_TEST

START_TEST(test_a_full_disk_is_said)
{
    ck_assert_int_eq(write_rows("/dev/full", "1|2\n", "replace"), WEIR_EIO);
    check_error("cannot write '/dev/full': No space left on device (0 bytes are written)");
}
END_TEST

START_TEST(test_a_limit_on_file_size_is_said_with_how_much_was_written)
{
    const char *path = rig_path(&rig, "out.csv");
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = 6;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int rc = write_rows(path, "1|2\n3|4\n", "replace");
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(rc, WEIR_EIO);
    check_error("out.csv': File too large (6 bytes are written)");
    ck_assert_int_eq(access(part_of(path), F_OK), -1);
}
END_TEST

START_TEST(test_a_device_is_written_in_place)
{
    ck_assert_int_eq(write_rows("/dev/null", "1|2\n", "replace"), 0);
    ck_assert_ptr_null(rig.published);
    struct stat st;
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(test_standard_output_gets_the_bytes_and_cannot_be_replaced)
{
    int ends[2];
    char text[64] = "";
    ck_assert_int_eq(pipe(ends), 0);
    fflush(stdout);
    int saved = dup(1);
    dup2(ends[1], 1);
    int rc = write_rows("-", "1|2\n3|4\n", "replace");
    bool irreplaceable = rig.stage[1].stage.irreplaceable;
    dup2(saved, 1);
    close(ends[1]);
    ck_assert_int_eq(rc, 0);
    ck_assert(irreplaceable);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 12);
    ck_assert_str_eq(text, "a,b\n1,2\n3,4\n");
    ck_assert_ptr_null(rig.published);
}
END_TEST

START_TEST(test_a_reader_that_goes_away_ends_the_run_quietly)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    signal(SIGPIPE, SIG_IGN);
    fflush(stdout);
    int saved = dup(1);
    dup2(ends[1], 1);
    close(ends[0]);
    int rc = write_rows("-", "1|2\n3|4\n5|6\n", "replace");
    dup2(saved, 1);
    close(ends[1]);
    ck_assert_int_eq(rc, 0);
    ck_assert(rig.enough);
    ck_assert_uint_lt(rig.transactions, 3);
}
END_TEST

static void add_publishing(TCase *tcase)
{
    tcase_add_test(tcase, test_a_file_appears_when_all_is_done);
    tcase_add_test(tcase, test_a_file_without_records_has_its_header);
    tcase_add_test(tcase, test_a_failed_run_leaves_the_old_file);
    tcase_add_loop_test(tcase, test_a_successor_writes_the_same_bytes, 0, 3);
    tcase_add_loop_test(tcase, test_a_successor_appends_the_same_bytes, 0, 2);
    tcase_add_test(tcase, test_appending_to_nothing_writes_the_header);
    tcase_add_loop_test(tcase, test_a_file_is_appended_to_only_if_its_header_names_the_columns, 0,
                        sizeof(appended) / sizeof(appended[0]));
    tcase_add_test(tcase, test_mode_and_symbolic_links_are_kept);
    tcase_add_test(tcase, test_a_link_to_nothing_makes_what_it_names);
    tcase_add_test(tcase, test_a_new_file_has_the_mode_that_umask_leaves);
    tcase_add_test(tcase, test_what_a_killed_run_left_is_replaced);
    tcase_add_test(tcase, test_publishing_can_be_repeated);
    tcase_add_test(tcase, test_a_device_is_written_in_place);
    tcase_add_test(tcase, test_standard_output_gets_the_bytes_and_cannot_be_replaced);
    tcase_add_test(tcase, test_a_reader_that_goes_away_ends_the_run_quietly);
}

static void add_refusing(TCase *tcase)
{
    tcase_add_test(tcase, test_an_existing_file_is_an_error_if_so_wanted);
    tcase_add_test(tcase, test_a_file_that_comes_meanwhile_is_not_replaced_if_so_wanted);
    tcase_add_test(tcase, test_a_directory_cannot_be_written);
    tcase_add_test(tcase, test_a_folder_that_does_not_exist_is_said);
    tcase_add_test(tcase, test_a_file_without_permission_is_not_replaced);
    tcase_add_test(tcase, test_a_file_that_another_run_writes_is_busy);
    tcase_add_test(tcase, test_a_full_disk_is_said);
    tcase_add_test(tcase, test_a_limit_on_file_size_is_said_with_how_much_was_written);
}

int main(void)
{
    Suite *suite = suite_create("file.write");
    TCase *publishing = tcase_create("publishing");
    tcase_set_timeout(publishing, 60);
    tcase_add_checked_fixture(publishing, setup, teardown);
    add_publishing(publishing);
    suite_add_tcase(suite, publishing);
    TCase *refusing = tcase_create("refusing");
    tcase_set_timeout(refusing, 60);
    tcase_add_checked_fixture(refusing, setup, teardown);
    add_refusing(refusing);
    suite_add_tcase(suite, refusing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
