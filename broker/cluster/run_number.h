/* Numbers by which other nodes tell apart what different runs of this one send. They are no secrets. */
#ifndef BROKER_CLUSTER_RUN_NUMBER_H
#define BROKER_CLUSTER_RUN_NUMBER_H

#include <stdint.h>

/* Never 0. Threads: any. Blocks: no. */
uint64_t run_number(void);

#endif
