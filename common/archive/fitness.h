#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a disk must be able to do before it becomes an archive. Asked at its enrolment, with two small files of our own, and not when a photo's life
// hangs on it.

#include <string>
#include <vector>

#include "common/files/store.h"

namespace mediaferry::archive {

/// Tries it: names that nothing is overwritten under, bytes that come back from the storage, names of more than ASCII. Leaves nothing behind. Throws
/// Unavailable ("nas.unfit") with what is missing and what to take instead.
void must_be_fit(const files::Store&);

struct Remark {
    std::string what, then;
};
/// What works and is worth knowing: for the one who enrols it, and for doctor.
std::vector<Remark> remarks(const files::Store&);

}  // namespace mediaferry::archive
