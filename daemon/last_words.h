#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a stage run can still say when there is no memory for anything else: a few bytes into the file of its slot, with system calls alone. Who sweeps up
// after it learns there that no file is to blame.

#include "common/types/fs.h"
#include "common/types/ids.h"

namespace mediaferry::daemon {

/// From now on this process works for `run` and holds the slot of that file.
void last_words_go_to(const fs::path& slot_file, RunId run);
/// Writes them down. Nothing where no run has begun. Asks for no memory.
void say_that_memory_ran_out() noexcept;
/// Whether the run wrote them into that file. Throws nothing but std::bad_alloc.
bool memory_ran_out_for(const fs::path& slot_file, RunId run);

}  // namespace mediaferry::daemon
