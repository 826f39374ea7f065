// template, singleton, array, entity, any: how a program declares its state.
//
// Every VM runs the same declarations while it loads; each builds the same schema. A field's type
// is that of its default: 0 integer, 0.0 float, true boolean, "" string, and entity, any,
// array(default, n); derived(default) makes it a field that follows from others.
#include <algorithm>
#include <cmath>

#include "canon/schema.hpp"
#include "script/codec.hpp"
#include "script/engine_library.hpp"
#include "script/raise.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr const char* kEntityKey = "canon.entity";
constexpr const char* kAnyKey = "canon.any";
constexpr const char* kArrayKey = "canon.array";
constexpr const char* kDerivedKey = "canon.derived";

bool is_marker(lua_State* L, int index, const char* key) {
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    const bool same = lua_rawequal(L, lua_absindex(L, index < 0 ? index - 1 : index), -1) != 0;
    lua_pop(L, 1);
    return same;
}

// What a scan of the fields table has found. It lies in the thread's storage since errors may
// unwind past this file.
struct Draft {
    TemplateSpec spec;
    std::string problem;
};

Draft& draft() {
    thread_local Draft instance;
    return instance;
}

bool field_from_value(lua_State* L, int index, FieldSpec& field) {
    switch (lua_type(L, index)) {
        case LUA_TBOOLEAN:
            field.type = FieldType::boolean;
            field.initial = Value(lua_toboolean(L, index) != 0);
            return true;
        case LUA_TNUMBER:
            field.type = lua_isinteger(L, index) ? FieldType::integer : FieldType::number;
            field.initial = lua_isinteger(L, index) ? Value(std::int64_t{lua_tointeger(L, index)})
                                                    : Value(double{lua_tonumber(L, index)});
            return true;
        case LUA_TSTRING: {
            std::size_t size;
            const char* text = lua_tolstring(L, index, &size);
            field.type = FieldType::string;
            field.initial = Value(std::string(text, size));
            return true;
        }
        case LUA_TTABLE:
            if (is_marker(L, index, kEntityKey)) {
                field.type = FieldType::entity;
                return true;
            }
            if (is_marker(L, index, kAnyKey)) {
                field.type = FieldType::any;
                return true;
            }
            return false;
        default:
            return false;
    }
}

// Whether the value is a table that one of the functions below has made.
bool is_made_by(lua_State* L, int index, const char* key) {
    if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
    const bool same = is_marker(L, -1, key);
    lua_pop(L, 1);
    return same;
}

bool array_from_value(lua_State* L, int index, FieldSpec& field) {
    if (!is_made_by(L, index, kArrayKey)) return false;
    lua_rawgeti(L, index, 1);
    FieldSpec cell;
    const bool known = field_from_value(L, lua_gettop(L), cell);
    lua_rawgeti(L, index, 2);
    const lua_Integer length = lua_tointeger(L, -1);
    lua_pop(L, 2);
    if (!known) return false;
    field.type = FieldType::array;
    field.element = cell.type;
    field.initial = cell.initial;
    field.length = static_cast<std::uint32_t>(length);
    return true;
}

void scan_fields(lua_State* L, int fields, Draft& out) {
    lua_pushnil(L);
    while (lua_next(L, fields) != 0) {
        FieldSpec field;
        if (lua_type(L, -2) != LUA_TSTRING) {
            out.problem = "field names are strings, but one is a " +
                          std::string(lua_typename(L, lua_type(L, -2)));
        } else {
            field.name = lua_tostring(L, -2);
            int value = lua_gettop(L);
            if (is_made_by(L, value, kDerivedKey)) {
                field.role = FieldRole::derived;
                lua_rawgeti(L, value, 1);
                ++value;
            }
            if (!field_from_value(L, value, field) && !array_from_value(L, value, field))
                out.problem = "the default of field '" + field.name + "' is a " +
                              lua_typename(L, lua_type(L, -1)) +
                              "; give a number, boolean, string, entity, any or array(default, n)";
            if (field.role == FieldRole::derived) lua_pop(L, 1);
        }
        out.spec.fields.push_back(std::move(field));
        lua_pop(L, 1);
    }
    // A table has no order of its own; that of the names is the same everywhere.
    std::sort(out.spec.fields.begin(), out.spec.fields.end(),
              [](const FieldSpec& a, const FieldSpec& b) { return a.name < b.name; });
}

void scan_options(lua_State* L, int options, Draft& out) {
    if (lua_type(L, options) != LUA_TTABLE) return;
    lua_pushnil(L);
    while (lua_next(L, options) != 0) {
        const std::string name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        const int value = lua_gettop(L);
        if (name == "grid" && lua_istable(L, value)) {
            GridSpec grid;
            lua_rawgeti(L, value, 1);
            lua_rawgeti(L, value, 2);
            lua_pushlstring(L, "cell", 4);
            lua_rawget(L, value);
            if (lua_type(L, -3) == LUA_TSTRING) grid.x = lua_tostring(L, -3);
            if (lua_type(L, -2) == LUA_TSTRING) grid.y = lua_tostring(L, -2);
            if (lua_type(L, -1) == LUA_TNUMBER) grid.cell = lua_tonumber(L, -1);
            lua_pop(L, 3);
            out.spec.grid = grid;
        } else if (name == "keys" && lua_istable(L, value)) {
            for (lua_Integer i = 1; lua_rawgeti(L, value, i) == LUA_TSTRING; ++i) {
                out.spec.keys.emplace_back(lua_tostring(L, -1));
                lua_pop(L, 1);
            }
            lua_pop(L, 1);
        } else {
            out.problem =
                "unknown option '" + name +
                "'; options are grid = {\"x\", \"y\", cell = 16} and keys = {\"field\", ...}";
        }
        lua_pop(L, 1);
    }
}

// Null, or why the schema does not take the draft.
const char* add_to_schema(lua_State* L, Draft& out) {
    std::string& message = context(L).message;
    message.clear();
    if (out.problem.empty()) try {
            const_cast<Schema*>(context(L).schema)->add(std::move(out.spec));
        } catch (const std::exception& error) {
            out.problem = error.what();
        }
    message = out.problem;
    return message.empty() ? nullptr : message.c_str();
}

int declare(lua_State* L, bool singleton) {
    const char* kind = singleton ? "singleton" : "template";
    if (context(L).mode != Mode::loading)
        raise(L, "%s must be declared while the program loads, outside of any function", kind);
    std::size_t size;
    const char* name = luaL_checklstring(L, 1, &size);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    Draft& work = draft();
    work = Draft{};
    work.spec.name.assign(name, size);
    work.spec.singleton = singleton;
    scan_fields(L, 2, work);
    scan_options(L, 3, work);
    if (const char* problem = add_to_schema(L, work)) raise(L, "%s '%s': %s", kind, name, problem);
    return 0;
}

int declare_template(lua_State* L) { return declare(L, false); }
int declare_singleton(lua_State* L) { return declare(L, true); }

int make_array(lua_State* L) {
    luaL_checkany(L, 1);
    const lua_Integer length = luaL_checkinteger(L, 2);
    luaL_argcheck(L, length >= 1 && length <= (1 << 24), 2, "an array has 1 to 16777216 cells");
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, length);
    lua_rawseti(L, -2, 2);
    lua_getfield(L, LUA_REGISTRYINDEX, kArrayKey);
    lua_setmetatable(L, -2);
    return 1;
}

int make_derived(lua_State* L) {
    luaL_checkany(L, 1);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, kDerivedKey);
    lua_setmetatable(L, -2);
    return 1;
}

void set_marker(lua_State* L, const char* key, const char* global) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
    if (global != nullptr)
        lua_setglobal(L, global);
    else
        lua_pop(L, 1);
}

// A promise that the program needs no other build of Lua: the order of its objects is this one's.
int ask_for_arena_order(lua_State* L) {
    VmContext& run = context(L);
    if (run.mode != Mode::loading) raise(L, "arena_order: it is for main.lua, while it loads");
    if (run.canonical)
        raise(L,
              "arena_order: the order of objects differs between builds of Lua, so it needs exact "
              "mode, and this simulation was asked for canonical mode");
    run.arena_order = true;
    return 0;
}

}  // namespace

void set_function(lua_State* L, const char* name, lua_CFunction function) {
    lua_pushnil(L);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

void open_declarations(lua_State* L) {
    set_marker(L, kEntityKey, "entity");
    set_marker(L, kAnyKey, "any");
    set_marker(L, kArrayKey, nullptr);
    set_marker(L, kDerivedKey, nullptr);
    lua_pushglobaltable(L);
    set_function(L, "template", declare_template);
    set_function(L, "singleton", declare_singleton);
    set_function(L, "array", make_array);
    set_function(L, "derived", make_derived);
    set_function(L, "arena_order", ask_for_arena_order);
    lua_newtable(L);
    lua_setfield(L, -2, "jobs");
    lua_newtable(L);
    lua_setfield(L, -2, "actions");
    lua_pop(L, 1);
}

}  // namespace canon::script
