// The saved world: canonical bytes, read back only if every one of them is as `save` writes it.
//
//   8 bytes   digest of the schema
//   varint    next id
//   for each template, in order of declaration:
//     varint  count of entities
//     varint  of each entity, ids ascending: the distance from the id before (from 0 for the first)
//     for each field: the cells of all entities: 8 bytes for integers, floats and entities (0 is
//     nil), 1 byte for booleans, a
//             string for strings, a value for any
//   varint    count of host states
//   for each host state, in order of registration: string name, string of the bytes it saved
#include <algorithm>
#include <string>
#include <utility>

#include "canon/hash.hpp"
#include "canon/world.hpp"
#include "world/saved_world.hpp"
#include "world/scalar.hpp"

namespace canon {

using detail::Column;
using detail::RowRange;
using detail::Table;

namespace {

void save_column(Bytes& out, const Column& column, const RowRange& range) {
    std::visit(
        [&](const auto& all) {
            if constexpr (!std::is_same_v<decltype(all), const detail::Texts&>) {
                out.append(all.data() + column.cell_at(range.begin, 0),
                           std::size_t{range.end - range.begin} * column.width * sizeof all[0]);
            } else {
                for (std::uint32_t row = range.begin; row < range.end; ++row) {
                    if (column.cell_type == FieldType::string) out.put_varint(all[row].size());
                    out.append(all[row].data(), all[row].size());
                }
            }
        },
        column.cells);
}

std::uint64_t least_cell_bytes(const Column& column) {
    return column.cell_type == FieldType::boolean ||
                   std::holds_alternative<detail::Texts>(column.cells)
               ? 1
               : 8;
}

// False, with the reader's `why`, for what no field holds.
bool load_cells(ByteReader& in, Column& column, std::size_t count) {
    const auto read_raw = [&](auto& all) {
        all.resize(count);
        return in.raw(all.data(), count * sizeof all[0]);
    };
    switch (column.cell_type) {
        case FieldType::boolean: {
            if (!read_raw(column.booleans())) return false;
            const auto is_wrong = [](std::uint8_t cell) { return cell > 1; };
            return std::none_of(column.booleans().begin(), column.booleans().end(), is_wrong) ||
                   in.fail("a boolean that is neither 0 nor 1");
        }
        case FieldType::integer:
            return read_raw(column.integers());
        case FieldType::entity: {
            if (!read_raw(column.integers())) return false;
            const auto is_wrong = [](std::int64_t id) { return id < 0; };
            return std::none_of(column.integers().begin(), column.integers().end(), is_wrong) ||
                   in.fail("a negative entity id");
        }
        case FieldType::number: {
            if (!read_raw(column.numbers())) return false;
            const auto is_wrong = [](double number) {
                return std::bit_cast<std::uint64_t>(number) !=
                       std::bit_cast<std::uint64_t>(canonical(number));
            };
            return std::none_of(column.numbers().begin(), column.numbers().end(), is_wrong) ||
                   in.fail("a NaN that is not the canonical one");
        }
        case FieldType::string:
            column.texts().reserve(count);
            for (std::size_t i = 0; i < count; ++i) {
                std::string_view text;
                if (!in.string(text)) return false;
                column.texts().emplace_back(text);
            }
            return true;
        case FieldType::any:
            column.texts().reserve(count);
            for (std::size_t i = 0; i < count; ++i) {
                const auto* begin = reinterpret_cast<const char*>(in.position());
                if (!in.skip_value()) return false;
                const auto* end = reinterpret_cast<const char*>(in.position());
                column.texts().emplace_back(begin, end);
            }
            return true;
        case FieldType::array:
            break;
    }
    return in.fail("a field without a type");
}

bool load_ids(ByteReader& in, Table& table, std::uint64_t count, std::int64_t next_id) {
    table.ids.reserve(count);
    std::int64_t last = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t distance;
        if (!in.varint(distance)) return false;
        if (distance == 0) return in.fail("ids that do not ascend");
        if (distance >= static_cast<std::uint64_t>(next_id - last))
            return in.fail("an id that is not below the next id");
        last += static_cast<std::int64_t>(distance);
        table.ids.push_back(last);
    }
    table.sorted_rows = table.rows();
    return true;
}

[[noreturn]] void refuse_load(const std::string& where, const ByteReader& in) {
    throw Error("saved world, " + where + ": " + in.fail_text());
}

}  // namespace

void World::save(Bytes& out) const {
    const std::uint64_t digest = schema().digest();
    out.append(&digest, sizeof digest);
    out.put_varint(static_cast<std::uint64_t>(state_.next_id));
    for (const Table& table : state_.tables) {
        const std::vector<RowRange> ranges = table.living_ranges();
        out.put_varint(table.living());
        std::int64_t last = 0;
        for (const RowRange& range : ranges)
            for (std::uint32_t row = range.begin; row < range.end; ++row)
                out.put_varint(static_cast<std::uint64_t>(table.ids[row] -
                                                          std::exchange(last, table.ids[row])));
        for (const Column& column : table.columns)
            for (const RowRange& range : ranges) save_column(out, column, range);
    }
    out.put_varint(host_parts_.size());
    Bytes saved;
    for (const HostPart& part : host_parts_) {
        out.put_string(part.name);
        part.save_into(saved);
        out.put_string(detail::text_of(saved));
    }
}

void World::HostPart::save_into(Bytes& out) const {
    out.clear();
    if (state != nullptr)
        state->save(out);
    else
        out.append(saved.view());
}

// Reads all but the host states into `next`, which is empty.
void World::load_state(ByteReader& in, State& next) const {
    std::uint64_t digest = 0, next_id = 0;
    if (!in.raw(&digest, sizeof digest)) refuse_load("schema", in);
    if (digest != schema().digest())
        throw Error("saved world: it was saved with templates of digest " + hash_text(digest) +
                    ", expected " + hash_text(schema().digest()) +
                    ": load the program that it was saved with");
    if (!in.varint(next_id)) refuse_load("next id", in);
    if (next_id == 0 || next_id > static_cast<std::uint64_t>(INT64_MAX)) {
        in.fail("it is not positive");
        refuse_load("next id", in);
    }
    next.schema = state_.schema;
    next.next_id = static_cast<std::int64_t>(next_id);
    next.tables.reserve(schema().size());
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const TemplateSpec& spec = schema()[index];
        Table& table = next.tables.emplace_back(spec);
        std::uint64_t row_bytes = 1;
        for (const Column& column : table.columns)
            row_bytes += least_cell_bytes(column) * column.width;
        std::uint64_t count = 0;
        if (!in.count(count, row_bytes) || !load_ids(in, table, count, next.next_id))
            refuse_load(spec.name, in);
        next.directory.reserve(next.directory.size() + count);
        for (std::uint32_t row = 0; row < table.rows(); ++row) {
            if (next.directory.contains(table.ids[row])) {
                in.fail("an id that another entity has");
                refuse_load(spec.name + " " + std::to_string(table.ids[row]), in);
            }
            next.directory.insert(table.ids[row], {index, row});
            next.largest_id = std::max(next.largest_id, table.ids[row]);
        }
        for (FieldIndex field = 0; field < spec.fields.size(); ++field)
            if (!load_cells(in, table.columns[field], count * table.columns[field].width))
                refuse_load(spec.name + "." + spec.fields[field].name, in);
    }
    // Each singleton has its own id, and no entity that of a singleton.
    std::int64_t singleton_id = 0;
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const Table& table = next.tables[index];
        if (!table.is_singleton) continue;
        ++singleton_id;
        if (table.rows() == 1 && table.ids[0] == singleton_id) continue;
        in.fail("a singleton that is missing, more than one, or of another id");
        refuse_load(schema()[index].name, in);
    }
    if (next.next_id <= singleton_id) {
        in.fail("it is not behind the singletons");
        refuse_load("next id", in);
    }
}

bool detail::peek_next_id(ByteReader in, EntityId& out) noexcept {
    std::uint64_t next_id;
    if (!in.skip(sizeof(std::uint64_t)) || !in.varint(next_id) || next_id == 0 ||
        next_id > static_cast<std::uint64_t>(INT64_MAX))
        return false;
    out.value = static_cast<std::int64_t>(next_id);
    return true;
}

void World::load(ByteReader& in) {
    assert_writable();
    CANON_ASSERT(!is_savepoint_open(), "load while a savepoint is open");
    State next;
    load_state(in, next);
    std::uint64_t count = 0;
    if (!in.count(count, 2)) refuse_load("host states", in);
    if (count != host_parts_.size()) {
        throw Error("saved world: it has " + std::to_string(count) + " host states, expected " +
                    std::to_string(host_parts_.size()));
    }
    std::vector<std::span<const std::uint8_t>> saved;
    for (const HostPart& part : host_parts_) {
        std::string_view name, bytes;
        if (!in.string(name) || !in.string(bytes))
            refuse_load("host state '" + part.name + "'", in);
        if (name != part.name)
            throw Error("saved world: found the host state '" + std::string(name) +
                        "', expected '" + part.name + "': register them in the same order");
        saved.emplace_back(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    load_host_parts(saved);
    state_ = std::move(next);
}

void World::load_host_parts(std::span<const std::span<const std::uint8_t>> saved) {
    std::vector<Bytes> before(host_parts_.size());
    for (std::size_t i = 0; i < host_parts_.size(); ++i) host_parts_[i].save_into(before[i]);
    std::size_t at = 0;
    try {
        for (; at < host_parts_.size(); ++at) {
            ByteReader in(saved[at]);
            host_parts_[at].state->load(in);
            if (in.failed() || in.left() != 0)
                throw Error(in.failed() ? in.fail_text()
                                        : std::to_string(in.left()) + " bytes more than it reads");
        }
    } catch (const std::exception& error) {
        for (std::size_t i = 0; i <= at; ++i) {
            ByteReader in(before[i].view());
            try {
                host_parts_[i].state->load(in);
            } catch (const std::exception&) {
                // Its content is up to it: the first failure is the one to tell.
            }
        }
        throw Error("host state '" + host_parts_[at].name + "': " + error.what());
    }
}

}  // namespace canon
