#include <xlsxwriter.h>

// A workbook that keeps one row in memory and the others in files of the folder. libxlsxwriter copies both texts.
static inline lxw_workbook *cxlsx_open(const char *path, const char *folder) {
    lxw_workbook_options options = {0};
    options.constant_memory = LXW_TRUE;
    options.tmpdir = (char *)folder;
    return workbook_new_opt(path, &options);
}
