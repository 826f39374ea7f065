// require: the program's own modules, and nothing else of the machine.
#include <cstring>
#include <string>

#include "script/engine_library.hpp"
#include "script/raise.hpp"
#include "script/vm.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr const char* kLoadedKey = "canon.loaded";

// Null, or why the module cannot be entered now.
const char* enter_module(VmContext& run, const Program& program, const char* name,
                         std::size_t& index) {
    index = program.find(name);
    run.message.clear();
    if (index == program.modules().size()) {
        run.message = std::string("module '") + name +
                      "' is not part of the program (expected the file " + module_file(name) +
                      " beside main.lua)";
        return run.message.c_str();
    }
    for (std::size_t under_way : run.requiring)
        if (under_way == index) {
            for (std::size_t other : run.requiring)
                run.message += program.modules()[other].name + " requires ";
            run.message =
                "module '" + std::string(name) + "' requires itself: " + run.message + name;
            return run.message.c_str();
        }
    if (run.requiring.size() >= 64) return "modules require each other more than 64 levels deep";
    run.requiring.push_back(index);
    return nullptr;
}

// Null, or the chunk's name for lua_load.
const char* chunk_name(VmContext& run, const Program& program, std::size_t index) {
    run.message = "=" + program.modules()[index].file;
    return run.message.c_str();
}

int require(lua_State* L) {
    const char* name = luaL_checkstring(L, 1);
    const Program& program = *context(L).program;
    if (program.find(name) == program.modules().size() &&
        lua_getfield(L, LUA_REGISTRYINDEX, kStockRequireKey) == LUA_TFUNCTION) {
        lua_insert(L, 1);
        lua_call(L, 1, LUA_MULTRET);
        return lua_gettop(L);
    }
    require_module(L, name);
    return 1;
}

}  // namespace

void require_module(lua_State* L, const char* name) {
    VmContext& run = context(L);
    const Program& program = *run.program;
    luaL_checkstack(L, 8, "require");
    lua_getfield(L, LUA_REGISTRYINDEX, kLoadedKey);
    if (lua_getfield(L, -1, name) != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    std::size_t index;
    if (const char* problem = enter_module(run, program, name, index)) raise(L, "%s", problem);
    if (const std::string& text = program.syntax_error(index); !text.empty()) {
        run.requiring.pop_back();
        lua_pushlstring(L, text.data(), text.size());
        lua_error(L);  // as the compiler would: scripts are not shown its words
    }
    const std::span<const std::uint8_t> code = program.bytecode(index);
    charge(L, static_cast<std::int64_t>(code.size() / 16));
    int status = luaL_loadbufferx(L, reinterpret_cast<const char*>(code.data()), code.size(),
                                  chunk_name(run, program, index), "b");
    if (status == LUA_OK) {
        lua_pushstring(L, name);
        status = lua_pcall(L, 1, 1, 0);
    }
    run.requiring.pop_back();  // a module that failed may be required again
    if (status != LUA_OK) {
        rethrow_if_killed(L);
        lua_error(L);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    lua_remove(L, -2);
}

void open_modules(lua_State* L) {
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, kLoadedKey);
    lua_pushglobaltable(L);
    set_function(L, "require", require);
    lua_pop(L, 1);
}

void open_engine(lua_State* L, bool is_runner) {
    open_declarations(L);
    open_modules(L);
    lua_newtable(L);
    if (is_runner) {
        add_runner_actions(L);
    } else {
        add_engine_reads(L);
        add_engine_actions(L);
    }
    lua_setglobal(L, "engine");
}

}  // namespace canon::script
