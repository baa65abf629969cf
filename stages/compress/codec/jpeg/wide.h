#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The same loops twice, for processors with and without AVX2. (A sanitizer would not survive the choice, which happens before it has started.)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MEDIAFERRY_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define MEDIAFERRY_WIDE
#endif
/// Part of such a loop: a call would leave it.
#define MEDIAFERRY_INLINE __attribute__((always_inline)) inline
