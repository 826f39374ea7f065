#include "script/bare_lua.hpp"

#include "canon/error.hpp"
#include "script/lua.hpp"

namespace canon::script {
namespace {

constexpr int kJob = 1;  // the job's place on the stack

int do_nothing(lua_State*) { return 0; }

// As engine.get: the id, then fields; a value for each.
int get_constants(lua_State* L) {
    const int fields = lua_gettop(L) - 1;
    for (int i = 0; i < fields; ++i) lua_pushnumber(L, BareLua::kField);
    return fields;
}

int keep_value(lua_State* L) {
    lua_pushvalue(L, 3);
    lua_setfield(L, LUA_REGISTRYINDEX, "value");
    return 0;
}

int yield(lua_State* L) { return lua_yield(L, 0); }

void set_function(lua_State* L, const char* name, lua_CFunction function) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
}

int append(lua_State*, const void* bytes, std::size_t size, void* out) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
    return 0;
}

[[noreturn]] void fail(lua_State* L) {
    const char* text = lua_tostring(L, -1);
    throw Error(std::string("the bare Lua of a benchmark failed: ") +
                (text != nullptr ? text : "no message"));
}

lua_State* open() {
    lua_State* L = luaL_newstate();
    if (L == nullptr) throw Error("cannot make a Lua state");
    luaL_openlibs(L);
    lua_newtable(L);
    set_function(L, "get", get_constants);
    set_function(L, "set", do_nothing);
    set_function(L, "call", yield);
    lua_setglobal(L, "engine");
    lua_newtable(L);
    lua_setglobal(L, "jobs");
    lua_newtable(L);
    lua_setglobal(L, "actions");
    lua_register(L, "template", do_nothing);
    return L;
}

void run_program(lua_State* L, std::string_view text, const std::string& job) {
    if (luaL_loadbuffer(L, text.data(), text.size(), "=main") != LUA_OK ||
        lua_pcall(L, 0, 0, 0) != LUA_OK)
        fail(L);
    lua_getglobal(L, "jobs");
    lua_getfield(L, -1, job.c_str());
    lua_replace(L, kJob);
}

}  // namespace

BareLua::BareLua(std::string_view source, std::string_view job) : L_(open()), job_(job) {
    try {
        if (luaL_loadbuffer(L_, source.data(), source.size(), "=main") != LUA_OK) fail(L_);
        lua_dump(L_, append, &bytecode_, 0);
        lua_settop(L_, 0);
        run_program(L_, bytecode_, job_);
    } catch (...) {
        lua_close(L_);
        throw;
    }
}

BareLua::~BareLua() { lua_close(L_); }

void BareLua::run(std::int64_t first, std::int64_t end) {
    for (std::int64_t id = first; id < end; ++id) {
        lua_pushvalue(L_, kJob);
        lua_pushinteger(L_, id);
        if (lua_pcall(L_, 1, 0, 0) != LUA_OK) [[unlikely]]
            fail(L_);
    }
}

void BareLua::run_in_new_states(std::int64_t first, std::int64_t end) {
    for (std::int64_t id = first; id < end; ++id) {
        lua_State* L = open();
        run_program(L, bytecode_, job_);
        lua_pushvalue(L, kJob);
        lua_pushinteger(L, id);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK) [[unlikely]]
            fail(L);
        lua_close(L);
    }
}

void BareLua::run_resumed(std::int64_t first, std::int64_t end) {
    lua_State* coroutine = lua_newthread(L_);
    int results = 0;
    for (std::int64_t id = first; id < end; ++id) {
        lua_pushvalue(L_, kJob);
        lua_xmove(L_, coroutine, 1);
        lua_pushinteger(coroutine, id);
        int arguments = 1;
        int status;
        while ((status = lua_resume(coroutine, L_, arguments, &results)) == LUA_YIELD)
            arguments = 0;
        if (status != LUA_OK) [[unlikely]]
            fail(coroutine);
    }
    lua_pop(L_, 1);
}

double BareLua::asked_by(std::int64_t id) {
    lua_getglobal(L_, "engine");
    set_function(L_, "set", keep_value);
    run(id, id + 1);
    set_function(L_, "set", do_nothing);
    lua_getfield(L_, LUA_REGISTRYINDEX, "value");
    const double value = lua_tonumber(L_, -1);
    lua_pop(L_, 2);
    return value;
}

}  // namespace canon::script
