// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/errors/errors.h"

#include <catch2/catch.hpp>
#include <new>

using namespace mediaferry;

TEST_CASE("a message tells the whole chain, the code is the first one known", "[errors]") {
    try {
        try {
            throw Unavailable{"nas.unmounted", "marker missing in /mnt/nas"};
        } catch (const std::exception&) {
            std::throw_with_nested(std::runtime_error{"cannot archive IMG_1.JPG"});
        }
    } catch (const std::exception& error) {
        CHECK(full_message(error) == "cannot archive IMG_1.JPG: marker missing in /mnt/nas");
        CHECK(code_of(error) == "nas.unmounted");
    }
    CHECK(code_of(std::runtime_error{"?"}) == "internal");
}

TEST_CASE("what is away may come back, what needs a person does not by itself", "[errors]") {
    CHECK_THROWS_AS((throw Unavailable{"a", "b"}), TransientError);
    CHECK_THROWS_AS((throw SignInRequired{"a", "b"}), NeedsPerson);
}

TEST_CASE("a want of memory is known under whatever it is wrapped in, and is nobody's fault", "[errors]") {
    try {
        try {
            throw std::bad_alloc{};
        } catch (const std::exception&) {
            std::throw_with_nested(BadInput{"exchange.manifest", "cannot read the manifest"});
        }
    } catch (const std::exception& error) {
        CHECK(out_of_memory(error));
    }
    CHECK(out_of_memory(std::bad_alloc{}));
    CHECK(out_of_memory(OutOfMemory{}));
    CHECK_FALSE(out_of_memory(Unavailable{"nas.unmounted", "gone"}));
    CHECK(OutOfMemory{}.code() == "memory.short");
    CHECK(code_of(std::bad_alloc{}) == "memory.short");
    CHECK(full_message(std::bad_alloc{}).starts_with("memory ran out"));
    CHECK(std::string{OutOfMemory{}.what()}.starts_with("memory ran out"));
}
