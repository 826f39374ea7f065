// Losses: what is missing in a recording, as the commands that look for it say it.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "container/repair.hpp"

namespace canon::cli {

/// For people, in one line. Call: where the tail is not closed.
std::string describe(const replay::Tail& tail);

/// Frames are "first_frame" and "last_frame", each absent where nobody knows; neither with "no
/// frames".
nlohmann::ordered_json json_of(const replay::Hole& hole);
nlohmann::ordered_json json_of(const replay::Tail& tail);

/// A line of `kind`: the text, or the JSON with "kind" first.
void say(bool as_json, const char* kind, const nlohmann::ordered_json& json,
         const std::string& text);
/// Says each loss as it is found: a file may have very many.
replay::LossReport say_losses(bool as_json);

}  // namespace canon::cli
