// The simulation's state as bytes, hash, text and snapshot; and what a host submits.
#include <algorithm>
#include <set>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "script/action.hpp"
#include "simulation/machine.hpp"
#include "world/saved_world.hpp"

namespace canon {
namespace {

using jobs::Submission;
using jobs::SubmissionQueue;

constexpr std::string_view kMagic = "canon simulation 1";

// Counters beyond this are no simulation's: a step adds blocks of ids for all of its jobs, and must
// find room for them.
constexpr std::uint64_t kMostId = std::uint64_t{1} << 62;
// Steps are still to come before jobs::kWhenTold.
constexpr std::uint64_t kMostFrame = std::uint64_t{1} << 61;

[[noreturn]] void refuse(const ByteReader& in, const std::string& what) {
    throw Error("saved simulation: " + what + " at byte " + std::to_string(in.offset()));
}

std::uint64_t read_number(ByteReader& in, const char* what,
                          std::uint64_t most = ~std::uint64_t{0}) {
    std::uint64_t number;
    if (!in.varint(number)) refuse(in, std::string(what) + " is " + in.why());
    if (number > most)
        refuse(in, std::string(what) + " is " + std::to_string(number) + ", more than " +
                       std::to_string(most));
    return number;
}

void save_entry(Bytes& out, const Submission& entry, std::span<const std::uint8_t> argument) {
    out.put_varint(static_cast<std::uint64_t>(entry.id.value));
    out.put_varint(entry.submitted.value);
    out.put_varint(entry.number);
    out.put_varint(entry.function);
    out.put_varint(entry.each == kNone ? 0 : std::uint64_t{entry.each} + 1);
    out.put_varint(entry.every);
    out.put_varint(entry.batch);
    out.put_zigzag(entry.priority);
    out.put(static_cast<std::uint8_t>((entry.background ? 1 : 0) | (entry.cancelled ? 2 : 0)));
    out.put_varint(static_cast<std::uint64_t>(entry.first_entity));
    out.put_varint(static_cast<std::uint64_t>(entry.first_job));
    out.append(&entry.random_stream, sizeof entry.random_stream);
    out.put_varint(argument.size());
    out.append(argument);
}

Submission load_entry(ByteReader& in, SubmissionQueue& queue, std::uint64_t due,
                      std::uint64_t frame, const script::FunctionTable& functions,
                      const Schema& schema) {
    Submission entry;
    entry.id = JobId{static_cast<std::int64_t>(read_number(in, "a job's id", kMostId))};
    entry.submitted = Frame{read_number(in, "a job's frame of submission", frame + 1)};
    entry.number = static_cast<std::uint32_t>(read_number(in, "a job's number", UINT32_MAX));
    entry.function = static_cast<std::uint32_t>(read_number(in, "a job's function", UINT32_MAX));
    if (entry.function >= functions.jobs.size()) refuse(in, "a job's function is unknown");
    const std::uint64_t each = read_number(in, "a job's template", schema.size());
    entry.each = each == 0 ? kNone : static_cast<TemplateIndex>(each - 1);
    entry.every = static_cast<std::uint32_t>(read_number(in, "option every", 1u << 30));
    entry.batch = static_cast<std::uint32_t>(read_number(in, "option batch", 1u << 30));
    std::uint8_t flags;
    if (!in.zigzag(entry.priority) || !in.byte(flags)) refuse(in, "a job's priority is truncated");
    if (flags > 3 || entry.every == 0) refuse(in, "a job's options are malformed");
    entry.background = (flags & 1) != 0;
    entry.cancelled = (flags & 2) != 0;
    if (entry.background && entry.each != kNone)
        refuse(in, "a background job, which sees no world, is for a template's entities");
    entry.first_entity = static_cast<std::int64_t>(read_number(in, "a job's first id", kMostId));
    entry.first_job = static_cast<std::int64_t>(read_number(in, "a job's first job id", kMostId));
    if (!in.raw(&entry.random_stream, sizeof entry.random_stream)) refuse(in, "a job is truncated");
    std::uint64_t size;
    if (!in.count(size)) refuse(in, "a job's argument is truncated");
    const std::span<const std::uint8_t> argument{in.position(), static_cast<std::size_t>(size)};
    ByteReader value(argument);
    const bool has_argument = entry.each == kNone;
    if (has_argument ? !value.skip_value() || value.left() != 0 : size != 0)
        refuse(in, "a job's argument is malformed");
    in.skip(static_cast<std::size_t>(size));
    if (due <= frame) refuse(in, "a job is due in the past");
    if (due == jobs::kWhenTold && !entry.background)
        refuse(in, "a job that is no background job waits to be told of");
    entry.argument_begin = queue.pool.size();
    queue.pool.append(argument);
    entry.argument_end = queue.pool.size();
    return entry;
}

}  // namespace

std::uint64_t SimulationState::hash() const {
    Hasher hasher;
    hasher.update_integer(frame.value);
    hasher.update_integer(static_cast<std::uint64_t>(next_job));
    for (const std::uint32_t count : strikes) hasher.update_integer(count);
    for (const auto& [due, queue] : queues) {
        hasher.update_integer(due);
        hasher.update_integer(queue.entries.size());
        for (const Submission& entry : queue.entries) {
            const std::uint64_t fields[] = {
                static_cast<std::uint64_t>(entry.id.value),
                entry.submitted.value,
                entry.number,
                entry.function,
                entry.each,
                entry.every,
                entry.batch,
                static_cast<std::uint64_t>(entry.priority),
                (entry.background ? 1u : 0u) | (entry.cancelled ? 2u : 0u),
                static_cast<std::uint64_t>(entry.first_entity),
                static_cast<std::uint64_t>(entry.first_job),
                entry.random_stream,
                entry.argument_end - entry.argument_begin};
            hasher.update(fields, sizeof fields);
            const auto argument = queue.argument(entry);
            hasher.update(argument.data(), argument.size());
        }
    }
    return hasher.digest();
}

void SimulationState::save(Bytes& out) const {
    out.put_varint(frame.value);
    out.append(&chain, sizeof chain);
    out.put_varint(static_cast<std::uint64_t>(next_job));
    out.put_varint(strikes.size());
    for (const std::uint32_t count : strikes) out.put_varint(count);
    out.put_varint(queues.size());
    for (const auto& [due, queue] : queues) {
        out.put_varint(due);
        out.put_varint(queue.entries.size());
        for (const Submission& entry : queue.entries) save_entry(out, entry, queue.argument(entry));
    }
}

SimulationState SimulationState::load(ByteReader& in, const script::FunctionTable& functions,
                                      const Schema& schema) {
    SimulationState state;
    state.frame = Frame{read_number(in, "the frame", kMostFrame)};
    if (!in.raw(&state.chain, sizeof state.chain)) refuse(in, "the chain is truncated");
    state.next_job = static_cast<std::int64_t>(read_number(in, "the counter of jobs", kMostId));
    if (read_number(in, "the number of functions") != functions.jobs.size())
        refuse(in, "the number of functions is another program's");
    for (std::size_t i = 0; i < functions.jobs.size(); ++i)
        state.strikes.push_back(
            static_cast<std::uint32_t>(read_number(in, "a function's strikes", UINT32_MAX)));
    std::uint64_t queues;
    if (!in.count(queues, 2)) refuse(in, "the number of queues is malformed");
    std::uint64_t last_due = 0;
    std::set<JobId> ids;
    for (std::uint64_t i = 0; i < queues; ++i) {
        const std::uint64_t due = read_number(in, "a due frame", jobs::kWhenTold);
        if (due <= last_due) refuse(in, "the queues are out of order");
        last_due = due;
        std::uint64_t count;
        constexpr std::size_t kLeastEntry = 20;
        if (!in.count(count, kLeastEntry) || count == 0)
            refuse(in, "the number of jobs is malformed");
        SubmissionQueue& queue = state.queues[due];
        for (std::uint64_t j = 0; j < count; ++j) {
            queue.entries.push_back(
                load_entry(in, queue, due, state.frame.value, functions, schema));
            const auto order = [](const Submission& entry) {
                return std::pair(entry.submitted, entry.number);
            };
            if (j > 0 && order(queue.entries[j]) <= order(queue.entries[j - 1]))
                refuse(in, "the jobs are out of order");
            if (!ids.insert(queue.entries[j].id).second)
                refuse(in,
                       "a job has the id of another, " + std::to_string(queue.entries[j].id.value));
        }
    }
    return state;
}

std::uint64_t combined_hash(const SimulationState& state, std::uint64_t world_hash) {
    Hasher hasher;
    hasher.update_integer(state.hash());
    hasher.update_integer(world_hash);
    return hasher.digest();
}

namespace {

void save_all(Bytes& out, std::uint64_t program, std::uint64_t seed, const SimulationState& state,
              const World& world) {
    out.put_string(kMagic);
    out.append(&program, sizeof program);
    out.append(&seed, sizeof seed);
    state.save(out);
    world.save(out);
}

}  // namespace

std::uint64_t Simulation::Machine::state_hash() const {
    return combined_hash(state_, world_->state_hash());
}

void Simulation::Machine::save(Bytes& out) const {
    save_all(out, program_->digest(), options_.seed, state_, *world_);
}

void SimulationSnapshot::Inside::save(Bytes& out) const {
    save_all(out, program->digest(), seed, state, world->world());
}

std::uint64_t SimulationSnapshot::state_hash() const {
    return combined_hash(inside_->state, inside_->world->world().state_hash());
}

void Simulation::Machine::load(ByteReader& in, std::shared_ptr<const Program> program) {
    std::string_view magic;
    if (!in.string(magic) || magic != kMagic)
        throw Error("this is no saved simulation of this version of Canon");
    std::uint64_t digest, seed;
    if (!in.raw(&digest, sizeof digest) || !in.raw(&seed, sizeof seed))
        refuse(in, "the head is truncated");
    if (program == nullptr) program = program_;
    if (digest != program->digest())
        throw Error("the simulation was saved by another program: its digest is " +
                    hash_text(digest) + ", this one's is " + hash_text(program->digest()));
    if (seed != options_.seed)
        throw Error("the simulation was saved with the seed " + std::to_string(seed) +
                    ", this one has " + std::to_string(options_.seed));
    std::unique_ptr<jobs::Vms> vms;
    if (digest != program_->digest()) vms = load_program(program);
    const script::Vm& vm = vms != nullptr ? (*vms)[0] : (*vms_)[0];
    SimulationState state = SimulationState::load(in, vm.functions(), *vm.schema());
    EntityId next_id;
    if (detail::peek_next_id(in, next_id) && static_cast<std::uint64_t>(next_id.value) > kMostId)
        refuse(in, "the world's next id is more than " + std::to_string(kMostId));
    with_schema(vm.schema(), [&] { world_->load(in); });
    take_state(std::move(state), std::move(program), std::move(vms));
}

// Lets `fill` change the world, after its templates have become these. Where it fails, all is as
// before.
template <class Fill>
void Simulation::Machine::with_schema(const std::shared_ptr<const Schema>& schema, Fill fill) {
    if (schema->digest() == world_->schema().digest()) return fill();
    World other(schema);
    world_->exchange(other);
    try {
        fill();
    } catch (...) {
        world_->exchange(other);
        throw;
    }
}

void Simulation::Machine::take_state(SimulationState state, std::shared_ptr<const Program> program,
                                     std::unique_ptr<jobs::Vms> vms) {
    if (vms != nullptr) adopt(std::move(program), std::move(vms));
    state_ = std::move(state);
    host_actions_.clear();
    world_->clear_effects();  // of another frame
    report_.effects = {};
    // Of what a host has submitted for the frame to come.
    submission_number_ = 0;
    for (const auto& [due, queue] : state_.queues)
        for (const Submission& entry : queue.entries)
            if (entry.submitted > state_.frame)
                submission_number_ = std::max(submission_number_, entry.number + 1);
    note_singletons();
    restart_background();
}

std::shared_ptr<const SimulationSnapshot> Simulation::Machine::capture() const {
    auto inside = std::make_unique<SimulationSnapshot::Inside>();
    inside->state = state_;
    inside->world = world_->capture();
    inside->program = program_;
    inside->seed = options_.seed;
    return std::make_shared<SimulationSnapshot>(std::move(inside));
}

void Simulation::Machine::restore(const SimulationSnapshot& snapshot) {
    const SimulationSnapshot::Inside& from = snapshot.inside();
    if (from.seed != options_.seed)
        throw Error("the snapshot was made with the seed " + std::to_string(from.seed) +
                    ", this simulation has " + std::to_string(options_.seed));
    std::unique_ptr<jobs::Vms> vms;
    if (from.program->digest() != program_->digest()) vms = load_program(from.program);
    const script::Vm& vm = vms != nullptr ? (*vms)[0] : (*vms_)[0];
    if (from.world->world().schema().digest() != vm.schema()->digest())
        throw Error("the snapshot is of a simulation whose host has other templates");
    with_schema(vm.schema(), [&] { world_->restore(*from.world); });
    take_state(from.state, from.program, std::move(vms));
}

std::string Simulation::Machine::dump() const {
    const script::FunctionTable& functions = (*vms_)[0].functions();
    std::string text = "simulation .frame: " + std::to_string(state_.frame.value) + "\n";
    text += "simulation .next_job: " + std::to_string(state_.next_job) + "\n";
    for (std::size_t i = 0; i < state_.strikes.size(); ++i)
        if (state_.strikes[i] != 0)
            text += "simulation .strikes." + functions.jobs[i] + ": " +
                    std::to_string(state_.strikes[i]) + "\n";
    for (const auto& [due, queue] : state_.queues)
        for (const Submission& entry : queue.entries) {
            text += "submission " + std::to_string(entry.id.value) + " ." +
                    functions.name(entry.function) + ": frame " +
                    std::to_string(entry.submitted.value) + " number " +
                    std::to_string(entry.number) + " due " + std::to_string(due);
            if (entry.each != kNone) text += " each " + world_->schema()[entry.each].name;
            if (entry.argument_end > entry.argument_begin)
                text += " argument " + to_json(value_from_bytes(queue.argument(entry)));
            if (entry.background) text += " background";
            if (entry.cancelled) text += " cancelled";
            text += "\n";
        }
    return text + world_->dump();
}

// ---- the host ----

std::uint32_t Simulation::Machine::job_number(std::string_view job) const {
    const std::uint32_t function = (*vms_)[0].functions().find_job(job);
    if (function == kNone) throw Error("the program has no job '" + std::string(job) + "'");
    return function;
}

std::string Simulation::Machine::job_place(std::uint32_t function) const {
    if (!options_.check_writes || job_name(function).empty()) return {};
    const auto [chunk, line] = (*vms_)[0].defined_at(function);
    return chunk + ":" + std::to_string(line);
}

JobId Simulation::Machine::submit(std::string_view job, const Value& argument,
                                  const SubmitOptions& options) {
    const std::uint32_t function = job_number(job);
    if (!options.key.is_nil() && options.key.type() != Value::Type::integer &&
        options.key.type() != Value::Type::string)
        throw Error("a job's key is an integer or a string");
    if (options.delay != 0 && options.deliver != 0)
        throw Error("a job's delay and deliver exclude each other");
    const JobId id = take_job_id();
    submit_bytes_.clear();
    submit_bytes_.put(static_cast<std::uint8_t>(script::Operation::submit));
    submit_bytes_.put_varint(static_cast<std::uint64_t>(id.value));
    submit_bytes_.put_varint(function);
    submit_bytes_.put_zigzag(options.priority);
    submit_bytes_.put_varint(options.delay);
    submit_bytes_.put_varint(options.deliver == 0 ? 0
                             : options.deliver == SubmitOptions::kWhenDone
                                 ? script::kDeliverWhenDone
                                 : options.deliver + 1);
    write_value(submit_bytes_, options.key);
    write_value(submit_bytes_, argument);
    if (const char* problem = apply(submit_bytes_.view())) throw Error(problem);
    if (between_steps_)
        host_actions_.push_back(
            {HostAction::Kind::submit, id, std::string(job), {}, argument, options, {}});
    return id;
}

JobId Simulation::Machine::submit_each(std::string_view job, std::string_view template_name,
                                       const SubmitEachOptions& options) {
    const std::uint32_t function = job_number(job);
    const TemplateIndex index = world_->schema().find(template_name);
    if (index == kNone)
        throw Error("there is no template '" + std::string(template_name) + "'" +
                    world_->schema().suggest_template(template_name));
    if (options.every == 0) throw Error("option 'every' is at least 1");
    const JobId id = take_job_id();
    submit_bytes_.clear();
    submit_bytes_.put(static_cast<std::uint8_t>(script::Operation::submit_each));
    for (const std::uint64_t number :
         {static_cast<std::uint64_t>(id.value), std::uint64_t{function}, std::uint64_t{index},
          std::uint64_t{options.every}, std::uint64_t{options.batch}})
        submit_bytes_.put_varint(number);
    submit_bytes_.put_zigzag(options.priority);
    submit_bytes_.put_varint(options.delay);
    if (const char* problem = apply(submit_bytes_.view())) throw Error(problem);
    if (between_steps_)
        host_actions_.push_back({HostAction::Kind::submit_each,
                                 id,
                                 std::string(job),
                                 std::string(template_name),
                                 {},
                                 {},
                                 options});
    return id;
}

void Simulation::Machine::cancel(JobId id) {
    apply_cancel(id.value);
    if (between_steps_) host_actions_.push_back({HostAction::Kind::cancel, id, {}, {}, {}, {}, {}});
}

void Simulation::Machine::repeat(const HostAction& action) {
    CANON_ASSERT(between_steps_, "Simulation::repeat is for between steps");
    JobId id = action.id;
    switch (action.kind) {
        case HostAction::Kind::submit:
            id = submit(action.job, action.argument, action.options);
            break;
        case HostAction::Kind::submit_each:
            id = submit_each(action.job, action.template_name, action.each_options);
            break;
        case HostAction::Kind::cancel:
            cancel(action.id);
            break;
    }
    if (id != action.id)
        throw Error("a host's job was submitted as number " + std::to_string(action.id.value) +
                    " when it was recorded, and is number " + std::to_string(id.value) + " now");
}

std::string Simulation::Machine::job_name(std::uint32_t function) const {
    const script::FunctionTable& functions = (*vms_)[0].functions();
    return function < functions.jobs.size() ? functions.name(function) : std::string();
}

Simulation::Statistics Simulation::Machine::statistics() const {
    Statistics statistics;
    const script::Vm& first = (*vms_)[0];
    statistics.image_bytes = first.image().size();
    statistics.image_live_bytes = first.image().state().live;
    for (unsigned i = 0; i < pool_->size(); ++i) {
        statistics.hot_pages = std::max(statistics.hot_pages, (*vms_)[i].image().hot_pages());
        statistics.runs += (*vms_)[i].runs();
        statistics.counted_runs += (*vms_)[i].counted_runs();
        statistics.odd_collections += (*vms_)[i].odd_collections();
    }
    statistics.held_up = runner_->held_up();
    return statistics;
}

}  // namespace canon
