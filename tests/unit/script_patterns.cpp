// Goal: patterns match as stock Lua's do, whatever the pattern and the subject, and each step is
// charged to the run. Method: one state with both libraries; a generated corpus of patterns, many
// of them malformed, with short subjects, whose results are compared one by one; and the work that
// is left after matches of known length.
#include <boost/test/unit_test.hpp>
#include <string>

#include "script/lua.hpp"
#include "script/raise.hpp"
#include "script/vm_context.hpp"

using namespace canon::script;

namespace {

constexpr std::int64_t kWork = std::int64_t{1} << 50;

// A state with stock libraries, and the strict string library as the global `strict`.
class BothLibraries {
  public:
    BothLibraries() : L(luaL_newstate()) {
        luaL_openlibs(L);
        *static_cast<VmContext**>(lua_getextraspace(L)) = &context_;
        context_.running = L;
        context_.work_left = kWork;
        open_raise(L);
        lua_getglobal(L, "string");
        open_strict_string(L);
        lua_getglobal(L, "string");
        lua_setglobal(L, "strict");
        lua_setglobal(L, "string");
    }
    ~BothLibraries() { lua_close(L); }
    BothLibraries(const BothLibraries&) = delete;
    BothLibraries& operator=(const BothLibraries&) = delete;

    /// Runs the text. Returns its result or its error as text.
    std::string run(const std::string& text) {
        if (luaL_loadbufferx(L, text.data(), text.size(), "=test", "t") == LUA_OK)
            lua_pcall(L, 0, 1, 0);
        std::size_t size;
        const char* result = luaL_tolstring(L, -1, &size);
        std::string copy(result, size);
        lua_settop(L, 0);
        return copy;
    }
    /// What running the text costs.
    std::int64_t work_of(const std::string& text) {
        context_.work_left = kWork;
        const std::string result = run(text);
        BOOST_TEST(result == "nil");
        return kWork - context_.work_left;
    }

  private:
    lua_State* L;
    VmContext context_;
};

// Draws patterns out of pieces, subjects out of a few bytes, and compares all four functions. The
// patterns are short, since stock Lua's time grows exponentially with them.
const char* const kCompare = R"lua(
    local draw = math.random
    math.randomseed(20, 26)
    local function pick(list) return list[draw(#list)] end

    local bytes = { "a", "b", "A", "0", "7", " ", "\n", "_", "-", "]", "[", "%", "^", "$", "(", ")", ".", "\0", "\x7f", "\x80", "\xff" }
    local few = { "a", "b", "a", "(", ")", "ab" }
    local function subject()
        local from, out = draw(2) == 1 and bytes or few, {}
        for i = 1, draw(0, 14) do out[i] = pick(from) end
        return table.concat(out)
    end

    local sets = { "[ab]", "[^a]", "[a-z]", "[%a_]", "[^%s%d]", "[]a]", "[^]a]", "[a-]", "[-a]", "[%]a]", "[a-%a]", "[%a-z]",
        "[\0-\x1f]", "[\x80-\xff]", "[^%z]", "[a%-b]", "[b-a]", "[^^]", "[.%.]", "[%w%p]" }
    local function class() return "%" .. string.char(draw(32, 126)) end
    local function item()
        local which = draw(9)
        if which <= 3 then return pick(few) end
        if which == 4 then return "." end
        if which == 5 then return pick(sets) end
        if which == 6 then return class() end
        return pick(bytes)
    end
    local suffixes = { "", "", "", "*", "+", "-", "?" }
    local function piece(depth)
        local which = draw(16)
        if which == 1 and depth > 0 then
            local inner = {}
            for i = 1, draw(0, 3) do inner[i] = piece(depth - 1) end
            return "(" .. table.concat(inner) .. ")"
        end
        if which == 2 then return "%f" .. pick(sets) end
        if which == 3 then return pick{ "%b()", "%bab", "%baa", "%b\0a" } end
        if which == 4 then return "%" .. draw(0, 3) end
        if which == 5 then return "()" end
        return item() .. pick(suffixes)
    end
    local function pattern()
        local out = {}
        for i = 1, draw(0, 5) do out[i] = piece(2) end
        local text = table.concat(out)
        if draw(5) == 1 then text = "^" .. text end
        if draw(5) == 1 then text = text .. "$" end
        if draw(12) == 1 then text = text:sub(1, draw(0, #text)) end  -- torn
        return text
    end
    local function position() return pick{ nil, nil, 1, 2, 5, -1, -3, 0, 100, -100 } end

    local function show(value) return math.type(value) and value or type(value) == "string" and ("%q"):format(value) or tostring(value) end
    local function outcome(...)
        local all = table.pack(pcall(...))
        if not all[1] then return "error" end
        for i = 1, all.n do all[i] = tostring(show(all[i])) end
        return table.concat(all, " ", 1, all.n)
    end
    local function all_matches(library, ...)
        local found, count = {}, 0
        for a, b, c in library.gmatch(...) do
            found[#found + 1] = outcome(function(...) return ... end, a, b, c)
            count = count + 1
            if count == 100 then break end
        end
        return table.concat(found, ";")
    end
    local replacements = { "", "x", "%0%0", "<%1>", "%2-%1", "%%", "%", "%x", 7, { a = "A", ab = true, b = false, [1] = 1.5 },
        setmetatable({}, { __index = function(_, key) return key end }), { a = {} },
        function(...) return select("#", ...) .. tostring((...)) end, function() return false end, function() end,
        function(a) return a end, function() error("x") end, true }
    return function(count)
        local failed, matched = 0, 0
        for i = 1, count do
            local s, p, from, by, most = subject(), pattern(), position(), pick(replacements), pick{ nil, nil, nil, 0, 1, 2, -1 }
            local is_plain = draw(6) == 1 or nil
            local calls = {
                find = { function(l) return l.find(s, p, from, is_plain) end },
                match = { function(l) return l.match(s, p, from) end },
                gmatch = { function(l) return all_matches(l, s, p, from) end },
                gsub = { function(l) return l.gsub(s, p, by, most) end },
            }
            for name, call in pairs(calls) do
                local expected, found = outcome(call[1], string), outcome(call[1], strict)
                if expected ~= found then
                    error(("%s of %q with %q, from %s, by %s, %s: %s, expected %s"):format(name, s, p, tostring(from), tostring(by),
                        tostring(most), found, expected), 0)
                end
                if expected == "error" then failed = failed + 1 elseif name == "match" and expected ~= "true nil" then matched = matched + 1 end
            end
        end
        -- The corpus is worth something only if there is enough of both.
        if failed * 40 < count or matched * 10 < count * 2 then return ("%d failed, %d matched of %d"):format(failed, matched, count) end
        return "alike"
    end
)lua";

}  // namespace

BOOST_AUTO_TEST_SUITE(script_patterns)

BOOST_AUTO_TEST_CASE(patterns_match_as_stock_lua_matches_them) {
    BothLibraries both;
    BOOST_TEST(both.run("return (function() " + std::string(kCompare) + " end)()(60000)") ==
               "alike");
}

BOOST_AUTO_TEST_CASE(patterns_nest_as_deeply_as_in_stock_lua) {
    BothLibraries both;
    BOOST_TEST(both.run(R"lua(
        -- Tails that match at once: with others stock Lua would try for ever.
        for _, unit in ipairs{ "a?", "a*", "a-", "(a)", "()", "a", "%a", "%f[a]", "b*" } do
            for _, count in ipairs{ 1, 15, 16, 17, 31, 32, 33, 99, 100, 101, 198, 199, 200, 201, 240 } do
                for _, tail in ipairs{ "", "a*", "a?", "a", "b?" } do
                    local s, p = ("a"):rep(300), unit:rep(count) .. tail
                    if #p > 1000 then goto skip end
                    local expected, found = table.pack(pcall(string.find, s, p)), table.pack(pcall(strict.find, s, p))
                    if expected[1] ~= found[1] or found[1] and table.concat(expected, " ", 2) ~= table.concat(found, " ", 2) then
                        return ("%s x %d .. %s: %s, expected %s"):format(unit, count, tail, tostring(found[2]), tostring(expected[2]))
                    end
                    ::skip::
                end
            end
        end
    )lua") == "nil");
}

BOOST_AUTO_TEST_CASE(long_texts_are_found_as_in_stock_lua) {
    BothLibraries both;
    BOOST_TEST(both.run(R"lua(
        math.randomseed(1, 2)
        for i = 1, 20000 do
            local out = {}
            for k = 1, math.random(0, 200) do out[k] = math.random(8) == 1 and "b" or "a" end
            local s = table.concat(out)
            local first = math.random(0, #s)
            local text = math.random(2) == 1 and s:sub(first, first + math.random(0, 60)) or ("a"):rep(math.random(0, 30)) .. "b"
            local from = math.random(-10, 60)
            local a, b = string.find(s, text, from, true)
            local c, d = strict.find(s, text, from, true)
            if a ~= c or b ~= d then return ("%s in %s from %d: %s %s, expected %s %s"):format(text, s, from, c, d, a, b) end
        end
    )lua") == "nil");
}

BOOST_AUTO_TEST_CASE(work_grows_with_the_steps_of_a_match) {
    BothLibraries both;
    both.run("short = ('a'):rep(10000) long = ('a'):rep(100000)");
    const auto is_about = [&](const std::string& call, std::int64_t least, std::int64_t most) {
        const std::int64_t work = both.work_of(call);
        BOOST_TEST(work >= least, call << " costs " << work);
        BOOST_TEST(work <= most, call << " costs " << work);
    };
    is_about("strict.find('a', 'a')", 0, 2);
    is_about("strict.find(long, '^a')", 1, 4);        // not by the length of the subject
    is_about("strict.find(long, 'a', 90000)", 0, 4);  // nor of what comes before
    is_about("strict.find(short, '.-b')", 50'000'000, 400'000'000);  // n^2 / 2 tries
    is_about("strict.find(long, 'a*$')", 50'000, 300'000);
    is_about("strict.find(long, 'b')", 10'000, 100'000);
    is_about("strict.gsub(long, 'a', 'b')", 50'000, 400'000);
    is_about("strict.gsub(long, 'a', rawlen)", 500'000, 4'000'000);
    is_about("strict.gsub(long, 'a', {})", 500'000, 4'000'000);
    is_about("strict.gsub('aaaaaaaa', 'a', long)", 50'000, 200'000);
    is_about("strict.find(long, '(a*)')", 50'000, 200'000);
    is_about("strict.find(long .. long, '^(a+)%1$', 1)", 100'000, 400'000'000);
    is_about("strict.find(short, '%bab')", 20'000'000, 100'000'000);
    is_about("strict.find(long, '^[bcdefghijklmnopqrstuvwxyza]*')", 1'000'000, 2'000'000);
    // What fails is not free, even where it took less than what is charged at a time.
    is_about("pcall(strict.find, short, '^a*%')", 5'000, 30'000);
    is_about("pcall(strict.gsub, short, '^a*', error)", 5'000, 30'000);
    is_about("pcall(strict.gsub, short, '^a*', function() return {} end)", 5'000, 30'000);
    is_about("pcall(strict.gsub, short, '^a*', '%9')", 5'000, 30'000);
    is_about("pcall(strict.gsub, short, '^a*', '%x')", 5'000, 30'000);
}

BOOST_AUTO_TEST_SUITE_END()
