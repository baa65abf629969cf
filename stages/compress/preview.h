#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A tier tried on somebody's own files. Nothing but a folder for the results is written.

#include "common/stage/verb.h"

namespace mediaferry::stages {

/// `mediaferry compress preview FILE… [--tier NAME] [--with SMALL] [--from-copy] [--to DIR]`: makes the small copy of each file as that tier would
/// (without --tier: the one for its age by modification time), in DIR (mediaferry-preview), shows both side by side in a PNG and tells what was
/// measured. --with makes nothing and looks at a small copy that is there. Exit code 1 when a file could not be tried. --from-copy: the files are
/// small copies whose originals are away, so it goes on from them as the stage would (compress.when_archive_is_away: copy).
int preview(const stage::VerbCall&);

}  // namespace mediaferry::stages
