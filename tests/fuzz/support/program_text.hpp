// Program text: loads a text as a program and, where it is one, steps it.
#pragma once
#include <string_view>

namespace canon::fuzz {

/// Fails: throws Finding for a promise that the library broke, and whatever else it throws.
void check_program(std::string_view text);

}  // namespace canon::fuzz
