#include "script/key_text.hpp"

#include <algorithm>
#include <cstdio>

namespace canon::script {
namespace {

constexpr std::size_t kMostBytes = 40;  // of a key that is a text

bool is_letter(char c) noexcept {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_identifier(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kMostBytes && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

void append_key_text(std::string_view key, std::string& path) {
    if (is_identifier(key)) {
        if (!path.empty()) path += '.';
        path += key;
        return;
    }
    path += "[\"";
    path += key.substr(0, kMostBytes);
    path += key.size() > kMostBytes ? "...\"]" : "\"]";
}

void append_key_text(std::int64_t key, std::string& path) {
    path += '[' + std::to_string(key) + ']';
}

void append_key_text(double key, std::string& path) {
    char text[40];
    std::snprintf(text, sizeof text, "[%.17g]", key);
    path += text;
}

}  // namespace canon::script
