#include "config/sections.h"

void pattern_source_read(struct section *section, struct source_settings *settings) {
    settings->width_px = (uint32_t)section_integer(section, "width", CAMERA_SIZE_MIN_PX, CAMERA_WIDTH_MAX_PX, 1280);
    settings->height_px = (uint32_t)section_integer(section, "height", CAMERA_SIZE_MIN_PX, CAMERA_HEIGHT_MAX_PX, 720);
    settings->fps = section_number(section, "fps", CAMERA_RATE_MIN, CAMERA_RATE_MAX, 30);
    settings->quality = (int)section_integer(section, "quality", 1, 100, settings->quality);
    fault_list_read(section, settings);
}
