#include "script/string_patterns.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/string_match.hpp"
#include "script/string_position.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr std::size_t kMaxPatternBytes = 1000;

std::string_view check_text(lua_State* L, int argument) {
    std::size_t size;
    const char* text = luaL_checklstring(L, argument, &size);
    return {text, size};
}

std::string_view check_pattern(lua_State* L) {
    const std::string_view pattern = check_text(L, 2);
    if (pattern.size() > kMaxPatternBytes) raise(L, "pattern too long (the limit is 1000 bytes)");
    return pattern;
}

bool take_anchor(std::string_view& pattern) {
    if (pattern.empty() || pattern.front() != '^') return false;
    pattern.remove_prefix(1);
    return true;
}

// ---- find and match ----

// Where `text` stands in `subject` from `from` on, or null. Few places that look right are tried
// one by one, many are left to memmem, whose time is linear: so a find is never quadratic.
const char* find_text(std::string_view subject, std::size_t from, std::string_view text) {
    constexpr int kTries = 16;
    const char* at = subject.data() + from;
    if (text.empty()) return at;
    const char* const end = subject.data() + subject.size();
    for (int tries = 0; tries < kTries; ++tries) {
        const std::ptrdiff_t places = end - at - static_cast<std::ptrdiff_t>(text.size()) + 1;
        if (places <= 0) return nullptr;
        at = static_cast<const char*>(std::memchr(at, text[0], static_cast<std::size_t>(places)));
        if (at == nullptr) return nullptr;
        if (std::memcmp(at + 1, text.data() + 1, text.size() - 1) == 0) return at;
        ++at;
    }
    return static_cast<const char*>(
        memmem(at, static_cast<std::size_t>(end - at), text.data(), text.size()));
}

int push_found_text(lua_State* L, std::string_view subject, std::size_t from,
                    std::string_view text) {
    const char* const found = find_text(subject, from, text);
    const std::size_t passed =
        found != nullptr ? static_cast<std::size_t>(found - subject.data()) - from + text.size()
                         : subject.size() - from + std::min(text.size(), subject.size());
    charge_scan(L, passed);
    if (found == nullptr) {
        luaL_pushfail(L);
        return 1;
    }
    const lua_Integer first = found - subject.data() + 1;
    lua_pushinteger(L, first);
    lua_pushinteger(L, first + static_cast<lua_Integer>(text.size()) - 1);
    return 2;
}

enum class Wanted { place, captures };

template <Wanted kWanted>
int push_first_match(lua_State* L, std::string_view subject, std::size_t from,
                     std::string_view pattern) {
    const bool is_anchored = take_anchor(pattern);
    Matcher matcher(L, subject, pattern);
    const char* begin = subject.data() + from;
    const char* const end = is_anchored ? matcher.match_at(begin) : matcher.search(begin, nullptr);
    int results = 0;
    if (end == nullptr) {
        luaL_pushfail(L);
        results = 1;
    } else if constexpr (kWanted == Wanted::place) {
        lua_pushinteger(L, begin - subject.data() + 1);
        lua_pushinteger(L, end - subject.data());
        results = 2 + matcher.push_own_captures();
    } else {
        results = matcher.push_captures(begin, end);
    }
    matcher.settle();
    return results;
}

// Where the search begins, counted from 0, or a place behind the end.
std::size_t check_begin(lua_State* L, std::string_view subject) {
    return lua_isnoneornil(L, 3) ? 0 : first_position(luaL_checkinteger(L, 3), subject.size()) - 1;
}

int push_fail(lua_State* L) {
    luaL_pushfail(L);
    return 1;
}

// ---- gmatch ----

// Offsets, and no addresses, so that it holds in whichever arena it lies.
struct MatchesState {
    std::size_t position;  // where the next match may begin
    std::size_t refused;   // where the last match ended, which no other may do; or kNone
};

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// Upvalues: the subject, the pattern, the state.
int next_match(lua_State* L) {
    std::size_t subject_size, pattern_size;
    const char* const subject = lua_tolstring(L, lua_upvalueindex(1), &subject_size);
    const char* const pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_size);
    MatchesState& state = *static_cast<MatchesState*>(lua_touserdata(L, lua_upvalueindex(3)));
    if (state.position > subject_size) return 0;
    Matcher matcher(L, {subject, subject_size}, {pattern, pattern_size});
    const char* begin = subject + state.position;
    const char* const refused = state.refused == kNowhere ? nullptr : subject + state.refused;
    const char* const end = matcher.search(begin, refused);
    int results = 0;
    if (end != nullptr) {
        state.position = state.refused = static_cast<std::size_t>(end - subject);
        results = matcher.push_captures(begin, end);
    } else {
        state.position = kNowhere;
    }
    matcher.settle();
    return results;
}

// ---- gsub ----

constexpr int kReplacement = 3;

// A text to replace matches by. Plain ones have no '%'.
struct ReplacementText {
    std::string_view text;
    bool is_plain;
};

// A substitution under way. The buffer may have something on the stack, so what is pushed for a
// match must be gone before anything is added.
struct Substitution {
    lua_State* L;
    luaL_Buffer* out;
    Matcher* matcher;
    int type;  // of the replacement
    ReplacementText by;

    // Call: before `size` bytes are added.
    void expect(std::size_t size) {
        matcher->spend_copy(size);
        if (luaL_bufflen(out) + size > kMaxStringBytes) [[unlikely]]
            refuse_length();
    }
    void add(const char* text, std::size_t size) {
        expect(size);
        luaL_addlstring(out, text, size);
    }
    [[noreturn]] void refuse_length() {
        matcher->settle();
        raise(L, "string.gsub: the result would be longer than 64 MiB");
    }
};

[[noreturn]] void refuse_replacement(Substitution& all, const char* why, const char* detail) {
    all.matcher->settle();
    raise(all.L, why, detail);
}

void add_capture(Substitution& all, int index, const char* begin, const char* end) {
    std::string_view text;
    if (all.matcher->capture_text(index, begin, end, text)) {
        all.add(text.data(), text.size());
    } else {
        all.matcher->push_capture(index, begin, end);
        luaL_addvalue(all.out);
    }
}

void add_expanded(Substitution& all, const char* begin, const char* end) {
    const char* at = all.by.text.data();
    const char* const text_end = at + all.by.text.size();
    while (at != text_end) {
        const void* const found = std::memchr(at, '%', static_cast<std::size_t>(text_end - at));
        const char* const escape = found != nullptr ? static_cast<const char*>(found) : text_end;
        all.matcher->spend(1);
        all.add(at, static_cast<std::size_t>(escape - at));
        if (escape == text_end) return;
        const char c = escape[1];  // at the end of the text a zero
        if (c == '%')
            luaL_addchar(all.out, '%');
        else if (c == '0')
            all.add(begin, static_cast<std::size_t>(end - begin));
        else if (c >= '1' && c <= '9')
            add_capture(all, c - '1', begin, end);
        else
            refuse_replacement(all, "invalid use of '%s' in replacement string", "%");
        at = escape + 2;
    }
}

// Adds what a table or a function has for the match. Returns whether it has anything.
bool add_looked_up(Substitution& all, const char* begin, const char* end) {
    lua_State* L = all.L;
    all.matcher->settle();
    if (all.type == LUA_TTABLE) {
        charge(L, 3 * kElementWork);
        all.matcher->push_capture(0, begin, end);
        lua_gettable(L, kReplacement);
    } else {
        lua_pushvalue(L, kReplacement);
        const int captures = all.matcher->push_captures(begin, end);
        charge(L, (3 + captures) * kElementWork);
        lua_call(L, captures, 1);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    if (!lua_isstring(L, -1))
        refuse_replacement(all, "invalid replacement value (a %s)", luaL_typename(L, -1));
    all.expect(lua_rawlen(L, -1));  // 0 of a number, whose text is short
    luaL_addvalue(all.out);
    return true;
}

// Returns whether anything but the match itself has been added.
bool add_replacement(Substitution& all, const char* begin, const char* end) {
    if (all.type == LUA_TTABLE || all.type == LUA_TFUNCTION) {
        if (add_looked_up(all, begin, end)) return true;
        all.add(begin, static_cast<std::size_t>(end - begin));
        return false;
    }
    if (all.by.is_plain)
        all.add(all.by.text.data(), all.by.text.size());
    else
        add_expanded(all, begin, end);
    return true;
}

}  // namespace

int string_find(lua_State* L) {
    const std::string_view subject = check_text(L, 1);
    const std::string_view text = check_text(L, 2);
    const std::size_t from = check_begin(L, subject);
    const bool is_plain = lua_toboolean(L, 4) != 0;
    if (!is_plain) check_pattern(L);
    if (from > subject.size()) return push_fail(L);
    if (is_plain || is_plain_text(text)) return push_found_text(L, subject, from, text);
    return push_first_match<Wanted::place>(L, subject, from, text);
}

int string_match(lua_State* L) {
    const std::string_view subject = check_text(L, 1);
    const std::string_view pattern = check_pattern(L);
    const std::size_t from = check_begin(L, subject);
    if (from > subject.size()) return push_fail(L);
    return push_first_match<Wanted::captures>(L, subject, from, pattern);
}

int string_gmatch(lua_State* L) {
    const std::string_view subject = check_text(L, 1);
    check_pattern(L);
    const std::size_t from = check_begin(L, subject);
    lua_settop(L, 2);
    auto* const state = static_cast<MatchesState*>(lua_newuserdatauv(L, sizeof(MatchesState), 0));
    *state = {from, kNowhere};
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

int string_gsub(lua_State* L) {
    const std::string_view subject = check_text(L, 1);
    std::string_view pattern = check_pattern(L);
    const int type = lua_type(L, kReplacement);
    const bool is_text = type == LUA_TSTRING || type == LUA_TNUMBER;
    luaL_argexpected(L, is_text || type == LUA_TTABLE || type == LUA_TFUNCTION, kReplacement,
                     "string/function/table");
    if (!is_text) check_nesting(L);
    const lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(subject.size()) + 1);
    const bool is_anchored = take_anchor(pattern);
    Matcher matcher(L, subject, pattern);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    Substitution all{L, &out, &matcher, type, {}};
    if (is_text) {
        all.by.text = check_text(L, kReplacement);
        all.by.is_plain = all.by.text.find('%') == std::string_view::npos;
    }
    const char* const subject_end = subject.data() + subject.size();
    const char* copied = subject.data();  // what comes before has been added
    const char* refused = nullptr;
    lua_Integer count = 0;
    bool has_changed = false;
    while (count < most) {
        const char* begin = copied;
        const char* const end =
            is_anchored ? matcher.match_at(begin) : matcher.search(begin, refused);
        if (end == nullptr) break;
        ++count;
        all.add(copied, static_cast<std::size_t>(begin - copied));
        has_changed |= add_replacement(all, begin, end);
        copied = refused = end;
        if (is_anchored) break;
    }
    if (has_changed) {
        all.add(copied, static_cast<std::size_t>(subject_end - copied));
        matcher.settle();
        luaL_pushresult(&out);
    } else {
        matcher.settle();
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

}  // namespace canon::script
