#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Receipts as they are written: each at once, in a transaction of its own, because Syncthing may forget tomorrow what it said today.

#include "common/media_db/media_db.h"
#include "common/syncthing/proof_now.h"

namespace mediaferry::stages {

/// The phone has exactly this version, from now on: proof `delivered`. Forgets an earlier delivery and doubts about it.
void store_delivery(media_db::MediaDb&, RunId, syncthing::PixelCopy&, const syncthing::Delivery&);
/// The phone deleted what was delivered: proof `freed`, for ever.
void store_freed(media_db::MediaDb&, RunId, syncthing::PixelCopy&, const syncthing::Freed&);
/// The phone deleted it, and it does not look like "Free up space". The proof level stays what it is.
void store_doubt(media_db::MediaDb&, RunId, syncthing::PixelCopy&, const Reason&, Timestamp now);
/// It stays on this level although we are about to take it out of the outbox.
void store_kept(media_db::MediaDb&, RunId, syncthing::PixelCopy&, const std::string& level, Timestamp now);
/// The outbox file is gone, by our own hand.
void store_removed(media_db::MediaDb&, RunId, const syncthing::PixelCopy&, Timestamp now);

}  // namespace mediaferry::stages
