#include "shm/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

enum { BYTES = 3 << 20 };

static struct segment segment;

static void make_segment(void)
{
    struct weir_err err = {0};
    ck_assert_msg(weir__segment_create(&segment, "weir", BYTES, &err) == 0, "%s", err.text);
}

static void release_segment(void)
{
    weir__segment_release(&segment);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

START_TEST(test_a_segment_is_zeroed_and_reserved_in_full)
{
    struct stat stat;
    ck_assert_uint_eq(segment.bytes, BYTES);
    size_t used = 0;
    for (size_t i = 0; i < BYTES; i++)
        used += segment.base[i] != 0;
    ck_assert_uint_eq(used, 0);
    ck_assert_int_eq(fstat(segment.fd, &stat), 0);
    ck_assert_int_eq(stat.st_size, BYTES);
    ck_assert_int_ge(stat.st_blocks * 512, BYTES);
}
END_TEST

static int reserved_bytes(const struct segment *sparse)
{
    struct stat stat;
    ck_assert_int_eq(fstat(sparse->fd, &stat), 0);
    ck_assert_int_eq(stat.st_size, BYTES);
    return (int)stat.st_blocks * 512;
}

START_TEST(test_a_sparse_segment_is_reserved_in_parts)
{
    struct segment sparse;
    struct weir_err err;
    ck_assert_int_eq(weir__segment_create_sparse(&sparse, "weir", BYTES, 1 << 20, &err), 0);
    ck_assert_uint_eq(sparse.bytes, BYTES);
    ck_assert_int_ge(reserved_bytes(&sparse), 1 << 20);
    ck_assert_int_lt(reserved_bytes(&sparse), BYTES);
    ck_assert(!weir__segment_reserve(&sparse, BYTES, 4096)); /* it does not grow */
    ck_assert_int_lt(reserved_bytes(&sparse), BYTES);
    ck_assert(weir__segment_reserve(&sparse, 1 << 20, BYTES - (1 << 20)));
    ck_assert_int_ge(reserved_bytes(&sparse), BYTES);
    weir__segment_release(&sparse);
}
END_TEST

START_TEST(test_its_size_is_sealed)
{
    ck_assert_int_eq(ftruncate(segment.fd, BYTES - 4096), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(ftruncate(segment.fd, BYTES + 4096), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(fcntl(segment.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(test_it_has_no_name_and_does_not_pass_through_exec)
{
    struct stat stat;
    ck_assert_int_eq(fstat(segment.fd, &stat), 0);
    ck_assert_uint_eq(stat.st_nlink, 0);
    ck_assert_int_ne(fcntl(segment.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

/* The line of /proc/self/smaps that begins with `key`, of the mapping at `base`. */
static bool read_smaps(const char *base, const char *key, char *ret, int bytes)
{
    char begins[32];
    bool here = false, found = false;
    FILE *file = fopen("/proc/self/smaps", "re");
    ck_assert_ptr_nonnull(file);
    snprintf(begins, sizeof(begins), "%lx-", (unsigned long)(uintptr_t)base);
    while (!found && fgets(ret, bytes, file) != NULL) {
        if (strncmp(ret, begins, strlen(begins)) == 0)
            here = true;
        found = here && strncmp(ret, key, strlen(key)) == 0;
    }
    fclose(file);
    return found;
}

START_TEST(test_it_is_kept_out_of_core_dumps)
{
    char line[512];
    ck_assert(read_smaps(segment.base, "VmFlags:", line, sizeof(line)));
    ck_assert_ptr_nonnull(strstr(line, " dd"));
}
END_TEST

static int status_of_child(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

START_TEST(test_children_share_it)
{
    pid_t pid = fork();
    if (pid == 0) {
        segment.base[BYTES - 1] = 'c';
        _exit(0);
    }
    ck_assert_int_eq(status_of_child(pid), 0);
    ck_assert_int_eq(segment.base[BYTES - 1], 'c');
}
END_TEST

START_TEST(test_children_of_a_worker_do_not_have_it)
{
    weir__segment_keep_from_children(&segment);
    segment.base[0] = 'w'; /* the worker itself still has */
    pid_t pid = fork();
    if (pid == 0)
        _exit(msync(segment.base, BYTES, MS_ASYNC) < 0 && errno == ENOMEM ? 0 : 1);
    ck_assert_int_eq(status_of_child(pid), 0);
    ck_assert_int_eq(segment.base[0], 'w');
}
END_TEST

/* The kilobytes of the segment that this process has touched. */
static unsigned long resident(void)
{
    char line[512];
    ck_assert(read_smaps(segment.base, "Rss:", line, sizeof(line)));
    return strtoul(line + strlen("Rss:"), NULL, 10);
}

START_TEST(test_populate_touches_the_pages_of_its_range_and_changes_nothing)
{
    segment.base[8192] = 'p';
    ck_assert_uint_lt(resident(), 1024);
    weir__segment_populate(segment.base + 5000, (1 << 20) + 1);
    weir__segment_populate(segment.base, 0);
    ck_assert_int_eq(segment.base[8192], 'p');
    ck_assert_int_eq(segment.base[5000], 0);
    /* MADV_POPULATE_WRITE came with Linux 5.14: before, pages come on first use. */
    if (madvise(segment.base, 4096, 23) == 0)
        ck_assert_uint_ge(resident(), 1024);
}
END_TEST

START_TEST(test_a_released_segment_is_gone_and_may_be_released_again)
{
    char *base = segment.base;
    int fd = segment.fd;
    weir__segment_release(&segment);
    ck_assert_int_eq(segment.fd, -1);
    ck_assert_ptr_null(segment.base);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(msync(base, BYTES, MS_ASYNC), -1);
    weir__segment_release(&segment);
}
END_TEST

/* ---- refusals ---- */

static void assert_refused(size_t bytes, const char *words)
{
    struct segment refused;
    struct weir_err err = {0};
    size_t before = open_descriptors();
    ck_assert_int_eq(weir__segment_create(&refused, "weir", bytes, &err), WEIR_EOS);
    ck_assert_int_eq(err.code, WEIR_EOS);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
    ck_assert_int_eq(refused.fd, -1);
    ck_assert_uint_eq(open_descriptors(), before);
    weir__segment_release(&refused);
}

START_TEST(test_memory_that_cannot_be_reserved_is_an_error_with_its_size)
{
    struct rlimit small = {1 << 20, 1 << 20};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_refused(5 << 20, "5 MiB");
}
END_TEST

START_TEST(test_no_descriptor_left_is_an_error)
{
    struct rlimit many, few;
    struct segment refused;
    struct weir_err err = {0};
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &many), 0);
    few = (struct rlimit){0, many.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int code = weir__segment_create(&refused, "weir", 4096, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &many), 0);
    ck_assert_int_eq(code, WEIR_EOS);
    ck_assert_ptr_nonnull(strstr(err.text, strerror(EMFILE)));
    ck_assert_int_eq(refused.fd, -1);
}
END_TEST

START_TEST(test_a_size_that_no_file_can_have_is_an_error)
{
    assert_refused(SIZE_MAX, "cannot");
    assert_refused(0, "cannot");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segment");
    TCase *made = tcase_create("made"), *refused = tcase_create("refused");
    tcase_add_checked_fixture(made, make_segment, release_segment);
    tcase_add_test(made, test_a_segment_is_zeroed_and_reserved_in_full);
    tcase_add_test(made, test_a_sparse_segment_is_reserved_in_parts);
    tcase_add_test(made, test_its_size_is_sealed);
    tcase_add_test(made, test_it_has_no_name_and_does_not_pass_through_exec);
    tcase_add_test(made, test_it_is_kept_out_of_core_dumps);
    tcase_add_test(made, test_children_share_it);
    tcase_add_test(made, test_children_of_a_worker_do_not_have_it);
    tcase_add_test(made, test_populate_touches_the_pages_of_its_range_and_changes_nothing);
    tcase_add_test(made, test_a_released_segment_is_gone_and_may_be_released_again);
    tcase_add_test(refused, test_memory_that_cannot_be_reserved_is_an_error_with_its_size);
    tcase_add_test(refused, test_no_descriptor_left_is_an_error);
    tcase_add_test(refused, test_a_size_that_no_file_can_have_is_an_error);
    suite_add_tcase(suite, made);
    suite_add_tcase(suite, refused);
    return unit_run(suite);
}
