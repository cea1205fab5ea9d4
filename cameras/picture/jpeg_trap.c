#include "cameras/picture/jpeg_trap.h"

#include <jerror.h>
#include <stdbool.h>
#include <string.h>

/* Many webcams leave a few bytes between the last block of a scan or an interval and the marker that follows. More of
 * them mean that blocks are missing. */
#define STRAY_BYTES_MAX 64

static _Noreturn void jump(j_common_ptr object) {
    struct jpeg_trap *trap = (struct jpeg_trap *)object->err;
    trap->manager.format_message(object, trap->text);
    longjmp(trap->where, 1);
}

static bool is_harmless(const struct jpeg_error_mgr *manager) {
    switch (manager->msg_code) {
    case JWRN_EXTRANEOUS_DATA: return manager->msg_parm.i[0] <= STRAY_BYTES_MAX;
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return true;
    default: return false;
    }
}

/* libjpeg gives warnings the level -1, and traces those from 0 up. */
static void take_message(j_common_ptr object, int level) {
    if (level >= 0) {
        return;
    }
    if (!is_harmless(object->err)) {
        jump(object);
    }
    struct jpeg_trap *trap = (struct jpeg_trap *)object->err;
    if (trap->text[0] == '\0') {
        trap->manager.format_message(object, trap->text);
    }
}

static void check_limit(j_common_ptr object) {
    struct jpeg_trap *trap = (struct jpeg_trap *)object->err;
    trap->stopped = work_limit_check(trap->limit);
    if (trap->stopped != ERR_OK) {
        strcpy(trap->text, "it takes too long");
        longjmp(trap->where, 1);
    }
}

struct jpeg_error_mgr *jpeg_trap_init(struct jpeg_trap *trap) {
    jpeg_std_error(&trap->manager);
    trap->manager.error_exit = jump;
    trap->manager.emit_message = take_message;
    trap->text[0] = '\0';
    trap->limit = NULL;
    trap->stopped = ERR_OK;
    return &trap->manager;
}

void jpeg_trap_set_limit(struct jpeg_trap *trap, j_common_ptr object, const struct work_limit *limit) {
    trap->limit = limit;
    trap->stopped = ERR_OK;
    trap->progress = (struct jpeg_progress_mgr){.progress_monitor = check_limit};
    object->progress = &trap->progress;
}

enum err jpeg_trap_error(const struct jpeg_trap *trap) {
    if (trap->stopped != ERR_OK) {
        return trap->stopped;
    }
    return trap->manager.msg_code == JERR_OUT_OF_MEMORY ? ERR_MEMORY : ERR_INVALID;
}
