// Merge sort: stable, and its comparisons follow from the length and the outcomes of the
// comparisons alone.
#pragma once
#include <algorithm>
#include <cstddef>

namespace canon::script {

inline constexpr std::size_t kInsertionSize = 8;

/// Sorts items[0, count). `spare` has room for as many. Items are trivially copyable.
/// `is_less` may leave by an error, and may be inconsistent: then the result is some permutation.
template <class Item, class Less>
void merge_sort(Item* items, Item* spare, std::size_t count, const Less& is_less) {
    if (count <= kInsertionSize) {
        for (std::size_t i = 1; i < count; ++i) {
            const Item item = items[i];
            std::size_t at = i;
            for (; at > 0 && is_less(item, items[at - 1]); --at) items[at] = items[at - 1];
            items[at] = item;
        }
        return;
    }
    const std::size_t middle = count / 2;
    merge_sort(items, spare, middle, is_less);
    merge_sort(items + middle, spare, count - middle, is_less);
    if (!is_less(items[middle], items[middle - 1])) return;
    std::copy(items, items + middle, spare);
    std::size_t left = 0, right = middle, out = 0;
    while (left < middle && right < count) {
        if (is_less(items[right], spare[left]))
            items[out++] = items[right++];
        else
            items[out++] = spare[left++];
    }
    std::copy(spare + left, spare + middle, items + out);
}

}  // namespace canon::script
