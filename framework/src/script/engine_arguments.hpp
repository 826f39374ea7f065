// Arguments of engine functions: names and ids from Lua to numbers of the schema, without hashing a
// string each time.
#pragma once
#include <cstring>

#include "canon/world.hpp"
#include "script/lua.hpp"
#include "script/raise.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

/// Raises unless the run may read the world.
inline void check_reads(lua_State* L, const char* function) {
    const VmContext& run = context(L);
    if (run.world != nullptr && (run.mode == Mode::job || run.mode == Mode::main)) [[likely]]
        return;
    raise(L,
          run.mode == Mode::loading
              ? "engine.%s: there is no world while the program loads; use on_start"
              : "engine.%s: a background job (deliver) reads no world; give it what it needs "
                "as argument",
          function);
}

/// Raises unless the run may ask for actions.
inline void check_asks(lua_State* L, const char* function) {
    if (context(L).mode == Mode::loading) [[unlikely]]
        raise(L, "engine.%s: nothing can be done while the program loads; use on_start", function);
}

/// What a string argument was found to mean the last time. The address tells quickly; the text must
/// still agree, since memory above the image is used again for other strings.
struct NameCache {
    struct Entry {
        const char* address = nullptr;
        std::string_view name;  // the schema's own copy
        std::uint32_t number = kNone;
    };
    Entry entries[256];

    Entry& at(const char* address) noexcept {
        return entries[reinterpret_cast<std::uintptr_t>(address) / 8 % std::size(entries)];
    }
};

/// kNone for a name that no template has.
NameId name_argument(lua_State* L, int index);
/// Raises for an unknown template, with the nearest name.
TemplateIndex template_argument(lua_State* L, int index);
/// An id, or a singleton by name. Raises for anything else and for unknown singletons.
EntityId entity_argument(lua_State* L, int index);
/// Raises for a field that the template does not have, with the nearest name.
[[noreturn]] void raise_unknown_field(lua_State* L, TemplateIndex index, int name_index);
/// Raises what an exception-free function left in context(L).message.
[[noreturn]] void raise_message(lua_State* L);

}  // namespace canon::script
