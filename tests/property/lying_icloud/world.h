#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One house, the cloud that lies to it, its phone, its NAS and its people; plays a sequence and says what went wrong.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/property/lying_icloud/apple.h"
#include "tests/property/lying_icloud/draw.h"
#include "tests/property/lying_icloud/judge.h"
#include "tests/property/lying_icloud/phone.h"
#include "tests/property/lying_icloud/sequence.h"
#include "tests/support/house.h"

namespace mediaferry::lying {

class World {
public:
    World(Port&, const Sequence&);
    ~World();

    Verdict play();

private:
    // the house
    void furnish(const Port&);
    void session();
    int run(std::string_view stage);
    void round();
    void after_download(int exit_code);

    // what happens
    void happen(const Step&);
    bool cloud(const Step&);   ///< a lie, a new photo
    bool person(const Step&);  ///< with the phone in hand, or at the command line
    bool places(const Step&);  ///< the NAS, the phone, what icloudpd brings
    TrueAsset* asset(std::uint32_t which);
    void add_asset();
    void change(std::uint32_t which);
    void approve(bool old);
    void bring(std::uint32_t which, std::uint32_t how);
    void touch_nas(std::uint32_t which, bool remove);

    // the end
    void heal();
    void nothing_is_stuck();
    bool stopped(std::string_view stage);
    void nothing_is_lost();
    void nothing_is_done_twice();
    std::string done_in_a_round();
    void books_are_whole();
    void wrong(const std::string& what) { judge_.violations.push_back(what); }

    Port& port_;
    const Sequence& sequence_;
    Draw draw_;
    test::House house_;
    Apple apple_;
    Phone phone_;
    Judge judge_;
    std::set<std::string> spoilt_;  ///< sha256 of copies on the NAS that a hand changed or removed
    std::vector<PlanId> plans_;     ///< every plan that was ever proposed
    int made_ = 0, stop_in_ = 0;    ///< requests to iCloud until somebody wants the run to end
    Verdict verdict_;
};

}  // namespace mediaferry::lying
