/* file.list, file.hash and the manifests. */
#include "stages/rig.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

#include "hash/cache.h"
#include "hash/digest.h"
#include "hash/hash.h"
#include "hash/list.h"
#include "hash/manifest.h"
#include "hash/walk.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

/* ---- trees ---- */

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(rig_path(&rig, name), 0777), 0);
}

static const char *tree(void)
{
    return rig_path(&rig, "tree");
}

/* Folders in folders, and more files than fit a batch. */
static void make_tree(void)
{
    char name[64];
    make_folder("tree");
    for (int d = 0; d < 20; d++) {
        snprintf(name, sizeof(name), "tree/s%02d", d);
        make_folder(name);
        snprintf(name, sizeof(name), "tree/s%02d/file", d);
        rig_write(&rig, name, "abc");
    }
    for (int f = 0; f < 300; f++) {
        snprintf(name, sizeof(name), "tree/f%03d", f);
        rig_write(&rig, name, "");
    }
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The output's lines in order, without the rig's folder; to be freed. */
static char *sorted(struct buf *output)
{
    char *line[4096], *save = NULL;
    size_t lines = 0, folder = strlen(rig.dir) + 1;
    struct buf ret;
    weir__buf_init(&ret);
    for (char *at = strtok_r(output->data, "\n", &save); at != NULL;
         at = strtok_r(NULL, "\n", &save)) {
        char *found = strstr(at, rig.dir);
        if (found != NULL)
            memmove(found, found + folder, strlen(found + folder) + 1);
        ck_assert_uint_lt(lines, 4096);
        line[lines++] = at;
    }
    qsort(line, lines, sizeof(*line), compare_lines);
    for (size_t i = 0; i < lines; i++)
        weir__buf_printf(&ret, "%s\n", line[i]);
    return weir__buf_detach(&ret);
}

static char *run_tree(struct node *with, const char *wanted)
{
    rig.wanted = wanted;
    rig_add(&rig, &weir_file_list, with);
    int rc = rig_run(&rig);
    ck_assert_msg(rc == 0, "%s", rig_error(&rig));
    return sorted(&rig.output);
}

static void check_tree(struct node *with, const char *wanted, const char *expected)
{
    char *got = run_tree(with, wanted);
    ck_assert_str_eq(got, expected);
    free(got);
}

START_TEST(test_every_file_is_listed_once_wherever_workers_die)
{
    make_tree();
    rig.kill_every = (unsigned)_i;
    rig_add(&rig, &weir_file_list, rig_with("root", tree(), NULL));
    rig_add(&rig, &weir_file_hash, NULL);
    rig_add(&rig, &weir_manifest_format, rig_with("path", "unused", NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.kills > 0, _i > 0);
    char *got = sorted(&rig.output), *at = got;
    for (int f = 0; f < 320; f++) {
        char line[200];
        if (f < 20)
            snprintf(line, sizeof(line), "%s  tree/s%02d/file\n", ABC, f);
        else
            snprintf(line, sizeof(line), "%s  tree/f%03d\n", EMPTY, f - 20);
        ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "not %s but %.90s", line, at);
        at += strlen(line);
    }
    ck_assert_str_eq(at, "");
    free(got);
}
END_TEST

START_TEST(test_links_are_not_followed_unless_told)
{
    make_folder("tree");
    make_folder("tree/d");
    rig_write(&rig, "tree/d/file", "abc");
    ck_assert_int_eq(symlink("d", rig_path(&rig, "tree/to-d")), 0);
    ck_assert_int_eq(symlink("../..", rig_path(&rig, "tree/d/up")), 0);
    ck_assert_int_eq(symlink("nothing", rig_path(&rig, "tree/dangling")), 0);
    ck_assert_int_eq(symlink("round", rig_path(&rig, "tree/round")), 0);
    if (_i == 0)
        check_tree(rig_with("root", tree(), NULL), "path|type|error", "tree/d/file|file|~\n");
    else if (_i == 1)
        check_tree(rig_put(rig_with("root", tree(), NULL), "file_types", rig_list("symlink", NULL)),
                   "path|type",
                   "tree/d/up|symlink\ntree/dangling|symlink\ntree/round|symlink\n"
                   "tree/to-d|symlink\n");
    else
        check_tree(rig_with("root", tree(), "follow_symlinks", "true", "exclude", "up", NULL),
                   "path|type|error",
                   "tree/d/file|file|~\n"
                   "tree/dangling|symlink|No such file or directory\n"
                   "tree/round|symlink|Too many levels of symbolic links\n"
                   "tree/to-d/file|file|~\n");
}
END_TEST

START_TEST(test_a_link_to_a_folder_above_is_told_and_not_followed)
{
    make_folder("tree");
    rig_write(&rig, "tree/file", "");
    ck_assert_int_eq(symlink(".", rig_path(&rig, "tree/self")), 0);
    check_tree(rig_with("root", tree(), "follow_symlinks", "true", NULL), "path|error",
               "tree/file|~\ntree/self|Too many levels of symbolic links\n");
}
END_TEST

START_TEST(test_files_are_chosen_by)
{
    static const struct {
        const char *option, *value, *expected;
    } choices[] = {
        {"include", "*.c", "tree/.h/c.c\ntree/a.c\ntree/d/b.c\n"},
        {"include", "d/*", "tree/d/b.c\ntree/d/b.h\n"},
        {"exclude", "d", "tree/.h/c.c\ntree/a.c\n"},
        {"exclude", "*/b.*", "tree/.h/c.c\ntree/a.c\n"},
        {"hidden", "false", "tree/a.c\ntree/d/b.c\ntree/d/b.h\n"},
        {"max_depth", "1", "tree/a.c\n"},
        {"one_filesystem", "true", "tree/.h/c.c\ntree/a.c\ntree/d/b.c\ntree/d/b.h\n"},
    };
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        rig_init(&rig);
        make_folder("tree");
        make_folder("tree/d");
        make_folder("tree/.h");
        rig_write(&rig, "tree/a.c", "");
        rig_write(&rig, "tree/d/b.c", "");
        rig_write(&rig, "tree/d/b.h", "");
        rig_write(&rig, "tree/.h/c.c", "");
        check_tree(rig_with("root", tree(), choices[i].option, choices[i].value, NULL), "path",
                   choices[i].expected);
        if (i + 1 < sizeof(choices) / sizeof(choices[0]))
            rig_release(&rig);
    }
}
END_TEST

/* Of twenty folders some are still to be walked when they become links. */
START_TEST(test_a_folder_that_becomes_a_link_during_the_walk_leads_nowhere)
{
    char name[64], moved[64];
    make_tree();
    make_folder("outside");
    rig_write(&rig, "outside/secret", "");
    rig.wanted = "path|error";
    rig_add(&rig, &weir_file_list, rig_with("root", tree(), NULL));
    ck_assert_int_eq(rig_plan(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(rig_transaction(&rig, 0), 1);
    for (int d = 0; d < 20; d++) {
        snprintf(name, sizeof(name), "tree/s%02d", d);
        snprintf(moved, sizeof(moved), "moved%02d", d);
        ck_assert_int_eq(rename(rig_path(&rig, name), rig_path(&rig, moved)), 0);
        ck_assert_int_eq(symlink("../outside", rig_path(&rig, name)), 0);
    }
    while (rig_transaction(&rig, 0) == 1) {
    }
    rig_close(&rig);
    ck_assert_ptr_null(strstr(rig.output.data, "secret"));
    ck_assert_ptr_nonnull(strstr(rig.output.data, "|Not a directory"));
    ck_assert_uint_eq(rig.stage[0].records, 320);
}
END_TEST

START_TEST(test_a_root_that_is_not_there_is_an_error_of_planning)
{
    make_folder("tree");
    rig_add(&rig, &weir_file_list, rig_with("root", rig_path(&rig, "tree/none"), NULL));
    ck_assert_int_eq(rig_plan(&rig), WEIR_ENOINPUT);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "tree/none': No such file or directory"));
}
END_TEST

START_TEST(test_listed_paths_are_taken_once_wherever_workers_die)
{
    static char list[20000], expected[20000];
    size_t n = 0, e = 0;
    make_folder("tree");
    for (int f = 0; f < 300; f++) {
        char name[32];
        snprintf(name, sizeof(name), "tree/f%03d", f);
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%c", rig_write(&rig, name, ""), 0);
        e += (size_t)snprintf(expected + e, sizeof(expected) - e, "%s|0|file|~\n", name);
    }
    ck_assert_uint_lt(n, sizeof(list));
    rig.kill_every = 2;
    check_tree(rig_with("paths_from", rig_write_bytes(&rig, "list", list, n), "zero", "true", NULL),
               "path|size|type|error", expected);
    ck_assert_uint_gt(rig.kills, 0);
}
END_TEST

START_TEST(test_a_list_without_a_root_or_paths_is_an_error_of_planning)
{
    rig_add(&rig, &weir_file_list, NULL);
    ck_assert_int_eq(rig_plan(&rig), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "stage 'it': it wants a root, or paths_from");
}
END_TEST

/* ---- hashing ---- */

static void hash_rows(const char *columns, const char *rows, struct node *with)
{
    rig_table(&rig, columns, rows);
    rig_add(&rig, &weir_file_hash, with);
    int rc = rig_run(&rig);
    ck_assert_msg(rc == 0, "%s", rig_error(&rig));
}

static const char *row(const char *path)
{
    static char text[600];
    snprintf(text, sizeof(text), "%s\n", path);
    return text;
}

START_TEST(test_several_digests_are_made_in_one_read)
{
    rig.wanted = "sha1|md5|sha256";
    hash_rows("path", row(rig_write(&rig, "abc", "abc")),
              rig_put(rig_with(NULL), "algorithm", rig_list("sha1", "md5", "sha256", NULL)));
    ck_assert_str_eq(rig.output.data, "a9993e364706816aba3e25717850c26c9cd0d89d|"
                                      "900150983cd24fb0d6963f7d28e17f72|" ABC "\n");
}
END_TEST

START_TEST(test_a_digest_may_be_base64)
{
    rig.wanted = "bytes|status|error|digest";
    hash_rows("path", row(rig_write(&rig, "abc", "abc")),
              rig_with("encoding", "base64", "algorithm", "md5", NULL));
    ck_assert_str_eq(rig.output.data, "3|ok|~|kAFQmDzST7DWlj99KOF/cg==\n");
}
END_TEST

START_TEST(test_an_unknown_algorithm_is_an_error_of_planning)
{
    rig_table(&rig, "path", "x\n");
    rig_add(&rig, &weir_file_hash, rig_with("algorithm", "sha257", NULL));
    ck_assert_int_eq(rig_plan(&rig), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "OpenSSL has no digest 'sha257'");
}
END_TEST

static const struct {
    const char *columns, *row; /* behind a path in the rig's folder */
    const char *path, *expected;
    unsigned failed;
} refusals[] = {
    {"path", "", "none", "failed|No such file or directory|~\n", 1},
    {"path|device|inode", "|1|2", "none", "failed|gone between listing and reading|~\n", 1},
    {"path|device|inode", "|1|2", "abc", "changed|replaced between listing and reading|~\n", 1},
    {"path|error", "|Permission denied", "abc", "failed|Permission denied|~\n", 1},
    {"path", "", "folder", "failed|Is a directory|~\n", 1},
    {"path", "", "fifo", "skipped|is a FIFO|~\n", 0},
    {"path|type", "|socket", "abc", "skipped|is a socket|~\n", 0},
};

START_TEST(test_a_file_without_a_digest_says_why)
{
    char rows[700];
    rig_write(&rig, "abc", "abc");
    make_folder("folder");
    ck_assert_int_eq(mkfifo(rig_path(&rig, "fifo"), 0666), 0);
    snprintf(rows, sizeof(rows), "%s%s\n", rig_path(&rig, refusals[_i].path), refusals[_i].row);
    rig.wanted = "status|error|digest";
    hash_rows(refusals[_i].columns, rows, NULL);
    const char *at = rig.output.data;
    if (strstr(refusals[_i].columns, "error") != NULL) /* it stands where it came from */
        ck_assert_str_eq(at, "Permission denied|failed|~\n");
    else
        ck_assert_str_eq(at, refusals[_i].expected);
    ck_assert_uint_eq(rig.stage[0].total.failed, refusals[_i].failed);
}
END_TEST

START_TEST(test_a_file_that_takes_too_long_is_given_up)
{
    const char *path = rig_write(&rig, "sparse", "");
    ck_assert_int_eq(truncate(path, (off_t)1 << 36), 0);
    rig.wanted = "status|error";
    hash_rows("path", row(path), rig_with("file_timeout", "50ms", NULL));
    ck_assert_str_eq(rig.output.data, "failed|took longer than file_timeout\n");
}
END_TEST

START_TEST(test_records_without_a_path_are_an_error_of_planning)
{
    rig_table(&rig, "name", "x\n");
    rig_add(&rig, &weir_file_hash, NULL);
    ck_assert_int_eq(rig_plan(&rig), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "stage 'it': it wants a column 'path', and there is none");
}
END_TEST

/* The vectors that are in ../shared/corpora beside the source tree; where they are not, it is said. */
START_TEST(test_digests_are_those_of_the_public_vectors)
{
    char algorithm[16] = "", *line = NULL, in[512], out[70], path[600];
    char *bytes = malloc(1 << 20);
    size_t capacity = 0;
    unsigned compared = 0;
    snprintf(path, sizeof(path), "%.*s../shared/corpora/sha256/sha2_32.vec",
             (int)(strstr(__FILE__, "tests/stages/") - __FILE__), __FILE__);
    FILE *vectors = fopen(path, "re");
    if (vectors == NULL)
        printf("skipped: no %s\n", path);
    while (vectors != NULL && getline(&line, &capacity, vectors) > 0) {
        if (sscanf(line, "[SHA-%15[0-9]", algorithm) == 1) {
            memmove(algorithm + 3, algorithm, 4);
            memcpy(algorithm, "sha", 3);
        } else if (strncmp(line, "In = ", 5) == 0) {
            size_t n = 0;
            for (const char *at = line + 5; sscanf(at, "%2hhx", (unsigned char *)&bytes[n]) == 1;
                 at += 2)
                n++;
            rig_init(&rig);
            snprintf(in, sizeof(in), "%s\n", rig_write_bytes(&rig, "vector", bytes, n));
        } else if (sscanf(line, "Out = %69[0-9A-F]", out) == 1) {
            rig.wanted = "digest";
            hash_rows("path", in, rig_with("algorithm", algorithm, NULL));
            ck_assert_uint_eq(rig.output.len, strlen(out) + 1);
            ck_assert_int_eq(strncasecmp(rig.output.data, out, strlen(out)), 0);
            rig_release(&rig);
            compared++;
        }
    }
    ck_assert_uint_eq(compared, vectors == NULL ? 0 : 395);
    if (vectors != NULL)
        fclose(vectors);
    free(line);
    free(bytes);
    rig_init(&rig); /* for teardown */
}
END_TEST

/* ---- the cache ---- */

#define OLD_FILE "/bin/sh" /* has been as it is for longer than a clock's tick */

/* Keeps a wrong digest of OLD_FILE, by which it is known that the file was not read. */
static void keep_wrong_digest(const char *cache_path, const char *algorithm, const struct stat *st)
{
    static const unsigned char wrong[32] = "0123456789abcdef0123456789abcde";
    char error[CACHE_ERROR];
    struct cache *cache = weir__cache_open(cache_path, error);
    ck_assert_msg(cache != NULL, "%s", error);
    weir__cache_add(cache, st, algorithm, wrong, sizeof(wrong));
    ck_assert_msg(weir__cache_commit(cache, error), "%s", error);
    weir__cache_close(cache);
}

static bool takes_wrong_digest(const char *cache_path, const char *algorithm)
{
    rig_init(&rig);
    rig.wanted = "bytes|digest";
    hash_rows("path", row(OLD_FILE), rig_with("cache", cache_path, "algorithm", algorithm, NULL));
    bool wrong = strstr(rig.output.data, "|303132333435363738396162636465663031") != NULL;
    struct stat st;
    char bytes[32];
    ck_assert_int_eq(stat(OLD_FILE, &st), 0);
    snprintf(bytes, sizeof(bytes), "%lld|", (long long)st.st_size);
    ck_assert_int_eq(strncmp(rig.output.data, bytes, strlen(bytes)), 0);
    rig_release(&rig);
    return wrong;
}

START_TEST(test_a_file_is_taken_from_the_cache_only_if_it_is_the_same)
{
    enum { SAME, OTHER_INODE, OTHER_SIZE, OTHER_MTIME, OTHER_CTIME, OTHER_DEVICE };
    char cache_path[512];
    struct stat st;
    struct rig outer = rig; /* it has the folder */
    snprintf(cache_path, sizeof(cache_path), "%s", rig_path(&outer, "cache"));
    ck_assert_int_eq(stat(OLD_FILE, &st), 0);
    st.st_ino += _i == OTHER_INODE;
    st.st_dev += _i == OTHER_DEVICE;
    st.st_size += _i == OTHER_SIZE;
    st.st_mtim.tv_nsec += _i == OTHER_MTIME;
    st.st_ctim.tv_nsec += _i == OTHER_CTIME;
    keep_wrong_digest(cache_path, "SHA2-256", &st);
    ck_assert_int_eq(takes_wrong_digest(cache_path, "blake2s256"), false);
    ck_assert_int_eq(takes_wrong_digest(cache_path, "sha256"), _i == SAME);
    if (_i != SAME) { /* its own digest was kept, and the wrong one goes in its place */
        ck_assert_int_eq(stat(OLD_FILE, &st), 0);
        keep_wrong_digest(cache_path, "SHA2-256", &st);
        ck_assert_int_eq(takes_wrong_digest(cache_path, "sha256"), true);
    }
    rig = outer;
}
END_TEST

/* A link is found before the commit, a file with one name need not be. */
START_TEST(test_another_link_is_found_at_once)
{
    static const unsigned char made[32] = "0123456789abcdef0123456789abcde";
    unsigned char digest[32];
    char error[CACHE_ERROR];
    struct stat st;
    struct cache *cache = weir__cache_open(rig_path(&rig, "cache"), error);
    ck_assert_msg(cache != NULL, "%s", error);
    ck_assert_int_eq(stat(OLD_FILE, &st), 0);
    st.st_nlink = 2;
    ck_assert(!weir__cache_find(cache, &st, "SHA2-256", digest, sizeof(digest)));
    weir__cache_add(cache, &st, "SHA2-256", made, sizeof(made));
    ck_assert(weir__cache_find(cache, &st, "SHA2-256", digest, sizeof(digest)));
    ck_assert_mem_eq(digest, made, sizeof(made));
    ck_assert(!weir__cache_find(cache, &st, "BLAKE2S-256", digest, sizeof(digest)));
    st.st_ino++;
    ck_assert(!weir__cache_find(cache, &st, "SHA2-256", digest, sizeof(digest)));
    ck_assert_msg(weir__cache_commit(cache, error), "%s", error);
    weir__cache_close(cache);
}
END_TEST

static uint64_t bytes_read(void)
{
    unsigned long long bytes = 0;
    FILE *io = fopen("/proc/self/io", "re");
    ck_assert_ptr_nonnull(io);
    ck_assert_int_eq(fscanf(io, "rchar: %llu", &bytes), 1);
    fclose(io);
    return bytes;
}

#define DIGEST_OF_LINKED "52962814959c6b76039ccbbc4a744f3dd48dbd8c8cc114949af93ecf0a6efcdb"

/* Once it is old enough: what was written to just now is read again. */
START_TEST(test_a_file_with_several_links_is_read_once)
{
    enum { BYTES = 4 << 20, LINKS = 4 };
    char rows[4096] = "", expected[1024] = "", name[16];
    const char *path = rig_write(&rig, "f0", "abc");
    ck_assert_int_eq(truncate(path, BYTES), 0);
    for (int i = 1; i < LINKS; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        ck_assert_int_eq(link(rig_path(&rig, "f0"), rig_path(&rig, name)), 0);
    }
    for (int i = 0; i < LINKS; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        strcat(strcat(rows, rig_path(&rig, name)), "\n");
        strcat(expected, "4194304|ok|" DIGEST_OF_LINKED "\n");
    }
    if (_i == 1)
        sleep(4);
    rig.wanted = "bytes|status|digest";
    uint64_t before = bytes_read();
    hash_rows("path", rows, rig_with("algorithm", "sha256", NULL));
    uint64_t read = bytes_read() - before;
    ck_assert_str_eq(rig.output.data, expected);
    ck_assert_uint_ge(read, _i == 1 ? BYTES : (uint64_t)LINKS * BYTES);
    ck_assert_uint_lt(read, (uint64_t)(_i == 1 ? 2 : LINKS + 1) * BYTES);
}
END_TEST

static bool is_kept(const char *cache_path, const char *path)
{
    char error[CACHE_ERROR];
    unsigned char digest[32];
    struct stat st;
    struct cache *cache = weir__cache_open(cache_path, error);
    ck_assert_msg(cache != NULL, "%s", error);
    ck_assert_int_eq(stat(path, &st), 0);
    bool found = weir__cache_find(cache, &st, "SHA2-256", digest, sizeof(digest));
    ck_assert_msg(weir__cache_commit(cache, error), "%s", error);
    weir__cache_close(cache);
    return found;
}

START_TEST(test_what_was_read_is_kept_unless_it_is_new)
{
    char rows[1200], cache_path[512];
    const char *fresh = rig_write(&rig, "fresh", "abc");
    snprintf(cache_path, sizeof(cache_path), "%s", rig_path(&rig, "cache"));
    snprintf(rows, sizeof(rows), "%s\n%s\n", OLD_FILE, fresh);
    rig.wanted = "status";
    hash_rows("path", rows, rig_with("cache", cache_path, NULL));
    ck_assert_str_eq(rig.output.data, "ok\nok\n");
    ck_assert_int_eq(is_kept(cache_path, OLD_FILE), true);
    ck_assert_int_eq(is_kept(cache_path, fresh), false);
}
END_TEST

START_TEST(test_a_cache_in_the_tree_is_passed_over)
{
    make_folder("tree");
    rig_write(&rig, "tree/a", "abc");
    const char *cache_path = rig_write(&rig, "tree/cache", "");
    rig.wanted = "path|status|error";
    rig_add(&rig, &weir_file_list, rig_with("root", tree(), NULL));
    rig_add(&rig, &weir_file_hash, rig_with("cache", cache_path, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    char *got = sorted(&rig.output);
    ck_assert_ptr_nonnull(strstr(got, "tree/a|~|ok\n"));
    ck_assert_ptr_nonnull(strstr(got, "tree/cache|is the cache|skipped\n"));
    free(got);
}
END_TEST

START_TEST(test_a_cache_that_is_none_is_refused)
{
    const char *path = rig_write(&rig, "cache",
                                 "This is a file of more than some hundred bytes, of "
                                 "which none has to do with SQLite, as anybody "
                                 "can see who looks at it.\n");
    rig_table(&rig, "path", "x\n");
    rig_add(&rig, &weir_file_hash, rig_with("cache", path, NULL));
    ck_assert_int_eq(rig_run(&rig), WEIR_ECANTCREATE);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "cache': file is not a database"));
}
END_TEST

/* ---- files that change ---- */

enum change { APPENDED, TRUNCATED, REWRITTEN, REPLACED, UNTOUCHED };

static void change_file(const char *path, enum change how)
{
    int fd;
    usleep(20000); /* a tick of the file system's clock */
    switch (how) {
    case APPENDED:
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        ck_assert_int_eq(write(fd, "x", 1), 1);
        close(fd);
        break;
    case TRUNCATED: ck_assert_int_eq(truncate(path, 1), 0); break;
    case REWRITTEN:
        fd = open(path, O_WRONLY | O_CLOEXEC);
        ck_assert_int_eq(write(fd, "x", 1), 1);
        close(fd);
        break;
    case REPLACED:
        rig_write(&rig, "other", "xyz");
        ck_assert_int_eq(rename(rig_path(&rig, "other"), path), 0);
        break;
    case UNTOUCHED: break;
    }
}

START_TEST(test_a_file_that_changes_while_it_is_read_is_found_out)
{
    struct digests digests = {0};
    struct digest_file file;
    struct stat before;
    const char *path = rig_write(&rig, "abc", "abc");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert(weir__digests_add(&digests, "sha256") && weir__digests_open(&digests));
    ck_assert_int_eq(fstat(fd, &before), 0);
    change_file(path, (enum change)_i);
    enum digest_result result = weir__digests_read(&digests, fd, &before, &file);
    ck_assert_int_eq(result, _i == UNTOUCHED ? DIGEST_OK : DIGEST_CHANGED);
    weir__digests_close(&digests);
    close(fd);
}
END_TEST

/* ---- descriptors ---- */

static void *close_later(void *fd)
{
    usleep(50000);
    close(*(int *)fd);
    return NULL;
}

START_TEST(test_opening_waits_while_there_are_no_descriptors)
{
    struct rlimit limit;
    pthread_t closer;
    int taken[64], count = 0;
    const char *path = rig_write(&rig, "abc", "abc");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int fd; (fd = dup(STDERR_FILENO)) >= 0;)
        taken[count++] = fd;
    ck_assert_int_eq(errno, EMFILE);
    ck_assert_int_gt(count, 0);
    ck_assert_int_eq(pthread_create(&closer, NULL, close_later, &taken[0]), 0);
    ck_assert_int_eq(weir__open_path(AT_FDCWD, path, O_RDONLY), taken[0]);
    pthread_join(closer, NULL);
    while (count > 0)
        close(taken[--count]);
}
END_TEST

/* ---- manifests ---- */

static const struct {
    const char *option, *value, *path, *line;
} lines[] = {
    {"format", "sha256sum", "a b", "d1  a b\n"},
    {"format", "sha256sum", "a\\b\r", "\\d1  a\\\\b\\r\n"},
    {"format", "bsd", "a b", "SHA256 (a b) = d1\n"},
    {"format", "bsd", "a\\", "\\SHA256 (a\\\\) = d1\n"},
    {"zero", "true", "a\\b", "d1  a\\b"},
};

START_TEST(test_a_line_of_a_manifest_is)
{
    char rows[100];
    snprintf(rows, sizeof(rows), "%s|d1\nfailed|~\n", lines[_i].path);
    rig_table(&rig, "path|digest", rows);
    rig_add(&rig, &weir_manifest_format,
            rig_with("path", "unused", lines[_i].option, lines[_i].value, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, lines[_i].line);
    ck_assert_uint_eq(rig.stage[0].total.dropped, 1);
}
END_TEST

START_TEST(test_a_line_may_be_cut_anywhere)
{
    rig_table(&rig, "path|digest", "a\\b|d1\nc|d2\n");
    rig.capacity = (size_t)_i;
    rig_add(&rig, &weir_manifest_format, rig_with("path", "unused", NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, "\\d1  a\\\\b\nd2  c\n");
}
END_TEST

static const struct {
    const char *format, *row, *line;
} rows_of[] = {
    {"csv", "a|12|d1", "path,size,digest\na,12,d1\n"},
    {"csv", "a,\"b\"|~|~", "path,size,digest\n\"a,\"\"b\"\"\",,\n"},
    {"csv", "\\\xff\r|1|", "path,size,digest\n\"\\\xff\r\",1,\"\"\n"},
    {"json", "a|12|d1", "{\"path\":\"a\",\"size\":12,\"digest\":\"d1\"}\n"},
    {"json", "\"\\\r|~|~", "{\"path\":\"\\\"\\\\\\r\",\"size\":null,\"digest\":null}\n"},
    {"json", "M\xc3\xbc\xf0\x9f\x8d\x84|-1|",
     "{\"path\":\"M\xc3\xbc\xf0\x9f\x8d\x84\",\"size\":-1,\"digest\":\"\"}\n"},
    {"json", "\xff\xfe|012|", "{\"path\":\"\\udcff\\udcfe\",\"size\":12,\"digest\":\"\"}\n"},
    {"json", "\xed\xa0\x80|x1|",
     "{\"path\":\"\\udced\\udca0\\udc80\",\"size\":\"x1\",\"digest\":\"\"}\n"},
    {"json", "\xc3|-|", "{\"path\":\"\\udcc3\",\"size\":\"-\",\"digest\":\"\"}\n"},
};

START_TEST(test_a_record_in_another_format_is)
{
    char rows[100];
    snprintf(rows, sizeof(rows), "%s\n", rows_of[_i].row);
    rig_table(&rig, "path|size:integer|digest", rows);
    rig_add(&rig, &weir_manifest_format,
            rig_with("path", "unused", "format", rows_of[_i].format, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, rows_of[_i].line);
    ck_assert_uint_eq(rig.stage[0].total.dropped, 0);
}
END_TEST

START_TEST(test_csv_and_json_do_not_end_with_nul)
{
    rig_table(&rig, "path|digest", "a|b\n");
    rig_add(&rig, &weir_manifest_format,
            rig_with("path", "unused", "format", "json", "zero", "true", NULL));
    ck_assert_int_eq(rig_plan(&rig), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "lines of CSV and JSON cannot end with NUL");
}
END_TEST

#define UPPER "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static const struct {
    const char *line, *expected; /* NULL: improperly formatted */
} manifests[] = {
    {ABC "  a b\n", "a b|" ABC "\n"},
    {ABC " *a\r\n", "a|" ABC "\n"},
    {ABC " a", "a|" ABC "\n"},
    {" \t" UPPER "  a\n", "a|" ABC "\n"},
    {"\\" ABC "  a\\\\\\r\\n\n", "a\\\r\n|" ABC "\n"},
    {ABC "  a\\n\n", "a\\n|" ABC "\n"},
    {"SHA256 (a (b)) = " ABC "\n", "a (b)|" ABC "\n"},
    {"\\SHA256 (\\\\) = " ABC "\n", "\\|" ABC "\n"},
    {"SHA256(a)= " ABC "\n", "a|" ABC "\n"},
    {"SHA2-256(a)= " ABC "\n", "a|" ABC "\n"},
    {"# note\n\n\r\n", ""},
    {"\\" ABC "  a\\x\n", NULL},
    {"\\" ABC "  a\\\n", NULL},
    {"\\\n", NULL},
    {ABC "\n", NULL},
    {ABC " \n", NULL},
    {ABC "0  a\n", NULL},
    {"a9993e364706816aba3e25717850c26c9cd0d89d  a\n", NULL},
    {"MD5 (a) = " ABC "\n", NULL},
    {"SHA256 (a) " ABC "\n", NULL},
    {"SHA256 (a) = " ABC "0\n", NULL},
    {"SHA256 ) = (" ABC "\n", NULL},
    {"SHA256 () = " ABC "\n", NULL},
};

START_TEST(test_a_line_of_a_manifest_is_read_as)
{
    rig.on_error = ON_ERROR_REJECT;
    rig_add(&rig, &weir_manifest_read,
            rig_with("path", rig_write(&rig, "sums", manifests[_i].line), NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    bool good = manifests[_i].expected != NULL;
    ck_assert_str_eq(rig.output.data, good ? manifests[_i].expected : "");
    ck_assert_uint_eq(rig.stage[1].rejected, !good);
    bool none = rig.stage[1].records == 0; /* which is a failure of its own */
    ck_assert_uint_eq(rig.stage[1].total.failed, none);
    ck_assert_uint_eq(rig.stage[1].total.in, rig.stage[1].records + !good + none);
}
END_TEST

START_TEST(test_lines_that_end_with_nul_are_read_as_they_are)
{
    static const char sums[] = ABC "  a\\n\nb\r\0\\" ABC "  c\0" ABC "  d";
    rig.on_error = ON_ERROR_REJECT;
    rig_add(&rig, &weir_manifest_read,
            rig_with("path", rig_write_bytes(&rig, "sums", sums, sizeof(sums) - 1), "zero", "true",
                     NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, "a\\n\nb\r|" ABC "\nd|" ABC "\n");
    ck_assert_uint_eq(rig.stage[1].rejected, 1);
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, ",2,")); /* the line's number */
}
END_TEST

START_TEST(test_a_bad_line_tells_where_it_stands)
{
    rig_add(&rig, &weir_manifest_read,
            rig_with("path", rig_write(&rig, "sums", ABC "  a\n#\nrubbish\n"), NULL));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), ":3 (byte 70): improperly formatted line"));
    ck_assert_str_eq(rig.output.data, "a|" ABC "\n");
}
END_TEST

START_TEST(test_many_lines_are_read_alike_when_workers_die)
{
    struct buf text, expected;
    weir__buf_init(&text);
    weir__buf_init(&expected);
    for (int i = 0; i < 5000; i++) {
        weir__buf_printf(&text, ABC "  file %d\n", i);
        weir__buf_printf(&expected, "file %d|" ABC "\n", i);
    }
    rig.kill_every = 2;
    rig_add(&rig, &weir_manifest_read, rig_with("path", rig_write(&rig, "sums", text.data), NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, expected.data);
    weir__buf_release(&text);
    weir__buf_release(&expected);
}
END_TEST

static const struct {
    const char *row, *quiet, *line;
    unsigned failed;
} verdicts[] = {
    {"a|d1|d1|ok", "false", "a: OK\n", 0},
    {"a|d1|d1|ok", "true", "", 0},
    {"a\\|d1|d2|ok", "true", "a\\: FAILED\n", 1},
    {"a|d1|~|failed", "true", "a: FAILED open or read\n", 0},
    {"a|d1|~|skipped", "true", "a: FAILED open or read\n", 1},
    {"a|d1|~|~", "true", "a: FAILED open or read\n", 1},
    {"a|~|d1|ok", "true", "a: EXTRA\n", 0},
    {"a|~|~|failed", "true", "a: EXTRA\n", 0},
};

START_TEST(test_a_line_of_a_report_is)
{
    char rows[100];
    snprintf(rows, sizeof(rows), "%s\n", verdicts[_i].row);
    rig_table(&rig, "path|expected|digest|status", rows);
    rig_add(&rig, &weir_manifest_compare, rig_with("quiet", verdicts[_i].quiet, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, verdicts[_i].line);
    ck_assert_uint_eq(rig.stage[0].total.failed, verdicts[_i].failed);
}
END_TEST

/* Of two that are missing the first was moved, for only one is extra; files without content never were. */
START_TEST(test_moved_files_are_told_whoever_dies)
{
    rig.kill_every = (unsigned)_i;
    rig_table(&rig, "path|expected|digest|status|bytes",
              "old|d1|~|~|~\nnew|~|d1|ok|1\ngood|d2|d2|ok|1\nold2|d1|~|~|~\n"
              "none|d0|~|~|~\nempty|~|d0|ok|0\nextra|~|d3|ok|1\nlast|d4|~|~|~\n"
              "failed|d5|~|failed|~\nmoved|~|d4|ok|2\n");
    rig_add(&rig, &weir_manifest_moves, rig_with("path", "unused", NULL));
    rig_add(&rig, &weir_manifest_compare, rig_with("path", "unused", NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data,
                     "good: OK\nempty: EXTRA\nfailed: FAILED open or read\nold -> new: MOVED\n"
                     "old2: FAILED open or read\nnone: FAILED open or read\nextra: EXTRA\n"
                     "last -> moved: MOVED\n");
    ck_assert_uint_eq(rig.stage[1].total.failed, 4);
}
END_TEST

/* 8 MiB of names are looked at; those that fit no more go on as they are, and come first. */
START_TEST(test_files_beyond_the_bound_are_told_as_missing_and_extra)
{
    enum { FILES = 3000, NAME = 4000 };
    struct buf rows;
    weir__buf_init(&rows);
    weir__buf_printf(&rows, "%0*d|d1|~|~\n", NAME, 0);
    for (int i = 1; i < FILES; i++)
        weir__buf_printf(&rows, "%0*d|x%d|~|~\n", NAME, i, i);
    weir__buf_printf(&rows, "%0*d|~|d1|ok\n", NAME, FILES);
    rig_table(&rig, "path|expected|digest|status", rows.data);
    rig_add(&rig, &weir_manifest_moves, rig_with("path", "unused", NULL));
    rig_add(&rig, &weir_manifest_compare, rig_with("path", "unused", NULL));
    const char *said = rig_path(&rig, "said");
    ck_assert_ptr_nonnull(freopen(said, "we", stderr));
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.stage[1].total.failed, FILES);
    ck_assert_ptr_nonnull(strstr(rig.output.data, "3000: EXTRA\n"));
    ck_assert_ptr_null(strstr(rig.output.data, "MOVED"));
    fflush(stderr);
    struct buf text = rig_read(said);
    ck_assert_str_eq(text.data, "WARNING: 913 files that are missing or not listed may have been "
                                "moved\n");
    weir__buf_release(&text);
    weir__buf_release(&rows);
}
END_TEST

/* The lines come in pieces of any size, and workers die. What is said goes to a file. */
START_TEST(test_a_report_ends_with_what_it_comes_to)
{
    static const char report[] = "a: OK\nx: FAILED: OK\nb: FAILED\nc: FAILED open or read\n"
                                 "\\d\\n: FAILED open or read: FAILED\n: FAILED\n";
    const char *said = rig_path(&rig, "said");
    rig.kill_every = 3;
    for (size_t i = 0; i < strlen(report); i += (size_t)_i)
        rig_bytes(&rig, "line", report + i,
                  strlen(report) - i < (size_t)_i ? strlen(report) - i : (size_t)_i);
    rig_add(&rig, &weir_manifest_report, rig_with("path", rig_path(&rig, "report"), NULL));
    ck_assert_ptr_nonnull(freopen(said, "we", stderr));
    ck_assert_int_eq(rig_run(&rig), 0);
    fflush(stderr);
    struct buf text = rig_read(said);
    ck_assert_str_eq(text.data, "WARNING: 1 listed file could not be read\n"
                                "WARNING: 3 computed checksums did NOT match\n");
    weir__buf_release(&text);
    text = rig_read(rig.published);
    ck_assert_str_eq(text.data, report);
    weir__buf_release(&text);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("file_hash");
    TCase *tcase = tcase_create("file_hash");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_every_file_is_listed_once_wherever_workers_die, 0, 3);
    tcase_add_loop_test(tcase, test_links_are_not_followed_unless_told, 0, 3);
    tcase_add_test(tcase, test_a_link_to_a_folder_above_is_told_and_not_followed);
    tcase_add_test(tcase, test_files_are_chosen_by);
    tcase_add_test(tcase, test_a_folder_that_becomes_a_link_during_the_walk_leads_nowhere);
    tcase_add_test(tcase, test_a_root_that_is_not_there_is_an_error_of_planning);
    tcase_add_test(tcase, test_listed_paths_are_taken_once_wherever_workers_die);
    tcase_add_test(tcase, test_a_list_without_a_root_or_paths_is_an_error_of_planning);
    tcase_add_test(tcase, test_several_digests_are_made_in_one_read);
    tcase_add_test(tcase, test_a_digest_may_be_base64);
    tcase_add_test(tcase, test_an_unknown_algorithm_is_an_error_of_planning);
    tcase_add_loop_test(tcase, test_a_file_without_a_digest_says_why, 0, COUNT(refusals));
    tcase_add_test(tcase, test_a_file_that_takes_too_long_is_given_up);
    tcase_add_test(tcase, test_records_without_a_path_are_an_error_of_planning);
    tcase_add_test(tcase, test_digests_are_those_of_the_public_vectors);
    tcase_add_loop_test(tcase, test_a_file_is_taken_from_the_cache_only_if_it_is_the_same, 0, 6);
    tcase_add_test(tcase, test_another_link_is_found_at_once);
    tcase_add_loop_test(tcase, test_a_file_with_several_links_is_read_once, 0, 2);
    tcase_add_test(tcase, test_what_was_read_is_kept_unless_it_is_new);
    tcase_add_test(tcase, test_a_cache_in_the_tree_is_passed_over);
    tcase_add_test(tcase, test_a_cache_that_is_none_is_refused);
    tcase_add_loop_test(tcase, test_a_file_that_changes_while_it_is_read_is_found_out, APPENDED,
                        UNTOUCHED + 1);
    tcase_add_test(tcase, test_opening_waits_while_there_are_no_descriptors);
    tcase_add_loop_test(tcase, test_a_line_of_a_manifest_is, 0, COUNT(lines));
    tcase_add_loop_test(tcase, test_a_line_may_be_cut_anywhere, 1, 12);
    tcase_add_loop_test(tcase, test_a_record_in_another_format_is, 0, COUNT(rows_of));
    tcase_add_test(tcase, test_csv_and_json_do_not_end_with_nul);
    tcase_add_loop_test(tcase, test_a_line_of_a_manifest_is_read_as, 0, COUNT(manifests));
    tcase_add_test(tcase, test_lines_that_end_with_nul_are_read_as_they_are);
    tcase_add_test(tcase, test_a_bad_line_tells_where_it_stands);
    tcase_add_test(tcase, test_many_lines_are_read_alike_when_workers_die);
    tcase_add_loop_test(tcase, test_a_line_of_a_report_is, 0, COUNT(verdicts));
    tcase_add_loop_test(tcase, test_moved_files_are_told_whoever_dies, 0, 3);
    tcase_add_test(tcase, test_files_beyond_the_bound_are_told_as_missing_and_extra);
    tcase_add_loop_test(tcase, test_a_report_ends_with_what_it_comes_to, 1, 25);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
