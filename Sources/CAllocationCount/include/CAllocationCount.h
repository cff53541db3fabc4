// Counts the heap allocations of the calling thread. Linked into test programs only.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted on this platform and in this build.
bool tektite_counts_allocations(void);

/// The number of blocks that the calling thread has asked the heap for since it started (growth by realloc counts).
uint64_t tektite_allocation_count(void);
