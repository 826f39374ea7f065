#include "script/string_match.hpp"

#include <cstring>

#include "script/character_class.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

constexpr char kEscape = '%';

// As in stock Lua: one level for each capture, repetition and optional item that is under way.
constexpr int kMaxDepth = 200;

// Sizes of captures that have none.
constexpr std::ptrdiff_t kOpen = -1;
constexpr std::ptrdiff_t kPosition = -2;

// A step is one byte of the pattern looked at, for one byte of the subject. Steps are charged by
// the slice, which is short enough that a run which is to be stopped is stopped at once.
constexpr std::int64_t kSlice = 1 << 14;
constexpr std::int64_t kStepsPerUnit = 2;

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

// `set` is at its '[', `last` at its ']'.
bool set_holds(unsigned char c, const char* set, const char* last) {
    bool is_in = true;
    const char* at = set + 1;
    if (*at == '^') {
        is_in = false;
        ++at;
    }
    while (at < last) {
        if (*at == kEscape) {
            if (CharacterClass(byte_at(at + 1)).holds(c)) return is_in;
            at += 2;
        } else if (at[1] == '-' && at + 2 < last) {
            if (byte_at(at) <= c && c <= byte_at(at + 2)) return is_in;
            at += 3;
        } else {
            if (byte_at(at) == c) return is_in;
            ++at;
        }
    }
    return !is_in;
}

// A ')' is not among them: alone it is plain text to string.find, as in stock Lua.
bool is_special(unsigned char c) {
    switch (c) {
        case '^':
        case '$':
        case '*':
        case '+':
        case '?':
        case '.':
        case '(':
        case '[':
        case kEscape:
        case '-':
            return true;
        default:
            return false;
    }
}

// The byte with which every match of the pattern begins, or -1 where it may begin with several, or
// be empty.
int lead_of(std::string_view pattern) {
    if (pattern.empty()) return -1;
    const unsigned char first = static_cast<unsigned char>(pattern[0]);
    if (is_special(first) || first == ')') return -1;
    const char next = pattern.size() > 1 ? pattern[1] : '\0';
    return next == '*' || next == '?' || next == '-' ? -1 : first;
}

}  // namespace

bool is_plain_text(std::string_view pattern) {
    for (const char c : pattern)
        if (is_special(static_cast<unsigned char>(c))) return false;
    return true;
}

Matcher::Matcher(lua_State* L, std::string_view subject, std::string_view pattern)
    : L_(L),
      subject_begin_(subject.data()),
      subject_end_(subject.data() + subject.size()),
      pattern_(pattern.data()),
      pattern_end_(pattern.data() + pattern.size()),
      steps_left_(kSlice),
      lead_(lead_of(pattern)) {}

void Matcher::settle() {
    const std::int64_t steps = kSlice - steps_left_;
    steps_left_ = kSlice;
    charge(L_, (steps + kStepsPerUnit - 1) / kStepsPerUnit);
}

void Matcher::fail(const char* format, int number) {
    settle();
    raise(L_, format, number);
}

// ---- one item: a byte, a class or a set ----

const char* Matcher::end_of_item(const char* p) {
    const char* at = p + 1;
    if (*p == kEscape) {
        if (at == pattern_end_) fail("malformed pattern (ends with '%%')");
        return at + 1;
    }
    if (*p != '[') return at;
    if (*at == '^') ++at;
    do {  // a ']' that comes first stands for itself
        if (at == pattern_end_) fail("malformed pattern (missing ']')");
        at += *at == kEscape && at + 1 < pattern_end_ ? 2 : 1;
    } while (*at != ']');
    return at + 1;
}

inline bool Matcher::matches_one(const char* s, const char* item, const char* item_end) const {
    if (s == subject_end_) return false;
    switch (*item) {
        case '.':
            return true;
        case kEscape:
            return CharacterClass(byte_at(item + 1)).holds(byte_at(s));
        case '[':
            return set_holds(byte_at(s), item, item_end - 1);
        default:
            return *item == *s;
    }
}

// How many bytes from `s` on match the item.
std::size_t Matcher::count_matches(const char* s, const char* item, const char* item_end) const {
    const char* at = s;
    switch (*item) {
        case '.':
            at = subject_end_;
            break;
        case kEscape: {
            const CharacterClass members(byte_at(item + 1));
            while (at != subject_end_ && members.holds(byte_at(at))) ++at;
            break;
        }
        case '[':
            while (at != subject_end_ && set_holds(byte_at(at), item, item_end - 1)) ++at;
            break;
        default:
            while (at != subject_end_ && *at == *item) ++at;
            break;
    }
    return static_cast<std::size_t>(at - s);
}

// ---- the walk along the pattern ----

// Items that cannot be taken back go on in the loop; each that can calls itself for the rest.
const char* Matcher::match(const char* s, const char* p, int depth) {
    if (depth == 0) fail("pattern too complex");
    while (p != pattern_end_) {
        switch (*p) {
            case '(':
                return p[1] == ')' ? open_capture(s, p + 2, kPosition, depth)
                                   : open_capture(s, p + 1, kOpen, depth);
            case ')':
                return close_capture(s, p + 1, depth);
            case '$':
                if (p + 1 != pattern_end_) break;
                spend(1);
                return s == subject_end_ ? s : nullptr;
            case kEscape:
                if (p[1] == 'b') {
                    s = match_balanced(s, p + 2);
                    if (s == nullptr) return nullptr;
                    p += 4;
                    continue;
                }
                if (p[1] == 'f') {
                    bool matches;
                    p = match_frontier(s, p + 2, matches);
                    if (!matches) return nullptr;
                    continue;
                }
                if (p[1] >= '0' && p[1] <= '9') {
                    s = match_back_reference(s, p[1]);
                    if (s == nullptr) return nullptr;
                    p += 2;
                    continue;
                }
                break;
            default:
                break;
        }
        const char* const item_end = end_of_item(p);
        spend(item_end - p);
        const bool matches = matches_one(s, p, item_end);
        switch (*item_end) {  // at the end of the pattern a zero, which no suffix is
            case '?':
                if (matches)
                    if (const char* end = match(s + 1, item_end + 1, depth - 1)) return end;
                p = item_end + 1;
                break;
            case '+':
                return matches ? match_longest(s + 1, p, item_end, depth) : nullptr;
            case '*':
                if (matches) return match_longest(s, p, item_end, depth);
                p = item_end + 1;
                break;
            case '-':
                if (matches) return match_shortest(s, p, item_end, depth);
                p = item_end + 1;
                break;
            default:
                if (!matches) return nullptr;
                ++s;
                p = item_end;
                break;
        }
    }
    return s;
}

const char* Matcher::match_longest(const char* s, const char* item, const char* item_end,
                                   int depth) {
    const std::size_t most = count_matches(s, item, item_end);
    spend(static_cast<std::int64_t>(most) * (item_end - item));
    const char* const rest = item_end + 1;
    if (rest == pattern_end_ && depth > 1) return s + most;
    for (const char* at = s + most;; --at) {
        spend(1);
        if (const char* end = match(at, rest, depth - 1)) return end;
        if (at == s) return nullptr;
    }
}

const char* Matcher::match_shortest(const char* s, const char* item, const char* item_end,
                                    int depth) {
    for (;; ++s) {
        spend(item_end - item);
        if (const char* end = match(s, item_end + 1, depth - 1)) return end;
        if (!matches_one(s, item, item_end)) return nullptr;
    }
}

// `p` is at the two bytes behind "%b".
const char* Matcher::match_balanced(const char* s, const char* p) {
    spend(1);
    if (pattern_end_ - p < 2) fail("malformed pattern (missing arguments to '%%b')");
    if (s == subject_end_ || *s != p[0]) return nullptr;
    std::size_t open = 1;
    for (const char* at = s + 1; at != subject_end_; ++at) {
        if (*at == p[1]) {
            if (--open > 0) continue;
            spend(at - s);
            return at + 1;
        }
        if (*at == p[0]) ++open;
    }
    spend(subject_end_ - s);
    return nullptr;
}

// `p` is at the set behind "%f". Returns what comes behind the set. Before and behind the subject
// there is a zero.
const char* Matcher::match_frontier(const char* s, const char* p, bool& matches) {
    if (*p != '[') fail("missing '[' after '%%f' in pattern");
    const char* const set_end = end_of_item(p);
    spend(2 * (set_end - p));
    const unsigned char before = s == subject_begin_ ? 0 : byte_at(s - 1);
    matches = !set_holds(before, p, set_end - 1) && set_holds(byte_at(s), p, set_end - 1);
    return set_end;
}

const char* Matcher::match_back_reference(const char* s, char digit) {
    const int index = digit - '1';
    spend(1);
    if (index < 0 || index >= level_ || captures_[index].size == kOpen)
        fail("invalid capture index %%%d", index + 1);
    const Capture& capture = captures_[index];
    if (capture.size == kPosition || subject_end_ - s < capture.size) return nullptr;
    const std::size_t size = static_cast<std::size_t>(capture.size);
    spend_copy(size);
    return std::memcmp(capture.begin, s, size) == 0 ? s + size : nullptr;
}

// ---- captures ----

// `p` is behind the parenthesis; `size` is kOpen or kPosition.
const char* Matcher::open_capture(const char* s, const char* p, std::ptrdiff_t size, int depth) {
    spend(1);
    if (level_ == kMaxCaptures) fail("too many captures");
    captures_[level_++] = {s, size};
    const char* const end = match(s, p, depth - 1);
    if (end == nullptr) --level_;
    return end;
}

const char* Matcher::close_capture(const char* s, const char* p, int depth) {
    spend(1);
    int index = level_ - 1;
    while (index >= 0 && captures_[index].size != kOpen) --index;
    if (index < 0) fail("invalid pattern capture");
    captures_[index].size = s - captures_[index].begin;
    const char* const end = match(s, p, depth - 1);
    if (end == nullptr) captures_[index].size = kOpen;
    return end;
}

bool Matcher::capture_text(int index, const char* begin, const char* end, std::string_view& text) {
    if (index >= level_) {
        if (index != 0) fail("invalid capture index %%%d", index + 1);
        text = {begin, static_cast<std::size_t>(end - begin)};
        return true;
    }
    const Capture& capture = captures_[index];
    if (capture.size == kPosition) return false;
    if (capture.size == kOpen) fail("unfinished capture");
    text = {capture.begin, static_cast<std::size_t>(capture.size)};
    return true;
}

void Matcher::push_capture(int index, const char* begin, const char* end) {
    std::string_view text;
    if (capture_text(index, begin, end, text)) {
        spend_copy(text.size());
        lua_pushlstring(L_, text.data(), text.size());
    } else {
        lua_pushinteger(L_, captures_[index].begin - subject_begin_ + 1);
    }
}

int Matcher::push_own_captures() {
    luaL_checkstack(L_, level_ + LUA_MINSTACK, "too many captures");
    for (int index = 0; index < level_; ++index) push_capture(index, nullptr, nullptr);
    return level_;
}

int Matcher::push_captures(const char* begin, const char* end) {
    if (level_ > 0) return push_own_captures();
    push_capture(0, begin, end);
    return 1;
}

// ---- matches ----

const char* Matcher::match_at(const char* begin) {
    spend(1);
    level_ = 0;
    return match(begin, pattern_, kMaxDepth);
}

const char* Matcher::search(const char*& begin, const char* refused) {
    for (const char* at = begin;; ++at) {
        if (lead_ >= 0 && (at == subject_end_ || byte_at(at) != lead_)) {
            const std::size_t left = static_cast<std::size_t>(subject_end_ - at);
            const void* const found = left == 0 ? nullptr : std::memchr(at, lead_, left);
            const char* const next =
                found != nullptr ? static_cast<const char*>(found) : subject_end_;
            spend_copy(static_cast<std::size_t>(next - at));
            if (found == nullptr) return nullptr;
            at = next;
        }
        const char* const end = match_at(at);
        if (end != nullptr && end != refused) {
            begin = at;
            return end;
        }
        if (at == subject_end_) return nullptr;
    }
}

}  // namespace canon::script
