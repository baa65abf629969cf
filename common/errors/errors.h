#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Failures. Each has a stable code that is counted ("nas.unmounted") and a text for a person that says what is wrong,
// where, and what to do. What the catcher does with it follows from the type; the exit code too (DESIGN section 6).

#include <exception>
#include <stdexcept>
#include <string>

namespace mediaferry {

/// Why something did not happen; stored with items and runs.
struct Reason {
    std::string code;
    std::string text;
    friend bool operator==(const Reason&, const Reason&) = default;
};

class Error : public std::runtime_error {
public:
    Error(std::string code, const std::string& text) : std::runtime_error(text), code_(std::move(code)) {}
    const std::string& code() const noexcept { return code_; }
    Reason reason() const { return {code_, what()}; }

private:
    std::string code_;
};

/// May work later without anyone's help. Thrown by process(): the item is retried with backoff.
class TransientError : public Error {
    using Error::Error;
};
/// A whole service, module or mount is away: the stage run ends, exit 69.
class Unavailable : public TransientError {
    using TransientError::TransientError;
};
/// There is no more memory for us, which says nothing about a file: thrown by process(), the item is retried and this attempt does not count; elsewhere the
/// run ends, exit 69. std::bad_alloc becomes this where errors end (files::in_our_words); whoever is in between lets it pass.
class OutOfMemory : public Unavailable {
public:
    static constexpr const char* kCode = "memory.short";
    OutOfMemory();
    static const char* advice() noexcept;  ///< its text, for who has no memory left to build one
};
/// Somebody else holds what we need (a slot, the daemon's lock): exit 75.
class TryLater : public TransientError {
    using TransientError::TransientError;
};
/// Will not work until a person acts. Thrown by process(): the item goes to attention.
class NeedsPerson : public Error {
    using Error::Error;
};
/// A person must sign in or grant access: the stage run ends, exit 77.
class SignInRequired : public NeedsPerson {
    using NeedsPerson::NeedsPerson;
};
/// The configuration is wrong: exit 78. The text holds every fault, one a line.
class ConfigError : public Error {
    using Error::Error;
};
/// The command line is wrong: exit 64.
class UsageError : public Error {
    using Error::Error;
};
/// A file or argument given by the user cannot be used: exit 65.
class BadInput : public Error {
    using Error::Error;
};
/// Asked to stop (SIGTERM, SIGINT) in the middle of an item: the item goes back to pending, unchanged.
class Interrupted : public Error {
    using Error::Error;
};

/// Whether it, or what it was caused by, is a want of memory.
bool out_of_memory(const std::exception&) noexcept;
/// The exception's text followed by those of its nested causes, joined by ": ".
std::string full_message(const std::exception&);
/// Its Error code, else that of the first nested Error, else "internal".
std::string code_of(const std::exception&);

}  // namespace mediaferry
