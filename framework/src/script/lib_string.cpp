// Strings: stock Lua's functions without locale, addresses and native sizes; results are capped and
// work is counted.
//
// string.dump is absent: bytecode is not portable and nothing checks it.
#include <cstring>
#include <string_view>

#include "script/lib_utf8.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/string_format.hpp"
#include "script/string_pack.hpp"
#include "script/string_patterns.hpp"
#include "script/string_position.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

std::string_view check_text(lua_State* L, int argument) {
    std::size_t size;
    const char* text = luaL_checklstring(L, argument, &size);
    return {text, size};
}

int string_len(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(check_text(L, 1).size()));
    return 1;
}

int string_sub(lua_State* L) {
    const std::string_view text = check_text(L, 1);
    const std::size_t first = first_position(luaL_checkinteger(L, 2), text.size());
    const std::size_t last = last_position(luaL_optinteger(L, 3, -1), text.size());
    if (first > last) {
        lua_pushliteral(L, "");
    } else {
        charge_copy(L, last - first + 1);
        lua_pushlstring(L, text.data() + first - 1, last - first + 1);
    }
    return 1;
}

constexpr std::size_t kMaxResults = 100'000;

int string_byte(lua_State* L) {
    const std::string_view text = check_text(L, 1);
    const lua_Integer from = luaL_optinteger(L, 2, 1);
    const std::size_t first = first_position(from, text.size());
    const std::size_t last = last_position(luaL_optinteger(L, 3, from), text.size());
    if (first > last) return 0;
    const std::size_t count = last - first + 1;
    if (count > kMaxResults || !lua_checkstack(L, static_cast<int>(count)))
        raise(L, "string slice too long (the limit is 100000 bytes)");
    charge_scan(L, count);
    for (std::size_t i = first; i <= last; ++i)
        lua_pushinteger(L, static_cast<unsigned char>(text[i - 1]));
    return static_cast<int>(count);
}

int string_char(lua_State* L) {
    const int count = lua_gettop(L);
    luaL_Buffer out;
    char* bytes = luaL_buffinitsize(L, &out, static_cast<std::size_t>(count));
    for (int i = 1; i <= count; ++i) {
        const lua_Unsigned code = static_cast<lua_Unsigned>(luaL_checkinteger(L, i));
        luaL_argcheck(L, code <= 0xff, i, "value out of range");
        bytes[i - 1] = static_cast<char>(code);
    }
    luaL_pushresultsize(&out, static_cast<std::size_t>(count));
    return 1;
}

// Pushes as many bytes as the text has, each made by `change` of the text and the place.
template <class Change>
int push_changed(lua_State* L, Change change) {
    const std::string_view text = check_text(L, 1);
    charge_scan(L, text.size());
    luaL_Buffer out;
    char* bytes = luaL_buffinitsize(L, &out, text.size());
    for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = change(text, i);
    luaL_pushresultsize(&out, text.size());
    return 1;
}

// Letters are those of ASCII, whatever the locale.
int string_lower(lua_State* L) {
    return push_changed(L, [](std::string_view text, std::size_t i) {
        const char c = text[i];
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

int string_upper(lua_State* L) {
    return push_changed(L, [](std::string_view text, std::size_t i) {
        const char c = text[i];
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
}

int string_reverse(lua_State* L) {
    return push_changed(
        L, [](std::string_view text, std::size_t i) { return text[text.size() - 1 - i]; });
}

int string_rep(lua_State* L) {
    const std::string_view text = check_text(L, 1);
    const lua_Integer count = luaL_checkinteger(L, 2);
    std::size_t separator_size = 0;
    const char* separator = luaL_optlstring(L, 3, "", &separator_size);
    const std::size_t step = text.size() + separator_size;
    if (count <= 0 || step == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (static_cast<std::size_t>(count) > kMaxStringBytes / step)
        raise(L, "string.rep: the result would be longer than 64 MiB");
    const std::size_t times = static_cast<std::size_t>(count);
    const std::size_t total = times * step - separator_size;
    charge(L, static_cast<std::int64_t>(times + total / 16));
    luaL_Buffer out;
    char* at = luaL_buffinitsize(L, &out, total);
    for (std::size_t i = 0; i < times; ++i) {
        std::memcpy(at, text.data(), text.size());
        at += text.size();
        if (i + 1 == times || separator_size == 0) continue;
        std::memcpy(at, separator, separator_size);
        at += separator_size;
    }
    luaL_pushresultsize(&out, total);
    return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"byte", string_byte},
    {"char", string_char},
    {"find", string_find},
    {"format", string_format},
    {"gmatch", string_gmatch},
    {"gsub", string_gsub},
    {"len", string_len},
    {"lower", string_lower},
    {"match", string_match},
    {"pack", string_pack},
    {"packsize", string_packsize},
    {"rep", string_rep},
    {"reverse", string_reverse},
    {"sub", string_sub},
    {"unpack", string_unpack},
    {"upper", string_upper},
    {nullptr, nullptr},
};

// The metatable that luaopen_string has given to strings: its arithmetic stays, `__index` becomes
// the table on top, and scripts cannot get at it, so that no job changes the methods of strings.
void protect_string_metatable(lua_State* L) {
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

}  // namespace

void open_strict_string(lua_State* L) {
    luaopen_string(L);
    lua_createtable(L, 0, 16);
    set_functions(L, kFunctions);
    protect_string_metatable(L);
    lua_setglobal(L, "string");
    lua_pop(L, 1);
    open_strict_utf8(L);
}

}  // namespace canon::script
