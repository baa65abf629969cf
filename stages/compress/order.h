#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the stage and its codec program say to each other: one order on stdin, one answer on stdout, both one JSON object. The bytes themselves go
// through two open descriptors that the program inherits; it is given no path at all.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/types/bytes.h"
#include "common/types/sha256.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

/// What one file may use up, and what the program that decodes it must not be able to do.
struct Limits {
    Bytes memory{3ULL << 30};       ///< address space above what the program has once its libraries are loaded
    std::chrono::seconds cpu{600};  ///< processor time
    Bytes file{1ULL << 30};         ///< largest file it may write
    bool landlock = true;           ///< no file, no network by the kernel's Landlock
    bool seccomp = true;            ///< only the system calls that a codec needs
};

struct Order {
    /// restore: `original` is a reversible small copy, `result` gets the photo it was made from (common/restore/reversible gives this order).
    enum class Task { photo, video, restore } task = Task::photo;
    int original = -1;      ///< descriptor to read from
    int result = -1;        ///< descriptor of an empty file, to write to and read back from
    Bytes size;             ///< of the original
    Sha256 sha256;          ///< of the original, as it was on arrival: no other byte may be decoded
    std::string extension;  ///< of the original's name, with its dot: a photo is taken for what its bytes say, and a name that says otherwise is told
    std::string container;  ///< "mov" or "mp4": what a clip is written as
    config::PhotoTier photo;
    config::VideoTier video;
    bool from_copy = false;  ///< `original` is a small copy, because its own original is away: only steps that lose next to nothing may be taken
    int small = -1;          ///< when not -1: nothing is made; this descriptor's file is looked at beside the original (craft::look)
    Bytes small_size;
    Sha256 small_sha256;
    Limits limits;
};

struct Answer {
    enum class Outcome {
        made,       ///< `result` describes the small copy
        kept,       ///< `result.kept` says why there is none
        broken,     ///< the original does not decode as what it is: kept, and that is told
        failed,     ///< try again later
        person,     ///< somebody must act first
        elsewhere,  ///< the photo program makes it; nothing was written
    } outcome = Outcome::failed;
    Compressed result;
    Reason reason;  ///< of broken, failed, person
};

std::string to_json(const Order&);
std::string to_json(const Answer&);
/// Throws BadInput ("codec.order") for anything but what to_json() writes.
Order order_from(std::string_view json);
/// The same for an answer. It comes from a program that has looked at untrusted bytes: texts are cut to a line of printable characters.
Answer answer_from(std::string_view json);

/// What a codec program says of itself: which walls the kernel does not offer, and which forbidden things it could do all the same.
struct WallReport {
    std::vector<std::string> missing;  ///< "landlock", "seccomp", "landlock.network"
    std::vector<std::string> open;     ///< "connect", "open", "fork", …: tried from behind the walls, and done
    std::string library;               ///< "libvips 8.14.1"
};
std::string to_json(const WallReport&);
WallReport wall_report_from(std::string_view json);

}  // namespace mediaferry::stages
