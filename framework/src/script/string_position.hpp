// String position: what the positions that string functions take mean; negative ones count from the
// end.
#pragma once
#include <cstddef>

#include "script/lua.hpp"

namespace canon::script {

/// Of a first byte: at least 1, and possibly behind the end.
inline std::size_t first_position(lua_Integer position, std::size_t size) {
    if (position > 0) return static_cast<std::size_t>(position);
    if (position == 0 || position < -static_cast<lua_Integer>(size)) return 1;
    return size - static_cast<std::size_t>(-position) + 1;
}

/// Of a last byte: at most `size`, and 0 where there is none.
inline std::size_t last_position(lua_Integer position, std::size_t size) {
    if (position > static_cast<lua_Integer>(size)) return size;
    if (position >= 0) return static_cast<std::size_t>(position);
    if (position < -static_cast<lua_Integer>(size)) return 0;
    return size - static_cast<std::size_t>(-position) + 1;
}

}  // namespace canon::script
