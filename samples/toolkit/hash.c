/*
 * hash [fork | spawn | forkserver] <PATHS: SHA-256 of the files listed in standard input (at most
 * 100,000), by a pool, as sha256sum writes it, in the order in which they are done. A file that cannot
 * be read is an error of its own, and the exit code is 1. Links libcrypto.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <weir/pool.h>

enum { PATHS = 100000, BAR = 40 };

struct list {
    char *paths[PATHS];
    size_t count, next;
};

/* ---- in a worker ---- */

static int hash_stream(FILE *file, unsigned char *digest, unsigned *bytes)
{
    static char buffer[1 << 16];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int well = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t n; well && (n = fread(buffer, 1, sizeof(buffer), file)) > 0;)
        well = EVP_DigestUpdate(context, buffer, n);
    well = well && !ferror(file) && EVP_DigestFinal_ex(context, digest, bytes);
    EVP_MD_CTX_free(context);
    return well;
}

static int hash_file(struct weir_task *task, struct weir_err *err)
{
    const char *path = task->argument;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned bytes;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return weir_err_errno(err, WEIR_ENOINPUT, "cannot open '%s'", path);
    int well = hash_stream(file, digest, &bytes);
    fclose(file);
    return well ? weir_task_return(task, digest, bytes)
                : weir_err_errno(err, WEIR_EIO, "cannot read '%s'", path);
}

/* ---- in the pool's process ---- */

static int next_path(void *context, const void **ret, size_t *ret_bytes, struct weir_err *err)
{
    struct list *list = context;
    (void)err;
    if (list->next == list->count)
        return WEIR_CLOSED;
    *ret = list->paths[list->next++];
    *ret_bytes = strlen(*ret) + 1;
    return 0;
}

static void read_list(struct list *list)
{
    char line[4096];
    while (list->count < PATHS && fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        list->paths[list->count++] = strdup(line);
    }
}

static void draw_bar(size_t done, size_t count)
{
    if (!isatty(STDERR_FILENO))
        return;
    int full = (int)(BAR * done / count);
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu%s", full, "########################################",
            BAR - full, "", done, count, done == count ? "\n" : "");
}

static void print_digest(const struct weir_imap_item *item, const char *path)
{
    const unsigned char *digest = item->result;
    for (size_t i = 0; i < item->bytes; i++)
        printf("%02x", digest[i]);
    printf("  %s\n", path);
}

static const struct weir_task_function tasks[] = {{"hash_file", hash_file}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_pool_register(tasks);
    weir_process_begin(argc, argv, NULL);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    static struct list list;
    struct weir_err err;
    struct weir_pool *pool;
    struct weir_imap *imap;
    struct weir_imap_item item;
    struct weir_imap_input input = {next_path, &list};
    int code, failed = 0;
    read_list(&list);
    if (weir_pool_create(&pool, NULL, &err) < 0 ||
        weir_pool_imap_unordered(pool, hash_file, &input, 1, &imap, &err) < 0) {
        weir_err_print(stderr, &err, false);
        return weir_err_exit_code(err.code);
    }
    for (size_t done = 1; (code = weir_imap_next(imap, &item, WEIR_FOREVER, &err)) != WEIR_CLOSED;
         done++) {
        if (code == 0)
            print_digest(&item, list.paths[item.index]);
        else
            weir_err_print(stderr, &err, false);
        failed |= code < 0;
        draw_bar(done, list.count);
    }
    weir_imap_release(imap);
    weir_pool_release(pool);
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    return failed;
}
