#include "canon/effects.hpp"

#include "world/effect_writer.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"

namespace canon {

bool EffectReader::next(Effect& out) {
    if (in_.left() == 0) return false;
    std::uint8_t kind;
    std::uint64_t number, template_index;
    if (!in_.byte(kind) || !in_.varint(number) || !in_.varint(template_index)) return false;
    if (kind > static_cast<std::uint8_t>(Effect::Kind::set))
        return in_.fail("an effect of no known kind");
    out = Effect{};
    out.kind = static_cast<Effect::Kind>(kind);
    out.entity = {static_cast<std::int64_t>(number)};
    out.template_index = static_cast<TemplateIndex>(template_index);
    std::uint64_t field, cell;
    switch (out.kind) {
        case Effect::Kind::spawn: {
            std::uint64_t count;
            if (!in_.count(count, 2)) return false;
            for (std::uint64_t i = 0; i < count; ++i) {
                Value value;
                if (!in_.varint(field) || !read_value(in_, value)) return false;
                out.fields.emplace_back(static_cast<FieldIndex>(field), std::move(value));
            }
            return true;
        }
        case Effect::Kind::destroy:
            return true;
        case Effect::Kind::set:
            break;
    }
    if (!in_.varint(field) || !in_.varint(cell)) return false;
    out.field = static_cast<FieldIndex>(field);
    out.cell = static_cast<std::uint32_t>(cell);
    return read_value(in_, out.before) && read_value(in_, out.after);
}

WriteResult World::apply_effect(ByteReader& in) {
    assert_writable();
    std::uint8_t kind = 0;
    std::uint64_t number = 0, owner = 0, index = 0, cell = 0;
    in.byte(kind);
    in.varint(number);
    in.varint(owner);
    // Without a copy: the value's bytes stay where they are.
    const auto value = [&in] {
        const auto* const begin = reinterpret_cast<const char*>(in.position());
        in.skip_value();
        const auto* const end = reinterpret_cast<const char*>(in.position());
        return in.failed() ? Scalar{}
                           : detail::any_scalar({begin, static_cast<std::size_t>(end - begin)});
    };
    const EntityId id{static_cast<std::int64_t>(number)};
    const bool is_known = owner < schema().size();
    const auto is_field = [&](std::uint64_t field) {
        return is_known && field < layouts_[owner].columns.size() &&
               layouts_[owner].columns[static_cast<std::size_t>(field)].hashed;
    };
    switch (static_cast<Effect::Kind>(kind)) {
        case Effect::Kind::spawn: {
            std::uint64_t count = 0;
            in.count(count, 2);
            std::vector<Assignment> assignments;
            bool fits = is_known;
            for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
                in.varint(index);
                const Scalar content = value();
                fits = fits && is_field(index);
                if (fits) assignments.push_back({static_cast<FieldIndex>(index), content});
            }
            if (in.failed() || !fits) return WriteResult::no_field;
            return spawn(id, static_cast<TemplateIndex>(owner), assignments);
        }
        case Effect::Kind::destroy: {
            Location where;
            if (in.failed() || !find(id, where) || where.template_index != owner)
                return WriteResult::dead;
            return destroy(id);
        }
        case Effect::Kind::set: {
            in.varint(index);
            in.varint(cell);
            in.skip_value();
            const Scalar after = value();
            Location where;
            if (in.failed() || !find(id, where) || where.template_index != owner)
                return WriteResult::dead;
            if (!is_field(index)) return WriteResult::no_field;
            const auto field = static_cast<FieldIndex>(index);
            const detail::ColumnLayout& layout = column(where.template_index, field);
            if (cell >= layout.width) return WriteResult::bad_index;
            return store({id, where, field, &layout}, static_cast<std::uint32_t>(cell), after);
        }
    }
    in.fail("an effect of no known kind");
    return WriteResult::no_field;
}

namespace detail {

void begin_effect(Bytes& out, Effect::Kind kind, EntityId entity, TemplateIndex template_index) {
    out.put(static_cast<std::uint8_t>(kind));
    out.put_varint(static_cast<std::uint64_t>(entity.value));
    out.put_varint(template_index);
}

}  // namespace detail
}  // namespace canon
