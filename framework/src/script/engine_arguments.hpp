// Arguments of engine functions: names and ids from Lua to numbers of the schema, without hashing a
// string each time.
#pragma once
#include <vector>

#include "canon/world.hpp"
#include "script/lua.hpp"
#include "script/raise.hpp"
#include "script/vm_context.hpp"

namespace canon::script {

/// Raises unless the run may read the world.
inline void check_reads(lua_State* L, const char* function) {
    const VmContext& run = context(L);
    if (run.world != nullptr && run.mode != Mode::loading && run.mode != Mode::background)
        [[likely]]
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

/// The schema's names by the address of their strings in the image. Lua has one string of a text
/// (of up to 40 bytes), and these are kept, so what has such an address is that name, however the
/// script came by it.
class NameTable {
  public:
    /// `address` is what lua_topointer tells of the string.
    void add(const void* address, std::uint32_t number);
    /// kNone for any other address.
    std::uint32_t find(const void* address) const noexcept {
        for (std::size_t at = home(address);; at = (at + 1) & mask_) {
            if (slots_[at].address == address) return slots_[at].number;
            if (slots_[at].address == nullptr) return kNone;
        }
    }

  private:
    struct Slot {
        const void* address = nullptr;
        std::uint32_t number = kNone;
    };
    std::size_t home(const void* address) const noexcept {
        return (reinterpret_cast<std::uintptr_t>(address) >> 4) & mask_;
    }

    std::size_t mask_ = 63;
    std::size_t used_ = 0;
    std::vector<Slot> slots_ = std::vector<Slot>(mask_ + 1);
};

/// Whether the value is an integer or a float that is one, as a table's key would be; no string.
inline bool whole_number(lua_State* L, int index, lua_Integer& out) {
    int exact = 0;
    if (lua_type(L, index) == LUA_TNUMBER) out = lua_tointegerx(L, index, &exact);
    return exact != 0;
}

/// Makes a string of each of the schema's names and keeps it.
void keep_names(lua_State* L, const Schema& schema, NameTable& fields, NameTable& templates);

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
