#include "canon/simulation.hpp"

#include "simulation/machine.hpp"

namespace canon {

SimulationSnapshot::SimulationSnapshot(std::unique_ptr<const Inside> inside) noexcept
    : inside_(std::move(inside)) {}
SimulationSnapshot::~SimulationSnapshot() = default;
Frame SimulationSnapshot::frame() const noexcept { return inside_->state.frame; }
std::uint64_t SimulationSnapshot::chain() const noexcept { return inside_->state.chain; }
void SimulationSnapshot::save(Bytes& out) const { inside_->save(out); }
const World& SimulationSnapshot::world() const noexcept { return inside_->world->world(); }

Simulation::Simulation(std::shared_ptr<const Program> program, SimulationOptions options, Host host)
    : machine_(std::make_unique<Machine>(*this, std::move(program), std::move(options),
                                         std::move(host))) {
    machine_->start();
}

Simulation::Simulation(std::shared_ptr<const Program> program, SimulationOptions options)
    : Simulation(std::move(program), std::move(options), Host{}) {}

Simulation::~Simulation() = default;

const FrameReport& Simulation::step(std::span<const Input> inputs) {
    return machine_->step(inputs);
}
const FrameReport& Simulation::replay(std::span<const Input> inputs,
                                      std::span<const KilledRun> killed,
                                      std::span<const std::uint8_t> host_answers) {
    return machine_->replay(inputs, killed, host_answers);
}
const FrameReport& Simulation::start_report() const noexcept { return machine_->start_report(); }
Frame Simulation::frame() const noexcept { return machine_->frame(); }
unsigned Simulation::workers() const noexcept { return machine_->workers(); }
const Program& Simulation::program() const noexcept { return machine_->program(); }
bool Simulation::needs_exact_mode() const noexcept { return machine_->needs_exact_mode(); }
World& Simulation::world() noexcept { return machine_->world(); }
const World& Simulation::world() const noexcept { return machine_->world(); }

JobId Simulation::submit(std::string_view job, const Value& argument,
                         const SubmitOptions& options) {
    return machine_->submit(job, argument, options);
}

JobId Simulation::submit_each(std::string_view job, std::string_view template_name,
                              const SubmitEachOptions& options) {
    return machine_->submit_each(job, template_name, options);
}

void Simulation::cancel(JobId id) { machine_->cancel(id); }
std::size_t Simulation::pending_host_actions() const noexcept {
    return machine_->pending_host_actions();
}
std::vector<JobId> Simulation::done_jobs() const { return machine_->done_jobs(); }
void Simulation::repeat(const HostAction& action) { machine_->repeat(action); }
const SimulationOptions& Simulation::options() const noexcept { return machine_->options(); }
std::string Simulation::job_name(std::uint32_t function) const {
    return machine_->job_name(function);
}
std::string Simulation::job_place(std::uint32_t function) const {
    return machine_->job_place(function);
}
void Simulation::record_actions(ActionRecord what) { machine_->record_actions(what); }
void Simulation::record_effects(bool on) { machine_->world().record_effects(on); }
std::uint64_t Simulation::state_hash() const { return machine_->state_hash(); }
std::uint64_t Simulation::chain() const noexcept { return machine_->chain(); }
void Simulation::save(Bytes& out) const { machine_->save(out); }
void Simulation::load(ByteReader& in, std::shared_ptr<const Program> program) {
    machine_->load(in, std::move(program));
}
std::shared_ptr<const SimulationSnapshot> Simulation::capture() const {
    return machine_->capture();
}
void Simulation::restore(const SimulationSnapshot& snapshot) { machine_->restore(snapshot); }
std::string Simulation::dump() const { return machine_->dump(); }
Simulation::Statistics Simulation::statistics() const { return machine_->statistics(); }

}  // namespace canon
