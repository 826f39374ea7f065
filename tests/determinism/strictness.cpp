// Goal: scripts of a simulation see strict Lua only: no order, address, file, clock or history of
// the machine (rows A, C, E, F of docs/DETERMINISM.md). Method: jobs write down what stock Lua
// would give away; the text must be what the design says, in a hundred simulations.
#include <boost/test/unit_test.hpp>
#include <set>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"
#include "script/compiler.hpp"

namespace canon::test {
namespace {

// What `body` notes as a job, on every worker. The same must come out on the main thread.
List noted(const std::string& body, Limits limits = quick_limits()) {
    Scenario scenario = with_probe("local function body(note) " + body + R"lua( end
        function on_frame() engine.submit("work") end
        function jobs.work() body(note) end
        function on_commit(frame) if frame > 0 then body(say) end end
    )lua",
                                   1);
    scenario.limits = limits;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    const Value log = probe(*trace.simulation);
    if (log.is_nil()) return {};
    List list = log.as_list();
    BOOST_REQUIRE_EQUAL(list.size() % 2, 0u);
    const std::size_t half = list.size() / 2;
    for (std::size_t i = 0; i < half; ++i)
        BOOST_TEST((list[i] == list[half + i]), "main thread and job differ");
    list.resize(half);
    return list;
}

std::string noted_text(const std::string& body) { return to_json(Value(noted(body))); }

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(strictness)

BOOST_AUTO_TEST_CASE(pairs_is_in_canonical_order_whatever_the_history) {
    BOOST_TEST(noted_text(R"lua(
        local function order(t)
            local keys = {}
            for k in pairs(t) do keys[#keys + 1] = tostring(k) end
            return table.concat(keys, " ")
        end
        local items = { "b", 3, "a", 1.5, true, -7, "aa", 2 ^ 53, "", false, 1, 2, "Z", math.mininteger, -0.5, "\0", 1e300, "\xff" }
        local one, other = {}, {}
        for i = 1, #items do one[items[i]] = i end
        for i = 1, 100 do other["gone" .. i] = i end
        for i = #items, 1, -1 do other[items[i]] = i end
        for i = 1, 100 do other["gone" .. i] = nil end
        note(order(one) == order(other))
        local expected = { math.mininteger, -7, -0.5, 1, 1.5, 2, 3, 2 ^ 53 // 1 | 0, 1e300, "", "\0", "Z", "a", "aa", "b", "\xff", false, true }
        for i = 1, #expected do expected[i] = tostring(expected[i]) end
        note(order(one) == table.concat(expected, " "))
        local stepped = {}
        for k, v in next, one do stepped[#stepped + 1] = tostring(k) end
        note(table.concat(stepped, " ") == order(one))
        note({ next({}) == nil, next({ 5 }) == 1, (next({ b = 1, a = 2 })) })
    )lua") == R"([true,true,true,[true,true,"a"]])");
}

BOOST_AUTO_TEST_CASE(pairs_walks_the_keys_of_the_moment_when_it_began) {
    BOOST_TEST(noted_text(R"lua(
        local t, seen = { a = 1, b = 2, c = 3, d = 4 }, {}
        for k, v in pairs(t) do
            seen[#seen + 1] = k
            if k == "a" then t.b = nil t.e = 5 t.c = 30 for i = 1, 50 do t["new" .. i] = i end end
            if k == "c" then seen[#seen + 1] = v end
        end
        note(seen)
    )lua") == R"([["a","c",30,"d"]])");
}

BOOST_AUTO_TEST_CASE(pairs_over_keys_without_an_order_is_an_error) {
    BOOST_TEST(noted_text(R"lua(
        local function walk(t) for _ in pairs(t) do end end
        note({ pcall(walk, { [{}] = 1 }) }) note({ pcall(walk, { [note] = 1 }) }) note({ pcall(walk, { [math.sin] = 1, a = 2 }) })
        note({ (pcall(walk, { [coroutine.create(note)] = 1 })) })
    )lua")
                   .find("true") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_text_shows_an_address) {
    const List texts = noted(R"lua(
        local objects = { {}, note, math.sin, coroutine.create(note), setmetatable({}, { __name = "Named" }), print or type,
                          string.gmatch("a", "a") }
        local texts = {}
        for _, object in ipairs(objects) do
            texts[#texts + 1] = tostring(object)
            texts[#texts + 1] = string.format("%s", object)
            texts[#texts + 1] = tostring(select(2, pcall(error, object)))
            texts[#texts + 1] = tostring(select(2, pcall(function() return object .. object end)))
            texts[#texts + 1] = tostring(select(2, pcall(function() return object + 1 end)))
            texts[#texts + 1] = tostring(select(2, pcall(string.format, "%p", object)))
            texts[#texts + 1] = tostring(select(2, pcall(string.rep, object)))
        end
        note(texts)
    )lua");
    for (const Value& text : texts.at(0).as_list()) {
        const std::string& shown = text.as_string();
        BOOST_TEST(shown.find("0x") == std::string::npos, shown);
        std::size_t digits = 0;
        for (char c : shown)
            digits += std::isxdigit(static_cast<unsigned char>(c)) &&
                      !std::isalpha(static_cast<unsigned char>(c));
        BOOST_TEST(digits < 5u, shown);
    }
}

BOOST_AUTO_TEST_CASE(libraries_that_reach_the_machine_are_not_there) {
    BOOST_TEST(noted_text(R"lua(
        local there = {}
        for _, name in ipairs { "os", "io", "debug", "package", "dofile", "loadfile", "collectgarbage", "warn", "newproxy",
                                "LUA_PATH", "arg", "module", "setfenv", "loadlib", "jit", "ffi" } do
            if _G[name] ~= nil then there[#there + 1] = name end
        end
        for _, name in ipairs { "dump" } do if string[name] ~= nil then there[#there + 1] = "string." .. name end end
        for _, name in ipairs { "time", "clock" } do if math[name] ~= nil then there[#there + 1] = "math." .. name end end
        note(#there > 0 and there or "nothing")
    )lua") == R"(["nothing"])");
}

BOOST_AUTO_TEST_CASE(bytecode_is_never_loaded) {
    // Of this very Lua, so that it is not refused for being damaged or foreign.
    Bytes code;
    BOOST_REQUIRE_EQUAL(script::compile("return 1", "whole", code), "");
    std::string literal;
    for (const std::uint8_t byte : code.view()) {
        const std::string digits = std::to_string(byte);
        literal += "\\" + std::string(3 - digits.size(), '0') + digits;
    }
    BOOST_TEST(noted_text("local whole = \"" + literal + "\" " + R"lua(
        local header = "\27Lua\x54\0\x19\x93\r\n\x1a\n\4\8\8" .. ("\0"):rep(100)
        local function loads(...)
            if load == nil then return false end
            local ok, f = pcall(load, ...)
            return ok and type(f) == "function"
        end
        local function pieces(text)
            local at = 0
            return function() at = at + 1 if at <= #text then return text:sub(at, at) end end
        end
        note({ loads(whole), loads(whole, "x", "b"), loads(whole, "x", "bt"), loads(whole, "x", "t"), loads(pieces(whole)),
               loads(pieces(whole), "x", "b"), loads(pieces(whole), "x", "bt") })
        local given = false
        note({ loads(header), loads(header, "x", "b"), loads(header, "x", "bt"), loads("\27"),
               loads(function() if given then return nil end given = true return header end) })
        note({ pcall(require, "os") }) note({ (pcall(require, "../main")) }) note({ (pcall(require, "/etc/passwd")) })
    )lua")
                   .find("true") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(finalizers_and_weak_tables_are_refused) {
    BOOST_TEST(noted_text(R"lua(
        note((pcall(setmetatable, {}, { __gc = function() end })))
        note((pcall(setmetatable, {}, { __mode = "k" })))
        note((pcall(setmetatable, {}, { __gc = true })))
        note((pcall(setmetatable, {}, setmetatable({}, { __index = { __gc = note } }))))
    )lua") == "[false,false,false,true]");
}

// setmetatable looks for __mode once; Lua's collector, from collect_bytes on, would look again.
BOOST_AUTO_TEST_CASE(a_metatable_that_turns_weak_later_shows_no_collection) {
    Limits limits = quick_limits();
    limits.job_instructions = 50'000'000;
    limits.callback_instructions = 50'000'000;
    const List texts = noted(R"lua(
        local mode, finalizer, ran = {}, {}, false
        local weak = setmetatable({}, mode)
        pcall(function() mode.__mode = "kv" end)
        local collected = setmetatable({}, finalizer)
        pcall(function() finalizer.__gc = function() ran = true end end)
        collected = nil
        for i = 1, 20 do weak[i] = { i } end
        for i = 1, 100000 do local garbage = { i, { i } } end
        local left = 0
        for i = 1, 20 do if weak[i] then left = left + 1 end end
        note({ left, ran })
    )lua",
                             limits);
    BOOST_TEST(to_json(texts.at(0)) == "[20,false]");
}

BOOST_AUTO_TEST_CASE(tables_filled_in_any_order_leave_a_script_as_the_same_bytes) {
    // Keys that collide in a table lie there in the order in which they came.
    const std::string program = R"lua(
        local function filled()
            local keys = { -5, 0, 7, 1 << 40, "", "a", "a key", "a key that is longer than forty letters, so that it is not kept once" }
            for i = 1, 40 do keys[#keys + 1] = "k" .. i * 7919 % 1000 keys[#keys + 1] = i * 77 + 1000 end
            local t = {}
            local first, last, step = 1, #keys, 1
            if order == "backward" then first, last, step = last, first, -1 end
            for i = first, last, step do
                t[keys[i]] = i
                if order == "among others" then t[i + 0.5] = 1 t["other" .. i] = 1 end
            end
            for i = 1, #keys do t[i + 0.5] = nil t["other" .. i] = nil end
            return { t, { inner = t } }
        end
        function on_start() engine.set("probe", "log", filled()) end
        function on_frame() engine.submit("work", filled()) end
        function jobs.work(data) note(data) end
    )lua";
    std::set<std::uint64_t> states, actions;
    for (const char* order : {"forward", "backward", "among others"}) {
        const Trace trace =
            compare_workers(with_probe("local order = '" + std::string(order) + "' " + program, 1),
                            kFewWorkerCounts);
        BOOST_TEST(describe_all(trace.faults()) == "");
        states.insert(trace.reports[0].state_hash);
        actions.insert(trace.reports[1].action_hash);
    }
    BOOST_TEST(states.size() == 1u);
    BOOST_TEST(actions.size() == 1u);
}

BOOST_AUTO_TEST_CASE(numbers_whose_texts_are_equal_have_different_hashes) {
    std::set<std::uint64_t> hashes, chains;
    for (const char* number : {"0.3", "0.1 + 0.2", "0.3 - 0x1p-54"}) {
        const Trace trace =
            run(with_probe(std::string("function on_start() assert(tostring(") + number +
                               ") == '0.3') engine.set('probe', 'real', " + number + ") end",
                           1));
        BOOST_TEST(describe_all(trace.faults()) == "");
        hashes.insert(trace.simulation->state_hash());
        chains.insert(trace.reports.back().chain);
    }
    BOOST_TEST(hashes.size() == 3u);
    BOOST_TEST(chains.size() == 3u);
}

BOOST_AUTO_TEST_CASE(sort_is_stable_and_asks_in_one_order) {
    BOOST_TEST(noted_text(R"lua(
        local list, asked = {}, 0
        for i = 1, 500 do list[i] = { key = (i * 7919) % 10, at = i } end
        table.sort(list, function(a, b) asked = asked + 1 return a.key < b.key end)
        local stable = true
        for i = 2, 500 do
            local a, b = list[i - 1], list[i]
            stable = stable and (a.key < b.key or a.key == b.key and a.at < b.at)
        end
        local again = 0
        for i = 1, 500 do list[i] = { key = (i * 7919) % 10, at = i } end
        table.sort(list, function(a, b) again = again + 1 return a.key < b.key end)
        note({ stable, asked == again, asked < 5000 })
        note((pcall(table.sort, { 3, 1, 2, 5, 4, 9, 8 }, function() return true end)))
    )lua")
                   .starts_with("[[true,true,true]"));
}

BOOST_AUTO_TEST_CASE(a_border_of_a_table_with_holes_is_the_same_in_every_run) {
    const std::string program = R"lua(
        function on_frame() for i = 1, 20 do engine.submit("work", i, { key = i }) end end
        function jobs.work(i)
            local t = {}
            for k = 1, 30 do t["key" .. math.random(100)] = k end
            for k = 1, 30 do t["key" .. math.random(100)] = nil end
            for k = 1, 16 do if math.random() < 0.6 then t[k] = k end end
            local first = #t
            for k = 1, 5 do local _ = t[math.random(20)] end
            note({ first, #t })
        end
    )lua";
    std::set<std::string> results;
    for (int i = 0; i < 5; ++i)
        results.insert(probe_text(*compare_workers(with_probe(program, 1)).simulation));
    BOOST_TEST(results.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_hundred_simulations_give_one_hash) {
    const Scenario scenario = with_probe(R"lua(
        local objects = {}
        for i = 1, 40 do objects[{ i }] = "object " .. i end
        local names = {}
        for i = 1, 60 do names["name " .. i * 7919 % 1000] = i end
        function on_frame() engine.submit("work", 1) engine.submit("work", 2) end
        function jobs.work(i)
            local out = {}
            for k, v in pairs(names) do out[#out + 1] = k .. v end
            for k, v in pairs(_G) do if type(v) == "table" and k ~= "_G" then for name in pairs(v) do out[#out + 1] = name end end end
            local long = {}
            for j = 1, 30 do long[("long key "):rep(6) .. j * 31 % 100] = j end
            for k, v in pairs(long) do out[#out + 1] = v end
            out[#out + 1] = #long + math.random(1, 1000)
            note(table.concat(out, " "))
        end
    )lua",
                                         2);
    std::set<std::uint64_t> chains;
    for (int i = 0; i < 100; ++i) {
        const Trace trace = run(scenario, 1 + static_cast<unsigned>(i) % 3);
        if (i == 0) BOOST_TEST(describe_all(trace.faults()) == "");
        chains.insert(trace.reports.back().chain);
    }
    BOOST_TEST(chains.size() == 1u);
}

BOOST_AUTO_TEST_CASE(text_that_scripts_print_is_part_of_the_log_in_stamp_order) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() for i = 1, 10 do engine.submit("work", i, { priority = i % 4 }) end end
        function jobs.work(i) print("job", i, nil, true, 1.5, {}) end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const std::vector<LogEntry> log = trace.log();
    BOOST_REQUIRE_EQUAL(log.size(), 10u);
    for (std::size_t i = 0; i < 10; ++i)
        BOOST_TEST(
            log[i].text.starts_with("job\t" + std::to_string(i + 1) + "\tnil\ttrue\t1.5\ttable"));
}

BOOST_AUTO_TEST_CASE(what_a_job_gets_as_argument_belongs_to_it_alone) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame()
            local data = { list = { 1 } }
            for i = 1, 8 do engine.submit("work", data) end
        end
        function jobs.work(data)
            data.list[#data.list + 1] = "mine"
            local stored = engine.get("probe", "log") or {}
            stored[1] = "changed"
            note(#data.list)
        end
    )lua",
                                                   2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == "[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2]");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
