#include "cameras/picture/jpeg_decode.h"

#include "cameras/picture/jpeg_trap.h"

#include <stdbool.h>

/* Enough for the coefficients of a progressive picture of 8192x8192 in 4:2:0. */
#define MEMORY_MAX_BYTES (256L << 20)

/* Decodes all of the data, but computes only a grey picture of an eighth of the size: the codes are what is checked. */
static bool decode_all(struct jpeg_decompress_struct *decompressor, struct jpeg_trap *trap,
                       const struct work_limit *limit, struct span jpeg) {
    if (setjmp(trap->where) != 0) {
        return false;
    }
    jpeg_create_decompress(decompressor);
    jpeg_trap_set_limit(trap, (j_common_ptr)decompressor, limit);
    decompressor->mem->max_memory_to_use = MEMORY_MAX_BYTES;
    jpeg_mem_src(decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(decompressor, TRUE);
    decompressor->scale_num = 1;
    decompressor->scale_denom = 8;
    decompressor->out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(decompressor);
    JSAMPARRAY rows =
        decompressor->mem->alloc_sarray((j_common_ptr)decompressor, JPOOL_IMAGE, decompressor->output_width, 1);
    while (decompressor->output_scanline < decompressor->output_height) {
        jpeg_read_scanlines(decompressor, rows, 1);
    }
    jpeg_finish_decompress(decompressor);
    return true;
}

enum err jpeg_check_decoding(const uint8_t *bytes, size_t count, const struct work_limit *limit,
                             struct reason *reason) {
    struct jpeg_trap trap;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_trap_init(&trap)};
    bool decodes = decode_all(&decompressor, &trap, limit, (struct span){.bytes = bytes, .count = count});
    if (trap.text[0] != '\0') {
        reason_set(reason, "%s: %s", decodes ? "it decodes, but with a warning" : "it does not decode", trap.text);
    }
    jpeg_destroy_decompress(&decompressor);
    return decodes ? ERR_OK : jpeg_trap_error(&trap);
}
