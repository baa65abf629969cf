// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/log/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "common/errors/errors.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

/// What `work` writes to stderr.
std::string said(const std::function<void()>& work) {
    TempDir dir;
    const int before = ::dup(STDERR_FILENO);
    const int file = ::open((dir / "stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDERR_FILENO);
    work();
    ::dup2(before, STDERR_FILENO);
    ::close(file);
    ::close(before);
    return read(dir / "stderr");
}

/// The line without its time.
std::string line(const std::string& text) { return text.substr(std::string("2026-01-02T03:04:05Z ").size()); }

}  // namespace

TEST_CASE("an event is one logfmt line with its fields", "[log]") {
    log::init(log::Level::info, log::Format::logfmt);
    const std::string text = said([] { log::info("archived", {{"BYTES", 12}, {"PLACE", "nas"}, {"FILE", "IMG 1.JPG"}}); });
    CHECK_THAT(text, Catch::Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ level=info msg="archived" BYTES=12 PLACE=nas FILE="IMG 1.JPG"\n)"));
}

TEST_CASE("a value cannot forge a line or a field", "[log]") {
    log::init(log::Level::info, log::Format::logfmt);
    const auto [value, shown] = GENERATE(
        table<std::string, std::string>({{"a\n2026-01-01T00:00:00Z level=error msg=forged", "\"a\\n2026-01-01T00:00:00Z level=error msg=forged\""},
                                         {"x=y", "\"x=y\""},
                                         {"", "\"\""},
                                         {"quote\"s", "\"quote\\\"s\""},
                                         {"back\\slash", "\"back\\\\slash\""},
                                         {"\x1b[31mred", "\"\\x1b[31mred\""},
                                         {"\xc2\x9b"
                                          "31m",
                                          "\"\\xc2\\x9b31m\""},
                                         {"bad\xff", "\"bad\\xff\""},
                                         {"Käse", "Käse"}}));
    const std::string& given = value;
    CHECK(line(said([&] { log::warning("renamed", {{"FILE", given}}); })) == "level=warning msg=\"renamed\" FILE=" + shown + "\n");
    CHECK(line(said([&] { log::warning("a\nb"); })) == "level=warning msg=\"a\\nb\"\n");
    CHECK(line(said([&] { log::warning("x", {{"bad name\n", "1"}}); })) == "level=warning msg=\"x\" BAD_NAME_=1\n");
}

TEST_CASE("lines below the level are not written", "[log]") {
    log::init(log::Level::warning, log::Format::logfmt);
    CHECK(said([] { log::info("quiet"); }).empty());
    CHECK_FALSE(said([] { log::error("loud"); }).empty());
    log::init(log::Level::debug, log::Format::logfmt);
    CHECK_FALSE(said([] { log::debug("all"); }).empty());
}

TEST_CASE("a scope binds fields while it lives", "[log]") {
    log::init(log::Level::info, log::Format::logfmt);
    {
        const log::Scope stage{{{"STAGE", "nas_archive"}}};
        {
            const log::Scope item{{{"MEDIA_ID", 7}}};
            CHECK(line(said([] { log::info("archived", {{"BYTES", 1}}); })) == "level=info msg=\"archived\" STAGE=nas_archive MEDIA_ID=7 BYTES=1\n");
            CHECK(line(said([] { log::info("again", {{"MEDIA_ID", 8}}); })) == "level=info msg=\"again\" STAGE=nas_archive MEDIA_ID=8\n");
        }
        CHECK(line(said([] { log::info("run over"); })) == "level=info msg=\"run over\" STAGE=nas_archive\n");
    }
    CHECK(line(said([] { log::info("idle"); })) == "level=info msg=\"idle\"\n");
}

TEST_CASE("secrets never reach a line", "[log]") {
    log::init(log::Level::info, log::Format::logfmt);
    log::redact("hunter2");
    log::redact("hunter2-longer");
    log::redact("p\"q");
    log::redact("");
    const std::string text = said([] {
        const log::Scope scope{{{"WHO", "x-hunter2-x"}}};
        log::error("cannot sign in with hunter2", {{"URL", "http://u:hunter2-longer@h/?hunter2"}, {"ODD", "p\"q"}});
    });
    CHECK(line(text) == "level=error msg=\"cannot sign in with ***\" WHO=x-***-x URL=http://u:***@h/?*** ODD=***\n");
}

TEST_CASE("level words are read", "[log]") {
    CHECK(log::level_from_text("debug") == log::Level::debug);
    CHECK(log::level_from_text("warning") == log::Level::warning);
    CHECK_THROWS_AS(log::level_from_text("loud"), BadInput);
}
