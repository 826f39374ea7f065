#include "script/system_lua.hpp"

#include <dlfcn.h>

#include <string>

#include "canon/error.hpp"
#include "script/lua.hpp"

namespace canon::script {
namespace {

constexpr const char* kNames[] = {"liblua5.4.so.0", "liblua5.4.so", "liblua.so.5.4"};

void* open_library() {
    for (const char* name : kNames)
        if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    throw Error(
        "there is no shared Lua 5.4 to compare with (liblua5.4.so.0); on Debian: install "
        "liblua5.4-0");
}

template <class Function>
void find(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    if (function == nullptr) throw Error(std::string("the shared Lua has no ") + name);
}

}  // namespace

// What is needed of its API, by the types that the headers of the private copy declare.
struct SystemLua::Parts {
    void* library = open_library();
    lua_State* L = nullptr;
    decltype(luaL_newstate)* new_state;
    decltype(luaL_openlibs)* open_libraries;
    decltype(luaL_loadbufferx)* load;
    decltype(lua_pcallk)* call;
    decltype(lua_tolstring)* to_text;
    decltype(lua_pushvalue)* push_value;
    decltype(lua_pushinteger)* push_integer;
    decltype(lua_getglobal)* get_global;
    decltype(lua_getfield)* get_field;
    decltype(lua_close)* close;

    Parts() {
        find(library, "luaL_newstate", new_state);
        find(library, "luaL_openlibs", open_libraries);
        find(library, "luaL_loadbufferx", load);
        find(library, "lua_pcallk", call);
        find(library, "lua_tolstring", to_text);
        find(library, "lua_pushvalue", push_value);
        find(library, "lua_pushinteger", push_integer);
        find(library, "lua_getglobal", get_global);
        find(library, "lua_getfield", get_field);
        find(library, "lua_close", close);
    }
    // The library stays: what it has been asked for once may be asked for again.
    ~Parts() {
        if (L != nullptr) close(L);
    }

    void require_ok(int status) {
        if (status == LUA_OK) [[likely]]
            return;
        const char* text = to_text(L, -1, nullptr);
        throw Error(std::string("the system's Lua of a benchmark failed: ") +
                    (text != nullptr ? text : "no message"));
    }
    void run(std::string_view text) {
        require_ok(load(L, text.data(), text.size(), "=main", "t"));
        require_ok(call(L, 0, 0, 0, 0, nullptr));
    }
};

SystemLua::SystemLua(std::string_view source, std::string_view job)
    : parts_(std::make_unique<Parts>()) {
    parts_->L = parts_->new_state();
    if (parts_->L == nullptr) throw Error("cannot make a Lua state");
    parts_->open_libraries(parts_->L);
    parts_->run("jobs = {} actions = {}");
    parts_->run(source);
    parts_->get_global(parts_->L, "jobs");
    parts_->get_field(parts_->L, -1, std::string(job).c_str());
}

SystemLua::~SystemLua() = default;

void SystemLua::run(std::int64_t first, std::int64_t end) {
    Parts& lua = *parts_;
    for (std::int64_t id = first; id < end; ++id) {
        lua.push_value(lua.L, -1);
        lua.push_integer(lua.L, id);
        lua.require_ok(lua.call(lua.L, 1, 0, 0, 0, nullptr));
    }
}

}  // namespace canon::script
