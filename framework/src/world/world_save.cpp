// The saved world: canonical bytes, read back only if every one of them is as `save` writes it.
//
//   8 bytes   digest of the schema
//   varint    next id
//   for each template, in order of declaration:
//     varint  count of entities
//     varint  of each entity, ids ascending: the distance from the id before (from 0 for the first)
//     for each field that is not local: the cells of all entities: 8 bytes for integers, floats and
//     entities (0 is nil), 1 byte for booleans, a
//             string for strings, a value for any
//   varint    count of host states
//   for each host state, in order of registration: string name, string of the bytes it saved
#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "canon/hash.hpp"
#include "canon/world.hpp"
#include "world/array_cells.hpp"
#include "world/saved_world.hpp"
#include "world/scalar.hpp"
#include "world/store.hpp"

namespace canon {

using detail::Block;
using detail::ColumnLayout;
using detail::TableLayout;

namespace {

void save_cells(Bytes& out, const Block* leaf, FieldIndex field, const ColumnLayout& column) {
    const Block* page = leaf->blocks()[field + 1];
    if (column.kind == ColumnLayout::Kind::plain) {
        out.append(page->data(), leaf->rows * column.cell_bytes);
        return;
    }
    for (std::size_t row = 0; row < leaf->rows; ++row) {
        if (column.kind == ColumnLayout::Kind::text) {
            const std::string_view text = page->cells<const detail::Text*>()[row]->view();
            if (column.type == FieldType::string) out.put_varint(text.size());
            out.append(text.data(), text.size());
            continue;
        }
        for (std::uint32_t first = 0; first < column.width;) {
            std::uint32_t at;
            const Block* part = detail::array_page(page->blocks()[row], column, first, at);
            const std::uint32_t cells = detail::array_page_cells(column, first);
            out.append(part->data(), std::size_t{cells} * column.array_bytes);
            first += cells;
        }
    }
}

// Of an entity, in any field.
std::uint64_t least_bytes(const ColumnLayout& column) {
    if (column.kind == ColumnLayout::Kind::text) return 1;
    return std::uint64_t{column.width} * column.array_bytes;
}

// Whether what was read is what a field of this type can hold.
bool check_cells(ByteReader& in, FieldType type, const std::byte* cells, std::size_t count) {
    switch (type) {
        case FieldType::boolean: {
            const auto is_wrong = [](std::byte cell) { return cell > std::byte{1}; };
            return std::none_of(cells, cells + count, is_wrong) ||
                   in.fail("a boolean that is neither 0 nor 1");
        }
        case FieldType::entity: {
            const auto* ids = reinterpret_cast<const std::int64_t*>(cells);
            const auto is_wrong = [](std::int64_t id) { return id < 0; };
            return std::none_of(ids, ids + count, is_wrong) || in.fail("a negative entity id");
        }
        case FieldType::number: {
            const auto* numbers = reinterpret_cast<const double*>(cells);
            const auto is_wrong = [](double number) {
                return std::bit_cast<std::uint64_t>(number) !=
                       std::bit_cast<std::uint64_t>(canonical(number));
            };
            return std::none_of(numbers, numbers + count, is_wrong) ||
                   in.fail("a NaN that is not the canonical one");
        }
        default:
            return true;
    }
}

bool load_text(ByteReader& in, FieldType type, std::string_view& out) {
    if (type == FieldType::string) return in.string(out);
    const auto* begin = reinterpret_cast<const char*>(in.position());
    if (!in.skip_value()) return false;
    const auto* end = reinterpret_cast<const char*>(in.position());
    out = {begin, static_cast<std::size_t>(end - begin)};
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
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const detail::Tree& table = state_.tables[index];
        out.put_varint(table.size());
        std::int64_t last = 0;
        each_run(index, [&](const Run& run) {
            for (const EntityId id : run.ids())
                out.put_varint(
                    static_cast<std::uint64_t>(id.value - std::exchange(last, id.value)));
        });
        for (FieldIndex field = 0; field < layouts_[index].columns.size(); ++field)
            if (layouts_[index].columns[field].hashed)
                table.each_leaf([&](const Block* leaf) {
                    save_cells(out, leaf, field, layouts_[index].columns[field]);
                });
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

void World::load_table(ByteReader& in, TemplateIndex index, State& next) {
    const TemplateSpec& spec = schema()[index];
    const TableLayout& layout = layouts_[index];
    detail::Tree& table = next.tables[index];
    std::uint64_t row_bytes = 1;
    for (const ColumnLayout& column : layout.columns)
        if (column.hashed) row_bytes += least_bytes(column);
    std::uint64_t count = 0;
    if (!in.count(count, row_bytes)) refuse_load(spec.name, in);
    std::int64_t last = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t distance;
        if (!in.varint(distance)) refuse_load(spec.name, in);
        if (distance == 0) {
            in.fail("ids that do not ascend");
            refuse_load(spec.name, in);
        }
        if (distance >= static_cast<std::uint64_t>(next.next_id - last)) {
            in.fail("an id that is not below the next id");
            refuse_load(spec.name, in);
        }
        last += static_cast<std::int64_t>(distance);
        if (const Block* leaf = next.directory.leaf_of(last);
            leaf != nullptr && detail::row_of(leaf, last) != kNone) {
            in.fail("an id that another entity has");
            refuse_load(spec.name + " " + std::to_string(last), in);
        }
        std::uint32_t row;
        table.insert(last, layout, blocks_, row);
        Block* entry = next.directory.insert(last, store_->directory, blocks_, row);
        entry->blocks()[1]->cells<std::uint16_t>()[row] = static_cast<std::uint16_t>(index);
        next.largest_id = std::max(next.largest_id, last);
    }
    for (FieldIndex field = 0; field < layout.columns.size(); ++field) {
        const ColumnLayout& column = layout.columns[field];
        if (!column.hashed) continue;
        const auto check = [&](bool good) {
            if (!good) refuse_load(spec.name + "." + spec.fields[field].name, in);
        };
        // No block of a fresh tree is shared but the initial arrays.
        table.each_leaf([&](const Block* leaf) {
            Block* page = leaf->blocks()[field + 1];
            if (column.kind == ColumnLayout::Kind::plain) {
                check(in.raw(page->data(), leaf->rows * column.cell_bytes) &&
                      check_cells(in, column.type, page->data(), leaf->rows));
                return;
            }
            for (std::size_t row = 0; row < leaf->rows; ++row) {
                if (column.kind == ColumnLayout::Kind::text) {
                    std::string_view text;
                    check(load_text(in, column.type, text));
                    page->cells<const detail::Text*>()[row] = store_->texts.intern(text);
                    continue;
                }
                for (std::uint32_t first = 0; first < column.width;) {
                    const std::uint32_t cells = detail::array_page_cells(column, first);
                    std::uint32_t at;
                    Block* part =
                        detail::open_array_page(page->blocks()[row], column, first, blocks_, at);
                    check(in.raw(part->data(), std::size_t{cells} * column.array_bytes) &&
                          check_cells(in, column.cell_type, part->data(), cells));
                    first += cells;
                }
            }
        });
    }
}

// Reads all but the host states into `next`, which is empty.
void World::load_state(ByteReader& in, State& next) {
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
    next.next_id = static_cast<std::int64_t>(next_id);
    next.tables.resize(schema().size());
    for (TemplateIndex index = 0; index < schema().size(); ++index) load_table(in, index, next);
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        if (!layouts_[index].is_singleton || next.tables[index].size() == 1) continue;
        in.fail("a singleton that is missing, or more than one");
        refuse_load(schema()[index].name, in);
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
    try {
        load_state(in, next);
        load_host_parts(in);
    } catch (...) {
        drop(next);
        throw;
    }
    replace_state(std::move(next));
}

void World::load_host_parts(ByteReader& in) {
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
}

void World::load_host_state(std::size_t index, std::span<const std::uint8_t> bytes) {
    ByteReader in(bytes);
    host_parts_[index].state->load(in);
    if (in.failed() || in.left() != 0)
        throw Error(in.failed() ? in.fail_text()
                                : std::to_string(in.left()) + " bytes more than it reads");
}

void World::load_host_parts(std::span<const std::span<const std::uint8_t>> saved) {
    std::vector<Bytes> before(host_parts_.size());
    for (std::size_t i = 0; i < host_parts_.size(); ++i) host_parts_[i].save_into(before[i]);
    std::size_t at = 0;
    try {
        for (; at < host_parts_.size(); ++at) load_host_state(at, saved[at]);
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
