#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A verb of the command line that only one stage can answer: its module exports it beside the stage, and the command loads the module to ask it.

#include <functional>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"

namespace mediaferry::stage {

struct VerbCall {
    const config::Settings& settings;
    std::vector<std::string> words;   ///< what is asked, then its own words and options
    bool json = false;                ///< results as JSON
    bool dry_run = false;             ///< say it, change nothing
    media_db::MediaDb* db = nullptr;  ///< when the verb needs one
    std::function<bool()> stop;       ///< a signal has come
};
/// Results on stdout, talk on stderr; the exit code. Failures are exceptions.
using AnswerVerb = int (*)(const VerbCall&);

}  // namespace mediaferry::stage

/// Exports a function of that shape from the module.
#define MEDIAFERRY_STAGE_VERB(function)                                                                                              \
    extern "C" __attribute__((visibility("default"))) int mediaferry_stage_verb(const mediaferry::stage::VerbCall& call) { \
        return function(call);                                                                                                       \
    }
