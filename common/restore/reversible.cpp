// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/reversible.h"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/codec/program.h"
#include "common/errors/errors.h"
#include "common/process/process.h"

namespace mediaferry::restore {
namespace {

constexpr std::chrono::seconds kPatience{300};  // 50 megapixels take a small computer half a minute

}  // namespace

bool may_be_reversible(const fs::path& small_copy) { return small_copy.extension() == ".jxl"; }

void restore_jpeg(int from, const files::Digests& of, const fs::path& to, Bytes size, const config::Compress& settings) {
    const files::Descriptor result{::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!result) files::throw_errno(errno, "create", to.string());
    const bool walls = settings.confine != config::Confine::off;
    const auto patience = std::min(kPatience, settings.deadline);
    auto command = codec::command(codec::kPhoto);
    command.deadline = patience;
    command.inherited = {from, result.get()};
    command.input =
        nlohmann::json{
            {"task", "restore"},
            {"original", from},
            {"result", result.get()},
            {"size", of.size.count},
            {"sha256", to_hex(of.sha256)},
            {"limits", {{"memory", settings.memory.count}, {"cpu", patience.count()}, {"file", size.count}, {"landlock", walls}, {"seccomp", walls}}}}
            .dump();
    const auto said = process::capture(command);
    const auto answer = nlohmann::json::parse(said.out, nullptr, false);
    if (said.exit.ok() && answer.is_object() && answer.value("outcome", "") == "made") return;
    throw TransientError{"restore.codec", "the photo codec brings no JPEG back out of it (" + process::to_text(said.exit) + ")"};
}

}  // namespace mediaferry::restore
