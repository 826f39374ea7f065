// Format: string.format gives what stock Lua's gives where its grammar is Canon's; no output shows
// an address; %q and tostring can be read back.
//
// Input: a line, the format; then the arguments: a byte for the kind of each, and what that needs.
#include <algorithm>

#include "fuzz/support/choices.hpp"
#include "fuzz/support/target.hpp"
#include "fuzz/support/two_luas.hpp"

namespace canon::fuzz {
namespace {

// Lists stand for what has no value: {n} is made here.
constexpr const char* kScript = R"lua(
local made = {
    function() return {} end,
    function() return function() end end,
    function() return coroutine.create(print) end,
    function() return print end,
    function() return setmetatable({}, { __tostring = function() return "own text" end }) end,
    function() return setmetatable({}, { __name = "own name" }) end,
    function() return setmetatable({}, { __tostring = function() return {} end }) end,
    function() return string.gmatch("a", "a") end,
}
local function real(value)
    if type(value) == "table" then return made[value[1]]() end
    return value
end

function jobs.format(format, count, ...)
    local arguments = { ... }
    for i = 1, count do arguments[i] = real(arguments[i]) end
    return string.format(format, table.unpack(arguments, 1, count))
end

function jobs.text(value) return tostring(real(value)) end

function jobs.reread(value)
    local back = load("return " .. string.format("%q", value))()
    return back == value or back ~= back and value ~= value, math.type(back) == math.type(value)
end

function jobs.number(value) return tonumber(tostring(value)) end
)lua";

constexpr std::int64_t kMade = 8;

Value argument(Choices& choices) {
    switch (choices.byte() % 8) {
        case 0:
        case 1:
            return choices.integer();
        case 2:
        case 3:
            return choices.number();
        case 4:
            return choices.text(200);
        case 5: {
            constexpr const char* kTexts[] = {"10", "0x1p4", " 7 ", "1e2", "nan", "0x", "-0", ""};
            return kTexts[choices.below(std::size(kTexts))];
        }
        case 6: {
            const std::uint8_t which = choices.byte();
            if (which % 3 == 0) return {};
            return which % 3 == 1;
        }
        default:
            return List{1 + static_cast<std::int64_t>(choices.below(kMade))};
    }
}

bool is_reference(const Value& value) { return value.type() == Value::Type::list; }

void check_text(StrictLua& strict, StrictLua& elsewhere, StockLua& stock, const Value& value) {
    const Outcome own = strict.call("text", {value});
    expect(own == elsewhere.call("text", {value}), "tostring shows no address");
    if (own.kind == Outcome::stopped) return;
    if (!is_reference(value)) {
        expect(own.results == stock.call("text", {value}).results,
               "tostring gives " + describe(own) + ", stock Lua " +
                   describe(stock.call("text", {value})));
        const Outcome reread = strict.call("reread", {value});
        expect(reread.results == List{true, true},
               "what %q writes reads back as the same: " + describe(reread));
    }
    if (value.type() == Value::Type::integer)
        expect(strict.call("number", {value}).results == List{value},
               "the text of an integer reads back as it");
}

// The C library under stock Lua, glibc 2.36, writes 1.E+02 for ("%#.2G"):format(99.9), where C has
// 1.0E+02: its rounding to another power of ten loses a zero. Ours does not.
bool may_lack_a_zero(const std::string& format, const List& results) {
    if (format.find('#') == format.npos || results.empty()) return false;
    const Value& text = results[0];
    return text.type() == Value::Type::string &&
           (text.as_string().find("1.e+") != std::string::npos ||
            text.as_string().find("1.E+") != std::string::npos);
}

void run(Input input) {
    // Their arenas lie at different addresses, and their strings have other hashes.
    static StrictLua strict(kScript), elsewhere(kScript, 12345);
    static StockLua stock(kScript);
    Choices choices(input);
    const std::string format = choices.line(200);
    List values;
    while (!choices.empty() && values.size() < 12) values.push_back(argument(choices));
    constexpr std::size_t kAlone = 2;  // each is several runs, and one input has few new values
    for (std::size_t i = 0; i < values.size() && i < kAlone; ++i)
        check_text(strict, elsewhere, stock, values[i]);

    List arguments = {format, static_cast<std::int64_t>(values.size())};
    arguments.insert(arguments.end(), values.begin(), values.end());
    const Outcome own = strict.call("format", arguments);
    expect(own == elsewhere.call("format", arguments), "format shows no address");
    if (own.kind == Outcome::stopped) return;
    const Outcome other = stock.call("format", arguments);
    if (own.kind == Outcome::failed && own.message.find("'%p' is not") != std::string::npos) return;
    expect(own.kind == other.kind,
           "format gives " + describe(own) + ", stock Lua " + describe(other));
    // What stock Lua says of a reference is an address.
    if (std::any_of(values.begin(), values.end(), is_reference)) return;
    if (may_lack_a_zero(format, other.results)) return;
    expect(own.results == other.results,
           "format gives " + describe(own) + ", stock Lua " + describe(other));
}

const Target kTarget("format", "string.format, tostring against stock Lua", run);

}  // namespace
}  // namespace canon::fuzz
