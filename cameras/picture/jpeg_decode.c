#include "cameras/jpeg.h"
#include "cameras/jpeg_trap.h"

/* Room for the coefficients of a progressive picture of 8192x8192 in 4:2:0. */
#define MEMORY_MAX_BYTES (256L << 20)

/* Decodes all of the data, but computes only a grey picture of an eighth of the size: the codes are what is checked. */
static bool decode(struct jpeg_decompress_struct *decompressor, struct jpeg_trap *trap, struct span jpeg) {
    if (setjmp(trap->where) != 0) {
        return false;
    }
    jpeg_create_decompress(decompressor);
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

bool jpeg_decodes(const uint8_t *bytes, size_t count, struct reason *reason) {
    struct jpeg_trap trap;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_trap_init(&trap)};
    bool decodes = decode(&decompressor, &trap, (struct span){.bytes = bytes, .count = count});
    if (!decodes) {
        reason_set(reason, "it does not decode: %s", trap.text);
    }
    jpeg_destroy_decompress(&decompressor);
    return decodes;
}
