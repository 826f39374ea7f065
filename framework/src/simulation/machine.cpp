#include "simulation/machine.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

#include "canon/hash.hpp"
#include "core/chaos.hpp"
#include "core/hostile_environment.hpp"
#include "script/action.hpp"
#include "script/host_functions.hpp"
#include "script/raise.hpp"

namespace canon {
namespace {

using jobs::JobStatus;
using jobs::Submission;
using jobs::SubmissionQueue;
using script::FunctionTable;
using script::Run;
using script::RunStatus;

std::int64_t clock_now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Workers, the main thread among them.
unsigned places(const SimulationOptions& options) {
    if (options.shared_workers != nullptr) return options.shared_workers->count();
    if (options.workers > 1024)
        throw Error("at most 1024 workers, not " + std::to_string(options.workers));
    if (options.workers == 0 && options.chaos != 0) return Chaos(options.chaos).workers;
    return options.workers != 0 ? options.workers
                                : std::clamp(std::thread::hardware_concurrency(), 1u, 1024u);
}

// Texts of the engine differ between builds, and a replay ends by itself what a limit has ended.
std::string message_for_scripts(const Fault& fault) {
    if (fault.is_engine_text) return script::kEngineError;
    if (is_kill(fault.kind))
        return fault.function + " was stopped (" + fault_name(fault.kind) + ")";
    return fault.message;
}

Value fault_value(const Fault& fault) {
    Map map;
    map.set("kind", fault_name(fault.kind));
    map.set("frame", static_cast<std::int64_t>(fault.frame.value));
    map.set("function", fault.function);
    map.set("message", message_for_scripts(fault));
    map.set("in_job", fault.in_job);
    return map;
}

}  // namespace

Simulation::Machine::Machine(Simulation& owner, std::shared_ptr<const Program> program,
                             SimulationOptions options, Host host)
    : owner_(owner),
      options_(std::move(options)),
      host_(std::move(host)),
      places_(places(options_)) {
    const HostileEnvironment hostile(options_.chaos, 0);
    // Threads inherit what they are started in, and have to leave it.
    if (options_.chaos != 0 && options_.shared_workers == nullptr)
        pool_ = Workers({.threads = places_ - 1}).pool();
    const FixedEnvironment environment;
    for (std::size_t i = 0; i < host_.functions.size(); ++i)
        script::check_name(host_.functions[i], std::span(host_.functions).first(i));
    if (options_.check_writes) lost_writes_ = std::make_unique<LostWrites>();
    auto vms = load_program(program);
    if (options_.shared_workers != nullptr)
        pool_ = options_.shared_workers->pool();
    else if (pool_ == nullptr)
        pool_ = Workers({.threads = places_ - 1}).pool();
    world_ = std::make_unique<World>((*vms)[0].schema());
    for (const auto& [name, make] : host_.states) world_->add_host_state(name, make());
    adopt(std::move(program), std::move(vms));
    note_singletons();
}

Simulation::Machine::~Machine() { runner_.reset(); }

std::uint64_t Simulation::Machine::stamp_hash(const Stamp& stamp) noexcept {
    const std::uint64_t parts[3] = {stamp.frame.value,
                                    std::uint64_t{stamp.submission} << 32 | stamp.job,
                                    std::uint64_t{stamp.round} << 32 | stamp.index};
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(parts), sizeof parts});
}

// ---- the frame ----

void Simulation::Machine::begin_report() {
    report_ = FrameReport{};
    report_.frame = state_.frame;
    in_commit_ = false;
    posts_.clear();
    post_bytes_.clear();
    posts_made_ = 0;
    action_hashes_.clear();
    job_actions_.clear();
    host_answers_.kept.clear();
    report_.host_actions.swap(host_actions_);
    std::fill(struck_.begin(), struck_.end(), false);
    main_runs_ = 0;
    if (lost_writes_ != nullptr) lost_writes_->begin_frame();
}

void Simulation::Machine::start() {
    const HostileEnvironment hostile(options_.chaos, 0);
    const FixedEnvironment environment;
    begin_report();
    Bytes config;
    write_value(config, options_.config);
    in_commit_ = true;  // what on_start submits is due in frame 1
    callback(FunctionTable::on_start, config.view(), 1, 0);
    run_posts();
    react();
    finish_frame(0);
    start_report_ = report_;
}

const FrameReport& Simulation::Machine::step(std::span<const Input> inputs) {
    std::vector<const Input*> ordered;
    take_inputs(inputs, ordered);
    const HostileEnvironment hostile(options_.chaos, state_.frame.value + 1);
    const FixedEnvironment environment;
    std::vector<Reload> reloads = load_reloads(ordered);
    const std::int64_t began = clock_now();
    ++state_.frame.value;
    begin_report();
    world_->clear_effects();
    between_steps_ = false;
    for (Reload& loaded : reloads) reload(std::move(loaded));
    Hasher input_hasher;
    for (const Input* input : ordered) {
        input_bytes_.clear();
        write_value(input_bytes_, Value(std::int64_t{input->source}));
        const std::size_t data = input_bytes_.size();
        write_value(input_bytes_, input->data);
        input_hasher.update_integer(input->source);
        input_hasher.update_integer(input->sequence);
        input_hasher.update(input_bytes_.data() + data, input_bytes_.size() - data);
        run_input(*input);
    }
    input_bytes_.clear();
    write_value(input_bytes_, Value(static_cast<std::int64_t>(state_.frame.value)));
    callback(FunctionTable::on_frame, input_bytes_.view(), 1, 0);
    start_pending_background();
    report_.callback_nanoseconds = clock_now() - began;

    SubmissionQueue queue;
    if (const auto due = state_.queues.find(state_.frame.value); due != state_.queues.end()) {
        queue = std::move(due->second);
        state_.queues.erase(due);
        for (const Submission& entry : queue.entries)
            if (entry.submitted < state_.frame) waiting_.erase(entry.id.value);
    }
    in_commit_ = true;
    run_jobs(queue);
    const std::int64_t reacted = clock_now();
    react();
    report_.commit_nanoseconds += clock_now() - reacted;
    finish_frame(ordered.empty() ? 0 : input_hasher.digest());
    queue.clear();
    spare_queue_ = std::move(queue);
    return report_;
}

const FrameReport& Simulation::Machine::replay(std::span<const Input> inputs,
                                               std::span<const KilledRun> killed,
                                               std::span<const std::uint8_t> host_answers) {
    host_answers_.are_told = true;
    host_answers_.told = ByteReader(host_answers);
    for (const KilledRun& run : killed)
        (run.in_job ? killed_jobs_ : killed_on_main_).push_back(run);
    std::sort(killed_jobs_.begin(), killed_jobs_.end(),
              [](const KilledRun& a, const KilledRun& b) { return a.stamp < b.stamp; });
    struct Told {
        Machine& machine;
        explicit Told(Machine& machine) : machine(machine) { machine.scale_limits(2); }
        ~Told() {
            machine.scale_limits(1);
            machine.killed_jobs_.clear();
            machine.killed_on_main_.clear();
            machine.host_answers_.are_told = false;
        }
    } const told(*this);
    return step(inputs);
}

// Background jobs keep what was so when they were begun.
void Simulation::Machine::scale_limits(int factor) noexcept {
    limit_scale_ = factor;
    runner_->scale_limits(factor);
}

void Simulation::Machine::take_inputs(std::span<const Input> inputs,
                                      std::vector<const Input*>& ordered) const {
    for (const Input& input : inputs) ordered.push_back(&input);
    std::stable_sort(ordered.begin(), ordered.end(), [](const Input* a, const Input* b) {
        return std::pair(a->source, a->sequence) < std::pair(b->source, b->sequence);
    });
    std::vector<std::size_t> firsts;  // where each source's inputs begin
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        if (i == 0 || ordered[i]->source != ordered[i - 1]->source)
            firsts.push_back(i);
        else if (ordered[i]->sequence == ordered[i - 1]->sequence)
            throw Error("frame " + std::to_string(state_.frame.value + 1) +
                        " has two inputs of source " + source_name(ordered[i]->source) +
                        " with sequence " + std::to_string(ordered[i]->sequence) +
                        "; a source numbers its inputs");
    }
    // No source is always the first.
    if (firsts.empty()) return;
    const std::size_t first = firsts[(state_.frame.value + 1) % firsts.size()];
    std::rotate(ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(first),
                ordered.end());
}

std::uint64_t Simulation::Machine::callback_key(const std::string& name) const {
    Hasher hasher;
    hasher.update_integer(options_.seed);
    hasher.update_integer(state_.frame.value);
    hasher.update_string(name);
    return hasher.digest();
}

bool Simulation::Machine::callback(FunctionTable::Callback which,
                                   std::span<const std::uint8_t> values, std::uint32_t count,
                                   std::uint64_t stream) {
    const FunctionTable& functions = (*vms_)[0].functions();
    if (!functions.has_callback[which]) return true;
    Run run;
    run.function = functions.callback(which);
    run.argument = Run::Argument::values;
    run.values = values;
    run.value_count = count;
    stamp_.submission = static_cast<std::uint32_t>(which);
    return run_callback(run, functions.name(run.function), stream);
}

// Call: stamp_.submission says which.
bool Simulation::Machine::run_callback(Run& run, const std::string& name, std::uint64_t stream) {
    script::Vm& vm = (*vms_)[0];
    run.mode = script::Mode::main;
    run.limit_scale = limit_scale_;
    run.frame = state_.frame;
    run.random_key = callback_key(name);
    run.random_stream = stream;
    vm.context().world = world_.get();
    stamp_ =
        Stamp{state_.frame, stamp_.submission, static_cast<std::uint32_t>(stream), 0x40000000u, 0};
    post_depth_ = 0;
    limit_hit_ = false;
    begin_savepoint();
    Fault fault;
    const RunStatus status = run_on_main(run, name, fault);
    if (status == RunStatus::done) {
        release_savepoint();
        if (run.chunk.empty()) {
            add_lost_writes(vm.lost_writes(), Stamp{state_.frame}, false);
        } else {
            for (LostWrite write : vm.lost_writes()) {
                write.function = name;
                write.chunk.clear();
                write.line = 0;
                add_lost_writes({&write, 1}, Stamp{state_.frame}, false);
            }
        }
        return true;
    }
    undo_savepoint();
    add_fault(std::move(fault), Stamp{state_.frame});
    return false;
}

RunStatus Simulation::Machine::run_on_main(const Run& run, const std::string& name, Fault& fault) {
    script::Vm& vm = (*vms_)[0];
    const std::uint32_t number = main_runs_++;
    for (const KilledRun& killed : killed_on_main_)
        if (killed.run == number) {
            fault = fault_of(killed, name);
            report_.killed.push_back(killed);
            return RunStatus::failed;
        }
    vm.begin_batch();
    const std::size_t answers = host_answers_.kept.size();
    const RunStatus status = vm.run(run);
    add_log(vm.context().log.view(), name);
    vm.context().log.clear();
    if (status == RunStatus::done) return status;
    fault = vm.fault();
    fault.function = name;
    if (limit_hit_ && fault.kind == FaultKind::error) fault.kind = FaultKind::limit;
    if (is_kill(fault.kind)) {
        report_.killed.push_back({fault.kind, false, {}, number});
        // A replay does not run it, and so does not ask.
        host_answers_.kept.truncate(answers);
    }
    return status;
}

Fault Simulation::Machine::fault_of(const KilledRun& killed, const std::string& function) {
    Fault fault;
    fault.kind = killed.kind;
    fault.in_job = killed.in_job;
    fault.function = function;
    fault.message =
        std::string("ended by its limit (") + fault_name(killed.kind) + ") when this was recorded";
    return fault;
}

const KilledRun* Simulation::Machine::killed_job(std::uint32_t index,
                                                 std::uint32_t round) const noexcept {
    if (killed_jobs_.empty()) return nullptr;
    const jobs::Job& job = runner_->job(index);
    const Submission& submission = frame_queue_->entries[job.submission];
    const Stamp stamp{submission.submitted, submission.number, job.index, round, 0};
    const auto at = std::lower_bound(
        killed_jobs_.begin(), killed_jobs_.end(), stamp,
        [](const KilledRun& killed, const Stamp& wanted) { return killed.stamp < wanted; });
    return at != killed_jobs_.end() && at->stamp == stamp ? &*at : nullptr;
}

void Simulation::Machine::run_jobs(SubmissionQueue& queue) {
    const std::int64_t began = clock_now();
    frame_queue_ = &queue;
    world_->freeze();
    if (!runner_->list(queue, *world_, state_.frame, skip_, options_.limits.jobs_per_frame)) {
        Fault fault;
        fault.kind = FaultKind::limit;
        fault.function = "on_frame";
        fault.message = "more than " + std::to_string(options_.limits.jobs_per_frame) +
                        " jobs are due in this frame (limit jobs_per_frame): none of them is run";
        add_fault(std::move(fault), Stamp{state_.frame});
    }
    report_.skipped_jobs = runner_->skipped();
    report_.jobs = runner_->size();
    const std::int64_t first_entity = world_->next_id().value;
    const std::int64_t first_job = state_.next_job;
    const auto jobs = static_cast<std::int64_t>(runner_->size());
    entities_used_ = first_entity_ = first_entity;
    jobs_used_ = first_job_ = first_job;
    const std::int64_t frozen = clock_now();
    report_.callback_nanoseconds += frozen - began;
    leave_out_killed(0);
    runner_->run_first(*world_, first_entity, first_job);
    fetch_background(queue);
    report_.run_nanoseconds += clock_now() - frozen;

    // Handlers take ids behind those of all jobs; if none has, the counters continue behind the
    // largest one used.
    const std::int64_t entity_end = first_entity + jobs * options_.limits.ids_per_job;
    const std::int64_t job_end = first_job + jobs * jobs::JobRunner::kJobsPerJob;
    world_->thaw();
    world_->set_next_id(EntityId{entity_end});
    state_.next_job = job_end;
    for (std::uint32_t round = 0;; ++round) {
        const std::int64_t committing = clock_now();
        commit_round(round);
        report_.rounds = round + 1;
        const std::int64_t committed = clock_now();
        report_.commit_nanoseconds += committed - committing;
        if (stopped_.empty()) break;
        in_round_ = stopped_;
        leave_out_killed(round + 1);
        world_->freeze();
        runner_->run_next(*world_, in_round_);
        world_->thaw();
        report_.run_nanoseconds += clock_now() - committed;
    }
    in_round_.clear();
    if (world_->next_id().value == entity_end) world_->set_next_id(EntityId{entities_used_});
    if (state_.next_job == job_end) state_.next_job = jobs_used_;
    strike(queue);
    if (lost_writes_ != nullptr) add_lost_writes_of_jobs();
    runner_->end_frame();
    delivered_.clear();
}

// Jobs that a replay is told were ended by a limit in this round are not run.
void Simulation::Machine::leave_out_killed(std::uint32_t round) {
    left_out_.clear();
    if (killed_jobs_.empty()) return;
    const auto look = [&](std::uint32_t index) {
        if (killed_job(index, round) != nullptr) left_out_.push_back(index);
    };
    if (round == 0)
        for (std::uint32_t i = 0; i < runner_->size(); ++i) look(i);
    else
        for (const std::uint32_t index : in_round_) look(index);
    runner_->leave_out(left_out_);
}

// Waits for the background jobs that are delivered in this frame; those that are not wanted any
// more are forgotten.
void Simulation::Machine::fetch_background(SubmissionQueue& queue) {
    std::vector<bool> listed(queue.entries.size(), false);
    for (std::uint32_t i = 0; i < runner_->size(); ++i) {
        const Submission& entry = queue.entries[runner_->job(i).submission];
        if (!entry.background) continue;
        listed[runner_->job(i).submission] = true;
        auto background = runner_->finish_background(entry.id);
        jobs::JobResult& result = runner_->result(i);
        result.status = background->failed ? JobStatus::failed : JobStatus::done;
        result.hash = background->actions.empty() ? 0 : hash_bytes(background->actions.view());
        result.next_entity = background->next_entity;
        result.next_job = background->next_job;
        delivered_[i] = std::move(background);
    }
    for (std::size_t i = 0; i < queue.entries.size(); ++i)
        if (queue.entries[i].background && !listed[i])
            runner_->forget_background(queue.entries[i].id);
}

// A function that spends its budget for several frames running is not run again.
void Simulation::Machine::strike(const SubmissionQueue& queue) {
    std::vector<bool> ran(skip_.size(), false);
    for (std::size_t i = 0; i < runner_->size(); ++i)
        ran[queue.entries[runner_->job(i).submission].function] = true;
    for (std::size_t i = 0; i < ran.size(); ++i) {
        if (!ran[i] || skip_[i]) continue;
        state_.strikes[i] = struck_[i] ? state_.strikes[i] + 1 : 0;
        if (state_.strikes[i] < options_.limits.strikes) continue;
        skip_[i] = true;
        const std::string name = (*vms_)[0].functions().name(static_cast<std::uint32_t>(i));
        report_.log.push_back({LogLevel::error, "canon",
                               name + " has spent its budget in " +
                                   std::to_string(state_.strikes[i]) +
                                   " frames running and is not run any more"});
    }
}

void Simulation::Machine::react() {
    const std::size_t faults = report_.faults.size();
    for (std::size_t i = 0; i < faults; ++i) {
        input_bytes_.clear();
        write_value(input_bytes_, fault_value(report_.faults[i]));
        callback(FunctionTable::on_fault, input_bytes_.view(), 1, i);
    }
    input_bytes_.clear();
    write_value(input_bytes_, Value(static_cast<std::int64_t>(state_.frame.value)));
    callback(FunctionTable::on_commit, input_bytes_.view(), 1, 0);
    run_posts();
    report_.effects = world_->effects();
    report_.job_actions = job_actions_.view();
    report_.host_answers = host_answers_.kept.view();
}

void Simulation::Machine::finish_frame(std::uint64_t input_hash) {
    start_pending_background();
    const std::int64_t began = clock_now();
    world_->freeze();  // brings the storage into the order that is hashed
    report_.action_hash = hash_bytes({reinterpret_cast<const std::uint8_t*>(action_hashes_.data()),
                                      action_hashes_.size() * sizeof(std::uint64_t)});
    Hasher faults;
    for (const Fault& fault : report_.faults) {
        faults.update_integer(static_cast<std::uint64_t>(fault.kind));
        faults.update_string(fault.function);
        faults.update_integer(stamp_hash(fault.stamp));
    }
    report_.world_hash = world_->state_hash();
    report_.state_hash = combined_hash(state_, report_.world_hash);
    report_.next_id = world_->next_id();
    Hasher chain;
    chain.update_integer(state_.chain);
    chain.update_integer(input_hash);
    chain.update_integer(report_.action_hash);
    chain.update_integer(faults.digest());
    chain.update_integer(report_.state_hash);
    state_.chain = report_.chain = chain.digest();
    for (TemplateIndex i = 0; i < world_->schema().size(); ++i)
        if (!world_->schema()[i].singleton) report_.entities += world_->count(i);
    world_->thaw();
    report_.hash_nanoseconds = clock_now() - began;
    submission_number_ = 0;
    between_steps_ = true;
}

void Simulation::Machine::add_fault(Fault fault, const Stamp& stamp) {
    constexpr std::size_t kExplained = 1000;
    if (report_.faults.size() >= kExplained) fault.traceback.clear();
    fault.frame = state_.frame;
    fault.stamp = stamp;
    report_.faults.push_back(std::move(fault));
}

void Simulation::Machine::add_lost_writes(std::span<const LostWrite> writes, const Stamp& stamp,
                                          bool in_job) {
    for (LostWrite write : writes) {
        write.frame = state_.frame;
        write.stamp = stamp;
        write.in_job = in_job;
        lost_writes_->add(std::move(write), report_.lost_writes);
    }
}

void Simulation::Machine::add_lost_writes_of_jobs() {
    const auto add = [this](std::uint32_t index, std::span<const LostWrite> writes) {
        const jobs::Job& job = runner_->job(index);
        const Submission& entry = frame_queue_->entries[job.submission];
        add_lost_writes(writes, Stamp{entry.submitted, entry.number, job.index}, true);
    };
    for (const auto& [index, background] : delivered_) add(index, background->lost_writes);
    for (const auto& [index, write] : runner_->take_lost_writes()) add(index, {&write, 1});
}

void Simulation::Machine::check_set(EntityId id, NameId field, const Stamp& stamp,
                                    std::span<const std::uint8_t> value) {
    const FunctionTable& functions = (*vms_)[0].functions();
    const std::uint32_t function =
        frame_queue_->entries[runner_->job(committed_).submission].function;
    const LostWrites::Overwritten overwritten =
        lost_writes_->set(id, field, {committed_, function, stamp}, value);
    Location where;
    if (!overwritten.is_found || !world_->find(id, where)) return;
    LostWrite write;
    write.kind = LostWrite::Kind::overwritten;
    write.name = world_->schema().name(field);
    write.owner = world_->schema()[where.template_index].name;
    write.function = functions.name(function);
    std::tie(write.chunk, write.line) = (*vms_)[0].defined_at(function);
    write.entity = id;
    write.earlier_function = functions.name(overwritten.earlier.function);
    write.earlier = overwritten.earlier.stamp;
    add_lost_writes({&write, 1}, stamp, true);
}

void Simulation::Machine::add_log(std::span<const std::uint8_t> log, const std::string& function) {
    ByteReader in(log);
    std::uint8_t level;
    std::string_view text;
    while (in.left() > 0 && in.byte(level) && in.string(text))
        report_.log.push_back({static_cast<LogLevel>(level), function, std::string(text)});
}

// ---- background jobs ----

void Simulation::Machine::start_pending_background() {
    for (const Place& place : pending_background_) {
        const SubmissionQueue& queue = state_.queues[place.due];
        const Submission& entry = queue.entries[place.index];
        if (!entry.cancelled) runner_->start_background(entry, queue.argument(entry), singletons_);
    }
    pending_background_.clear();
}

void Simulation::Machine::restart_background() {
    runner_->drop_background();
    waiting_.clear();
    pending_background_.clear();
    for (const auto& [due, queue] : state_.queues) {
        note_waiting(due, queue);
        for (std::size_t i = 0; i < queue.entries.size(); ++i)
            if (queue.entries[i].background && !queue.entries[i].cancelled)
                pending_background_.push_back({due, i});
    }
    for (std::size_t i = 0; i < skip_.size(); ++i)
        skip_[i] = state_.strikes[i] >= options_.limits.strikes;
    start_pending_background();
}

// What is due in the frame of its submission is looked for when it is cancelled.
void Simulation::Machine::note_waiting(std::uint64_t due, const SubmissionQueue& queue) {
    for (std::size_t i = 0; i < queue.entries.size(); ++i)
        if (due > queue.entries[i].submitted.value) waiting_[queue.entries[i].id.value] = {due, i};
}

}  // namespace canon
