// Key text: how a path into a table is written: shared.list[3], texts["two words"].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace canon::script {

/// Appends the step to a key. An identifier that is the first step stands alone.
void append_key_text(std::string_view key, std::string& path);
void append_key_text(std::int64_t key, std::string& path);
void append_key_text(double key, std::string& path);

}  // namespace canon::script
