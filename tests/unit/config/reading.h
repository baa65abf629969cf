#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A config text as the file m.yaml, and what is said about it.

#include <string>

#include "common/config/settings.h"
#include "common/errors/errors.h"

namespace mediaferry::test {

inline const std::string kUser = "icloud: {username: you@example.com}\n";

inline config::Settings reading(const std::string& text) { return config::parse(text, "m.yaml"); }

/// Every fault, one a line; "" when the text is accepted.
inline std::string faults_in(const std::string& text) {
    try {
        reading(text);
        return "";
    } catch (const ConfigError& error) {
        return error.code() == "config.invalid" ? error.what() : error.code();
    }
}

}  // namespace mediaferry::test
