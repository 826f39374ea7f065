// Patterns: string.find, match, gmatch and gsub give what stock Lua's give, or both fail.
//
// Input: a letter for the function, a byte for `init` or the count ('0' is 0), then lines: the
// pattern, the replacement, and the subject to the end.
#include <algorithm>
#include <cmath>

#include "fuzz/support/choices.hpp"
#include "fuzz/support/target.hpp"
#include "fuzz/support/two_luas.hpp"

namespace canon::fuzz {
namespace {

constexpr const char* kScript = R"lua(
function jobs.find(subject, pattern, init) return string.find(subject, pattern, init) end
function jobs.plain(subject, pattern, init) return string.find(subject, pattern, init, true) end
function jobs.match(subject, pattern, init) return subject:match(pattern, init) end

function jobs.gmatch(subject, pattern, init)
    local found = {}
    local function keep(...)
        local count = select("#", ...)
        if (...) == nil then return false end
        found[#found + 1] = count
        for i = 1, count do found[#found + 1] = (select(i, ...)) end
        return true
    end
    local step = string.gmatch(subject, pattern, init)
    while #found < 5000 and keep(step()) do end
    return found
end

-- A count of 0 is none given.
local function count_of(init) if init ~= 0 then return init end end

function jobs.text(subject, pattern, init, replacement)
    return string.gsub(subject, pattern, replacement, count_of(init))
end

function jobs.table(subject, pattern, init, replacement)
    local by = { a = replacement, [""] = "empty", [1] = "first", [2] = false, b = 7, ab = 1.5 }
    return string.gsub(subject, pattern, by, count_of(init))
end

function jobs.call(subject, pattern, init, replacement)
    local calls, seen = 0, {}
    local function replace(...)
        calls = calls + 1
        for i = 1, select("#", ...) do seen[#seen + 1] = (select(i, ...)) end
        local kind = calls % 5
        if kind == 0 then return calls end
        if kind == 1 then return replacement end
        if kind == 2 then return nil end
        if kind == 3 then return false end
        return (...)
    end
    local text, count = string.gsub(subject, pattern, replace, count_of(init))
    return text, count, seen
end
)lua";

constexpr const char* kJobs[] = {"find", "plain", "match", "gmatch", "text", "table", "call"};

// So long a subject that stock Lua, which has no budget, still comes to an end: each repetition
// in a pattern may multiply its steps by the subject's length.
std::size_t longest_subject(const std::string& pattern) {
    constexpr double kSteps = 1 << 22;
    const auto repetitions = std::count_if(pattern.begin(), pattern.end(), [](char c) {
        return c == '*' || c == '+' || c == '-' || c == '?';
    });
    return static_cast<std::size_t>(
        std::clamp(std::pow(kSteps, 1.0 / (static_cast<double>(repetitions) + 2)), 1.0, 2000.0));
}

void run(Input input) {
    static StrictLua strict(kScript);
    static StockLua stock(kScript);
    Choices choices(input);
    const char* job = kJobs[choices.below(std::size(kJobs))];
    const std::int64_t init = static_cast<std::int8_t>(choices.byte() - '0');
    const std::string pattern = choices.line(300);
    const std::string replacement = choices.line(100);
    const std::string subject = choices.rest(longest_subject(pattern));
    const List arguments = {subject, pattern, init, replacement};

    const Outcome own = strict.call(job, arguments);
    if (own.kind == Outcome::stopped) return;
    const Outcome other = stock.call(job, arguments);
    // Where stock Lua's recursion ends, and which patterns are malformed only where they are never
    // reached, is its own.
    if (other.kind == Outcome::failed && other.message.find("too complex") != std::string::npos)
        return;
    expect(own.kind == other.kind && own.results == other.results,
           std::string(job) + " gives " + describe(own) + ", stock Lua " + describe(other));
}

const Target kTarget("patterns", "string.find, match, gmatch, gsub against stock Lua", run);

}  // namespace
}  // namespace canon::fuzz
