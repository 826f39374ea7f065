// The state as text, one field a line, so that a diff of two dumps names what differs.
#include <string>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/world.hpp"
#include "world/scalar.hpp"

namespace canon {

using detail::Column;

// What a cell holds, not what it reads as: a dead entity's id is part of the state.
std::string World::cell_text(const Column& column, std::size_t at) const {
    switch (column.cell_type) {
        case FieldType::boolean:
            return column.booleans()[at] != 0 ? "true" : "false";
        case FieldType::integer:
            return std::to_string(column.integers()[at]);
        case FieldType::number:
            return float_text(column.numbers()[at]);
        case FieldType::string:
            return to_json(Value(column.texts()[at]));
        case FieldType::any:
            return to_json(detail::value_of(detail::any_scalar(column.texts()[at])));
        case FieldType::entity:
        case FieldType::array:
            break;
    }
    const std::int64_t id = column.integers()[at];
    if (id == 0) return "nil";
    return std::to_string(id) + (alive({id}) ? "" : " (dead)");
}

void World::dump_array(std::string& out, const std::string& path, const Column& column,
                       std::uint32_t row) const {
    const auto line = [&](std::uint32_t index) {
        out += path + "[" + std::to_string(index + 1) +
               "]: " + cell_text(column, column.cell_at(row, index)) + "\n";
    };
    std::uint64_t hash = 0;
    std::visit(
        [&](const auto& all) {
            using Cell = typename std::remove_cvref_t<decltype(all)>::value_type;
            if constexpr (!std::is_same_v<Cell, std::string>) {
                const Cell* cells = all.data() + column.cell_at(row, 0);
                hash = hash_bytes(
                    {reinterpret_cast<const std::uint8_t*>(cells), column.width * sizeof(Cell)});
                const Cell& initial = *std::get_if<Cell>(&column.initial);
                for (std::uint32_t index = 0; index < column.width; ++index)
                    // By bits: -0.0 differs from 0.0, a NaN does not from itself.
                    if (std::memcmp(&cells[index], &initial, sizeof(Cell)) != 0) line(index);
            }
        },
        column.cells);
    out += path + ": " + std::to_string(column.width) + " cells, hash " + hash_text(hash) + "\n";
}

std::string World::dump() const {
    std::string out = "world .next_id: " + std::to_string(state_.next_id) + "\n";
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const TemplateSpec& spec = schema()[index];
        const detail::Table& table = state_.tables[index];
        for (const detail::RowRange& range : table.living_ranges()) {
            for (std::uint32_t row = range.begin; row < range.end; ++row) {
                const std::string id = spec.singleton ? "" : " " + std::to_string(table.ids[row]);
                if (spec.fields.empty()) out += spec.name + id + "\n";
                for (FieldIndex field = 0; field < spec.fields.size(); ++field) {
                    const Column& column = table.columns[field];
                    const std::string path = spec.name + id + " ." + spec.fields[field].name;
                    if (column.type == FieldType::array)
                        dump_array(out, path, column, row);
                    else
                        out += path + ": " + cell_text(column, row) + "\n";
                }
            }
        }
    }
    for (const HostPart& part : host_parts_) {
        if (part.state != nullptr)
            part.state->dump(out, "host " + part.name + " ");
        else
            out += "host " + part.name + ": " + std::to_string(part.saved.size()) +
                   " bytes, hash " + hash_text(part.saved_hash) + "\n";
    }
    return out;
}

}  // namespace canon
