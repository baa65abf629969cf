// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/workshop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/codec/program.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace mediaferry::stages {
namespace {

using std::chrono::seconds;

constexpr seconds kPhotoDeadline{300};  // 128 megapixels take a small computer a minute
constexpr seconds kSilence{120};        // a clip that has not given one frame for so long gives none
constexpr seconds kStart{60};           // for a program that only looks around
constexpr Bytes kSlack{16ULL << 20};    // what a small copy may be larger than its original before it is dropped: the index of a clip

process::Command command_for(std::string_view program, bool idle) {
    auto command = codec::command(program);
    command.idle = idle;  // a photo can wait; whoever uses this machine cannot
    return command;
}

[[noreturn]] void does_not_start(const process::Command& command, const std::string& why) {
    throw Unavailable{"compress.codec", command.argv.front() + " does not work: " + why + "; reinstall mediaferry and the libraries it names"};
}

/// What a program said: its last line on stdout, and the last on stderr.
struct Said {
    process::Exit exit;
    std::string answer, talk;
};

Said hear_out(const process::Command& command, const std::function<bool()>& stop = {}) {
    Said said;
    said.exit = process::run(
        command,
        [&](process::Stream stream, std::string_view line) {
            if (!line.empty()) (stream == process::Stream::out ? said.answer : said.talk) = line.substr(0, 4096);
            return true;
        },
        stop);
    return said;
}

bool out_of_memory(const Said& said) {
    return said.talk.find("failed to allocate") != std::string::npos || said.talk.find("bad_alloc") != std::string::npos;
}

/// Why a file keeps its bytes whose codec came to no answer.
Compressed kept_after(const Said& said) {
    const auto& exit = said.exit;
    if (exit.deadline_hit && exit.starved)
        throw TransientError{"codec.starved", "its codec got next to no processor time; tried again when this machine is less busy"};
    if (exit.limit == process::Exit::Limit::silence)
        return keep("codec.hung", "its codec showed no sign of life for " + std::to_string(exit.after.count()) + " s and was ended");
    if (exit.deadline_hit) return keep("codec.deadline", "its codec took longer than " + std::to_string(exit.after.count()) + " s and was ended");
    if (exit.signal == SIGXCPU) return keep("codec.cpu", "its codec used more processor time than a file is allowed (compress.deadline)");
    if (exit.signal == SIGKILL)
        throw TransientError{"codec.killed",
                             "its codec was killed from outside; if memory ran out, make compress.memory or compress.processes smaller"};
    if (out_of_memory(said)) return keep("codec.memory", "it asks for more memory than a file is allowed (compress.memory)");
    return keep("codec.crashed", "its codec crashed on it (" + process::to_text(exit) + ")");
}

/// A program that ended well but says nothing sensible did not do so by itself.
Answer understood(const std::string& answer) {
    try {
        return answer_from(answer);
    } catch (const BadInput&) {
        return {Answer::Outcome::broken, {}, {"codec.crashed", "its codec gave no answer that makes sense"}};
    }
}

/// A JPEG that takes more than libjpeg: the program that was asked first has done nothing but look at it.
bool says_elsewhere(const Said& said) {
    return said.exit.ok() && !said.exit.stopped && understood(said.answer).outcome == Answer::Outcome::elsewhere;
}

/// What an answer comes to. A file that does not decode came as Apple has it (the checksum says so): it is kept whole, and that is told.
Compressed judged(const Answer& answer) {
    using enum Answer::Outcome;
    const auto& reason = answer.reason;
    switch (answer.outcome) {
        case made:
        case kept: return answer.result;
        case elsewhere: return keep("codec.crashed", "its codec sends it to another, and that one does the same");
        case broken: break;
        case person: throw NeedsPerson{reason.code, reason.text};
        case failed:
            if (reason.code != "photo.check" && reason.code != "video.check") throw TransientError{reason.code, reason.text};
    }
    return keep(reason.code, reason.text);
}

/// The file at the end of the path itself, not one that a link leads to.
files::Descriptor open_or_throw(const fs::path& file, int flags, const char* doing) {
    files::Descriptor fd{::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0644)};
    if (!fd) files::throw_errno(errno, doing, file.string());
    return fd;
}

std::string head(int fd) {
    std::string bytes(12, '\0');
    const auto got = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (got < 0) files::throw_errno(errno, "read", "a small copy or its original");  // a disk's fault is no codec's
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

constexpr std::string_view kJpegMark = "\xFF\xD8\xFF";

/// The one that loads least. A JPEG becomes a JPEG XL in the photo program, and is shown by it.
std::string_view program_for(const Order& order) {
    if (order.task == Order::Task::video) return codec::kVideo;
    const bool packed_anew = order.photo.jpeg_xl && !order.from_copy;
    return order.small < 0 && !packed_anew && head(order.original).starts_with(kJpegMark) ? codec::kJpeg : codec::kPhoto;
}

bool looks_shown(int picture) { return head(picture).starts_with("\x89PNG\r\n\x1a\n"); }

/// Whether what lies there begins like a small copy of that: a program that was taken over may say anything.
bool looks_made(int original, int result, const std::string& extension) {
    const auto made = head(result);
    const bool clip = made.size() == 12 && made.substr(4, 4) == "ftyp";
    const bool photo = (made.starts_with(kJpegMark) || made.starts_with("\x89PNG\r\n\x1a\n")) && head(original).substr(0, 3) == made.substr(0, 3);
    // The one kind of photo that becomes another, and the one name that a codec may give.
    const bool packed = made == std::string_view{"\0\0\0\x0cJXL \r\n\x87\n", 12} && head(original).starts_with(kJpegMark);
    return extension == ".jxl" ? packed : extension.empty() && (clip || photo);
}

bool walls_wanted(const config::Compress& settings) { return settings.confine != config::Confine::off; }

}  // namespace

Workshop::Workshop(const config::Compress& settings) : settings_(settings) {}

void Workshop::look_around() const {
    for (const auto program : codec::kPrograms) {
        auto command = command_for(program, settings_.idle);
        command.argv.emplace_back("--check");
        command.deadline = kStart;
        const auto said = hear_out(command);
        if (!said.exit.ok()) does_not_start(command, process::to_text(said.exit) + (said.talk.empty() ? "" : ", " + said.talk));
        if (!walls_wanted(settings_)) continue;
        const auto report = wall_report_from(said.answer);
        auto lacking = report.missing;
        std::erase(lacking, "landlock.network");  // seccomp keeps sockets away as well
        lacking.insert(lacking.end(), report.open.begin(), report.open.end());
        if (lacking.empty()) continue;
        std::string names;
        for (const auto& name : lacking) names += (names.empty() ? "" : ", ") + name;
        if (settings_.confine == config::Confine::required)
            throw Unavailable{"compress.confine", "this system cannot confine " + command.argv.front() + " fully (" + names +
                                                      ") and compress.confine is required; mediaferry doctor codecs tells more"};
        log::warning("codecs are not fully confined", {{"LACKING", names}});
    }
}

Limits Workshop::limits_for(const Order& order) const {
    Limits limits;
    limits.memory = settings_.memory;
    limits.cpu = order.task == Order::Task::photo ? std::min(kPhotoDeadline, settings_.deadline) : settings_.deadline;
    limits.file = order.size + kSlack;
    limits.landlock = limits.seccomp = walls_wanted(settings_);
    return limits;
}

Compressed Workshop::make(const Order& order, const fs::path& original, const fs::path& result, const std::function<bool()>& stop) const {
    return ordered(order, original, {}, result, stop);
}

Compressed Workshop::look(const Order& order, const fs::path& original, const fs::path& small, const fs::path& picture,
                          const std::function<bool()>& stop) const {
    return ordered(order, original, small, picture, stop);
}

Compressed Workshop::ordered(Order order, const fs::path& original, const fs::path& small, const fs::path& result,
                             const std::function<bool()>& stop) const {
    order.limits = limits_for(order);
    const auto from = open_or_throw(original, O_RDONLY, "open the original");
    const auto to = open_or_throw(result, O_RDWR | O_CREAT | O_EXCL, "create a small copy");
    order.original = from.get();
    order.result = to.get();

    std::vector<int> inherited{order.original, order.result};
    files::Descriptor seen;
    if (!small.empty()) {
        const auto digests = files::digest_file(small);
        seen = open_or_throw(small, O_RDONLY, "open the small copy");
        order.small = seen.get();
        order.small_size = digests.size;
        order.small_sha256 = digests.sha256;
        inherited.push_back(order.small);
    }
    auto command = command_for(program_for(order), settings_.idle);
    command.inherited = std::move(inherited);
    command.input = to_json(order);
    command.deadline = order.limits.cpu;
    if (order.task == Order::Task::video) command.silence = std::min(kSilence, settings_.deadline);
    const auto began = std::chrono::steady_clock::now();
    try {
        auto said = hear_out(command, stop);
        double spent = 0;
        if (says_elsewhere(said)) {
            spent = said.exit.cpu_seconds;
            command.argv = codec::command(codec::kPhoto).argv;
            if (::ftruncate(order.result, 0) != 0) files::throw_errno(errno, "empty", result.string());
            said = hear_out(command, stop);
        }
        if (said.exit.stopped) throw Interrupted{"interrupted", "asked to stop while making a small copy"};
        if (said.exit.signal == 0 && (said.exit.code == 126 || said.exit.code == 127 || said.exit.code == 69))
            does_not_start(command, process::to_text(said.exit) + (said.talk.empty() ? "" : ", " + said.talk));
        auto made = said.exit.ok() ? judged(understood(said.answer)) : kept_after(said);
        if (!made.kept && !small.empty() && !looks_shown(order.result)) made = keep("codec.crashed", "its codec showed something that is no picture");
        if (!made.kept && small.empty() && !looks_made(order.original, order.result, made.extension))
            made = keep("codec.crashed", "its codec made something that is no photo or clip");
        made.cpu_seconds = spent + said.exit.cpu_seconds;
        made.peak_memory = Bytes{said.exit.peak_memory};
        made.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (made.kept) fs::remove(result);
        return made;
    } catch (...) {
        boost::system::error_code ignored;
        fs::remove(result, ignored);
        throw;
    }
}

std::string video_extension(const fs::path& original, const config::VideoTier& tier) {
    const auto extension = original.extension().string();
    const bool mov = extension == ".MOV" || extension == ".mov";
    return tier.codec == "av1" && mov ? ".mp4" : extension;
}

std::string container_of(const fs::path& file) {
    const auto extension = file.extension().string();
    return extension == ".mp4" || extension == ".MP4" || extension == ".m4v" || extension == ".M4V" ? "mp4" : "mov";
}

}  // namespace mediaferry::stages
