#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What is carried from a clip into its small copy as the boxes it is, past libav, which has no place for it: a phone's timed metadata, chapters and
// time code as they are, keys that are no text, the dates and the names of tracks.

#include "stages/compress/codec/video/header_gate.h"

namespace mediaferry::stages::mov {

/// Pictures and sound are made anew or copied by libav; the samples of any other track are carried.
bool through_libav(const Track&);

/// Boxes in the movie, in a track, in a track's media that the small copy has as they were. `resized`: what speaks of the pictures' size does not
/// stay.
bool stays_in_movie(const std::string& type);
bool stays_in_track(const std::string& type, bool resized);
bool stays_in_media(const std::string& type);

/// What of the clip could not be carried, for a person to read; "" when everything can.
std::string not_carried(const av::ByteSource&, const Header&);

/// Pieces beside the movie that are carried: XMP. As they are, headers included.
std::vector<std::string> carried_pieces(const av::ByteSource&, const Header&);

/// All of it. Throws BadInput ("video.broken").
std::string bytes_at(const av::ByteSource&, std::uint64_t at, std::uint64_t size);

/// The box, and those in it, as an MP4 file has them: QuickTime's "hdlr" begins with a component type and counts the letters of a name instead of
/// ending it (ISO 14496-12, 8.4.3). A box of an MP4 file comes out as it is. The movie's "meta" stays as it is: QuickTime's has no version, and so
/// cameras write it into MP4 files, and so readers look for it there.
Box as_mp4(Box);

}  // namespace mediaferry::stages::mov
