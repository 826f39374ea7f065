// Pack: string.pack, unpack and packsize give what stock Lua's give for sizes that are told, and
// what was packed unpacks to the same.
//
// Input: a byte for the function, one for the position ('0' is 0), a line, the format; then the
// values to pack, or the bytes to unpack.
#include <algorithm>
#include <string_view>

#include "fuzz/support/choices.hpp"
#include "fuzz/support/target.hpp"
#include "fuzz/support/two_luas.hpp"

namespace canon::fuzz {
namespace {

constexpr const char* kScript = R"lua(
function jobs.pack(format, ...) return string.pack(format, ...) end
function jobs.unpack(format, bytes, position) return string.unpack(format, bytes, position) end
function jobs.packsize(format) return string.packsize(format) end
)lua";

// What Canon refuses and stock Lua takes: the machine's own sizes, and sizes beyond any use.
bool is_strictness(const Outcome& own) {
    if (own.kind != Outcome::failed) return false;
    for (const char* reason : {"is the machine's", "needs a size here", "is too long", "64 MiB"})
        if (own.message.find(reason) != std::string::npos) return true;
    return false;
}

void compare(const char* job, const Outcome& own, const Outcome& other) {
    if (is_strictness(own)) return;
    expect(own.kind == other.kind && own.results == other.results,
           std::string(job) + " gives " + describe(own) + ", stock Lua " + describe(other));
}

// Stock Lua has no budget: sizes of more than four digits are for packsize alone.
bool has_large_number(std::string_view format) {
    int digits = 0;
    for (const char c : format) {
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits > 4) return true;
    }
    return false;
}

Value value_for(char option, Choices& choices) {
    if (std::string_view("fdn").find(option) != std::string_view::npos) return choices.number();
    if (std::string_view("csz").find(option) != std::string_view::npos) return choices.text(40);
    return choices.integer();
}

List values_for(std::string_view format, Choices& choices) {
    List values;
    for (std::size_t i = 0; i < format.size() && values.size() < 40; ++i) {
        const char option = format[i];
        if (option == 'X') ++i;  // which has no value, nor has the option behind it
        if (std::string_view("bBhHiIjJfdnszc").find(option) != std::string_view::npos)
            values.push_back(value_for(option, choices));
    }
    return values;
}

void check_round_trip(StrictLua& strict, const std::string& format, const List& values,
                      const Value& packed) {
    const Outcome unpacked = strict.call("unpack", {format, packed, 1});
    if (unpacked.kind == Outcome::stopped) return;
    expect(unpacked.kind == Outcome::done, "what was packed unpacks: " + describe(unpacked));
    List back = unpacked.results;
    expect(back.back() == Value(static_cast<std::int64_t>(packed.as_string().size() + 1)),
           "unpack reads what pack wrote, to the end");
    back.pop_back();
    expect(back.size() <= values.size(), "as many values come back as were packed");
    for (std::size_t i = 0; i < back.size(); ++i)
        if (back[i].type() == Value::Type::integer)
            expect(back[i] == values[i], "an integer unpacks as it was packed");
    List arguments = {format};
    arguments.insert(arguments.end(), back.begin(), back.end());
    const Outcome again = strict.call("pack", arguments);
    expect(again.kind == Outcome::stopped || again.results == List{packed},
           "what was unpacked packs to the same bytes: " + describe(again));
}

void check_pack(StrictLua& strict, StockLua& stock, const std::string& format, Choices& choices) {
    const List values = values_for(format, choices);
    List arguments = {format};
    arguments.insert(arguments.end(), values.begin(), values.end());
    const Outcome own = strict.call("pack", arguments);
    if (own.kind == Outcome::stopped) return;
    compare("pack", own, stock.call("pack", arguments));
    if (own.kind != Outcome::done) return;
    check_round_trip(strict, format, values, own.results[0]);
    const Outcome size = strict.call("packsize", {format});
    if (size.kind == Outcome::done)
        expect(
            size.results[0] == Value(static_cast<std::int64_t>(own.results[0].as_string().size())),
            "packsize gives the size of what pack makes: " + describe(size));
}

void run(Input input) {
    static StrictLua strict(kScript);
    static StockLua stock(kScript);
    Choices choices(input);
    const std::uint8_t function = choices.byte();
    const std::int64_t position = static_cast<std::int8_t>(choices.byte() - '0');
    const std::string format = choices.line(100);
    const Outcome size = strict.call("packsize", {format});
    if (size.kind != Outcome::stopped) compare("packsize", size, stock.call("packsize", {format}));
    if (has_large_number(format)) return;
    if (function % 2 == 0) return check_pack(strict, stock, format, choices);
    const List arguments = {format, choices.rest(2000), position};
    const Outcome own = strict.call("unpack", arguments);
    if (own.kind != Outcome::stopped) compare("unpack", own, stock.call("unpack", arguments));
}

const Target kTarget("pack", "string.pack, unpack, packsize against stock Lua", run);

}  // namespace
}  // namespace canon::fuzz
