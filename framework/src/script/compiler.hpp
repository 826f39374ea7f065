// Compiler: Lua text to the bytecode that every VM loads.
#pragma once
#include <string>
#include <string_view>

#include "canon/bytes.hpp"

namespace canon::script {

inline constexpr std::size_t kMaxSource = 16 << 20;

/// Appends the bytecode of `text`. Returns why it is no Lua, with `name` and line, or nothing.
/// Fails: throws canon::Error where there is no memory.
/// Call: any thread. Deterministic: yes.
std::string compile(std::string_view text, const std::string& name, Bytes& code);

}  // namespace canon::script
