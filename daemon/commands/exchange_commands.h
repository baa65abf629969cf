#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry exchange …`: what another archive lacks is listed, exported, imported, received.

#include <map>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/exchange/exchange.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// analyze · show · export · import · verify · cleanup · receive
int exchange_command(const Options&, const config::Settings&);

/// What follows the verb: its words, and options with their values ("" for a switch).
struct ExchangeWords {
    std::vector<std::string> words;
    std::map<std::string, std::string> options;
    bool has(const std::string& name) const { return options.contains(name); }
    /// Throws UsageError when it is not given.
    std::string needed(const std::string& name) const;
    /// The one word. Throws UsageError.
    std::string list() const;
};

int exchange_analyze(const exchange::House&, const ExchangeWords&, bool json);
int exchange_show(const exchange::House&, const ExchangeWords&, bool json);
int exchange_export(const exchange::House&, const ExchangeWords&, bool json);
int exchange_import(const exchange::House&, const ExchangeWords&, bool json);
int exchange_verify(const exchange::House&, const ExchangeWords&, bool json);
int exchange_clean_up(const exchange::House&, const ExchangeWords&, bool json);
int exchange_receive(const exchange::House&, const ExchangeWords&, bool json);

}  // namespace mediaferry::daemon
