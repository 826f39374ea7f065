// The basic functions: an allow-list onto an empty globals table.
//
// Absent because a script would see the machine, the process or the host through them:
// collectgarbage, dofile, loadfile, warn, and the libraries io, os, debug and package.
#include <cstring>
#include <string_view>

#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/strict_text.hpp"
#include "script/table_shape.hpp"
#include "script/table_walk.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

// ---- walking tables ----

int end_of_walk(lua_State* L) {
    lua_pushnil(L);
    return 1;
}

// What pairs returns. As stock Lua's `next` it can be called with any table and key; with those
// that do not continue its walk it calls ours. Upvalues: the walk, the table, next.
int next_of_pairs(lua_State* L) {
    switch (step_walk(L, lua_upvalueindex(1), 1, 2)) {
        case WalkStep::done:
            return 2;
        case WalkStep::ended:
            return end_of_walk(L);
        case WalkStep::elsewhere:
            break;
    }
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_insert(L, 1);
    lua_call(L, 2, 2);
    return 2;
}

int end_of_pairs_metamethod(lua_State*, int, lua_KContext) { return 3; }

// Upvalue 1: next.
int base_pairs(lua_State* L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        check_nesting(L);
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, end_of_pairs_metamethod);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    push_walk(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_of_pairs, 3);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

int next_of_ipairs(lua_State* L) {
    const lua_Integer i = luaL_intop(+, luaL_checkinteger(L, 2), 1);
    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

// Upvalue 1: next_of_ipairs.
int base_ipairs(lua_State* L) {
    luaL_checkany(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

// A loop `for k, v in next, t` asks with each key for the one behind it. The walks under way are
// kept, by table, so that it takes as long as one over pairs(t) and like it visits the keys of the
// moment when it began. next(t) begins anew.
constexpr lua_Integer kMaxWalks = 16;

// Keeps the walk on top for table 1.
void keep_walk(lua_State* L, bool is_another) {
    lua_Integer walks = lua_tointeger(L, lua_upvalueindex(2)) + (is_another ? 1 : 0);
    if (walks > kMaxWalks) {
        lua_createtable(L, 0, 4);
        lua_replace(L, lua_upvalueindex(1));
        walks = 1;
    }
    lua_pushinteger(L, walks);
    lua_replace(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(1));
}

WalkStep step_behind_key(lua_State* L) {
    lua_pushvalue(L, 1);
    const bool is_another = lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL;
    if (!is_another) {
        const WalkStep step = step_walk(L, -1, 1, 2);
        if (step != WalkStep::elsewhere) return step;
    }
    lua_pop(L, 1);
    push_walk(L, 1);
    keep_walk(L, is_another);
    return seek_walk(L, -1, 1, 2);
}

// Upvalues: the walks under way by table, and how many have been kept there.
int base_next(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) return push_first(L, 1) ? 2 : end_of_walk(L);
    if (step_behind_key(L) == WalkStep::done) return 2;
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(1));
    return end_of_walk(L);
}

// ---- errors ----

int base_error(lua_State* L) {
    const int level = static_cast<int>(luaL_optinteger(L, 2, 1));
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
        luaL_where(L, level);
        lua_insert(L, 1);
        lua_concat(L, 2);
    }
    throw_value(L);
}

void note_failed_assert(VmContext& run, const char* text, const char* place) {
    run.assert_text = text;
    run.assert_place = place;
}

int base_assert(lua_State* L) {
    if (lua_toboolean(L, 1)) return lua_gettop(L);
    luaL_checkany(L, 1);
    lua_remove(L, 1);
    lua_pushliteral(L, "assertion failed!");
    lua_settop(L, 1);
    if (context(L).mode == Mode::loading && lua_type(L, 1) == LUA_TSTRING) {
        luaL_where(L, 1);
        note_failed_assert(context(L), lua_tostring(L, 1), lua_tostring(L, 2));
        lua_settop(L, 1);
    }
    throw_value(L);
}

// The error that a failed protected call left on top has been through filter_error, but for those
// that Lua throws without a handler: memory, and an error in the handler.
void receive_error(lua_State* L, int status) {
    rethrow_if_killed(L);
    if (status != LUA_ERRRUN) hide_engine_error(L);
}

// The stack of pcall: filter_error, true, then the results or the error.
int end_of_pcall(lua_State* L, int status, lua_KContext) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
    receive_error(L, status);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

// Upvalue 1: filter_error.
int base_pcall(lua_State* L) {
    luaL_checkany(L, 1);
    check_nesting(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushboolean(L, 1);
    lua_rotate(L, 1, 2);
    const int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, end_of_pcall);
    return end_of_pcall(L, status, 0);
}

// The stack of xpcall: function, handler, filter_error, true, then the results or the error.
constexpr int kHandler = 2;
constexpr int kFilter = 3;

int end_of_handler(lua_State* L, int status, lua_KContext) {
    if (status != LUA_OK && status != LUA_YIELD) receive_error(L, status);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

int end_of_xpcall(lua_State* L, int status, lua_KContext) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - kFilter;
    receive_error(L, status);
    lua_pushvalue(L, kHandler);
    lua_insert(L, -2);
    const int handled = lua_pcallk(L, 1, 1, kFilter, 0, end_of_handler);
    return end_of_handler(L, handled, 0);
}

// Stock Lua runs the handler before unwinding, with hooks switched off where the error came from a
// hook: a loop in it would never end. Here it runs afterwards, as an ordinary protected call.
// Upvalue 1: filter_error.
int base_xpcall(lua_State* L) {
    luaL_checktype(L, kHandler, LUA_TFUNCTION);
    check_nesting(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, kFilter, 3);
    const int arguments = lua_gettop(L) - kFilter - 2;
    const int status = lua_pcallk(L, arguments, LUA_MULTRET, kFilter, 0, end_of_xpcall);
    return end_of_xpcall(L, status, 0);
}

// ---- values ----

int base_type(lua_State* L) {
    const int type = lua_type(L, 1);
    luaL_argcheck(L, type != LUA_TNONE, 1, "value expected");
    push_string(L, lua_typename(L, type));
    return 1;
}

int base_tostring(lua_State* L) {
    luaL_checkany(L, 1);
    push_text(L, 1);
    return 1;
}

// The value of a digit in bases up to 36, or 36.
int digit_value(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 36;
}

bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Whole numbers wrap around.
bool read_integer(std::string_view text, int base, lua_Integer& out) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty()) return false;
    lua_Unsigned number = 0;
    for (const char c : text) {
        const int digit = digit_value(c);
        if (digit >= base) return false;
        number = number * static_cast<lua_Unsigned>(base) + static_cast<lua_Unsigned>(digit);
    }
    out = static_cast<lua_Integer>(negative ? 0 - number : number);
    return true;
}

int base_tonumber(lua_State* L) {
    std::size_t size;
    if (lua_isnoneornil(L, 2)) {
        if (lua_type(L, 1) == LUA_TNUMBER) {
            lua_settop(L, 1);
            return 1;
        }
        if (const char* text = lua_tolstring(L, 1, &size)) {
            charge_scan(L, size);
            if (lua_stringtonumber(L, text) == size + 1) return 1;
        } else {
            luaL_checkany(L, 1);
        }
    } else {
        const lua_Integer base = luaL_checkinteger(L, 2);
        luaL_checktype(L, 1, LUA_TSTRING);
        luaL_argcheck(L, base >= 2 && base <= 36, 2, "base out of range");
        const char* text = lua_tolstring(L, 1, &size);
        charge_scan(L, size);
        lua_Integer number;
        if (read_integer({text, size}, static_cast<int>(base), number)) {
            lua_pushinteger(L, number);
            return 1;
        }
    }
    luaL_pushfail(L);
    return 1;
}

int base_select(lua_State* L) {
    const int count = lua_gettop(L);
    if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#') {
        lua_pushinteger(L, count - 1);
        return 1;
    }
    lua_Integer from = luaL_checkinteger(L, 1);
    if (from < 0)
        from = count + from;
    else if (from > count)
        from = count;
    luaL_argcheck(L, from >= 1, 1, "index out of range");
    return count - static_cast<int>(from);
}

int base_rawequal(lua_State* L) {
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

int base_rawlen(lua_State* L) {
    const int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    lua_pushinteger(L, static_cast<lua_Integer>(lua_rawlen(L, 1)));
    return 1;
}

int base_rawget(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

int base_rawset(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

// ---- metatables ----

int base_getmetatable(lua_State* L) {
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1,
                      "__metatable");  // the metatable stays on top where there is no such field
    return 1;
}

void refuse_field(lua_State* L, int name, const char* because) {
    lua_pushvalue(L, name);
    if (lua_rawget(L, 2) != LUA_TNIL)
        raise(L, "setmetatable: a metatable with %s is refused: %s", lua_tostring(L, name),
              because);
    lua_pop(L, 1);
}

// Lua looks for __gc when the metatable is set, never later, so a finalizer cannot come in by the
// back door. __mode it would read anew in each collection: forbid_weak_tables sees to that a table
// stays strong whose metatable gets one later.
// Upvalues: "__gc", "__mode".
int base_setmetatable(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    const int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        raise(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        refuse_field(L, lua_upvalueindex(1),
                     "a finalizer would run at a moment that differs between machines");
        refuse_field(L, lua_upvalueindex(2),
                     "entries of a weak table vanish at moments that differ between machines");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

// ---- text and code ----

int base_print(lua_State* L) {
    const int count = lua_gettop(L);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; ++i) {
        if (i > 1) luaL_addchar(&line, '\t');
        push_text(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    std::size_t size;
    const char* text = lua_tolstring(L, -1, &size);
    write_log(L, 1, {text, size});
    return 0;
}

constexpr std::size_t kMaxChunkNameBytes = 48;

// Pushes "=" and a name that is short and printable: the name shows in error texts, and what it
// costs in memory must not hang on where a project lies. Without a name, or with the chunk's own
// text as one, it is "=load".
void push_chunk_name(lua_State* L, const char* given, std::size_t size) {
    char name[kMaxChunkNameBytes + 1] = "=";
    std::size_t used = 1;
    if (size > 0 && (*given == '=' || *given == '@')) {
        ++given;
        --size;
    }
    for (std::size_t i = 0; i < size && used < sizeof name; ++i) {
        const unsigned char c = static_cast<unsigned char>(given[i]);
        if (c < ' ' || c > '~') break;
        name[used++] = static_cast<char>(c);
    }
    if (used == 1)
        lua_pushliteral(L, "=load");
    else
        lua_pushlstring(L, name, used);
}

bool is_binary(const char* chunk, std::size_t size) {
    return size > 0 && *chunk == LUA_SIGNATURE[0];
}

// The frame of load: its four arguments, filter_error, the piece that the parser reads, or the
// reader's error.
constexpr int kLoadFilter = 5;
constexpr int kPiece = 6;

struct PieceReader {
    bool begun = false;
    bool is_binary = false;
    bool has_failed = false;
};

const char* read_piece(lua_State* L, void* data, std::size_t* size) {
    PieceReader& reader = *static_cast<PieceReader*>(data);
    luaL_checkstack(L, 2, "too many nested functions");
    lua_pushvalue(L, 1);
    const int status = lua_pcall(L, 0, 1, kLoadFilter);
    if (status != LUA_OK) {
        receive_error(L, status);
        reader.has_failed = true;
    } else if (!lua_isnil(L, -1) && !lua_isstring(L, -1)) {
        lua_pop(L, 1);
        push_string(L, "load: the reader function must return a string");
        reader.has_failed = true;
    }
    lua_replace(L, kPiece);
    if (reader.has_failed) {
        lua_pushnil(L);
        lua_error(L);  // only to leave the parser
    }
    *size = 0;
    if (lua_isnil(L, kPiece)) return nullptr;
    const char* piece = lua_tolstring(L, kPiece, size);
    charge(L, static_cast<std::int64_t>(*size) * kCompileWork);
    if (!reader.begun && *size > 0) {
        reader.begun = true;
        reader.is_binary = is_binary(piece, *size);
        if (reader.is_binary) *size = 0;
    }
    return piece;
}

int refuse_load(lua_State* L, const char* why) {
    luaL_pushfail(L);
    push_string(L, why);
    return 2;
}

constexpr char kBinaryRefused[] =
    "load: binary chunks are refused, since nothing checks them; load the source";

// What a failed lua_load has left on top, as the second result.
int report_failed_load(lua_State* L, int status, const PieceReader& reader) {
    rethrow_if_killed(L);
    if (reader.has_failed)
        lua_pushvalue(L, kPiece);
    else if (status != LUA_ERRRUN || !is_scripts_own(L))
        hide_engine_error(L);
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
}

// load(chunk [, name [, mode [, environment]]]): text only. Upvalue 1: filter_error.
int base_load(lua_State* L) {
    const bool from_function = !lua_isstring(L, 1);
    if (from_function) luaL_checktype(L, 1, LUA_TFUNCTION);
    check_nesting(L);
    std::size_t name_size = 0;
    const char* name = luaL_optlstring(L, 2, "", &name_size);
    const char* mode = luaL_optstring(L, 3, "t");
    const bool has_environment = !lua_isnone(L, 4);
    std::size_t size = 0;
    const char* chunk = from_function ? "" : lua_tolstring(L, 1, &size);
    if (std::strchr(mode, 't') == nullptr) return refuse_load(L, "load: the mode must allow text");
    if (is_binary(chunk, size)) return refuse_load(L, kBinaryRefused);
    lua_settop(L, 4);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushnil(L);
    push_chunk_name(L, name, name_size);
    name = lua_tostring(L, -1);
    PieceReader reader;
    if (!from_function) charge(L, static_cast<std::int64_t>(size) * kCompileWork);
    const int status = from_function ? lua_load(L, read_piece, &reader, name, "t")
                                     : luaL_loadbufferx(L, chunk, size, name, "t");
    if (reader.is_binary && status == LUA_OK) return refuse_load(L, kBinaryRefused);
    if (status != LUA_OK) return report_failed_load(L, status, reader);
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);
    }
    return 1;
}

// Upvalue 1 of these: filter_error.
constexpr luaL_Reg kProtecting[] = {
    {"load", base_load},
    {"pcall", base_pcall},
    {"xpcall", base_xpcall},
    {nullptr, nullptr},
};

constexpr luaL_Reg kFunctions[] = {
    {"assert", base_assert},     {"error", base_error},       {"getmetatable", base_getmetatable},
    {"print", base_print},       {"rawequal", base_rawequal}, {"rawget", base_rawget},
    {"rawlen", base_rawlen},     {"rawset", base_rawset},     {"select", base_select},
    {"tonumber", base_tonumber}, {"tostring", base_tostring}, {"type", base_type},
    {nullptr, nullptr},
};

}  // namespace

void open_strict_base(lua_State* L) {
    open_raise(L);
    open_table_shape(L);
    lua_pushglobaltable(L);
    set_functions(L, kFunctions);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, filter_error, 1);
    luaL_setfuncs(L, kProtecting, 1);

    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next_of_ipairs, 1);
    lua_pushcclosure(L, base_ipairs, 1);
    lua_setfield(L, -2, "ipairs");

    lua_createtable(L, 0, 4);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, base_next, 2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "next");
    lua_pushcclosure(L, base_pairs, 1);
    lua_setfield(L, -2, "pairs");

    lua_pushliteral(L, "__gc");
    lua_pushliteral(L, "__mode");
    lua_pushcclosure(L, base_setmetatable, 2);
    lua_setfield(L, -2, "setmetatable");

    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    lua_pushliteral(L, "Lua 5.4");
    lua_setfield(L, -2, "_VERSION");
    lua_pop(L, 1);
}

}  // namespace canon::script
