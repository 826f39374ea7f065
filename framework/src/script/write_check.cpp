#include "script/write_check.hpp"

#include <tuple>

#include "canon/error.hpp"
#include "script/engine_library.hpp"

namespace canon::script {
namespace {

// Calls `function` with the check as a light userdata.
bool call_protected(lua_State* main, lua_CFunction function, void* check) {
    lua_settop(main, 0);
    lua_pushcfunction(main, function);
    lua_pushlightuserdata(main, check);
    const bool done = lua_pcall(main, 1, 0, 0) == LUA_OK;
    lua_settop(main, 0);
    return done;
}

WriteCheck& check_of(lua_State* L) {
    auto* check = static_cast<WriteCheck*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    return *check;
}

}  // namespace

int WriteCheck::note_all(lua_State* L) {
    WriteCheck& check = check_of(L);
    check.graph_.note(L);
    lua_settop(L, 0);
    check.note_functions(L);
    return 0;
}

void WriteCheck::note_functions(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, kFunctionsKey);
    const lua_Integer count = static_cast<lua_Integer>(lua_rawlen(L, -1));
    for (lua_Integer i = 1; i <= count; ++i) {
        auto& [chunk, line] = places_.emplace_back();
        lua_Debug about{};
        if (lua_rawgeti(L, -1, i) != LUA_TFUNCTION || lua_iscfunction(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        lua_getinfo(L, ">S", &about);
        chunk = about.source[0] == '=' ? about.source + 1 : about.short_src;
        line = about.linedefined;
    }
}

void WriteCheck::note(lua_State* main) {
    if (!call_protected(main, note_all, this))
        throw MachineError("not enough memory to check what scripts write");
}

int WriteCheck::compare_graph(lua_State* L) {
    WriteCheck& check = check_of(L);
    check.graph_.compare(L, check.in_graph_);
    return 0;
}

int WriteCheck::compare_fields(lua_State* L) {
    WriteCheck& check = check_of(L);
    check.fields_.compare(L, check.in_fields_);
    return 0;
}

void WriteCheck::compare(lua_State* main, const Schema& schema, std::uint32_t function,
                         std::string name) {
    lost_.clear();
    LostWrite lost;
    lost.function = std::move(name);
    std::tie(lost.chunk, lost.line) = places_[function];
    if (call_protected(main, compare_graph, this))
        for (PristineGraph::Difference& difference : in_graph_) {
            lost.kind = difference.kind;
            lost.change = difference.change;
            lost.name = std::move(difference.name);
            lost.owner = std::move(difference.owner);
            lost_.push_back(lost);
        }
    if (call_protected(main, compare_fields, this))
        for (FieldReads::Difference& difference : in_fields_) {
            lost.kind = LostWrite::Kind::field;
            lost.change = difference.change;
            lost.name = std::move(difference.name);
            lost.owner = schema[difference.read->owner].name;
            lost.entity = difference.read->entity;
            lost_.push_back(lost);
        }
}

}  // namespace canon::script
