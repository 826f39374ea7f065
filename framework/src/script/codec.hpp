// Codec: canonical bytes from Lua values and back.
//
// A table whose keys are 1..n is a list, one with string or integer keys is a map, an empty one is
// a list. Anything else (a function, a cycle, a hole, a key of another type) raises an error that
// names the path to it.
#pragma once
#include "canon/bytes.hpp"
#include "canon/world.hpp"
#include "script/lua.hpp"

namespace canon::script {

/// Appends the value at `index`; `what` names it in errors ("data", "fields.x"). On an error `out`
/// is as it was.
void encode(lua_State* L, int index, Bytes& out, const char* what);

/// Pushes the value that `in` stands at. Raises if the bytes are malformed, which is a bug of ours
/// or a damaged recording.
void decode(lua_State* L, ByteReader& in);

/// The value at `index` as the world takes it. Lists and maps are encoded into `scratch`, which the
/// result points into.
Scalar to_scalar(lua_State* L, int index, Bytes& scratch, const char* what);

/// Pushes the content of a cell or of a field that is no array.
void push_scalar(lua_State* L, const Scalar& value);

}  // namespace canon::script
