#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One event a line: a constant sentence that can be counted, and fields. Under systemd the fields go to the journal,
// elsewhere they are logfmt on stderr. No secrets, no GPS positions, no Apple IDs belong in a field.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mediaferry::log {

enum class Level { debug, info, warning, error };
enum class Format { automatic, journald, logfmt };

/// NAME=value; the name is upper case, as journald wants it.
struct Field {
    std::string name;
    std::string value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(v) {}
    Field(std::string_view n, const std::string& v) : name(n), value(v) {}
    template <class N, std::enable_if_t<std::is_arithmetic_v<N>, int> = 0>
    Field(std::string_view n, N v) : name(n), value(std::to_string(v)) {}
};
using Fields = std::vector<Field>;

/// Call once at start. `automatic`: the journal when stderr is connected to it ($JOURNAL_STREAM), else logfmt.
void init(Level, Format);
/// "debug", "info", "warning", "error"; throws BadInput otherwise.
Level level_from_text(std::string_view);

void debug(std::string_view sentence, const Fields& = {});
void info(std::string_view sentence, const Fields& = {});
void warning(std::string_view sentence, const Fields& = {});
void error(std::string_view sentence, const Fields& = {});

/// Binds fields to every line logged by this thread while it lives.
class Scope {
public:
    explicit Scope(Fields);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

private:
    std::size_t depth_;
};

/// A value that must never be printed: every later log line that contains it shows *** in its place.
void redact(const std::string& secret);

}  // namespace mediaferry::log
