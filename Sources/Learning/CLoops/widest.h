#ifndef WIDEST_H
#define WIDEST_H

/// Makes the loader choose the widest instructions that the CPU has: the Swift compiler builds for the oldest x86-64 only.
/// A file that uses it says `#pragma STDC FP_CONTRACT OFF`: a fused multiply-add would round once where a CPU without it
/// rounds twice, and the bits must not depend on the choice.
#if defined(__x86_64__) && defined(__linux__)
#define FOR_THE_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_THE_WIDEST
#endif

#endif
