#define _GNU_SOURCE
#include "allocation_count.h"
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* What glibc's allocator is called from inside. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread int counting;
static __thread long own_count, library_count;
static __thread const char *library;

static void count(void *caller) {
    if (!counting) return;
    counting = 0; /* dladdr may allocate */
    Dl_info info;
    if (library && dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, library)) library_count += 1;
    else own_count += 1;
    counting = 1;
}

void allocation_count_library(const char *name) { library = name; }

void allocation_count_begin(void) {
    own_count = library_count = 0;
    counting = 1;
}

long allocation_count_end(long *by_library) {
    counting = 0;
    *by_library = library_count;
    return own_count;
}

/* A sanitizer brings an allocator of its own. */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

int allocation_count_works(void) { return 0; }

#else

int allocation_count_works(void) { return 1; }

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
    count(CALLER);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    count(CALLER);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size) {
    count(CALLER);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count(CALLER);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(CALLER);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count(CALLER);
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

#endif
