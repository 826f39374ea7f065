#include "world/grid_index.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace canon::detail {
namespace {

// Up to here every cell number is an exact double, and so a safe cast.
constexpr double kFurthestCell = 0x1p52;
constexpr std::int64_t kFurthestCellNumber = std::int64_t{1} << 52;

constexpr std::size_t kLeastBuckets = 64;
constexpr std::size_t kMostBuckets = std::size_t{1} << 30;

// Behind those of the cells.
constexpr std::size_t kFarBucket = 0;
constexpr std::size_t kNowhereBucket = 1;
constexpr std::size_t kOtherBuckets = 2;

// Looking at more than this share of the buckets costs more than a scan, which need not sort.
constexpr std::size_t kScanFrom = 4;

// `number` is at most kFurthestCell away from 0.
std::int64_t floor_cell(double number) noexcept {
    const auto cell = static_cast<std::int64_t>(number);
    return cell - (number < static_cast<double>(cell));
}

bool is_sane(double number) noexcept { return number >= -kFurthestCell && number <= kFurthestCell; }

std::size_t wrap(std::int64_t cell, std::size_t size) noexcept {
    return static_cast<std::size_t>(cell) & (size - 1);
}

}  // namespace

// False where a point is too far away, or nowhere.
bool GridIndex::cell_of(double x, double y, std::int64_t& column,
                        std::int64_t& row) const noexcept {
    x *= cells_per_unit_;
    y *= cells_per_unit_;
    if (!is_sane(x) || !is_sane(y)) return false;
    column = floor_cell(x);
    row = floor_cell(y);
    return true;
}

std::size_t GridIndex::bucket_of(double x, double y) const noexcept {
    std::int64_t column, row;
    if (cell_of(x, y, column, row))
        return wrap(row, size_.height) * size_.width + wrap(column, size_.width);
    return size_.buckets() + (x == x && y == y ? kFarBucket : kNowhereBucket);
}

void GridIndex::cover(double x, double y) noexcept {
    std::int64_t column, row;
    if (!cell_of(x, y, column, row)) return;
    columns_.add(column);
    rows_.add(row);
}

GridIndex::Size GridIndex::choose_size() const noexcept {
    if (columns_.first > columns_.last) return {1, 1};
    Size size{std::bit_ceil(static_cast<std::size_t>(columns_.last - columns_.first + 1)),
              std::bit_ceil(static_cast<std::size_t>(rows_.last - rows_.first + 1))};
    while (size.width > most_buckets_ / size.height)
        (size.width > size.height ? size.width : size.height) /= 2;
    return size;
}

void GridIndex::update(const Tree& table, const TableLayout& layout) {
    if (is_current()) return;
    if (outdated_.all() || !move(table, layout)) rebuild(table, layout);
    outdated_.clear(table.size());
}

void GridIndex::rebuild(const Tree& table, const TableLayout& layout) {
    cells_per_unit_ = 1.0 / layout.grid_cell;
    most_buckets_ =
        std::clamp(std::bit_ceil(std::size_t{table.size()}), kLeastBuckets, kMostBuckets);
    columns_ = rows_ = {kFurthestCellNumber, -kFurthestCellNumber};
    std::vector<Entry> entries;
    entries.reserve(table.size());
    table.each_leaf([&](const Block* leaf) {
        const Coordinates xs(leaf, layout, layout.grid_x);
        const Coordinates ys(leaf, layout, layout.grid_y);
        for (std::uint32_t row = 0; row < leaf->rows; ++row) {
            entries.push_back({xs[row], ys[row], ids_of(leaf)[row]});
            cover(xs[row], ys[row]);
        }
    });
    size_ = choose_size();
    buckets_.rebuild(size_.buckets() + kOtherBuckets, entries,
                     [this](const Entry& entry) { return bucket_of(entry.x, entry.y); });
}

// False where all is to be sorted anew: there is no room, or the entities have spread so far that
// other buckets suit them better.
bool GridIndex::move(const Tree& table, const TableLayout& layout) {
    for (const Entry& before : outdated_.sorted()) {
        const std::size_t left = bucket_of(before.x, before.y);
        const Block* leaf = table.leaf_of(before.id);
        const std::uint32_t row = leaf != nullptr ? row_of(leaf, before.id) : kNone;
        if (row == kNone) {
            buckets_.remove(left, before);
            continue;
        }
        const Entry now = entry_of(leaf, row, layout);
        const std::size_t bucket = bucket_of(now.x, now.y);
        if (bucket != left) buckets_.remove(left, before);
        buckets_.put(bucket, now);
        cover(now.x, now.y);
    }
    return choose_size() == size_ && buckets_.flush();
}

GridIndex::CellRange GridIndex::cells_within(double centre, double reach) const noexcept {
    // Where a sum is no number (of infinities), it bounds nothing.
    const double first = (centre - reach) * cells_per_unit_;
    const double last = (centre + reach) * cells_per_unit_;
    return {
        first >= -kFurthestCell ? floor_cell(std::min(first, kFurthestCell)) : -kFurthestCellNumber,
        last <= kFurthestCell ? floor_cell(std::max(last, -kFurthestCell)) : kFurthestCellNumber};
}

bool GridIndex::find(const Circle& circle, std::vector<EntityId>& out) const {
    if (std::isinf(circle.r * circle.r)) return false;
    // Never less than the largest distance that the rounded test lets pass: squares round by a few
    // parts in 2^53, and those of less than about 1e-162 are zero.
    const double reach = circle.r * (1 + 1e-9) + 1e-150;
    const CellRange columns = cells_within(circle.x, reach);
    const CellRange rows = cells_within(circle.y, reach);
    const std::size_t width = size_.width, height = size_.height;
    const std::size_t column_count =
        std::min(static_cast<std::size_t>(columns.last - columns.first + 1), width);
    const std::size_t row_count =
        std::min(static_cast<std::size_t>(rows.last - rows.first + 1), height);
    if (column_count * row_count > std::max(size_.buckets(), kLeastBuckets) / kScanFrom)
        return false;

    const std::size_t first_column = wrap(columns.first, width);
    const std::size_t end_column = first_column + column_count;
    for (std::size_t i = 0; i < row_count; ++i) {
        const std::size_t begin = ((wrap(rows.first, height) + i) & (height - 1)) * width;
        find_in(begin + first_column, begin + std::min(end_column, width), circle, out);
        if (end_column > width) find_in(begin, begin + end_column - width, circle, out);
    }
    const std::size_t far = size_.buckets() + kFarBucket;
    find_in(far, far + 1, circle, out);
    return true;
}

void GridIndex::find_in(std::size_t first_bucket, std::size_t last_bucket, const Circle& circle,
                        std::vector<EntityId>& out) const {
    buckets_.each_run(first_bucket, last_bucket, [&](const Entry* entry, const Entry* end) {
        const std::size_t before = out.size();
        out.resize(before + static_cast<std::size_t>(end - entry));
        EntityId* next = out.data() + before;
        // Every id is written and some are overwritten: which ones are in the circle no processor
        // can predict.
        for (; entry != end; ++entry) {
            *next = {entry->id};
            next += circle.contains(entry->x, entry->y) ? 1 : 0;
        }
        out.resize(static_cast<std::size_t>(next - out.data()));
    });
}

}  // namespace canon::detail
