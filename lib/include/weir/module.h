/*
 * module.h - stage types and functions of your own, in a shared object that a pipeline file names:
 *
 *     modules: [./rates.so]
 *
 * It is compiled with the public headers, and links nothing of Weir: what it calls it finds in the
 * program that loads it. It exports one thing:
 *
 *     static const struct weir_stage_type *const types[] = {&rates, NULL};
 *     WEIR_MODULE(types, NULL);
 *
 * A module is loaded by the program that plans and by each worker. It should begin nothing when it
 * is loaded, no thread above all.
 */
#ifndef WEIR_MODULE_H
#define WEIR_MODULE_H

#include <weir/function.h>
#include <weir/stage.h>

/* What a module exports by the name weir_module. */
struct weir_module {
    uint32_t abi;                               /* WEIR_STAGE_ABI */
    uint32_t size;                              /* sizeof(struct weir_module) */
    const struct weir_stage_type *const *types; /* NULL at the end; or NULL */
    const struct weir_function *const
        *functions; /* as weir_register_functions takes them; or NULL */
};

#define WEIR_MODULE(its_types, its_functions)                                                      \
    WEIR_PUBLIC const struct weir_module weir_module;                                              \
    const struct weir_module weir_module = {WEIR_STAGE_ABI, sizeof(struct weir_module), its_types, \
                                            its_functions}

/*
 * Loads one, unless it is loaded already, and makes its types and functions known to pipeline files.
 * WEIR_ENOINPUT: there is no such file; WEIR_ECONFIG: it is no module, one for another version, or
 * has a type or function with a name that is taken. Not thread-safe.
 */
WEIR_PUBLIC int weir_module_load(const char *path, struct weir_err *err);

#endif
