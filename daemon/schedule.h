#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// When a stage's next run begins. Pure: config, how the last runs went and the time in; what is due out.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/clock/backoff.h"
#include "common/clock/cron.h"
#include "common/config/settings.h"

namespace mediaferry::daemon {

/// What the config says for the stage, else its default: icloud_download "0 2 * * *", icloud_delete "0 4 * * *",
/// cleanup "0 5 * * *", icloud_mark every 1h, the others every 10m.
std::string schedule_of(const config::Settings&, std::string_view stage);

class Rule {
public:
    /// nullopt: neither a cron expression nor `every D`.
    static std::optional<Rule> from_text(std::string_view);
    /// The first time after a run that began at `last`.
    Timestamp next(Timestamp last) const;

private:
    std::variant<std::chrono::seconds, Cron> when_;
    explicit Rule(const std::variant<std::chrono::seconds, Cron>& when) : when_(when) {}
};

/// How a stage stands when the daemon looks.
struct StageNow {
    std::string stage;
    Rule rule;
    bool finds_own_work = false;  ///< Unit::none: there is no queue to ask
    bool watches = false;         ///< something outside is waited for although no file is ready (copies on the phone)
    int processes = 1;            ///< at once
    int running = 0;
    std::int64_t ready = 0;             ///< files due now
    std::optional<Timestamp> next_due;  ///< of the next waiting file
    std::optional<Timestamp> last_begin, last_end;
    std::optional<int> last_exit;         ///< absent with last_end: it crashed
    std::optional<Timestamp> not_before;  ///< its last process did not even begin a run
    int failures = 0;                     ///< as a whole, in a row
};

struct Due {
    std::string stage;
    int processes = 1;  ///< to start now
};
struct Decision {
    std::vector<Due> start;
    Timestamp wake;  ///< look again then, at the latest
};

/// A stage that failed as a whole comes back after the backoff, or on its schedule if that is sooner; one that needs a sign-in only on its
/// schedule. A run missed while the daemon was down is made up once. A stage without anything ready is looked at once an hour.
Decision decide(const std::vector<StageNow>&, const std::vector<Window>&, const Backoff& retry, Timestamp now);

/// The windows of the config. Throws ConfigError for one that is none; so for the rules.
std::vector<Window> windows_of(const config::Settings&);
Rule rule_of(const config::Settings&, std::string_view stage);

}  // namespace mediaferry::daemon
