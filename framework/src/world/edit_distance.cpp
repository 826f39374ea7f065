#include "world/edit_distance.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace canon::detail {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() +
                                 1);  // distances from a's beginning to each beginning of b
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view name, const std::vector<std::string_view>& candidates) {
    std::size_t least = (name.size() + 2) / 3 + 1;
    std::string_view nearest;
    for (const std::string_view candidate : candidates) {
        // Lengths alone rule most out, so that a script's huge string costs nothing.
        const std::size_t longer = std::max(name.size(), candidate.size());
        if (longer - std::min(name.size(), candidate.size()) >= least) continue;
        // A name that shares no letter is not near, however short both are.
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < std::min(least, longer)) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace canon::detail
