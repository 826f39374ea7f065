#include "fuzz/support/program_text.hpp"

#include <algorithm>
#include <memory>

#include "canon/error.hpp"
#include "fuzz/support/target.hpp"
#include "fuzz/support/tight_limits.hpp"
#include "script/vm.hpp"

namespace canon::fuzz {
namespace {

constexpr std::string_view kMark = "\n--- ";

std::vector<Module> modules_of(std::string_view text) {
    std::vector<Module> modules;
    std::string name = "main";
    for (;;) {
        const std::size_t end = std::min(text.find(kMark), text.size());
        modules.push_back({name, std::string(text.substr(0, end))});
        if (end == text.size()) return modules;
        text.remove_prefix(end + kMark.size());
        const std::size_t line = std::min(text.find('\n'), text.size());
        name = text.substr(0, line);
        text.remove_prefix(line);
    }
}

// Loading has a limit of its own, which only a bare VM can be told: what is no endless loop here
// is none in a simulation.
bool loads_soon(const std::shared_ptr<const Program>& program, const Limits& limits) {
    script::Vm::Setup setup;
    setup.program = program;
    setup.limits.load_instructions = 100'000;
    setup.limits.work = limits.library_work;
    setup.limits.memory_bytes = limits.memory_bytes;
    setup.limits.collect_bytes = limits.collect_bytes;
    setup.limits.job_instructions = limits.job_instructions;
    try {
        const script::Vm vm(setup);
        setup.hash_seed = 12345;
        const script::Vm other(setup);
        expect(vm.functions().jobs == other.functions().jobs,
               "a program has the same jobs anywhere");
        expect(vm.schema()->digest() == other.schema()->digest(),
               "a program has the same templates anywhere");
        return true;
    } catch (const Error&) {
        return false;
    }
}

Bytes saved(const Simulation& simulation) {
    Bytes bytes;
    simulation.save(bytes);
    return bytes;
}

void check_steps(const std::shared_ptr<const Program>& program, const Limits& limits) {
    const auto start = [&] {
        SimulationOptions options;
        options.workers = 1;
        options.limits = limits;
        options.config = Map{{"units", 5}};
        return std::make_unique<Simulation>(program, options);
    };
    const auto first = start(), second = start();
    expect(first->start_report().chain == second->start_report().chain,
           "on_start is deterministic");
    const canon::Input inputs[] = {{.source = 1, .sequence = 1, .data = List{1, "move"}}};
    for (int frame = 1; frame <= 2; ++frame) first->step(inputs);
    const Bytes bytes = saved(*first);
    ByteReader in(bytes.view());
    second->load(in);
    expect(in.left() == 0 && std::ranges::equal(saved(*second).view(), bytes.view()),
           "a state that was loaded saves the same bytes");
    expect(first->state_hash() == second->state_hash(), "and has the same hash");
    for (int frame = 3; frame <= 4; ++frame)
        expect(first->step(inputs).chain == second->step(inputs).chain,
               "a state that was loaded goes on as the one that was saved");
    expect(first->dump() == second->dump(), "and has the same text");
}

}  // namespace

void check_program(std::string_view text) {
    std::shared_ptr<const Program> program;
    try {
        program = Program::from_modules(modules_of(text));
    } catch (const Error&) {
        return;
    }
    const Limits limits = tight_limits();
    if (loads_soon(program, limits)) check_steps(program, limits);
}

}  // namespace canon::fuzz
