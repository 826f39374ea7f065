// Goal: a view sees all of the simulation, does as it likes, and changes nothing but by inputs.
// Method: skirmish runs with views of every kind that do as much as they can, and each frame's
// chain is compared with a run without; small views say what they saw in their log.
#include "canon/view.hpp"

#include <boost/test/unit_test.hpp>

#include "canon/json.hpp"
#include "core/sanitizers.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

constexpr const char* kBusyView = R"lua(
local seen, weak = {}, setmetatable({}, { __mode = "k" })
local ticker = coroutine.wrap(function() while true do coroutine.yield(os.time() + os.clock()) end end)
function on_start() math.randomseed() end
function on_frame(frame)
    for kind, id, field, after, before in engine.effects() do
        seen[id] = (seen[id] or 0) + 1
        if kind == "set" then seen[field] = after end
    end
    for id in engine.each("west_soldier") do
        local x, y, hp = engine.get(id, "x", "y", "hp")
        weak[{ x, y }] = hp
        if hp == nil then error("a living soldier has no hp") end
    end
    math.random()
    ticker()
    collectgarbage()
    string.format("%p", seen)
    print(frame, tostring(seen))
    pcall(error, { frame })
    if frame % 7 == 0 then error("views may fail") end
    if frame % 11 == 0 then local t = {} for i = 1, 1e9 do t[i] = i end end
    if frame % 13 == 0 then while true do end end
end
)lua";

std::shared_ptr<const Program> text(const char* source) {
    return Program::from_modules({{"main", source}});
}

// A simulation in which each frame spawns, changes and destroys.
constexpr const char* kGarden = R"lua(
template("plant", { height = 0, name = "", parent = entity, seeds = array(0, 3) })
singleton("sun", { up = false })
function on_start() engine.spawn_entity("plant", { height = 5 }) end
function on_input(source, input) engine.set("sun", "up", input.up) end
function on_frame(frame) engine.submit_each("grow", "plant") end
function jobs.grow(id)
    if engine.get(id, "height") == 8 then
        engine.spawn_entity("plant", { height = 1, parent = id })
        return engine.destroy(id)
    end
    engine.add(id, "height", 1)
    engine.put(id, "seeds", 2, engine.frame())
end
)lua";

std::unique_ptr<Simulation> garden() {
    return std::make_unique<Simulation>(text(kGarden), SimulationOptions{.workers = 1});
}

std::string log_of(View& view) {
    view.finish();
    std::string all;
    for (const LogEntry& entry : view.take_log()) all += entry.text + "\n";
    for (const Fault& fault : view.take_faults()) all += "fault: " + fault.message + "\n";
    return all;
}

ViewOptions options_for(const char* source) {
    ViewOptions options;
    options.program = text(source);
    options.call_milliseconds = kThreadSanitizer ? 0 : 100;
    options.memory_bytes = 4 << 20;
    return options;
}

// What the view's `f` returns, or its fault.
std::string answer(Sandbox sandbox, const std::string& body) {
    const auto simulation = garden();
    ViewOptions options = options_for(("function f() " + body + " end").c_str());
    options.sandbox = std::move(sandbox);
    View view(*simulation, options);
    const Value value = view.call("f");
    const std::vector<Fault> faults = view.take_faults();
    return faults.empty() ? to_json(value) : faults[0].message;
}

std::string answer(Sandbox::Level level, const std::string& body) {
    return answer(Sandbox{level, {}}, body);
}

constexpr auto kStrict = Sandbox::Level::strict;
constexpr auto kView = Sandbox::Level::view;
constexpr auto kTrusted = Sandbox::Level::trusted;

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(views)

BOOST_AUTO_TEST_CASE(skirmish_has_the_same_hashes_with_and_without_a_busy_view) {
    constexpr int kFrames = 40;
    const auto chains = [&](int kind) {
        SimulationOptions settings{.workers = 2};
        settings.config = Map{{"units", 200}};
        Simulation simulation(Program::from_path("samples/skirmish"), settings);
        std::unique_ptr<View> view;
        if (kind != 0) {
            ViewOptions options = options_for(kBusyView);
            options.memory_bytes = 2 << 20;
            options.own_thread = kind == 2;
            if (kThreadSanitizer)
                options.program = text("function on_frame() engine.count('west_soldier') end");
            if (kind == 3) options.sandbox.level = kTrusted;
            view = std::make_unique<View>(simulation, options);
        }
        std::vector<std::uint64_t> all;
        for (int i = 0; i < kFrames; ++i) {
            all.push_back(simulation.step().chain);
            if (view) view->update();
        }
        if (view && !kThreadSanitizer && kind != 2) {  // whose thread may have skipped frames
            const std::string log = log_of(*view);
            BOOST_TEST_CONTEXT(log)
            BOOST_TEST(contains(log, "views may fail"));
            BOOST_TEST(contains(log, "not enough memory"));
            BOOST_TEST(contains(log, "limit is 100 ms"));
        }
        return all;
    };
    const std::vector<std::uint64_t> alone = chains(0);
    for (const int kind : {1, 2, 3})
        BOOST_TEST(chains(kind) == alone, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_view_sees_the_committed_world_and_what_each_frame_changed) {
    for (const bool own_thread : {false, true}) {
        const auto simulation = garden();
        ViewOptions options = options_for(R"lua(
            local frames = 0
            function on_start(config) print("begins", config.name, engine.frame(), engine.count("plant")) end
            function on_frame(frame)
                frames = frames + 1
                for kind, id, field, after, before, cell in engine.effects("plant") do
                    print(frames, kind, id, field, after, before, cell, engine.get(id, "height"))
                end
                print(frame, engine.get("sun", "up"), #engine.where("plant", "height", 1))
            end
        )lua");
        options.config = Map{{"name", "garden"}};
        options.own_thread = own_thread;
        View view(*simulation, options);
        for (int i = 0; i < 4; ++i) {
            simulation->step();
            view.update();
            view.finish();  // so that no two frames are shown at once
        }
        BOOST_TEST(log_of(view) ==
                   "begins\tgarden\t0\t1\n"
                   "1\tset\t2\theight\t6\t5\tnil\t6\n1\tset\t2\tseeds\t1\t0\t2\t6\n1\tfalse\t0\n"
                   "2\tset\t2\theight\t7\t6\tnil\t7\n2\tset\t2\tseeds\t2\t1\t2\t7\n2\tfalse\t0\n"
                   "3\tset\t2\theight\t8\t7\tnil\t8\n3\tset\t2\tseeds\t3\t2\t2\t8\n3\tfalse\t0\n"
                   "4\tspawn\t3\tnil\tnil\tnil\tnil\t1\n"
                   "4\tdestroy\t2\tnil\tnil\tnil\tnil\tnil\n4\tfalse\t1\n");
    }
}

BOOST_AUTO_TEST_CASE(a_slow_view_gets_all_effects_and_the_last_world) {
    const auto simulation = garden();
    ViewOptions options = options_for(R"lua(
        local total = 0
        function wait() local t = os.clock() while os.clock() < t + 0.005 do end end
        function on_frame(frame)
            for _, _, field in engine.effects() do if field == "height" then total = total + 1 end end
            last, height = frame, engine.get(2, "height")
            wait()
        end
        function told() return { total, last, height } end
    )lua");
    options.own_thread = true;
    options.call_milliseconds = 0;
    View view(*simulation, options);
    for (int i = 0; i < 3; ++i) {
        simulation->step();
        view.update();
    }
    view.finish();
    BOOST_TEST(to_json(view.call("told")) == "[3,3,8]");
}

BOOST_AUTO_TEST_CASE(a_view_changes_the_simulation_by_inputs_alone) {
    const auto simulation = garden();
    ViewOptions options = options_for(R"lua(
        function key(name)
            engine.input({ up = name == "space" })
            engine.input({ up = name == "space" })
            if name == "broken" then error("stop") end
            return engine.set
        end
        function set() return engine.set ~= nil or engine.submit ~= nil or engine.destroy ~= nil end
    )lua");
    options.source = 7;
    const auto is_up = [&] {
        const World& world = simulation->world();
        return world.get(world.singleton("sun"), "up").as_boolean();
    };
    View view(*simulation, options);
    BOOST_TEST(view.call("set").as_boolean() == false);
    view.call("key", {"space"});
    BOOST_TEST(is_up() == false);
    const std::vector<Input> inputs = view.take_inputs();
    BOOST_TEST_REQUIRE(inputs.size() == 2u);
    BOOST_TEST(inputs[0].source == 7u);
    BOOST_TEST(inputs[0].sequence + 1 == inputs[1].sequence);
    simulation->step(inputs);
    BOOST_TEST(is_up() == true);
    view.call("key", {"broken"});
    BOOST_TEST(view.take_inputs().empty());
    BOOST_TEST(view.take_faults().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_views_state_lasts_and_survives_its_faults) {
    const auto simulation = garden();
    View view(*simulation, options_for(R"lua(
        count = 0
        function add() count = count + 1 return count end
        function endless() count = count + 100 while true do end end
        function hungry() local t = {} for i = 1, 1e9 do t[i] = {} end end
    )lua"));
    view.call("add");
    if (!kThreadSanitizer) view.call("endless");
    view.call("hungry");
    view.call("missing");
    BOOST_TEST(view.call("add").as_integer() == (kThreadSanitizer ? 2 : 102));
    const std::vector<Fault> faults = view.take_faults();
    BOOST_TEST(faults.size() == (kThreadSanitizer ? 2u : 3u));
    BOOST_TEST(contains(faults.back().message, "no global function 'missing'"));
    BOOST_TEST(contains(faults[faults.size() - 2].message, "not enough memory"));
}

BOOST_AUTO_TEST_CASE(a_call_that_does_not_end_is_ended_however_it_hides,
                     *boost::unit_test::precondition([](boost::unit_test::test_unit_id) {
                         return boost::test_tools::assertion_result(!kThreadSanitizer);
                     })) {
    for (const char* body : {
             "while true do end",
             "while true do pcall(function() while true do end end) end",
             "xpcall(function() while true do end end, function() while true do end end)",
             "xpcall(error, function() while true do end end)",
             "coroutine.wrap(function() while true do end end)()",
             "local c = coroutine.create(function() while true do end end) while true do "
             "coroutine.resume(c) end",
             "string.find(string.rep('a', 3000), string.rep('.-', 6) .. 'b')",
             "local t = setmetatable({}, { __len = function() return 1 << 40 end }) "
             "table.insert(t, 1, 1)",
             "table.move({}, 1, 1 << 40, 2)",
             "load(function() return ' ' end)",
             "local function f() return f() end f()",
             "table.sort({ 3, 2, 1 }, function() while true do end end)",
             "string.gsub('abc', '.', function() while true do end end)",
         })
        BOOST_TEST(contains(answer(kView, body), "stopped: "), body << ": " << answer(kView, body));
}

BOOST_AUTO_TEST_CASE(each_level_has_what_its_name_says) {
    // strict
    BOOST_TEST(answer(kStrict, "return { tostring(os), tostring(io), tostring({}) }") ==
               R"(["nil","nil","table"])");
    BOOST_TEST(contains(answer(kStrict, "for k in pairs({ [{}] = 1 }) do end"), "unordered key"));
    // view
    BOOST_TEST(answer(kView,
                      "return { io == nil, package == nil, dofile == nil, loadfile == nil, "
                      "string.dump == nil, os.execute == nil, os.exit == nil, "
                      "os.getenv == nil, debug.sethook == nil, debug.getregistry == nil, "
                      "debug.setmetatable == nil }") ==
               "[true,true,true,true,true,true,true,true,true,true,true]");
    BOOST_TEST(answer(kView,
                      "return os.time() > 1600000000 and os.date('%Y', 0) == '1970' and "
                      "#os.date() > 0 and os.clock() >= 0 and os.difftime(3, 1) == 2") == "true");
    BOOST_TEST(answer(kView,
                      "return os.time({ year = 2000, month = 1, day = 2, hour = 12 }) - "
                      "os.time({ year = 2000, month = 1, day = 1, hour = 12 })") == "86400");
    BOOST_TEST(answer(kView,
                      "local n = 0 for k in pairs({ [{}] = 1, [print] = 2 }) do n = n + 1 end "
                      "return n") == "2");
    BOOST_TEST(answer(kView,
                      "local ok, message = pcall(function() return nil + 1 end) "
                      "return message") ==
               R"("main.lua:1: attempt to perform arithmetic on a nil value")");
    BOOST_TEST(answer(kView, "return select(2, xpcall(error, debug.traceback, 'deep'))")
                   .starts_with(R"("deep\nstack traceback:)"));
    BOOST_TEST(answer(kView,
                      "local t = setmetatable({}, { __mode = 'k' }) t[{}] = 1 "
                      "collectgarbage() return next(t) == nil") == "true");
    BOOST_TEST(contains(answer(kView, "setmetatable({}, { __gc = print })"), "__gc is refused"));
    BOOST_TEST(answer(kView, "return (load('\\27Lua')) == nil") == "true");
    BOOST_TEST(answer(kView, "return #string.pack('l!', 1)") == "8");
    BOOST_TEST(answer(kView, "return tostring({}):match('^table: 0x%x+$') ~= nil") == "true");
    // trusted
    BOOST_TEST(answer(kTrusted,
                      "local f = assert(io.open('samples/README.md')) local line = "
                      "f:read('l') f:close() return line") == R"("# Samples")");
    BOOST_TEST(answer(kTrusted, "return os.getenv('PATH') ~= nil and os.time() > 1600000000") ==
               "true");
    BOOST_TEST(answer(kTrusted,
                      "local done = false setmetatable({}, { __gc = function() done = "
                      "true end }) collectgarbage() return done") == "true");
    BOOST_TEST(answer(kTrusted, "return load(string.dump(function() return 42 end))()") == "42");
    BOOST_TEST(answer(kTrusted,
                      "package.path = 'samples/skirmish/?.lua' "
                      "return type(require('weapons'))") == R"("table")");
    BOOST_TEST(contains(answer(kTrusted, "require('nowhere')"), "module 'nowhere' not found"));
    BOOST_TEST(contains(answer(kView, "require('nowhere')"), "module 'nowhere' not found"));
}

BOOST_AUTO_TEST_CASE(an_allow_list_leaves_what_it_names) {
    const Sandbox sandbox{kView, {"print", "math.floor", "string.rep", "pairs", "type"}};
    BOOST_TEST(answer(sandbox, "local n = {} for k in pairs(math) do n[#n + 1] = k end return n") ==
               R"(["floor"])");
    BOOST_TEST(answer(sandbox, "return ('ab'):rep(2)") == R"("abab")");
    BOOST_TEST(contains(answer(sandbox, "return ('ab'):upper()"), "nil value"));
    BOOST_TEST(answer(sandbox, "return { type(os), type(pcall), type(_G), type(engine.get) }") ==
               R"(["nil","nil","nil","function"])");
    BOOST_TEST(answer({kStrict, {"type"}}, "return type(('x').rep)") == R"("nil")");
    const auto simulation = garden();
    ViewOptions options = options_for("");
    options.sandbox = {kView, {"math.flor"}};
    BOOST_CHECK_EXCEPTION(View(*simulation, options), Error, [](const Error& error) {
        return contains(error.what(), "no 'math.flor'; did you mean 'math.floor'?");
    });
    BOOST_TEST((Sandbox::level_named("trusted") == kTrusted));
    BOOST_CHECK_EXCEPTION(Sandbox::level_named("vew"), Error, [](const Error& error) {
        return contains(error.what(), "did you mean 'view'?");
    });
}

BOOST_AUTO_TEST_CASE(a_view_that_cannot_begin_says_why) {
    const auto simulation = garden();
    const auto refused = [&](ViewOptions options, std::string_view why) {
        BOOST_CHECK_EXCEPTION(View(*simulation, options), Error, [&](const Error& error) {
            BOOST_TEST(contains(error.what(), why), error.what());
            return true;
        });
    };
    refused(ViewOptions{}, "a view needs a program");
    ViewOptions options = options_for("x = nil + 1");
    refused(options, "main.lua:1: attempt to perform arithmetic");
    options.module = "hud";
    refused(options, "no module 'hud'");
    options = options_for("engine.input(1)");
    refused(options, "nothing can be done while the program loads");
    options = options_for("engine.get(1, 'height')");
    refused(options, "no world while the program loads");
    options = options_for("");
    options.own_thread = true;
    for (const Purity purity : {Purity::main_thread, Purity::external}) {
        options.functions = {host_function(
            "ui", "beep", [] { return 1; }, {}, purity)};
        refused(options, "ui.beep");
    }
    options = options_for("");
    options.memory_bytes = 1000;
    refused(options, "memory");
}

BOOST_AUTO_TEST_CASE(a_view_calls_functions_of_the_host) {
    const auto simulation = garden();
    int beeps = 0;
    ViewOptions options = options_for("function on_frame() ui.beep(2) end");
    options.functions.push_back(host_function(
        "ui", "beep", [&](int times) { beeps += times; }, {"times"}, Purity::main_thread));
    View view(*simulation, options);
    simulation->step();
    view.update();
    BOOST_TEST(beeps == 2);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
