/* The size that a JPEG's frame header states (ITU-T T.81, section B.2.2). Threads: any. */
#ifndef BROKER_MULTIPART_JPEG_SIZE_H
#define BROKER_MULTIPART_JPEG_SIZE_H

#include "broker/frame/frame.h"

/* False: there is no frame header in it, or the size is 0, which is said elsewhere. */
CHECKED bool jpeg_size_find(struct span jpeg, uint32_t *width_px, uint32_t *height_px);

#endif
