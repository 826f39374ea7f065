// Goal: nothing but program, config, seed and inputs decides the state.
// Method: one program that uses every engine function runs with several numbers of workers, again
// and again, in two simulations at once, and in other processes with another environment; every
// frame's hashes are compared.
#include <boost/test/unit_test.hpp>
#include <exception>
#include <functional>
#include <thread>

#include "canon/hash.hpp"
#include "core/sanitizers.hpp"
#include "determinism/child.hpp"
#include "determinism/melee.hpp"

namespace canon::test {
namespace {

std::string hashes_of(const Trace& trace) {
    std::string text;
    for (const FrameReport& report : trace.reports)
        text += hash_text(report.state_hash) + " " + hash_text(report.chain) + "\n";
    return text;
}

// Runs `work` on a thread of its own; what it throws is thrown here.
void on_thread(
    const std::function<void()>& work, const std::function<void()>& meanwhile = [] {}) {
    std::exception_ptr thrown;
    std::thread thread([&] {
        try {
            work();
        } catch (...) {
            thrown = std::current_exception();
        }
    });
    meanwhile();
    thread.join();
    if (thrown) std::rethrow_exception(thrown);
}

constexpr const char* kChildCase = "determinism/worker_count/child_that_runs_the_melee";

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(worker_count)

BOOST_AUTO_TEST_CASE(state_hash_and_chain_do_not_depend_on_worker_count) {
    const Trace trace = compare_workers(melee());

    // The program did what it is there for.
    std::uint64_t jobs = 0, rounds = 0, dead = 0;
    for (const FrameReport& report : trace.reports) {
        jobs += report.jobs;
        rounds += report.rounds;
        dead += report.dead_actions;
    }
    const auto total = [&](const char* field) {
        const World& world = trace.simulation->world();
        return world.get(world.singleton("match"), field);
    };
    BOOST_TEST(jobs > 500u);
    BOOST_TEST(rounds > trace.reports.size());
    BOOST_TEST(dead > 0u);
    BOOST_TEST(trace.faults().size() > 5u);
    BOOST_TEST(trace.log().size() > 10u);
    BOOST_TEST(total("struck").as_integer() > 50);
    BOOST_TEST(total("deaths").as_integer() > 3);
    BOOST_TEST(total("wave").as_integer() > 5);
    BOOST_TEST(trace.reports.front().state_hash != trace.reports.back().state_hash);
}

BOOST_AUTO_TEST_CASE(every_run_of_a_process_gives_the_same_hashes) {
    const std::string first = hashes_of(run(melee(), 2));
    for (int i = 0; i < 4; ++i) BOOST_TEST(hashes_of(run(melee(), 2)) == first);
}

BOOST_AUTO_TEST_CASE(simulations_on_two_threads_at_once_do_not_disturb_each_other) {
    Scenario one = melee(), other = melee();
    other.seed = 43;
    const std::string alone = hashes_of(run(one, 2)), other_alone = hashes_of(run(other, 3));
    BOOST_TEST(alone != other_alone);
    std::string together, other_together;
    on_thread([&] { together = hashes_of(run(one, 2)); },
              [&] { on_thread([&] { other_together = hashes_of(run(other, 3)); }); });
    BOOST_TEST(together == alone);
    BOOST_TEST(other_together == other_alone);
}

BOOST_AUTO_TEST_CASE(simulations_whose_steps_alternate_on_one_thread_do_not_disturb_each_other) {
    Scenario other = melee();
    other.seed = 43;
    const std::string alone = hashes_of(run(melee())), other_alone = hashes_of(run(other));
    Trace a, b;
    a.simulation = start(melee(), 2);
    b.simulation = start(other, 2);
    a.reports.push_back(a.simulation->start_report());
    b.reports.push_back(b.simulation->start_report());
    for (std::uint64_t frame = 1; frame <= other.frames; ++frame) {
        a.reports.push_back(step(*a.simulation, other));
        b.reports.push_back(step(*b.simulation, other));
    }
    BOOST_TEST(hashes_of(a) == alone);
    BOOST_TEST(hashes_of(b) == other_alone);
}

BOOST_AUTO_TEST_CASE(a_simulation_may_be_made_on_one_thread_and_stepped_on_another) {
    const std::string expected = hashes_of(run(melee(), 2));
    Trace trace;
    on_thread([&] {
        trace.simulation = start(melee(), 2);
        trace.reports.push_back(trace.simulation->start_report());
    });
    for (int part = 0; part < 2; ++part)
        on_thread([&] {
            for (std::uint64_t i = 0; i < melee().frames / 2; ++i)
                trace.reports.push_back(step(*trace.simulation, melee()));
        });
    BOOST_TEST(hashes_of(trace) == expected);
}

BOOST_AUTO_TEST_CASE(seed_config_and_inputs_each_change_the_state) {
    const std::uint64_t plain = run(melee()).reports.back().state_hash;
    Scenario seeded = melee(), configured = melee(), unplayed = melee();
    seeded.seed = 7;
    configured.config = Map{{"units", 31}};
    unplayed.inputs = nullptr;
    BOOST_TEST(run(seeded).reports.back().state_hash != plain);
    BOOST_TEST(run(configured).reports.back().state_hash != plain);
    BOOST_TEST(run(unplayed).reports.back().state_hash != plain);
}

BOOST_AUTO_TEST_CASE(zero_workers_means_all_cores_and_changes_nothing) {
    const Trace trace = run(melee(), 0);
    BOOST_TEST(trace.simulation->workers() >= 1u);
    BOOST_TEST(hashes_of(trace) == hashes_of(run(melee(), 1)));
}

BOOST_AUTO_TEST_CASE(child_that_runs_the_melee, *boost::unit_test::disabled()) {
    answer_parent(hashes_of(run(melee(), 3)));
}

BOOST_AUTO_TEST_CASE(another_process_gives_the_same_hashes) {
    const std::string here = hashes_of(run(melee(), 2));
    for (int i = 0; i < 2; ++i) BOOST_TEST(run_child(kChildCase) == here);
}

BOOST_AUTO_TEST_CASE(
    a_process_with_another_environment_and_without_fused_multiply_add_gives_the_same_hashes) {
    ChildOptions options;
    options.environment = {
        {"GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable"},
        {"TZ", "Asia/Kathmandu"},
        {"LC_ALL", "C.UTF-8"},
        {"CANON_PADDING", std::string(5000, 'x')}};
    BOOST_TEST(run_child(kChildCase, options) == hashes_of(run(melee(), 2)));
}

#if !CANON_IS_SANITIZED
BOOST_AUTO_TEST_CASE(a_process_with_little_address_space_gives_the_same_hashes) {
    ChildOptions options;
    options.address_space_kilobytes = 1'000'000;
    BOOST_TEST(run_child(kChildCase, options) == hashes_of(run(melee(), 2)));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
