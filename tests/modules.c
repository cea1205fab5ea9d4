/* For tests that are linked with parts of the program: where the modules of their build are. */
#include "broker/base/module.h"

__attribute__((constructor)) static void set_folder(void) { module_set_folder(FRAMEBROKER_MODULES); }
