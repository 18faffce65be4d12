// The hash of a few bytes costs less than a call of a library, so the header's own bodies are compiled in.
#define XXH_INLINE_ALL
#include <xxhash.h>

// The header hides its names behind macros, which Swift does not see.
#undef XXH64
static inline XXH64_hash_t XXH64(const void *bytes, size_t count, XXH64_hash_t seed) {
    return XXH_INLINE_XXH64(bytes, count, seed);
}
