#include "script/action_writer.hpp"

#include "script/codec.hpp"

namespace canon::script {
namespace {

int push_answer(lua_State* L, int, lua_KContext) {
    VmContext& run = context(L);
    run.call_pending = false;
    ByteReader in(run.answer);
    std::uint8_t answered = 0;
    std::uint64_t count = 0;
    in.byte(answered);
    in.varint(count);
    luaL_checkstack(L, static_cast<int>(count), "too many results");
    for (std::uint64_t i = 0; i < count; ++i) decode(L, in);
    if (answered == static_cast<std::uint8_t>(Tag::yes)) return static_cast<int>(count);
    throw_value(L);
}

}  // namespace

void check_can_stop(lua_State* L, const char* module, const char* function) {
    if (lua_isyieldable(L)) return;
    raise(L,
          "%s.%s cannot stop the job here: inside a table.sort comparator, a string.gsub callback "
          "or a metamethod called from C, Lua cannot be left half-way. Call before or after it",
          module, function);
}

int stop_for_answer(lua_State* L) {
    context(L).call_pending = true;
    return lua_yieldk(L, 0, 0, push_answer);
}

}  // namespace canon::script
