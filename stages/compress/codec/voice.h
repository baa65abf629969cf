#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How a codec program is heard by its stage.

#include <string>

namespace mediaferry::stages {

/// What a library prints is no answer: from now on stdout is ours alone, and what others write to it goes to stderr.
void keep_stdout_for_the_answer();
/// One line to the stage.
void say(std::string line);
/// To be called now and then by work that takes long: who is silent for too long is taken for hung. Says something once a second at most.
void alive();

}  // namespace mediaferry::stages
