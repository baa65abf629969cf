// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tool.h"

#include <catch2/catch.hpp>
#include <iterator>
#include <sstream>

#include "common/process/process.h"

namespace mediaferry::test {

std::string said_by(std::vector<std::string> argv) {
    process::Command command;
    command.argv = std::move(argv);
    command.inherit_environment = true;
    const auto output = process::capture(command);
    INFO(output.out << output.err);
    REQUIRE(output.exit.ok());
    return output.out;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in{text};
    return {std::istream_iterator<std::string>{in}, {}};
}

}  // namespace mediaferry::test
