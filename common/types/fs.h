#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The one name for paths in this house: fs. No other file spells the library behind it.

#include <boost/filesystem.hpp>

namespace mediaferry {
namespace fs = boost::filesystem;
}
