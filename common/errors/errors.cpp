// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/errors/errors.h"

#include <new>

namespace mediaferry {

OutOfMemory::OutOfMemory() : Unavailable(kCode, advice()) {}

const char* OutOfMemory::advice() noexcept {
    return "memory ran out, nothing is wrong with any file; end other programs, give the service more (MemoryMax) or the stages fewer processes, and try again";
}

bool out_of_memory(const std::exception& error) noexcept {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || dynamic_cast<const OutOfMemory*>(&error) != nullptr) return true;
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& cause) {
        return out_of_memory(cause);
    } catch (...) {
    }
    return false;
}

std::string full_message(const std::exception& error) {
    std::string text = dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? OutOfMemory::advice() : error.what();
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& cause) {
        text += ": " + full_message(cause);
    }
    return text;
}

std::string code_of(const std::exception& error) {
    if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->code();
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return OutOfMemory::kCode;
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& cause) {
        return code_of(cause);
    }
    return "internal";
}

}  // namespace mediaferry
