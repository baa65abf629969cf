#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Years of a family: photos come, nights run all stages, people edit, hide, delete and change their minds, the phone frees its space, and now and
// then something fails. The clock is the house's own; what is in the cloud, on the phone and on the NAS is known without asking media.db.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/property/lying_icloud/apple.h"
#include "tests/property/lying_icloud/draw.h"
#include "tests/property/lying_icloud/phone.h"
#include "tests/property/lying_icloud/port.h"
#include "tests/support/house.h"

namespace mediaferry::soak {

struct Wanted {
    std::uint64_t seed = 1;
    int years = 2, photos_a_year = 150;
    Timestamp begin;
    int days = 5;         ///< from one night that runs the stages to the next
    int fault_every = 7;  ///< nights, on the average
};

class Family {
public:
    Family(lying::Port&, const Wanted&);
    ~Family();

    /// A day and the night after it. `still`: nobody does anything, nothing fails.
    void night(bool still);
    /// All that was promised, and the size of all that could grow.
    nlohmann::ordered_json look(const std::string& when);

    std::vector<std::string> violations;

private:
    void furnish();
    void photo_comes();
    void people();
    std::optional<std::string> fault();
    void all_is_well_again();
    void stages();
    void approve();
    void after_the_night();
    void see_nas();
    void deletion(const lying::Deed&);
    void promises();
    lying::TrueAsset* some_live();
    void wrong(const std::string& what);

    lying::Port& port_;
    const Wanted& wanted_;
    lying::Draw draw_;
    test::House house_;
    lying::Apple apple_;
    lying::Phone phone_;
    std::map<std::string, Timestamp> deleted_;                      ///< asset -> when it came into Recently Deleted
    std::map<std::string, std::pair<fs::path, Timestamp>> on_nas_;  ///< sha256 -> where, and since when
    std::set<fs::path> seen_;
    std::set<std::string> approved_;
    bool nas_is_away_ = false;
    int made_ = 0, stop_in_ = 0, night_ = 0;
    std::int64_t faults_ = 0, stage_runs_ = 0, requests_ = 0, deletions_ = 0;
    double seconds_ = 0;  ///< of processor time in stages, since the last look
    int nights_looked_ = 0;
};

}  // namespace mediaferry::soak
