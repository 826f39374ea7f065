#include "script/compiler.hpp"

#include "canon/error.hpp"
#include "core/fixed_environment.hpp"
#include "script/lua.hpp"

namespace canon::script {
namespace {

int append_bytecode(lua_State*, const void* bytes, std::size_t count, void* out) {
    static_cast<Bytes*>(out)->append(bytes, count);
    return 0;
}

}  // namespace

// In a state of its own, so that the memory of the compiler is no part of any image.
std::string compile(std::string_view text, const std::string& name, Bytes& code) {
    const FixedEnvironment environment;  // the compiler reads numbers and folds constants
    struct Closer {
        lua_State* L;
        ~Closer() { lua_close(L); }
    } scratch{luaL_newstate()};
    if (scratch.L == nullptr) throw MachineError("not enough memory to compile " + name);
    const std::string chunk = "=" + name;
    if (luaL_loadbufferx(scratch.L, text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
        const char* why = lua_tostring(scratch.L, -1);
        const std::string text = why != nullptr ? why : name + ": cannot be compiled";
        if (text.find("C stack overflow") != std::string::npos)  // Lua tells no place
            return name +
                   ": blocks or expressions are nested too deeply (Lua's compiler takes about 190 "
                   "levels), split them";
        return text;
    }
    lua_dump(scratch.L, append_bytecode, &code, 0);
    return {};
}

}  // namespace canon::script
