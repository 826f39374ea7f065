#include "canon/bytes.hpp"
#include "canon/json.hpp"
#include "fuzz/support/target.hpp"
#include "fuzz/support/two_luas.hpp"
#include "script/vm.hpp"

namespace canon::fuzz {

bool operator==(const Outcome& a, const Outcome& b) noexcept {
    return a.kind == b.kind && a.results == b.results && a.message == b.message;
}

std::string describe(const Outcome& outcome) {
    if (outcome.kind == Outcome::done) return to_json(outcome.results);
    return (outcome.kind == Outcome::failed ? "failed: " : "stopped: ") + outcome.message;
}

StrictLua::StrictLua(const std::string& script, std::uint32_t hash_seed) {
    script::Vm::Setup setup;
    setup.program = Program::from_modules({{"main", script}});
    setup.limits.job_instructions = 1'000'000;
    setup.limits.work = 4'000'000;
    setup.limits.memory_bytes = 4 << 20;
    setup.limits.collect_bytes = 1 << 20;
    setup.hash_seed = hash_seed;
    vm_ = std::make_unique<script::Vm>(setup);
}

StrictLua::~StrictLua() = default;

Outcome StrictLua::call(const char* job, const List& arguments) {
    Bytes values;
    for (const Value& argument : arguments) write_value(values, argument);
    script::Run run;
    run.function = vm_->functions().find_job(job);
    expect(run.function != kNone, std::string("the script has the job ") + job);
    run.argument = script::Run::Argument::values;
    run.values = values.view();
    run.value_count = static_cast<std::uint32_t>(arguments.size());
    run.results = script::Run::Results::all;
    vm_->begin_batch();
    const script::RunStatus status = vm_->run(run);
    vm_->context().log.clear();
    Outcome outcome;
    if (status == script::RunStatus::done) {
        ByteReader in(vm_->result().view());
        for (std::uint32_t i = 0; i < vm_->result_count(); ++i) {
            Value value;
            expect(read_value(in, value), "results are canonical bytes");
            outcome.results.push_back(std::move(value));
        }
        expect(in.left() == 0, "results are as many as are told");
    } else {
        expect(status == script::RunStatus::failed, "a job that calls nobody does not stop");
        const Fault& fault = vm_->fault();
        outcome.kind = fault.kind == FaultKind::error ? Outcome::failed : Outcome::stopped;
        outcome.message = fault.message;
    }
    return outcome;
}

}  // namespace canon::fuzz
