// engine.get, at, alive, each, count, near, where, frame: reading the world.
#include <cmath>

#include "script/codec.hpp"
#include "script/engine_arguments.hpp"
#include "script/engine_library.hpp"
#include "script/field_reads.hpp"
#include "script/key_text.hpp"
#include "script/raise.hpp"
#include "world/scalar.hpp"

namespace canon::script {
namespace {

const char* string_argument(lua_State* L, int index, std::size_t& size) {
    if (lua_type(L, index) != LUA_TSTRING) luaL_typeerror(L, index, "string");
    return lua_tolstring(L, index, &size);
}

void set_message(lua_State* L, std::string text) noexcept { context(L).message = std::move(text); }

// The whole array as a list.
void push_array(lua_State* L, const World& world, Location where, FieldIndex field) {
    const std::uint32_t count = world.cells(where, field);
    charge(L, count);
    lua_createtable(L, static_cast<int>(count), 0);
    for (std::uint32_t i = 0; i < count; ++i) {
        push_scalar(L, world.read_cell(where, field, i));
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
}

// Pushes what World::visit shows of a field.
struct Push {
    lua_State* L;
    const World& world;
    const Location& where;
    FieldIndex field;

    void operator()(std::nullptr_t) const { lua_pushnil(L); }
    void operator()(bool flag) const { lua_pushboolean(L, flag); }
    void operator()(std::int64_t integer) const { lua_pushinteger(L, integer); }
    void operator()(double number) const { lua_pushnumber(L, number); }
    void operator()(const Scalar& value) const {
        if (value.kind == Scalar::Kind::array)
            push_array(L, world, where, field);
        else
            push_scalar(L, value);
    }
};

// Takes note of the table on top, which has been made of `content`.
void note_table(lua_State* L, EntityId id, TemplateIndex owner, NameId field, std::string path,
                std::span<const std::uint8_t> content) noexcept {
    context(L).field_reads->note({lua_topointer(L, -1), id, owner, field, std::move(path), {}},
                                 content);
}

// The same for a field as a whole, if what is on top is a table.
void note_field(lua_State* L, EntityId id, Location where, FieldIndex field) noexcept {
    if (!lua_istable(L, -1)) return;
    const World& world = *context(L).world;
    const FieldSpec& spec = world.schema()[where.template_index].fields[field];
    Bytes content;
    if (const std::uint32_t cells = world.cells(where, field); cells > 0) {
        content.put(static_cast<std::uint8_t>(Tag::list));
        content.put_varint(cells);
        for (std::uint32_t i = 0; i < cells; ++i)
            detail::append_canonical(content, world.read_cell(where, field, i));
    } else {
        detail::append_canonical(content, world.read(where, field));
    }
    note_table(L, id, where.template_index, world.schema().name_id(spec.name), spec.name,
               content.view());
}

int get(lua_State* L) {
    check_reads(L, "get");
    const int fields = lua_gettop(L) - 1;
    VmContext& run = context(L);
    const World& world = *run.world;
    const EntityId id = entity_argument(L, 1);
    Location where;
    if (!world.find(id, where, run.hint)) {
        lua_settop(L, 1);
        if (fields > 20) luaL_checkstack(L, fields, "engine.get");
        for (int i = 0; i < fields; ++i) lua_pushnil(L);
        return fields;
    }
    if (fields > 16) luaL_checkstack(L, fields + 4, "engine.get");
    const std::span<const FieldIndex> by_name = run.schema->fields_by_name(where.template_index);
    for (int i = 2; i <= fields + 1; ++i) {
        const NameId name = name_argument(L, i);
        const FieldIndex field = name < by_name.size() ? by_name[name] : kNone;
        if (field == kNone) [[unlikely]]
            raise_unknown_field(L, where.template_index, i);
        world.visit(where, field, Push{L, world, where, field});
        if (run.field_reads != nullptr) [[unlikely]]
            note_field(L, id, where, field);
    }
    return fields;
}

std::span<const std::uint8_t> push_nothing(lua_State* L) {
    lua_pushnil(L);
    return {};
}

// Enters canonical bytes by the keys at stack indexes [index, last] and pushes what is there, or
// nil. Returns its bytes.
std::span<const std::uint8_t> push_at_path(lua_State* L, std::string_view bytes, int index,
                                           int last) {
    ByteReader in({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    for (; index <= last; ++index) {
        lua_Integer key = 0;
        const bool is_whole = whole_number(L, index, key);
        std::uint8_t tag = 0;
        std::uint64_t count = 0;
        in.byte(tag);
        const bool list = tag == static_cast<std::uint8_t>(Tag::list);
        if (!list && tag != static_cast<std::uint8_t>(Tag::map)) return push_nothing(L);
        in.count(count, 1);
        bool found = false;
        for (std::uint64_t i = 0; i < count && !found; ++i) {
            if (list) {
                found = is_whole && key == static_cast<lua_Integer>(i + 1);
            } else {
                std::uint8_t kind = 0;
                in.byte(kind);
                if (kind == static_cast<std::uint8_t>(Tag::integer)) {
                    std::int64_t number = 0;
                    in.zigzag(number);
                    found = is_whole && key == number;
                } else {
                    std::string_view text;
                    in.string(text);
                    std::size_t size;
                    if (lua_type(L, index) == LUA_TSTRING) {
                        const char* wanted = lua_tolstring(L, index, &size);
                        found = text == std::string_view(wanted, size);
                    }
                }
            }
            if (!found && !in.skip_value()) return push_nothing(L);
        }
        if (!found) return push_nothing(L);
    }
    const std::uint8_t* const begin = in.position();
    decode(L, in);
    return {begin, in.position()};
}

// "bag.items[2]": the field's name, then the keys at stack indexes [index, last].
std::string path_of(lua_State* L, std::string path, int index, int last) {
    for (; index <= last; ++index) {
        lua_Integer key = 0;
        if (whole_number(L, index, key))
            append_key_text(std::int64_t{key}, path);
        else
            append_key_text(std::string_view(lua_tostring(L, index)), path);
    }
    return path;
}

int at(lua_State* L) {
    check_reads(L, "at");
    const int top = lua_gettop(L);
    luaL_argcheck(L, top >= 3, 3, "engine.at(id, field, index...) needs an index");
    const World& world = *context(L).world;
    const EntityId id = entity_argument(L, 1);
    Location where;
    if (!world.find(id, where)) {
        lua_pushnil(L);
        return 1;
    }
    const FieldIndex field = world.schema().field(where.template_index, name_argument(L, 2));
    if (field == kNone) raise_unknown_field(L, where.template_index, 2);
    const FieldSpec& spec = world.schema()[where.template_index].fields[field];
    if (spec.type == FieldType::array) {
        const lua_Integer index = luaL_checkinteger(L, 3);
        luaL_argcheck(L, top == 3, 4, "an array's cells have no parts");
        if (index < 1 || index > static_cast<lua_Integer>(spec.length))
            raise(L, "%s has the indexes 1 to %d, not %I", spec.name.c_str(),
                  static_cast<int>(spec.length), static_cast<LUAI_UACINT>(index));
        push_scalar(L, world.read_cell(where, field, static_cast<std::uint32_t>(index - 1)));
        return 1;
    }
    if (spec.type != FieldType::any)
        raise(L, "engine.at reads arrays and 'any' fields; '%s' is of type %s", spec.name.c_str(),
              type_name(spec.type));
    const Scalar value = world.read(where, field);
    if (value.kind != Scalar::Kind::bytes) {
        lua_pushnil(L);
        return 1;
    }
    const std::span<const std::uint8_t> part = push_at_path(L, value.text, 3, top);
    if (context(L).field_reads != nullptr && lua_istable(L, -1)) [[unlikely]]
        note_table(L, id, where.template_index, world.schema().name_id(spec.name),
                   path_of(L, spec.name, 3, top), part);
    return 1;
}

int alive(lua_State* L) {
    check_reads(L, "alive");
    lua_pushboolean(L, !lua_isnoneornil(L, 1) && context(L).world->alive(entity_argument(L, 1)));
    return 1;
}

int count(lua_State* L) {
    check_reads(L, "count");
    lua_pushinteger(L, static_cast<lua_Integer>(context(L).world->count(template_argument(L, 1))));
    return 1;
}

int frame(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(context(L).frame.value));
    return 1;
}

void push_ids(lua_State* L, const std::vector<EntityId>& ids) {
    charge(L, static_cast<std::int64_t>(ids.size()));
    lua_createtable(L, static_cast<int>(ids.size()), 0);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        lua_pushinteger(L, ids[i].value);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
}

int near(lua_State* L) {
    check_reads(L, "near");
    const TemplateIndex index = template_argument(L, 1);
    const double x = luaL_checknumber(L, 2);
    const double y = luaL_checknumber(L, 3);
    const double r = luaL_checknumber(L, 4);
    VmContext& run = context(L);
    run.ids.clear();
    if (!run.world->near(index, x, y, r, run.ids))
        raise(L, "engine.near: template '%s' has no fields x and y and declares no grid",
              run.world->schema()[index].name.c_str());
    push_ids(L, run.ids);
    return 1;
}

// A number that the field cannot hold equals none of its values; another type is a mistake.
void check_comparable(lua_State* L, TemplateIndex index, const FieldSpec& spec,
                      const Scalar& value) {
    switch (spec.type) {
        case FieldType::any:
        case FieldType::array:
            return;
        case FieldType::integer:
        case FieldType::number:
            if (lua_type(L, 3) == LUA_TNUMBER) return;
            break;
        default:
            if (detail::fits(spec.type, value)) return;
    }
    raise(L, "engine.where: %s.%s is of type %s and never equals a %s",
          context(L).world->schema()[index].name.c_str(), spec.name.c_str(), type_name(spec.type),
          luaL_typename(L, 3));
}

int where(lua_State* L) {
    check_reads(L, "where");
    const TemplateIndex index = template_argument(L, 1);
    luaL_checkany(L, 3);
    VmContext& run = context(L);
    const FieldIndex field = run.world->schema().field(index, name_argument(L, 2));
    if (field == kNone) raise_unknown_field(L, index, 2);
    run.ids.clear();
    run.scratch.clear();
    const Scalar value = to_scalar(L, 3, run.scratch, "value");
    check_comparable(L, index, run.world->schema()[index].fields[field], value);
    run.world->where(index, field, value, run.ids);
    push_ids(L, run.ids);
    return 1;
}

// In a job: upvalues template, the id before.
int next_frozen(lua_State* L) {
    const World& world = *context(L).world;
    const auto index = static_cast<TemplateIndex>(lua_tointeger(L, lua_upvalueindex(1)));
    const EntityId id = world.next(index, {lua_tointeger(L, lua_upvalueindex(2))});
    if (id.value == 0) return 0;
    lua_pushinteger(L, id.value);
    lua_copy(L, -1, lua_upvalueindex(2));
    return 1;
}

// On the main thread: upvalues ids, position. Those that die meanwhile are skipped, new ones not
// visited.
int next_listed(lua_State* L) {
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++position) == LUA_TNIL) return 0;
        if (context(L).world->alive(EntityId{lua_tointeger(L, -1)})) break;
        lua_pop(L, 1);
        charge(L, 1);
    }
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(2));
    return 1;
}

int each(lua_State* L) {
    check_reads(L, "each");
    const TemplateIndex index = template_argument(L, 1);
    VmContext& run = context(L);
    if (run.world->frozen()) {
        lua_pushinteger(L, index);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, next_frozen, 2);
    } else {
        run.ids.clear();
        run.world->each(index, run.ids);
        push_ids(L, run.ids);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, next_listed, 2);
    }
    return 1;
}

}  // namespace

void NameTable::add(const void* address, std::uint32_t number) {
    if ((used_ + 1) * 4 > slots_.size()) {
        const std::vector<Slot> before = std::move(slots_);
        mask_ = before.size() * 2 - 1;
        slots_ = std::vector<Slot>(mask_ + 1);
        used_ = 0;
        for (const Slot& slot : before)
            if (slot.address != nullptr) add(slot.address, slot.number);
    }
    std::size_t at = home(address);
    while (slots_[at].address != nullptr) at = (at + 1) & mask_;
    slots_[at] = {address, number};
    ++used_;
}

void keep_names(lua_State* L, const Schema& schema, NameTable& fields, NameTable& templates) {
    lua_newtable(L);
    lua_Integer kept = 0;
    const auto add = [&](NameTable& table, const std::string& name, std::uint32_t number) {
        lua_pushlstring(L, name.data(), name.size());
        table.add(lua_topointer(L, -1), number);
        lua_rawseti(L, -2, ++kept);
    };
    for (NameId id = 0; id < schema.names(); ++id) add(fields, schema.name(id), id);
    for (TemplateIndex i = 0; i < schema.size(); ++i) add(templates, schema[i].name, i);
    lua_setfield(L, LUA_REGISTRYINDEX, "canon.names");
}

NameId name_argument(lua_State* L, int index) {
    const VmContext& run = context(L);
    const NameId found = run.names->find(lua_topointer(L, index));
    if (found != kNone) [[likely]]
        return found;
    std::size_t size;
    const char* text = string_argument(L, index, size);
    return run.schema->name_id({text, size});
}

TemplateIndex template_argument(lua_State* L, int index) {
    const VmContext& run = context(L);
    TemplateIndex found = run.templates->find(lua_topointer(L, index));
    if (found != kNone) [[likely]]
        return found;
    std::size_t size;
    const char* text = string_argument(L, index, size);
    const Schema& schema = *run.schema;
    found = schema.find({text, size});
    if (found != kNone) return found;
    set_message(L, "there is no template '" + std::string(text, size) + "'" +
                       schema.suggest_template({text, size}));
    raise_message(L);
}

EntityId entity_argument(lua_State* L, int index) {
    if (lua_isinteger(L, index)) [[likely]]
        return EntityId{lua_tointeger(L, index)};
    if (lua_type(L, index) == LUA_TSTRING) {
        const TemplateIndex found = template_argument(L, index);
        const Schema& schema = *context(L).schema;
        if (!schema[found].singleton)
            raise(L,
                  "'%s' is a template with many entities; give an id (only a singleton is "
                  "known by its name)",
                  lua_tostring(L, index));
        const VmContext& run = context(L);
        // A background job has no world, and yet may ask for actions on singletons.
        return run.world != nullptr ? run.world->singleton(found) : run.singletons[found];
    }
    lua_Integer whole;
    if (!whole_number(L, index, whole)) luaL_typeerror(L, index, "entity id or singleton's name");
    return EntityId{whole};
}

void raise_unknown_field(lua_State* L, TemplateIndex index, int name_index) {
    const Schema& schema = *context(L).schema;
    const char* name = lua_tostring(L, name_index);
    set_message(L, "template '" + schema[index].name + "' has no field '" + name + "'" +
                       schema.suggest_field(index, name));
    raise_message(L);
}

void raise_message(lua_State* L) {
    raise(L, "%s", context(L).message.c_str());
    __builtin_unreachable();
}

void add_engine_reads(lua_State* L) {
    set_function(L, "get", get);
    set_function(L, "at", at);
    set_function(L, "alive", alive);
    set_function(L, "each", each);
    set_function(L, "count", count);
    set_function(L, "near", near);
    set_function(L, "where", where);
    set_function(L, "frame", frame);
}

}  // namespace canon::script
