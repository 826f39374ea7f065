// Goal: the host's floating-point environment, locale and signal handlers have no part in the state
// (rows B1 to B6, C2 to C4 of docs/DETERMINISM.md). Method: one program that computes and prints
// numbers and compares texts runs in a calm host and in hostile ones; what it wrote must be equal
// bit by bit. Golden values for what the platform's libm would decide.
#include <boost/test/unit_test.hpp>
#include <cfenv>
#include <clocale>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <locale>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#include <sys/mman.h>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/strict_math.hpp"
#include "core/sanitizers.hpp"
#include "determinism/child.hpp"
#include "determinism/melee.hpp"

namespace canon::test {
namespace {

// Numbers, texts of numbers, and comparisons of texts, in a job, a handler and a callback.
const char* const kNumbers = R"lua(
local function numbers()
    local out = {}
    local function see(...) for i = 1, select("#", ...) do out[#out + 1] = (select(i, ...)) end end
    local tiny = 2.0 ^ -1074
    local third, tenth = 1.0, 0.1
    for i = 1, 20 do third = third / 3.0 tenth = tenth + 0.2 end
    see(1 / 3, -1 / 3, 2 / 3, third, tenth, 0.1 + 0.2, tiny, tiny / 2, tiny * 3, 2.0 ^ -1030 * 0.5, 1e308 * 10, -1e308 * 10)
    see(7.5 // 2, -7.5 // 2, 7.5 % -2, -7.5 % 2, 5.3 % 3, math.fmod(-7.5, 2), math.floor(-0.5), math.ceil(0.5), 1e15, 1e16, 2 ^ 53)
    see(math.sqrt(2), 2 ^ 0.5, 2 ^ -0.5, 10 ^ -3, 1.1 ^ 100, math.sin(1), math.cos(1e10), math.tan(1.5), math.asin(0.3),
        math.acos(0.3), math.atan(1, 3), math.exp(1), math.exp(-700.5), math.log(10), math.log(8, 2), math.log(1000, 10))
    -- Each of these glibc 2.36 rounds in one way with FMA and in another without.
    local one = 1.0  -- what it is part of is not folded
    see(2.4 ^ 11.1, 4.5 ^ 17, (4.7 * one) ^ 11.7, (5.4 * one) ^ 0.8, math.sin(8.85), math.cos(1.31), math.atan(13.4),
        math.exp(58.72), math.asin(0.1158), math.acos(0.7739))
    see(tostring(1 / 3), tostring(0.1 + 0.2), tostring(tiny), 1.5 .. "", -0.0 .. "", 1e100 .. "", tostring(2 ^ 63), tostring(1e15))
    see(string.format("%.3f|%5.1f|%g|%e|%.14g|%a", 1234.5678, 0.25, 1e-5, 12345.678, 1 / 3, 1.5))
    see(tonumber("1.5"), tonumber("1,5") == nil, tonumber("0x.8p1"), tonumber("1e-320"), tonumber("4.9e-324"),
        tonumber("0.1") == 0.1, tonumber("9007199254740993"), tonumber("1e400"), math.tointeger(3.0), tonumber("  12  "))
    see("a" < "B", "B" < "a", "\xe4" < "z", "z" < "\xe4", "a\0b" < "a\0c", "a" < "a\0", "ab" < "b")
    see(("\xe4\xf6I i"):upper(), ("\xc4\xd6I i"):lower(), ("\xe4"):find("%a") == nil, ("\xc4"):find("%u") == nil,
        ("\xa0"):find("%s") == nil, ("\x85"):find("%c") == nil, ("aZ_9\xe9"):gsub("%w", "."))
    local words = { "Zebra", "apple", "\xe4pfel", "zebra", "Apple", "_", "10", "9" }
    table.sort(words)
    see(table.concat(words, " "))
    return out
end
function on_start() say(numbers()) end
function on_frame() engine.submit("work") say(numbers()) end
function jobs.work() note(numbers()) engine.post_to_main_thread("handle") note(engine.call("answer")) end
function actions.handle() say(numbers()) end
function actions.answer() return numbers() end
)lua";

// Bits, not texts of the numbers.
std::string bytes_of(const Simulation& simulation) {
    Bytes out;
    write_value(out, probe(simulation));
    std::string text;
    for (std::uint8_t byte : out.view())
        text += "0123456789abcdef"[byte >> 4], text += "0123456789abcdef"[byte & 15];
    return text;
}

// Calls `calm` whatever the environment is; what it returns was computed in the default one.
std::string numbers_with(unsigned workers) {
    const Trace trace = run(with_probe(kNumbers, 2), workers);
    return bytes_of(*trace.simulation) + " " + hash_text(trace.reports.back().chain);
}

std::string melee_with(unsigned workers) {
    return hash_text(run(melee(10), workers).reports.back().chain);
}

class HostileFloats {
  public:
    explicit HostileFloats(int rounding, bool flush) {
        std::fegetenv(&kept_);
        std::fesetround(rounding);
#if defined(__x86_64__)
        if (flush) _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
        std::uint64_t control;
        asm volatile("mrs %0, fpcr" : "=r"(control));
        if (flush) asm volatile("msr fpcr, %0" : : "r"(control | (1u << 24)));
#else
        (void)flush;
#endif
    }
    ~HostileFloats() { std::fesetenv(&kept_); }

  private:
    std::fenv_t kept_;
};

// How this thread rounds and flushes, without the flags that computing sets. Read as bits: an
// arithmetic probe may be moved by the compiler past the call that changes the environment.
std::uint64_t control_of_floats() {
#if defined(__x86_64__)
    return _mm_getcsr() & ~0x3Fu;
#elif defined(__aarch64__)
    std::uint64_t control;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    return control;
#else
    return 0;
#endif
}

std::string locale_folder() {
    static const std::string folder = [] {
        const std::filesystem::path path =
            std::filesystem::temp_directory_path() / "canon_test_locales";
        std::filesystem::create_directories(path);
        for (const char* charmap : {"UTF-8", "ISO-8859-1"}) {
            const std::string name = (path / (std::string("de_DE.") + charmap)).string();
            if (std::filesystem::exists(name)) continue;
            const std::string command =
                "localedef -i de_DE -f " + std::string(charmap) + " '" + name + "' >/dev/null 2>&1";
            if (std::system(command.c_str()) != 0) return std::string();
        }
        return path.string();
    }();
    return folder;
}

boost::test_tools::assertion_result has_german_locales(boost::unit_test::test_unit_id) {
    return !locale_folder().empty();
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(hostile_host)

BOOST_AUTO_TEST_CASE(numbers_are_the_same_on_every_worker) {
    const Trace trace = compare_workers(with_probe(kNumbers, 2));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const List log = probe(*trace.simulation).as_list();
    BOOST_REQUIRE_EQUAL(log.size(), 9u);
    for (const Value& entry : log) BOOST_TEST((entry == log[0]));
}

BOOST_AUTO_TEST_CASE(rounding_mode_and_flushed_denormals_of_the_host_change_nothing) {
    const std::string calm = numbers_with(2), calm_melee = melee_with(2);
    for (int rounding : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO})
        for (unsigned workers : {1u, 3u}) {
            std::string numbers, hashes;
            {
                const HostileFloats hostile(rounding, true);
                numbers = numbers_with(workers);
                hashes = melee_with(workers);
            }
            BOOST_TEST(numbers == calm);
            BOOST_TEST(hashes == calm_melee);
        }
}

BOOST_AUTO_TEST_CASE(a_floating_point_environment_that_changes_between_steps_changes_nothing) {
    const Trace calm = run(melee(12), 1);
    auto simulation = start(melee(12), 1);
    for (std::uint64_t frame = 1; frame <= 12; ++frame) {
        const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
        std::uint64_t chain;
        {
            const HostileFloats hostile(modes[frame % 4], frame % 3 == 0);
            chain = step(*simulation, melee(12)).chain;
        }
        BOOST_TEST(chain == calm.reports[frame].chain, "frame " << frame);
    }
}

BOOST_AUTO_TEST_CASE(a_step_leaves_the_hosts_floating_point_environment_as_it_was) {
    int rounding;
    std::uint64_t before, after;
    {
        const HostileFloats hostile(FE_UPWARD, true);
        before = control_of_floats();
        run(melee(2), 2);
        rounding = std::fegetround();
        after = control_of_floats();
    }
    BOOST_TEST(rounding == FE_UPWARD);
    BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_CASE(child_with_the_locale_of_its_environment, *boost::unit_test::disabled()) {
    if (std::setlocale(LC_ALL, "") == nullptr ||
        std::strcmp(std::localeconv()->decimal_point, ",") != 0)
        return answer_parent("the locale is not there");
    std::locale::global(std::locale(""));
    const locale_t own = newlocale(LC_ALL_MASK, "", nullptr);
    uselocale(own);
    const std::string texts = numbers_with(1) + "\n" + numbers_with(3) + "\n" + melee_with(2);
    const bool kept =
        std::strcmp(std::localeconv()->decimal_point, ",") == 0 && uselocale(nullptr) == own;
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(own);
    answer_parent(texts + (kept ? "\nthe host keeps its locale" : "\nthe host lost its locale"));
}

BOOST_AUTO_TEST_CASE(the_locale_of_the_host_changes_nothing,
                     *boost::unit_test::precondition(has_german_locales)) {
    const std::string calm = numbers_with(2) + "\n" + numbers_with(2) + "\n" + melee_with(2) +
                             "\nthe host keeps its locale";
    for (const char* name : {"de_DE.UTF-8", "de_DE.ISO-8859-1"}) {
        ChildOptions options;
        // The C library itself does not free all that it builds for a locale.
        options.environment = {
            {"LOCPATH", locale_folder()}, {"LC_ALL", name}, {"ASAN_OPTIONS", "detect_leaks=0"}};
        BOOST_TEST(run_child("determinism/hostile_host/child_with_the_locale_of_its_environment",
                             options) == calm,
                   name << " changes something");
    }
}

BOOST_AUTO_TEST_CASE(child_that_computes_numbers, *boost::unit_test::disabled()) {
    answer_parent(numbers_with(2));
}

BOOST_AUTO_TEST_CASE(a_processor_without_fused_multiply_add_computes_the_same_numbers) {
    ChildOptions options;
    options.environment = {
        {"GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable"}};
    BOOST_TEST(run_child("determinism/hostile_host/child_that_computes_numbers", options) ==
               numbers_with(2));
}

BOOST_AUTO_TEST_CASE(nan_has_one_text_and_one_bit_pattern) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") end
        function jobs.work()
            local zero = engine.get("probe", "real")
            local nan, other = zero / zero, -(zero / zero)
            note({ tostring(nan), tostring(other), nan .. "", "" .. other, string.format("%f %g %a", nan, other, nan),
                   string.format("%s", other), tostring(math.huge - math.huge), tostring(math.sin(math.huge)),
                   tostring(-math.sqrt(-1)), tostring(math.fmod(1, 0.0)), tostring(math.acos(2)), tostring(math.huge), tostring(-math.huge) })
            note({ string.pack("<d", nan) == string.pack("<d", other), nan == nan })
            engine.set("probe", "real", other)
        end
    )lua",
                                                   1));
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(
        probe_text(*trace.simulation) ==
        R"([["nan","nan","nan","nan","nan nan nan","nan","nan","nan","nan","nan","nan","inf","-inf"],[true,false]])");
    const double real = probe(*trace.simulation, "real").as_number();
    std::uint64_t bits;
    std::memcpy(&bits, &real, sizeof bits);
    BOOST_TEST(bits == 0x7FF8'0000'0000'0000u);
}

// Each of these is rounded otherwise by glibc 2.36, with and without FMA, but for the logarithms
// and sin(1e22), which it rounds alike.
BOOST_AUTO_TEST_CASE(power_and_transcendental_functions_have_golden_values) {
    struct Row {
        const char* expression;
        double golden;
        double strict_value;
    };
    const Row rows[] = {
        // What stands in v[] is not folded by the compiler, what stands alone is.
        {"v[0.3] ^ v[3.0]", 0x1.ba5e353f7ced9p-6, strict::pow(0.3, 3.0)},
        {"v[1.1] ^ v[5.4]", 0x1.ac4feda4fb243p+0, strict::pow(1.1, 5.4)},
        {"v[0.5] ^ v[1.5]", 0x1.6a09e667f3bccp-2, strict::pow(0.5, 1.5)},
        {"v[2.2] ^ v[3.1]", 0x1.70b06856495cdp+3, strict::pow(2.2, 3.1)},
        {"0.4 ^ 5.6", 0x1.83459526a6b3cp-8, strict::pow(0.4, 5.6)},
        {"1.2 ^ 3.0", 0x1.ba5e353f7ced9p+0, strict::pow(1.2, 3.0)},
        {"math.sin(v[1.31])", 0x1.eeafcb4220c94p-1, strict::sin(1.31)},
        {"math.sin(v[4.61])", -0x1.fd518d9a88d74p-1, strict::sin(4.61)},
        {"math.cos(v[0.36])", 0x1.df2dde5441075p-1, strict::cos(0.36)},
        {"math.cos(v[3.12])", -0x1.ffe1720cb3932p-1, strict::cos(3.12)},
        {"math.tan(v[1.49])", 0x1.8b320622e27cep+3, strict::tan(1.49)},
        {"math.tan(v[5.37])", -0x1.4b7bf856eab68p+0, strict::tan(5.37)},
        {"math.asin(v[0.3])", 0x1.380159e14f6fep-2, strict::asin(0.3)},
        {"math.asin(v[0.71])", 0x1.94391bfac8e4cp-1, strict::asin(0.71)},
        {"math.acos(v[0.29])", 0x1.46cd420e860ccp+0, strict::acos(0.29)},
        {"math.acos(v[0.75])", 0x1.720a392c1d954p-1, strict::acos(0.75)},
        {"math.exp(v[0.98])", 0x1.550ce6f25ade6p+1, strict::exp(0.98)},
        {"math.exp(v[0.42])", 0x1.859f45c326bccp+0, strict::exp(0.42)},
        {"math.log(v[3.0])", 0x1.193ea7aad030bp+0, strict::log(3.0)},
        {"math.log(v[0.1])", -0x1.26bb1bbb55515p+1, strict::log(0.1)},
        {"math.atan(v[0.62])", 0x1.1c286664ad8cap-1, strict::atan2(0.62, 1)},
        {"math.atan(v[0.3], v[1.6])", 0x1.7b97b4bce5b01p-3, strict::atan2(0.3, 1.6)},
        {"math.atan(v[1.2], v[3.0])", 0x1.85a376b677dcp-2, strict::atan2(1.2, 3.0)},
        {"math.sin(v[1e22])", -0x1.b453ab76bf397p-1, strict::sin(1e22)},
        {"math.log(v[10.0], 2)", 0x1.a934f0979a371p+1, strict::log2(10)},
        {"math.log(v[2.0], 10)", 0x1.34413509f79ffp-2, strict::log10(2)},
    };
    std::string text = "function on_frame() engine.submit('work') end function jobs.work() ";
    text += "local v = setmetatable({}, { __index = function(_, number) return number end }) ";
    for (const Row& row : rows) text += "note(" + std::string(row.expression) + ") ";
    const Trace trace = compare_workers(with_probe(text + "end", 1));
    BOOST_REQUIRE_EQUAL(describe_all(trace.faults()), "");
    const Value values = probe(*trace.simulation);
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        BOOST_TEST_CONTEXT(rows[i].expression) {
            const double value = values[static_cast<std::int64_t>(i) + 1].as_number();
            BOOST_TEST(float_text(value) == float_text(rows[i].strict_value));
            BOOST_TEST(float_text(value) == float_text(rows[i].golden));
        }
    }
}

BOOST_AUTO_TEST_CASE(many_powers_and_sines_have_a_golden_hash) {
    // B1, B2: the arguments come from integers alone, so that only the functions decide.
    Scenario scenario = with_probe(R"lua(
        function on_frame() for i = 1, 8 do engine.submit("work", i) end end
        function jobs.work(part)
            local hash, state = 0, part * 7919
            local function number(scale)
                state = (state * 6364136223846793005 + 1442695040888963407)
                return ((state >> 11) * 2.0 ^ -53 - 0.5) * scale
            end
            for i = 1, 2000 do
                local a, b = number(20.0), number(40.0)
                for _, x in ipairs { math.abs(a) ^ b, math.sin(a * 1e6), math.cos(b), math.tan(a), math.exp(b), math.log(math.abs(a)),
                                     math.asin(a / 10), math.acos(b / 20), math.atan(a, b) } do
                    hash = hash * 31 + string.unpack("<i8", string.pack("<d", x))
                end
            end
            engine.call("fold", hash)
        end
        function actions.fold(hash) engine.set("probe", "number", engine.get("probe", "number") * 31 + hash) end
    )lua",
                                   1);
    scenario.limits.job_instructions = 50'000'000;
    scenario.limits.memory_bytes = 32 << 20;
    const Trace trace = compare_workers(scenario, kFewWorkerCounts);
    BOOST_REQUIRE_EQUAL(describe_all(trace.faults()), "");
    BOOST_TEST(probe(*trace.simulation, "number").as_integer() == 7025127926439259839);
}

#if !CANON_IS_SANITIZED
sigjmp_buf after_the_fault;
volatile std::sig_atomic_t faults_of_the_host = 0;

void on_segmentation_fault(int) {
    faults_of_the_host = faults_of_the_host + 1;
    siglongjmp(after_the_fault, 1);
}

BOOST_AUTO_TEST_CASE(memory_faults_that_are_not_the_simulations_reach_the_hosts_handler) {
    struct sigaction own {
    }, before{};
    own.sa_handler = on_segmentation_fault;
    BOOST_REQUIRE_EQUAL(sigaction(SIGSEGV, &own, &before), 0);
    void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    {
        auto simulation = start(melee(4), 2);
        for (int i = 0; i < 2; ++i) {
            simulation->step();
            if (sigsetjmp(after_the_fault, 1) == 0) *static_cast<volatile char*>(page) = 1;
        }
    }
    BOOST_TEST(faults_of_the_host == 2);
    munmap(page, 4096);
    sigaction(SIGSEGV, &before, nullptr);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
