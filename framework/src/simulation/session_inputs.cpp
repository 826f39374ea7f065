// The inputs that are the library's own: hot reloads, the console, background jobs that are done.
#include <algorithm>
#include <iterator>

#include "canon/hash.hpp"
#include "script/compiler.hpp"
#include "script/host_functions.hpp"
#include "simulation/machine.hpp"

namespace canon {

using jobs::Submission;
using jobs::SubmissionQueue;
using script::FunctionTable;

Input Input::console(std::string_view text, std::uint64_t sequence) {
    return {kConsole, sequence, std::string(text)};
}

Input Input::reload(const Program& program, std::uint64_t sequence) {
    return {kReload, sequence, value_of(program.modules())};
}

Input Input::done(std::span<const JobId> jobs, std::uint64_t sequence) {
    List ids;
    for (const JobId job : jobs) ids.emplace_back(job.value);
    return {kDone, sequence, std::move(ids)};
}

std::string source_name(std::uint32_t source) {
    switch (source) {
        case Input::kConsole:
            return "console";
        case Input::kReload:
            return "reload";
        case Input::kDone:
            return "done";
        default:
            return std::to_string(source);
    }
}

void Simulation::Machine::run_input(const Input& input) {
    const Stamp stamp{state_.frame, input.source, static_cast<std::uint32_t>(input.sequence), 0, 0};
    switch (input.source) {
        case Input::kReload:
            return;  // before the others
        case Input::kDone:
            return deliver(input);
        case Input::kConsole:
            return run_console(input, stamp_hash(stamp));
        default:
            callback(FunctionTable::on_input, input_bytes_.view(), 2, stamp_hash(stamp));
    }
}

// ---- the program ----

std::unique_ptr<jobs::Vms> Simulation::Machine::load_program(
    std::shared_ptr<const Program> program) const {
    const FixedEnvironment environment;
    script::Vm::Setup setup;
    setup.program = std::move(program);
    setup.limits.job_instructions = options_.limits.job_instructions;
    setup.limits.main_instructions = options_.limits.callback_instructions;
    setup.limits.memory_bytes = options_.limits.memory_bytes;
    setup.limits.work = options_.limits.library_work;
    setup.limits.collect_bytes = options_.limits.collect_bytes;
    setup.host_templates = host_.templates;
    for (const auto& [name, handler] : host_.handlers) setup.host_handlers.push_back(name);
    setup.host_functions = &host_.functions;
    setup.check_purity = options_.check_purity;
    setup.mode = options_.mode;
    setup.chaos = options_.chaos;
    setup.check_writes = options_.check_writes;
    return std::make_unique<jobs::Vms>(places_, setup);
}

void Simulation::Machine::adopt(std::shared_ptr<const Program> program,
                                std::unique_ptr<jobs::Vms> vms) {
    runner_.reset();
    program_ = std::move(program);
    vms_ = std::move(vms);
    script::Vm& vm = (*vms_)[0];
    const FunctionTable& functions = vm.functions();
    host_handlers_.assign(functions.handlers.size(), nullptr);
    for (const auto& [name, handler] : host_.handlers)
        host_handlers_[functions.find_handler(name)] = &handler;
    state_.strikes.assign(functions.jobs.size(), 0);
    skip_.assign(functions.jobs.size(), false);
    struck_.assign(functions.jobs.size(), false);
    runner_ = std::make_unique<jobs::JobRunner>(
        *pool_, *vms_,
        jobs::JobRunner::Settings{options_.limits.ids_per_job, options_.seed, options_.chaos});
    runner_->scale_limits(limit_scale_);
    vm.context().main = this;
    vm.context().host_answers = &host_answers_;
}

// Loads what this frame's reloads bring, before anything happens: where the machine refuses, the
// step has not been.
std::vector<Simulation::Machine::Reload> Simulation::Machine::load_reloads(
    std::span<const Input* const> inputs) const {
    std::vector<Reload> reloads;
    for (const Input* input : inputs) {
        if (input->source != Input::kReload) continue;
        Reload& reload = reloads.emplace_back();
        try {
            reload.program = Program::from_modules(modules_of(input->data));
            reload.vms = load_program(reload.program);
        } catch (const MachineError&) {
            throw;
        } catch (const Error& error) {
            reload.problem = error.what();
        }
    }
    return reloads;
}

void Simulation::Machine::reload(Reload loaded) {
    auto& [program, vms, problem] = loaded;
    if (!problem.empty()) {
        Fault fault;
        fault.function = source_name(Input::kReload);
        fault.message = "the program stays as it was: " + problem;
        fault.is_engine_text = true;
        return add_fault(std::move(fault), Stamp{state_.frame});
    }
    const auto note = [this](LogLevel level, std::string text) {
        report_.log.push_back({level, "canon", std::move(text)});
    };
    note(LogLevel::info,
         "reload: " + hash_text(program_->digest()) + " is now " + hash_text(program->digest()));
    const FunctionTable had = (*vms_)[0].functions();
    const std::shared_ptr<const Schema> had_schema = world_->shared_schema();
    if (const auto schema = (*vms)[0].schema(); schema->digest() != had_schema->digest())
        for (std::string& line : world_->change_schema(schema))
            note(LogLevel::info, "reload: " + std::move(line));
    adopt(std::move(program), std::move(vms));
    rename_waiting(had, *had_schema);
    note_singletons();
    restart_background();
}

// Waiting jobs are known by the names of their functions and templates.
void Simulation::Machine::rename_waiting(const FunctionTable& had, const Schema& had_schema) {
    const FunctionTable& functions = (*vms_)[0].functions();
    std::map<std::string, std::size_t> dropped;  // by name
    for (auto& [due, queue] : state_.queues)
        std::erase_if(queue.entries, [&](Submission& entry) {
            const std::string& name = had.jobs[entry.function];
            entry.function = functions.find_job(name);
            std::string missing;
            if (entry.function == kNone) {
                missing = "jobs." + name;
            } else if (entry.each != kNone) {
                const std::string& template_name = had_schema[entry.each].name;
                entry.each = world_->schema().find(template_name);
                if (entry.each == kNone || world_->schema()[entry.each].singleton)
                    missing = template_name;
            }
            if (!missing.empty()) ++dropped[missing];
            return !missing.empty();
        });
    std::erase_if(state_.queues, [](const auto& queue) { return queue.second.entries.empty(); });
    for (const auto& [name, count] : dropped)
        report_.log.push_back(
            {LogLevel::warning, "canon",
             "reload: " + name + " is gone, with " + std::to_string(count) + " waiting jobs"});
}

void Simulation::Machine::note_singletons() {
    const Schema& schema = world_->schema();
    std::vector<EntityId> ids(schema.size());
    for (TemplateIndex index = 0; index < schema.size(); ++index)
        if (schema[index].singleton) ids[index] = world_->singleton(index);
    if (singletons_ == nullptr || ids != *singletons_)
        singletons_ = std::make_shared<const std::vector<EntityId>>(std::move(ids));
}

// ---- the console ----

void Simulation::Machine::run_console(const Input& input, std::uint64_t stream) {
    const std::string name = source_name(input.source);
    ConsoleResult& result = report_.console.emplace_back(ConsoleResult{input.sequence});
    Bytes code;
    std::string problem = "the console's input is no text";
    if (input.data.type() == Value::Type::string) {
        const std::string& text = input.data.as_string();
        problem = script::compile("return " + text, name, code);
        if (!problem.empty()) {
            code.clear();
            problem = script::compile(text, name, code);
        }
    }
    if (!problem.empty()) {
        Fault fault;
        fault.function = name;
        fault.message = std::move(problem);
        fault.is_engine_text = true;
        return add_fault(std::move(fault), Stamp{state_.frame});
    }
    script::Run run;
    // A number for checks of what is written in vain; the code is what runs.
    run.function = (*vms_)[0].functions().callback(FunctionTable::on_input);
    run.chunk = code.view();
    run.results = script::Run::Results::one;
    stamp_.submission = FunctionTable::kCallbacks;
    if (!run_callback(run, name, stream)) return;
    ByteReader in((*vms_)[0].result().view());
    read_value(in, result.value);
}

// ---- background jobs that are done ----

std::vector<JobId> Simulation::Machine::done_jobs() const {
    std::vector<JobId> done;
    const auto told = state_.queues.find(jobs::kWhenTold);
    if (told == state_.queues.end()) return done;
    for (const Submission& entry : told->second.entries)
        if (entry.cancelled || skip_[entry.function] || runner_->is_finished(entry.id))
            done.push_back(entry.id);
    if (done.empty() && pool_->size() == 1) done.push_back(told->second.entries.front().id);
    std::sort(done.begin(), done.end());
    return done;
}

// Moves the jobs of these ids into this frame's queue, each to where it is in stamp order.
void Simulation::Machine::deliver(const Input& input) {
    start_pending_background();
    const auto told = state_.queues.find(jobs::kWhenTold);
    if (told == state_.queues.end() || input.data.type() != Value::Type::list) return;
    std::vector<std::int64_t> ids;
    for (const Value& id : input.data.as_list())
        if (id.type() == Value::Type::integer) ids.push_back(id.as_integer());
    std::sort(ids.begin(), ids.end());
    SubmissionQueue waiting = std::move(told->second);
    state_.queues.erase(told);
    SubmissionQueue stay;
    SubmissionQueue due = std::move(queue_of(state_.frame.value));
    const auto listed = due.entries.size();
    for (const Submission& entry : waiting.entries) {
        const bool is_told = std::binary_search(ids.begin(), ids.end(), entry.id.value);
        if (is_told) waiting_.erase(entry.id.value);
        SubmissionQueue& to = is_told ? due : stay;
        Submission& moved = to.entries.emplace_back(entry);
        moved.argument_begin = to.pool.size();
        to.pool.append(waiting.argument(entry));
        moved.argument_end = to.pool.size();
    }
    std::inplace_merge(
        due.entries.begin(), due.entries.begin() + static_cast<std::ptrdiff_t>(listed),
        due.entries.end(), [](const Submission& a, const Submission& b) {
            return std::pair(a.submitted, a.number) < std::pair(b.submitted, b.number);
        });
    for (auto [frame, queue] :
         {std::pair(state_.frame.value, &due), std::pair(jobs::kWhenTold, &stay)}) {
        if (queue->entries.empty()) {
            state_.queues.erase(frame);
            continue;
        }
        note_waiting(frame, *queue);
        state_.queues[frame] = std::move(*queue);
    }
}

}  // namespace canon
