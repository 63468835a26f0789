/* evp_hash PROCESSES: the least that can be done. Forked loops read the files that standard input names (NUL at the end of
 * each) and print their SHA-256. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER = 256 << 10 };

static void hash(const char *path, const EVP_MD *type, EVP_MD_CTX *context, char *buffer)
{
    unsigned char digest[32];
    ssize_t got;
    int fd = open(path, O_RDONLY);
    EVP_DigestInit_ex(context, type, NULL);
    while ((got = read(fd, buffer, BUFFER)) > 0)
        EVP_DigestUpdate(context, buffer, (size_t)got);
    close(fd);
    EVP_DigestFinal_ex(context, digest, NULL);
    for (int i = 0; i < 32; i++)
        printf("%02x", digest[i]);
    printf("  %s\n", path);
}

int main(int argc, char **argv)
{
    int processes = argc > 1 ? atoi(argv[1]) : 1;
    char *names = NULL, **path = NULL;
    size_t capacity = 0, paths = 0;
    while (getdelim(&names, &capacity, 0, stdin) > 0) {
        path = realloc(path, (paths + 1) * sizeof(*path));
        path[paths++] = strdup(names);
    }
    size_t take = paths > 1000 ? 5 : 1;
    size_t *next =
        mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int p = 0; p < processes; p++) {
        if (fork() != 0)
            continue;
        const EVP_MD *type = EVP_MD_fetch(NULL, "SHA256", NULL);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        char *buffer = aligned_alloc(4096, BUFFER);
        for (size_t at; (at = __atomic_fetch_add(next, take, __ATOMIC_RELAXED)) < paths;) {
            for (size_t i = at; i < at + take && i < paths; i++)
                hash(path[i], type, context, buffer);
            fflush(stdout); /* only whole lines: others write to the same file */
        }
        return 0;
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}
