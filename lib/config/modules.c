/* modules: - shared objects with stage types and functions that the other steps are to know. */
#include "config/loader.h"

#include <limits.h>
#include <string.h>

#include <weir/module.h>

/* Relative to the file that names it, so that both can be moved together. */
static void load(struct loader *loader, struct node *node)
{
    char path[PATH_MAX];
    struct weir_err why;
    const char *file = loader->pipeline->file, *slash = strrchr(file, '/');
    bool beside = node->kind == NODE_SCALAR && node->text[0] != '/' && slash != NULL;
    if (node->kind != NODE_SCALAR || node->text[0] == '\0') {
        weir__complain(loader, node, "'modules' is a list of paths");
        return;
    }
    snprintf(path, sizeof(path), "%.*s%s", beside ? (int)(slash + 1 - file) : 0, file, node->text);
    if (weir_module_load(path, &why) < 0)
        weir__complain(loader, node, "%s", why.text)->code = why.code;
}

void weir__load_modules(struct loader *loader)
{
    struct node *modules = weir__node_get(loader->root, "modules");
    if (modules == NULL || modules->faulty)
        return;
    if (modules->kind == NODE_LIST)
        for (struct node *node = modules->child; node != NULL; node = node->next)
            load(loader, node);
    else
        load(loader, modules);
}
