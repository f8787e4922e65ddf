// Pango lays texts out in any script, cairo draws them into a PDF.
#include <cairo-pdf.h>
#include <pango/pangocairo.h>

// Gives up one reference.
static inline void cpango_release_layout(PangoLayout *layout) { g_object_unref(layout); }
static inline void cpango_release_context(PangoContext *context) { g_object_unref(context); }
static inline void cpango_release_font_map(PangoFontMap *map) { g_object_unref(map); }
