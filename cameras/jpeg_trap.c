#include "cameras/jpeg_trap.h"

#include <jerror.h>
#include <stdbool.h>

/* Many webcams leave a few bytes between the last block and EOI. More of them mean that blocks are missing. */
#define STRAY_BYTES_MAX 64
#define EOI 0xD9

static _Noreturn void jump(j_common_ptr object) {
    struct jpeg_trap *trap = (struct jpeg_trap *)object->err;
    trap->manager.format_message(object, trap->text);
    longjmp(trap->where, 1);
}

static bool is_harmless(const struct jpeg_error_mgr *manager) {
    switch (manager->msg_code) {
    case JWRN_EXTRANEOUS_DATA: return manager->msg_parm.i[0] <= STRAY_BYTES_MAX && manager->msg_parm.i[1] == EOI;
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return true;
    default: return false;
    }
}

/* libjpeg gives warnings the level -1, and traces those from 0 up. */
static void take_message(j_common_ptr object, int level) {
    if (level < 0 && !is_harmless(object->err)) {
        jump(object);
    }
}

struct jpeg_error_mgr *jpeg_trap_init(struct jpeg_trap *trap) {
    jpeg_std_error(&trap->manager);
    trap->manager.error_exit = jump;
    trap->manager.emit_message = take_message;
    return &trap->manager;
}
