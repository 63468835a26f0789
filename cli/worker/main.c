/*
 * main.c - the program weir-worker: the supervisor and the workers of runs that another program has
 * started through libweir.
 */
#include <stdio.h>

#include <weir/weir.h>

#include "list.h"

int main(int argc, char **argv)
{
    weir_worker_main(argc, argv, weir_builtin_types, weir_builtin_functions);
    fputs("weir-worker: programs that link libweir start this one for their runs; the program for "
          "people is `pipeline`\n",
          stderr);
    return weir_err_exit_code(WEIR_EUSAGE);
}
