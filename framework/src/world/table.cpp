#include "canon/detail/world_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "canon/bytes.hpp"

namespace canon::detail {
namespace {

bool is_coordinate(const TemplateSpec& spec, FieldIndex field) {
    return field != kNone && (spec.fields[field].type == FieldType::integer ||
                              spec.fields[field].type == FieldType::number);
}

FieldIndex field_named(const TemplateSpec& spec, const std::string& name) {
    for (FieldIndex field = 0; field < spec.fields.size(); ++field)
        if (spec.fields[field].name == name) return field;
    return kNone;
}

std::string canonical_text(const Value& value) {
    Bytes bytes;
    write_value(bytes, value);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Column::Column(const FieldSpec& spec)
    : type(spec.type),
      cell_type(spec.type == FieldType::array ? spec.element : spec.type),
      width(spec.type == FieldType::array ? spec.length : 1) {
    switch (cell_type) {
        case FieldType::boolean:
            cells = Booleans();
            initial = static_cast<std::uint8_t>(spec.initial.as_boolean());
            break;
        case FieldType::integer:
            cells = Integers();
            initial = spec.initial.as_integer();
            break;
        case FieldType::entity:
            cells = Integers();
            initial = std::int64_t{0};
            break;
        case FieldType::number:
            cells = Numbers();
            initial = spec.initial.as_number();
            break;
        case FieldType::string:
            cells = Texts();
            initial = spec.initial.as_string();
            break;
        case FieldType::any:
        case FieldType::array:
            cells = Texts();
            initial = canonical_text(spec.initial);
            break;
    }
}

void Column::append_row() {
    std::visit(
        [this](auto& all) {
            const auto& cell =
                *std::get_if<typename std::remove_reference_t<decltype(all)>::value_type>(&initial);
            if (width == 1)
                all.push_back(cell);
            else
                all.insert(all.end(), width, cell);
        },
        cells);
}

void Column::truncate(std::size_t rows) noexcept {
    std::visit(
        [&](auto& all) {
            if (rows * width < all.size())
                all.erase(all.begin() + static_cast<std::ptrdiff_t>(rows * width), all.end());
        },
        cells);
}

void Column::rearrange(std::uint32_t first, const std::vector<std::uint32_t>& order) {
    std::visit(
        [&](auto& all) {
            std::remove_reference_t<decltype(all)> moved;
            moved.reserve(order.size() * width);
            for (const std::uint32_t row : order)
                for (std::uint32_t index = 0; index < width; ++index)
                    moved.push_back(std::move(all[cell_at(row, index)]));
            std::move(moved.begin(), moved.end(),
                      all.begin() + static_cast<std::ptrdiff_t>(cell_at(first, 0)));
        },
        cells);
    truncate(first + order.size());
}

Table::Table(const TemplateSpec& spec) : is_singleton(spec.singleton) {
    columns.reserve(spec.fields.size());
    for (const FieldSpec& field : spec.fields) columns.emplace_back(field);
    grid_x = field_named(spec, spec.grid ? spec.grid->x : "x");
    grid_y = field_named(spec, spec.grid ? spec.grid->y : "y");
    if (!is_coordinate(spec, grid_x) || !is_coordinate(spec, grid_y)) grid_x = grid_y = kNone;
    if (spec.grid) grid_cell = spec.grid->cell;
    for (const std::string& key : spec.keys) keyed.push_back({field_named(spec, key), {}});
}

void Table::append(std::int64_t id) {
    const std::uint32_t row = rows();
    const bool ascends = is_sorted() && (row == 0 || std::abs(ids[row - 1]) < id);
    try {
        ids.push_back(id);
        for (Column& column : columns) column.append_row();
    } catch (...) {
        ids.resize(row);
        for (Column& column : columns) column.truncate(row);
        throw;
    }
    if (ascends) sorted_rows = row + 1;
    rows_changed = true;
}

void Table::drop_last_row() noexcept {
    ids.pop_back();
    for (Column& column : columns) column.truncate(rows());
    sorted_rows = std::min(sorted_rows, rows());
}

void Table::bury(std::uint32_t row) noexcept {
    ids[row] = -ids[row];
    ++tombstones;
    rows_changed = true;
}

void Table::revive(std::uint32_t row) noexcept {
    ids[row] = -ids[row];
    --tombstones;
}

void Table::tidy(Directory& directory) {
    const bool is_wasteful = tombstones > rows() / 16;
    if (is_sorted() && !is_wasteful) return;
    std::uint32_t first = sorted_rows;
    if (!is_sorted()) {
        std::int64_t least = INT64_MAX;
        for (std::uint32_t row = sorted_rows; row < rows(); ++row)
            if (is_alive(row)) least = std::min(least, ids[row]);
        const auto place = std::lower_bound(
            ids.begin(), ids.begin() + sorted_rows, least,
            [](std::int64_t id, std::int64_t limit) { return std::abs(id) < limit; });
        first = static_cast<std::uint32_t>(place - ids.begin());
    }
    if (is_wasteful) {
        const auto place =
            std::find_if(ids.begin(), ids.begin() + first, [](std::int64_t id) { return id < 0; });
        first = static_cast<std::uint32_t>(place - ids.begin());
    }
    rearrange(first, directory);
}

void Table::rearrange(std::uint32_t first, Directory& directory) {
    std::vector<std::uint32_t> order;
    order.reserve(rows() - first);
    for (std::uint32_t row = first; row < rows(); ++row)
        if (is_alive(row)) order.push_back(row);
    if (!is_sorted())
        std::sort(order.begin(), order.end(),
                  [this](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
    for (Column& column : columns) column.rearrange(first, order);

    std::vector<std::int64_t> moved;
    moved.reserve(order.size());
    for (const std::uint32_t row : order) moved.push_back(ids[row]);
    tombstones -= rows() - first - static_cast<std::uint32_t>(moved.size());
    ids.resize(first);
    for (std::size_t i = 0; i < moved.size(); ++i) {
        if (order[i] != ids.size()) directory.move(moved[i], rows());
        ids.push_back(moved[i]);
    }
    sorted_rows = rows();
    rows_changed = true;
}

std::vector<RowRange> Table::living_ranges() const {
    std::vector<RowRange> ranges;
    const auto add = [&ranges](std::uint32_t row) {
        if (!ranges.empty() && ranges.back().end == row)
            ++ranges.back().end;
        else
            ranges.push_back({row, row + 1});
    };
    if (is_sorted()) {
        if (tombstones == 0) {
            if (rows() != 0) ranges.push_back({0, rows()});
            return ranges;
        }
        for (std::uint32_t row = 0; row < rows(); ++row)
            if (is_alive(row)) add(row);
        return ranges;
    }
    std::vector<std::uint32_t> order(rows());
    std::iota(order.begin(), order.end(), 0u);
    std::erase_if(order, [this](std::uint32_t row) { return !is_alive(row); });
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
    for (const std::uint32_t row : order) add(row);
    return ranges;
}

}  // namespace canon::detail
