/* libjpeg's destination that writes straight into a frame, which grows as it has to.
 *
 * Use: jpeg_destination_init() once, for a compressor that has been created and has an error manager that jumps;
 * `frame` is set to a new frame for each picture, and taken out when the picture is finished.
 * Threads: those of the compressor. */
#ifndef CAMERAS_PICTURE_JPEG_DESTINATION_H
#define CAMERAS_PICTURE_JPEG_DESTINATION_H

#include "broker/frame/frame.h"

#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct jpeg_destination {
    struct jpeg_destination_mgr manager; /* stays first: libjpeg knows the destination by it */
    struct frame *frame;                 /* the user's; its size is set at the end of the picture */
};

/* Borrows both for the compressor's life. */
void jpeg_destination_init(struct jpeg_destination *destination, struct jpeg_compress_struct *compressor);

#endif
