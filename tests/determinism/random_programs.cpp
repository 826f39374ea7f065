// Goal: the contract holds for programs that nobody thought of.
// Method: programs are put together from random statements, jobs of all kinds that read, write,
// spawn, call, post, submit, fail and run away. Each runs with several numbers of workers side by
// side, and once more with a save and a load in the middle.
#include "determinism/random_programs.hpp"

#include <boost/test/unit_test.hpp>

#include "canon/random.hpp"

namespace canon::test {
namespace {

constexpr std::uint64_t kPrograms = 40;
constexpr int kJobs = 4;
constexpr int kHandlers = 3;

enum class Place { job, background, main };

class Writer {
  public:
    explicit Writer(std::uint64_t number) : random_(0xC0FFEE, number) {}

    std::string program() {
        std::string text = R"lua(
template("unit", { a = 0, b = 0.0, x = 0.0, y = 0.0, link = entity, bag = any, cells = array(0, 4), tag = "", job = 0 },
         { grid = { "x", "y", cell = 5 }, keys = { "a" } })
template("mote", { a = 1, owner = entity })
singleton("sum", { a = 0, b = 0.0, bag = any, last = entity, job = 0 })
local function pick(name)
    local ids = {}
    for id in engine.each(name or "unit") do ids[#ids + 1] = id end
    if #ids == 0 then return 0 end
    return ids[math.random(#ids)]
end
local function grown(x, depth)
    if depth == 0 then return x end
    return { x, [2] = grown(x, depth - 1), n = math.random(9) }
end
function on_start()
    for i = 1, 12 do engine.spawn_entity("unit", { a = i % 4, x = math.random() * 20, y = math.random() * 20, bag = { i } }) end
end
)lua";
        for (int i = 1; i <= kJobs; ++i) {
            text +=
                "function jobs.work" + std::to_string(i) + "(n)\n" + place(Place::job) + "end\n";
            text += "function jobs.plan" + std::to_string(i) + "(n)\n" + place(Place::background) +
                    "end\n";
        }
        for (int i = 1; i <= kHandlers; ++i)
            text += "function actions.handle" + std::to_string(i) + "(n)\n" + place(Place::main) +
                    "return n\nend\n";
        text +=
            "function jobs.each(id)\nlocal n = 1\nif type(id) == 'table' then id = id[1] end\n" +
            body(Place::job, 4, 0) + "engine.add(id, 'a', 1, { max = 9 })\nend\n";
        text += "function on_frame(frame)\nlocal n = 2\n";
        for (int i = 0; i < 5; ++i) text += submission(false);
        text += "engine.submit_each('each', 'unit', " + each_options() + ")\n";
        text += "engine.submit_each('each', 'unit', " + each_options() + ")\n" +
                body(Place::main, 2, 0) + "end\n";
        text += "function on_input(source, n)\nn = n % 3\n" + body(Place::main, 2, 0) + "end\n";
        if (chance(60))
            text += "function on_commit(frame)\nlocal n = 1\n" + body(Place::main, 2, 0) + "end\n";
        if (chance(40))
            text += "function on_fault(fault)\nlocal n = 0\n" + body(Place::main, 1, 0) + "end\n";
        return text;
    }

  private:
    int below(int count) { return static_cast<int>(random_.next_integer(0, count - 1)); }
    bool chance(int percent) { return below(100) < percent; }
    std::string digit(int count) { return std::to_string(1 + below(count)); }
    template <std::size_t N>
    std::string one_of(const char* const (&texts)[N]) {
        return texts[below(static_cast<int>(N))];
    }

    std::string number() {
        static const char* const kNumbers[] = {
            "math.random(-9, 9)", "n", "7", "-1", "math.random(1, 4)", "0", "engine.frame()"};
        return one_of(kNumbers);
    }
    std::string real() {
        static const char* const kReals[] = {
            "math.random()", "math.random() * 20 - 10", "n / 3", "math.sin(n)", "2 ^ 0.5", "0.0"};
        return one_of(kReals);
    }
    std::string value(Place at) {
        static const char* const kValues[] = {"n",
                                              "nil",
                                              "'text'",
                                              "{}",
                                              "{ 1, 2, 3 }",
                                              "{ k = n, [3] = 'x' }",
                                              "grown(n, math.random(0, 3))",
                                              "math.random()",
                                              "true"};
        return at != Place::background && chance(20) ? "engine.get(" + id(at) + ", 'a')"
                                                     : one_of(kValues);
    }
    std::string id(Place at) {
        if (at == Place::background) return chance(50) ? "'sum'" : "math.random(1, 30)";
        static const char* const kIds[] = {"pick()", "pick()", "pick()", "pick('mote')",
                                           "math.random(1, 3000)"};
        return one_of(kIds);
    }
    std::string argument() { return "(n or 0) - 1"; }
    std::string key() {
        static const char* const kKeys[] = {"'k'", "n", "math.random(5)", "'another key'"};
        return one_of(kKeys);
    }
    std::string handler() { return "'handle" + digit(kHandlers) + "'"; }
    std::string each_options() {
        static const char* const kOptions[] = {"nil",
                                               "{ every = 2 }",
                                               "{ batch = 3 }",
                                               "{ every = 3, batch = 2 }",
                                               "{ priority = -2 }",
                                               "{ batch = 100, priority = 4 }",
                                               "{ delay = 1 }"};
        return one_of(kOptions);
    }
    std::string submission(bool keep) {
        std::string call;
        if (chance(25))
            call = "engine.submit('plan" + digit(kJobs) + "', " + argument() +
                   ", { deliver = " + (chance(25) ? "'done'" : digit(3)) +
                   (chance(40) ? ", key = " + key() : "") + " })";
        else
            call = "engine.submit('work" + digit(kJobs) + "', " + argument() +
                   ", { priority = " + number() +
                   (chance(40) ? ", delay = " + std::to_string(below(3)) : "") +
                   (chance(40) ? ", key = " + key() : "") + " })";
        return keep ? "engine.set('sum', 'job', " + call + ")\n" : call + "\n";
    }

    // The argument counts down, so that what submits itself comes to an end.
    std::string place(Place at) {
        return "n = type(n) == 'number' and math.floor(n) or 0\nif n < -1 then return end\n" +
               body(at, 3 + below(4), 0);
    }

    std::string body(Place at, int statements, int depth) {
        std::string text;
        for (int i = 0; i < statements; ++i) text += statement(at, depth);
        return text;
    }

    std::string statement(Place at, int depth) {
        const bool reads = at != Place::background;
        switch (below(depth < 2 ? 30 : 20)) {
            case 0:
                return "engine.set(" + id(at) + ", 'a', " + number() + ")\n";
            case 1:
                return "engine.add(" + id(at) + ", 'a', " + number() +
                       ", { min = -20, max = 20 })\n";
            case 2:
                return "engine.add('sum', 'b', " + real() + ")\n";
            case 3:
                return "engine.set('sum', 'b', " + real() + ")\n";
            case 4:
                return reads ? "engine.set(pick(), 'link', " + id(at) + ")\n"
                             : "engine.add('sum', 'a', n)\n";
            case 5:
                return reads ? "engine.put(pick(), 'cells', math.random(1, 4), " + number() + ")\n"
                             : "math.random()\n";
            case 6:
                return "engine.set('sum', 'bag', " + value(at) + ")\n";
            case 7:
                return reads ? "engine.set(pick(), 'bag', " + value(at) + ")\n"
                             : "engine.log('info', 'n is ' .. n)\n";
            case 8:
                return "local new = engine.spawn_entity('mote', { a = " + number() +
                       " })\nengine.set(new, 'owner', " + id(at) + ")\n";
            case 9:
                return reads ? "if engine.count('mote') > 5 then engine.destroy(pick('mote')) end\n"
                             : "math.random(5)\n";
            case 10:
                return reads ? "if engine.count('unit') > 6 then engine.destroy(pick()) end\n"
                             : "n = n + 0\n";
            case 11:
                return "engine.spawn_entity('unit', { a = " + number() + ", x = " + real() +
                       ", bag = " + value(at) + " })\n";
            case 12:
                return "if n > 0 then " + submission(false) + "end\n";
            case 13:
                return "if n > 0 then " + submission(true) + "end\n";
            case 14:
                return reads ? "engine.cancel(engine.get('sum', 'job'))\n" : "engine.cancel(n)\n";
            case 15:
                return "if n > 0 then engine.post_to_main_thread(" + handler() + ", " + argument() +
                       ") end\n";
            case 16:
                return reads ? "if n >= 0 then engine.add('sum', 'a', engine.call(" + handler() +
                                   ", n - 1) or 1) end\n"
                             : "engine.add('sum', 'a', 2)\n";
            case 17:
                return reads ? "if n >= 0 then local ok, got = pcall(engine.call, " + handler() +
                                   ", n - 1) if not ok then engine.add('sum', 'a', 3) end end\n"
                             : "pcall(error, n)\n";
            case 18:
                return reads ? "for _, id in ipairs(engine.near('unit', " + real() + ", " + real() +
                                   ", 8)) do engine.add(id, 'b', 0.1 * id) end\n"
                             : "engine.set('sum', 'last', n)\n";
            case 19:
                return reads ? "for _, id in ipairs(engine.where('unit', 'a', " + number() +
                                   ")) do engine.set(id, 'tag', 'n' .. n) end\n"
                             : "engine.log('debug', math.random())\n";
            case 20:
                return "if math.random() < 0.5 then\n" + body(at, 2, depth + 1) + "end\n";
            case 21:
                return "for i = 1, math.random(3) do\n" + body(at, 1 + below(2), depth + 1) +
                       "end\n";
            case 22:
                return "pcall(function()\n" + body(at, 2, depth + 1) + "end)\n";
            case 23:
                return "coroutine.wrap(function()\n" + body(at, 2, depth + 1) + "end)()\n";
            case 24:
                return "local co = coroutine.wrap(function()\n" + body(at, 1, depth + 1) +
                       "coroutine.yield()\n" + body(at, 1, depth + 1) + "end)\nco() co()\n";
            case 25:
                return "if math.random() < 0.1 then error('at random ' .. n) end\n";
            case 26:
                return "if math.random() < 0.02 then while true do end end\n";
            case 27:
                return "if math.random() < 0.02 then local t = {} while true do t = { t, t, t } "
                       "end end\n";
            case 28:
                return "if math.random() < 0.05 then engine.set('sum', 'a', 'no number') end\n";
            default:
                return "local t = {} for i = 1, 30 do t['k' .. i % 7] = (t['k' .. i % 7] or 0) + i "
                       "end\n"
                       "for k, v in pairs(t) do engine.add('sum', 'b', v / #k) end\n";
        }
    }

    RandomStream random_;
};

}  // namespace

Scenario random_program(std::uint64_t number) {
    Scenario scenario;
    scenario.main = Writer(number).program();
    scenario.frames = 6;
    scenario.seed = number;
    scenario.limits.job_instructions = 50'000;
    scenario.limits.callback_instructions = 100'000;
    scenario.limits.memory_bytes = 1 << 20;
    scenario.limits.collect_bytes = 128 << 10;
    scenario.limits.rounds = 6;
    scenario.limits.post_depth = 4;
    scenario.limits.posts_per_commit = 200;
    scenario.limits.jobs_per_frame = 300;
    scenario.limits.done_delay = 2;
    scenario.inputs = [number](std::uint64_t frame) {
        std::vector<Input> inputs;
        for (std::uint32_t source = 0; source < (number + frame) % 4; ++source)
            inputs.push_back({source, frame, static_cast<std::int64_t>(frame + source)});
        return inputs;
    };
    return scenario;
}

namespace {

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(random_programs)

BOOST_AUTO_TEST_CASE(no_random_program_depends_on_worker_count_or_on_a_save_in_between) {
    std::uint64_t jobs = 0, faults = 0, rounds = 0, dead = 0;
    for (std::uint64_t number = 1; number <= kPrograms; ++number) {
        BOOST_TEST_CONTEXT("random program " << number) {
            const Scenario scenario = random_program(number);
            const Trace trace = compare_workers(scenario);
            for (const FrameReport& report : trace.reports) {
                jobs += report.jobs;
                faults += report.faults.size();
                rounds += report.rounds;
                dead += report.dead_actions;
            }
            const std::uint64_t middle = 1 + number % (scenario.frames - 1);
            auto first = start(scenario, 2), second = start(scenario, 3);
            while (first->frame().value < middle) step(*first, scenario);
            Bytes saved;
            first->save(saved);
            ByteReader reader(saved.view());
            second->load(reader);
            const auto snapshot = first->capture();
            while (first->frame().value < scenario.frames) step(*first, scenario);
            while (second->frame().value < scenario.frames) step(*second, scenario);
            check_same_state(*first, *trace.simulation, "captured in the middle");
            check_same_state(*second, *trace.simulation, "loaded in the middle");
            first->restore(*snapshot);
            while (first->frame().value < scenario.frames) step(*first, scenario);
            check_same_state(*first, *trace.simulation, "restored in the middle");
        }
    }
    BOOST_TEST_MESSAGE(jobs << " jobs, " << rounds << " rounds, " << faults << " faults, " << dead
                            << " dead actions");
    BOOST_TEST(jobs > 100 * kPrograms);
    BOOST_TEST(rounds > 10 * kPrograms);
    BOOST_TEST(faults > kPrograms);
    BOOST_TEST(dead > kPrograms);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
