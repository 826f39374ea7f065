// String match: the matcher behind string.find, match, gmatch and gsub, for the patterns of Lua
// 5.4.
//
// A pattern is read while it is matched, so that a mistake in it is an error only where the
// matching comes to it, as in stock Lua. Classes are those of ASCII, whatever the locale. Each step
// is counted as library work of the run, so that a pattern which tries without end ends the run.
//
// Invariant: steps taken are charged before anything that may raise is called, so that no error
// which a script catches makes them free.
#pragma once
#include <cstdint>
#include <string_view>

#include "script/lua.hpp"

namespace canon::script {

/// The result of matching one pattern with one subject. Trivially destructible, since an error may
/// leave it at any time. Borrows subject and pattern: both are strings of Lua, which end with a
/// zero, and the caller keeps them alive.
class Matcher {
  public:
    static constexpr int kMaxCaptures = 32;

    /// `pattern` is without the anchor "^".
    Matcher(lua_State* L, std::string_view subject, std::string_view pattern);

    /// The end of the match that begins at `begin`, or null.
    /// Fails: raises where the pattern is malformed or too complex; kills where the work is spent.
    const char* match_at(const char* begin);
    /// The end of the first match that begins at `begin` or behind it and does not end at
    /// `refused`, or null; `begin` becomes where it begins.
    const char* search(const char*& begin, const char* refused);

    /// Pushes the captures of the last match, or all of it where the pattern has none. Returns how
    /// many.
    int push_captures(const char* begin, const char* end);
    /// The same of its captures alone: none where the pattern has none.
    int push_own_captures();
    /// Pushes capture `index`, from 0. Where the pattern has none the first one is the whole match.
    void push_capture(int index, const char* begin, const char* end);

    /// Capture `index` as text, if it is not a position. A position is left to push_capture.
    bool capture_text(int index, const char* begin, const char* end, std::string_view& text);

    /// Counts `steps`. Kills the run when its work is spent.
    void spend(std::int64_t steps) {
        if ((steps_left_ -= steps) < 0) [[unlikely]]
            settle();
    }
    /// Counts copying `bytes`.
    void spend_copy(std::size_t bytes) { spend(static_cast<std::int64_t>(bytes / 8)); }
    /// Charges what has been counted. Call: before what may raise or run a script, and at the end.
    void settle();

  private:
    struct Capture {
        const char* begin;
        std::ptrdiff_t size;
    };

    const char* match(const char* s, const char* p, int depth);
    const char* match_longest(const char* s, const char* item, const char* item_end, int depth);
    const char* match_shortest(const char* s, const char* item, const char* item_end, int depth);
    const char* match_balanced(const char* s, const char* p);
    const char* match_frontier(const char* s, const char* p, bool& matches);
    const char* match_back_reference(const char* s, char digit);
    const char* open_capture(const char* s, const char* p, std::ptrdiff_t size, int depth);
    const char* close_capture(const char* s, const char* p, int depth);
    const char* end_of_item(const char* p);
    std::size_t count_matches(const char* s, const char* item, const char* item_end) const;
    bool matches_one(const char* s, const char* item, const char* item_end) const;
    [[noreturn]] void fail(const char* format, int number = 0);

    lua_State* L_;
    const char* subject_begin_;
    const char* subject_end_;
    const char* pattern_;
    const char* pattern_end_;
    std::int64_t steps_left_;  // of the slice; what is missing of it has not been charged yet
    int lead_;                 // the byte with which every match begins, or -1 where that is open
    int level_ = 0;            // captures that have been opened
    Capture captures_[kMaxCaptures];
};

/// Whether `pattern` is plain text, each byte standing for itself.
bool is_plain_text(std::string_view pattern);

}  // namespace canon::script
