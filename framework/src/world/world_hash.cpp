// The state hash: XXH3 over the columns as they lie in memory, in id order.
#include <string_view>

#include "canon/hash.hpp"
#include "canon/world.hpp"

namespace canon {

using detail::Column;
using detail::RowRange;
using detail::Table;

namespace {

// Texts are gathered, since a hasher is quickest with long runs.
constexpr std::size_t kGatherBytes = 16 * 1024;

void hash_texts(Hasher& hasher, const detail::Texts& texts, const std::vector<RowRange>& ranges,
                Bytes& gathered) {
    gathered.clear();
    for (const RowRange& range : ranges) {
        for (std::uint32_t row = range.begin; row < range.end; ++row) {
            const std::uint64_t length = texts[row].size();
            gathered.append(&length, sizeof length);
            gathered.append(texts[row].data(), texts[row].size());
            if (gathered.size() < kGatherBytes) continue;
            hasher.update(gathered.view());
            gathered.clear();
        }
    }
    hasher.update(gathered.view());
}

void hash_column(Hasher& hasher, const Column& column, const std::vector<RowRange>& ranges,
                 Bytes& gathered) {
    std::visit(
        [&](const auto& all) {
            if constexpr (std::is_same_v<decltype(all), const detail::Texts&>) {
                hash_texts(hasher, all, ranges, gathered);
            } else {
                for (const RowRange& range : ranges)
                    hasher.update(
                        all.data() + column.cell_at(range.begin, 0),
                        std::size_t{range.end - range.begin} * column.width * sizeof all[0]);
            }
        },
        column.cells);
}

}  // namespace

std::uint64_t World::HostPart::hash() const {
    if (state == nullptr) return saved_hash;
    Hasher hasher;
    state->hash(hasher);
    return hasher.digest();
}

std::uint64_t World::state_hash() const {
    Hasher hasher;
    Bytes gathered;
    hasher.update_integer(schema().digest());
    hasher.update_integer(static_cast<std::uint64_t>(state_.next_id));
    for (const Table& table : state_.tables) {
        const std::vector<RowRange> ranges = table.living_ranges();
        hasher.update_integer(table.living());
        for (const RowRange& range : ranges)
            hasher.update(table.ids.data() + range.begin,
                          std::size_t{range.end - range.begin} * sizeof(std::int64_t));
        for (const Column& column : table.columns) hash_column(hasher, column, ranges, gathered);
    }
    hasher.update_integer(host_parts_.size());
    for (const HostPart& part : host_parts_) {
        hasher.update_string(part.name);
        hasher.update_integer(part.hash());
    }
    return hasher.digest();
}

}  // namespace canon
