#include "script/variable_name.hpp"

#include <string_view>

namespace canon::script {
namespace {

// The least name of a field of the table on top that holds the value at `wanted`.
std::string field_name(lua_State* L, int wanted) {
    std::string found;
    if (lua_type(L, -1) != LUA_TTABLE) return found;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, wanted)) {
            const char* name = lua_tostring(L, -2);
            if (found.empty() || found > name) found = name;
        }
        lua_pop(L, 1);
    }
    return found;
}

// Visits the variables that the function of `frame` knows: pushes each and gives its name.
template <class Visit>
void each_variable(lua_State* L, lua_Debug& frame, Visit visit) {
    const char* name;
    for (int i = 1; (name = lua_getlocal(L, &frame, i)) != nullptr; ++i) {
        if (name[0] != '(') visit(name);  // others have no name of the script's
        lua_pop(L, 1);
    }
    lua_getinfo(L, "f", &frame);
    for (int i = 1; (name = lua_getupvalue(L, -1, i)) != nullptr; ++i) {
        if (std::string_view(name) != "_ENV") visit(name);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

}  // namespace

std::string variable_name(lua_State* L, int index) {
    const int wanted = lua_absindex(L, index);
    lua_Debug frame{};
    if (!lua_checkstack(L, 8) || lua_getstack(L, 1, &frame) == 0) return {};
    std::string found;
    each_variable(L, frame, [&](const char* name) {
        if (lua_rawequal(L, -1, wanted)) found = name;  // the innermost of a name comes last
    });
    if (!found.empty()) return found;
    lua_pushglobaltable(L);
    found = field_name(L, wanted);
    lua_pop(L, 1);
    if (!found.empty()) return found;
    each_variable(L, frame, [&](const char* name) {
        const std::string field = field_name(L, wanted);
        if (!field.empty()) found = std::string(name) + "." + field;
    });
    return found;
}

}  // namespace canon::script
