// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/errors/errors.h"

namespace mediaferry {

std::string full_message(const std::exception& error) {
    std::string text = error.what();
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& cause) {
        text += ": " + full_message(cause);
    }
    return text;
}

std::string code_of(const std::exception& error) {
    if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->code();
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& cause) {
        return code_of(cause);
    }
    return "internal";
}

}  // namespace mediaferry
