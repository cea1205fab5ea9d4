#include "cameras/picture/jpeg_destination.h"

#include <jerror.h>

static struct jpeg_destination *destination_of(j_compress_ptr compressor) {
    return (struct jpeg_destination *)compressor->dest;
}

static void point_behind(struct jpeg_destination *destination, size_t written) {
    destination->manager.next_output_byte = frame_data(destination->frame) + written;
    destination->manager.free_in_buffer = frame_capacity(destination->frame) - written;
}

static void begin_output(j_compress_ptr compressor) { point_behind(destination_of(compressor), 0); }

static boolean enlarge_output(j_compress_ptr compressor) {
    struct jpeg_destination *destination = destination_of(compressor);
    const size_t written = frame_capacity(destination->frame);
    frame_set_size(destination->frame, written);
    if (frame_grow(&destination->frame, 2 * written) != ERR_OK) {
        ERREXIT1(compressor, JERR_OUT_OF_MEMORY, 0);
    }
    point_behind(destination, written);
    return TRUE;
}

static void end_output(j_compress_ptr compressor) {
    struct jpeg_destination *destination = destination_of(compressor);
    frame_set_size(destination->frame, frame_capacity(destination->frame) - destination->manager.free_in_buffer);
}

void jpeg_destination_init(struct jpeg_destination *destination, struct jpeg_compress_struct *compressor) {
    destination->manager.init_destination = begin_output;
    destination->manager.empty_output_buffer = enlarge_output;
    destination->manager.term_destination = end_output;
    compressor->dest = &destination->manager;
}
