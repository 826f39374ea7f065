// The state as text, one field a line, so that a diff of two dumps names what differs.
#include <string>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/world.hpp"
#include "world/scalar.hpp"

namespace canon {

// What a cell holds, not what it reads as: a dead entity's id is part of the state.
std::string World::cell_text(FieldType cell_type, std::uint64_t bits) const {
    if (cell_type == FieldType::entity) {
        const auto id = static_cast<std::int64_t>(bits);
        if (id == 0) return "nil";
        return std::to_string(id) + (alive({id}) ? "" : " (dead)");
    }
    const Scalar content = scalar(cell_type, bits);
    if (cell_type == FieldType::integer) return std::to_string(content.integer);
    if (cell_type == FieldType::number) return float_text(content.number);
    return to_json(detail::value_of(content));
}

void World::dump_array(std::string& out, const std::string& path, const Location& where,
                       FieldIndex field) const {
    const detail::ColumnLayout& layout = column(where.template_index, field);
    Hasher hasher;
    for (std::uint32_t index = 0; index < layout.width; ++index) {
        // By bits: -0.0 differs from 0.0, a NaN does not from itself.
        const std::uint64_t bits = cell_bits(where, field, index);
        hasher.update(&bits, layout.array_bytes);
        if (bits != layout.initial_cell)
            out += path + "[" + std::to_string(index + 1) +
                   "]: " + cell_text(layout.cell_type, bits) + "\n";
    }
    out += path + ": " + std::to_string(layout.width) + " cells, hash " +
           hash_text(hasher.digest()) + "\n";
}

std::string World::dump() const {
    std::string out = "world .next_id: " + std::to_string(state_.next_id) + "\n";
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const TemplateSpec& spec = schema()[index];
        each_run(index, [&](const Run& run) {
            for (std::size_t row = 0; row < run.size(); ++row) {
                const std::string id =
                    spec.singleton ? "" : " " + std::to_string(run.ids()[row].value);
                if (spec.fields.empty()) out += spec.name + id + "\n";
                for (FieldIndex field = 0; field < spec.fields.size(); ++field) {
                    const detail::ColumnLayout& layout = column(index, field);
                    if (!layout.hashed) continue;
                    const std::string path = spec.name + id + " ." + spec.fields[field].name;
                    if (layout.is_array())
                        dump_array(out, path, run[row], field);
                    else
                        out += path + ": " +
                               cell_text(layout.cell_type, cell_bits(run[row], field, 0)) + "\n";
                }
            }
        });
    }
    for (const HostPart& part : host_parts_) part.dump_into(out);
    return out;
}

void World::HostPart::dump_into(std::string& out) const {
    if (state != nullptr)
        state->dump(out, "host " + name + " ");
    else
        out += "host " + name + ": " + std::to_string(saved.size()) + " bytes, hash " +
               hash_text(saved_hash) + "\n";
}

}  // namespace canon
