// zlib's initialiser is a macro with the version in it.
#include <zlib.h>

// windowBits 31: a gzip member (RFC 1952) instead of zlib's own frame.
static inline int cz_begin_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
}

static inline int cz_begin_gunzip(z_stream *stream) { return inflateInit2(stream, 31); }
