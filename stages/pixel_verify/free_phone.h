#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Takes files out of the outbox as pixel.free_phone says. That deletes them on the phone too, so it never happens as a "clean-up".

#include "common/stage/run.h"
#include "common/syncthing/road.h"

namespace mediaferry::stages {

/// Files whose `freed` receipt is stored (unless free_phone is `never`): the phone has deleted them itself. Needs no phone.
void take_out_freed(stage::Run&, syncthing::Road&);
/// free_phone is an age: files that reached the level pixel.proof so long ago, and that the phone still has. The phone must be present.
void take_out_aged(stage::Run&, syncthing::Road&);

}  // namespace mediaferry::stages
