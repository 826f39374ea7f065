// require: the program's own modules, then the libraries that strict Lua has, and nothing else of
// the machine.
#include <iterator>
#include <string>
#include <string_view>

#include "script/absent_names.hpp"
#include "script/engine_library.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr const char* kLibrariesKey = "canon.libraries";  // the strict libraries, by name

constexpr const char* kLibraries[] = {"_G", "coroutine", "math", "string", "table", "utf8"};

// As stock Lua's search path has it: the file itself comes before the folder's init.lua.
std::size_t find_module(const Program& program, std::string_view name) {
    const std::size_t index = program.find(name);
    return index < program.modules().size() ? index : program.find(std::string(name) + ".init");
}

// The text for a module that the program has not. It begins as stock Lua's does: there are modules
// that try to require others, and know by these words that one is not there.
const char* explain_missing(VmContext& run, const char* name) {
    run.message = std::string("module '") + name + "' not found";
    if (const std::string_view why = why_library_is_absent(name); !why.empty())
        run.message.append(": ").append(why);
    else
        run.message += " in the program (expected the file " + module_file(name) + " or " +
                       module_file(std::string(name) + ".init") +
                       " beside main.lua; C libraries cannot be loaded)";
    return run.message.c_str();
}

// Null, or why the module cannot be entered now.
const char* enter_module(VmContext& run, const Program& program, std::size_t index) {
    for (std::size_t under_way : run.requiring)
        if (under_way == index) {
            const std::string& name = program.modules()[index].name;
            run.message = "module '" + name + "' requires itself: ";
            for (std::size_t other : run.requiring)
                run.message += program.modules()[other].name + " requires ";
            run.message += name;
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
    if (find_module(program, name) == program.modules().size() &&
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
    check_nesting(L);
    const std::size_t index = find_module(program, name);
    if (index == program.modules().size()) {
        lua_getfield(L, LUA_REGISTRYINDEX, kLibrariesKey);
        if (lua_getfield(L, -1, name) == LUA_TNIL) raise(L, "%s", explain_missing(run, name));
        lua_remove(L, -2);
        return;
    }
    const lua_Integer place = static_cast<lua_Integer>(index) + 1;
    lua_getfield(L, LUA_REGISTRYINDEX, kLoadedKey);
    if (lua_rawgeti(L, -1, place) != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    if (const char* problem = enter_module(run, program, index)) raise(L, "%s", problem);
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
        push_string(L, name);
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
    lua_rawseti(L, -3, place);
    lua_remove(L, -2);
}

void open_modules(lua_State* L) {
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, kLoadedKey);
    lua_pushglobaltable(L);
    set_function(L, "require", require);
    lua_createtable(L, 0, std::size(kLibraries));
    for (const char* name : kLibraries) {
        lua_getfield(L, -2, name);
        lua_setfield(L, -2, name);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, kLibrariesKey);
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
