// The name that someone who misspelt it may have meant.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace canon::detail {

/// "; did you mean 'x'?" for the first of the candidates nearest to `name` by Levenshtein's
/// distance, or nothing where none is within a third of the name's length, rounded up.
std::string suggestion(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace canon::detail
