#include "stage/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/registry.h"

static struct {
    char **path; /* absolute */
    size_t count;
} loaded;

const char *weir__module_at(size_t i)
{
    return i < loaded.count ? loaded.path[i] : NULL;
}

static bool is_loaded(const char *path)
{
    for (size_t i = 0; i < loaded.count; i++)
        if (strcmp(loaded.path[i], path) == 0)
            return true;
    return false;
}

static int keep_path(const char *path, struct weir_err *err)
{
    char *copy = strdup(path);
    char **list = copy == NULL ? NULL : realloc(loaded.path, (loaded.count + 1) * sizeof(*list));
    if (list == NULL) {
        free(copy);
        return weir_err_set(err, WEIR_EOS, "out of memory");
    }
    list[loaded.count++] = copy;
    loaded.path = list;
    return 0;
}

static int register_all(const char *path, const struct weir_module *module, struct weir_err *err)
{
    if (module->abi != WEIR_STAGE_ABI || module->size != sizeof(*module))
        return weir_err_set(err, WEIR_ECONFIG,
                            "the module '%s' was made for another version: its ABI is %u, %u "
                            "bytes; this is %u, %zu bytes",
                            path, module->abi, module->size, WEIR_STAGE_ABI, sizeof(*module));
    struct weir_err why = {0};
    int code = module->types == NULL ? 0 : weir_register(module->types, &why);
    if (code == 0 && module->functions != NULL)
        code = weir_register_functions(module->functions, &why);
    return code == 0 ? 0
                     : weir_err_set(err, code == WEIR_EOS ? WEIR_EOS : WEIR_ECONFIG,
                                    "the module '%s': %s", path, why.text);
}

int weir_module_load(const char *path, struct weir_err *err)
{
    char absolute[PATH_MAX];
    if (realpath(path, absolute) == NULL)
        return weir_err_errno(err, WEIR_ENOINPUT, "cannot load the module '%s'", path);
    if (is_loaded(absolute))
        return 0;
    void *handle = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return weir_err_set(err, WEIR_ECONFIG, "cannot load the module: %s", dlerror());
    const struct weir_module *module = dlsym(handle, "weir_module");
    int code = module == NULL
                   ? weir_err_set(err, WEIR_ECONFIG,
                                  "'%s' is no module: it has no weir_module (weir/module.h)", path)
                   : register_all(path, module, err);
    if (code == 0)
        code = keep_path(absolute, err);
    /* Of one that is refused some types may be known already: it stays. */
    return code;
}
