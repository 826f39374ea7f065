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

WriteResult World::apply(const Effect& effect) {
    assert_writable();
    if (effect.template_index >= schema().size()) return WriteResult::no_field;
    const std::size_t fields = layouts_[effect.template_index].columns.size();
    try {
        if (effect.kind == Effect::Kind::spawn) {
            std::vector<Assignment> assignments;
            std::vector<Bytes> buffers(effect.fields.size());
            for (const auto& [field, value] : effect.fields) {
                if (field >= fields || !column(effect.template_index, field).hashed)
                    return WriteResult::no_field;
                const Scalar scalar = detail::scalar_of(value, buffers[assignments.size()]);
                assignments.push_back({field, scalar});
            }
            return spawn(effect.entity, effect.template_index, assignments);
        }
        Location where;
        if (!find(effect.entity, where) || where.template_index != effect.template_index)
            return WriteResult::dead;
        if (effect.kind == Effect::Kind::destroy) return destroy(effect.entity);
        if (effect.field >= fields || !column(effect.template_index, effect.field).hashed)
            return WriteResult::no_field;
        const detail::ColumnLayout& layout = column(effect.template_index, effect.field);
        if (effect.cell >= layout.width) return WriteResult::bad_index;
        Bytes buffer;
        return store({effect.entity, where, effect.field, &layout}, effect.cell,
                     detail::scalar_of(effect.after, buffer));
    } catch (const Error&) {
        return WriteResult::wrong_type;  // it nests too deeply
    }
}

namespace detail {

void begin_effect(Bytes& out, Effect::Kind kind, EntityId entity, TemplateIndex template_index) {
    out.put(static_cast<std::uint8_t>(kind));
    out.put_varint(static_cast<std::uint64_t>(entity.value));
    out.put_varint(template_index);
}

}  // namespace detail
}  // namespace canon
