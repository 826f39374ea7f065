// engine.spawn_entity, post_to_main_thread and call for hosts without a world: what they mean, and
// which names there are, is the host's affair. log is the same everywhere.
#include "script/action_writer.hpp"
#include "script/codec.hpp"
#include "script/engine_arguments.hpp"
#include "script/engine_library.hpp"

namespace canon::script {
namespace {

// A function's id is what the host makes of it: a string or an integer.
void check_function(lua_State* L) {
    lua_Integer number;
    if (lua_type(L, 1) != LUA_TSTRING && !whole_number(L, 1, number))
        luaL_typeerror(L, 1, "function id, a string or an integer");
    lua_settop(L, 2);
}

int spawn_entity(lua_State* L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
    VmContext& run = context(L);
    if (run.mode == Mode::loading)
        raise(L, "engine.spawn_entity: nothing can be done while the program loads");
    if (run.next_entity == run.end_entity)
        raise(L, "a job may spawn %d entities at most: spawn in several jobs",
              static_cast<int>(run.end_entity - run.first_entity));
    const EntityId id{run.next_entity++};
    const std::size_t begin = begin_action(L, Operation::host_spawn);
    put_id(run.actions, id);
    encode(L, 1, run.actions, "template");
    encode(L, 2, run.actions, "fields");
    end_action(L, begin);
    lua_pushinteger(L, id.value);
    return 1;
}

int ask(lua_State* L, Operation operation, const char* function) {
    if (context(L).mode == Mode::loading)
        raise(L, "engine.%s: nothing can be done while the program loads", function);
    check_function(L);
    const std::size_t begin = begin_action(L, operation);
    encode(L, 1, context(L).actions, "function id");
    encode(L, 2, context(L).actions, "data");
    end_action(L, begin);
    return 0;
}

int post_to_main_thread(lua_State* L) {
    return ask(L, Operation::host_post, "post_to_main_thread");
}

int call(lua_State* L) {
    check_can_stop(L, "engine", "call");
    ask(L, Operation::host_call, "call");
    return stop_for_answer(L);
}

}  // namespace

void add_runner_actions(lua_State* L) {
    set_function(L, "spawn_entity", spawn_entity);
    set_function(L, "post_to_main_thread", post_to_main_thread);
    set_function(L, "call", call);
    set_function(L, "log", engine_log);
}

}  // namespace canon::script
