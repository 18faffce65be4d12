/* Counts the calling thread's allocations; a program that links this gets the C library's allocator with a counter before it. */
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

/* Whether this build counts: not under a sanitizer. */
int allocation_count_works(void);

/* Begins to count, from 0. */
void allocation_count_begin(void);

/* Ends it. Allocations asked for by the named shared library count apart. */
long allocation_count_end(long *by_library);

/* Part of a path: "libdnnl". The string must outlive the counting. */
void allocation_count_library(const char *name);

#endif
