// Engine library: the globals by which a program declares templates, reads the world and asks for
// actions.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Registry key of the table of functions by number, counted from 1.
inline constexpr const char* kFunctionsKey = "canon.functions";

/// Registry key of the list of what modules returned, by the module's index + 1.
inline constexpr const char* kLoadedKey = "canon.loaded";

/// Registry key of the `require` that finds files, where a sandbox has one.
inline constexpr const char* kStockRequireKey = "canon.stock_require";

/// Opens `engine`, `jobs`, `actions`, `template`, `singleton`, `array`, `entity`, `any`, `require`.
/// For a host without a world `engine` has log, spawn_entity, post_to_main_thread and call alone,
/// and names are the host's.
void open_engine(lua_State* L, bool is_runner);

// Its parts, one file each.
void open_declarations(lua_State* L);  // template, singleton, array, entity, any, jobs, actions
void open_modules(lua_State* L);       // require
void add_engine_reads(
    lua_State* L);  // into the table on top: get, at, alive, each, count, near, where, frame
void add_engine_actions(
    lua_State* L);  // into the table on top: set, add, put, destroy, ... call, log

void add_runner_actions(
    lua_State* L);  // into the table on top: spawn_entity, post_to_main_thread, call, log

int engine_log(lua_State* L);

/// Leaves the module's value on the stack, running it if it is required for the first time.
void require_module(lua_State* L, const char* name);

/// Sets `table[name]` of the table on top, as a closure: a light C function would be hashed by its
/// address in this process.
void set_function(lua_State* L, const char* name, lua_CFunction function);

}  // namespace canon::script
