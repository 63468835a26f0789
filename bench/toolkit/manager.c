/*
 * manager CLIENTS CALLS: so many calls that each set a value of one dictionary of a manager, divided
 * between so many processes; prints calls a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/manager.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int set_values(const char *name, size_t calls)
{
    struct weir_manager *manager;
    if (weir_manager_connect(&manager, name, NULL) < 0)
        return 1;
    struct weir_proxy all = weir_proxy(manager, WEIR_DICTIONARY, "all");
    for (size_t i = 0; i < calls; i++)
        if (weir_proxy_set(&all, weir_text("key"), weir_integer((int64_t)i), NULL) != 0)
            return 2;
    return 0;
}

int main(int argc, char **argv)
{
    struct weir_manager *manager;
    struct weir_err err;
    int status, failed = 0;
    if (argc != 3)
        return 64;
    size_t clients = strtoul(argv[1], NULL, 10), calls = strtoul(argv[2], NULL, 10) / clients;
    if (weir_manager_start(&manager, NULL, &err) < 0)
        goto fail;
    struct weir_proxy all = weir_proxy(manager, WEIR_DICTIONARY, "all");
    if (weir_proxy_open(&all, 0, &err) < 0)
        goto fail;
    double began = now();
    for (size_t i = 0; i < clients; i++)
        if (fork() == 0)
            _exit(set_values(weir_manager_name(manager), calls));
    for (size_t i = 0; i < clients; i++) {
        wait(&status);
        failed |= status;
    }
    double seconds = now() - began;
    printf("manager    %zu clients: %.0f calls/s%s\n", clients, (double)(calls * clients) / seconds,
           failed ? " FAILED" : "");
    weir_manager_release(manager);
    return failed ? 1 : 0;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
