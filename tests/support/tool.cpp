// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tool.h"

#include <iterator>
#include <sstream>
#include <stdexcept>

#include "common/process/process.h"

namespace mediaferry::test {

std::string said_by(std::vector<std::string> argv) {
    process::Command command;
    command.argv = std::move(argv);
    command.inherit_environment = true;
    auto output = process::capture(command);
    if (!output.exit.ok()) throw std::runtime_error(command.argv[0] + " failed: " + output.err + output.out);
    return output.out;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in{text};
    return {std::istream_iterator<std::string>{in}, {}};
}

}  // namespace mediaferry::test
