// canon dump: what is in a recording, one JSON object a line.
#include <fmt/format.h>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canon/effects.hpp"
#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/job_actions.hpp"
#include "canon/json.hpp"
#include "canon/simulation.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/fault_list.hpp"
#include "cli/log_level.hpp"
#include "cli/losses.hpp"
#include "cli/options.hpp"
#include "container/chunk_finder.hpp"
#include "recording/execution.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"

namespace canon::cli {
namespace {

using replay::Chunk;
using replay::ChunkHeader;
using replay::ChunkKind;

enum Part : unsigned {
    kMeta = 1,
    kFrames = 2,
    kInputs = 4,
    kActions = 8,
    kEffects = 16,
    kFaults = 32,
    kLog = 64,
    kKeyframes = 128,
    kChunks = 256,
    kOrdinary = kFrames | kInputs | kFaults | kLog,
};

constexpr std::array<std::pair<const char*, unsigned>, 9> kParts = {{{"meta", kMeta},
                                                                     {"frames", kFrames},
                                                                     {"inputs", kInputs},
                                                                     {"actions", kActions},
                                                                     {"effects", kEffects},
                                                                     {"faults", kFaults},
                                                                     {"log", kLog},
                                                                     {"keyframes", kKeyframes},
                                                                     {"chunks", kChunks}}};

struct DumpOptions {
    std::string file;
    std::vector<std::string> what;
    std::uint64_t from = 0;
    std::uint64_t to = ~std::uint64_t{0};
    std::optional<std::int64_t> entity;
    std::string template_name;
    std::string function;

    bool asks_for(unsigned parts) const { return (parts_ & parts) != 0; }
    // A filter alone asks for what it filters.
    void settle() {
        for (const std::string& name : what)
            for (const auto& [known, part] : kParts)
                if (name == known) parts_ |= part;
        if (!what.empty()) return;
        if (entity || !template_name.empty()) parts_ |= kActions | kEffects;
        if (!function.empty()) parts_ |= kActions | kFaults | kLog;
        if (parts_ == 0) parts_ = kOrdinary;
    }

  private:
    unsigned parts_ = 0;
};

// One object, its keys in the order in which they are added.
class Line {
  public:
    explicit Line(std::string_view kind) : text_("{\"kind\":" + to_json(Value(kind))) {}

    Line& add(std::string_view key, const Value& value) { return raw(key, to_json(value)); }
    Line& hash(std::string_view key, std::uint64_t hash) { return add(key, hash_text(hash)); }
    // As to_json has it: what other readers of JSON would round is a string.
    Line& number(std::string_view key, std::uint64_t number) {
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return add(key, std::to_string(number));
        return add(key, static_cast<std::int64_t>(number));
    }
    Line& raw(std::string_view key, std::string_view json) {
        text_ += ',' + to_json(Value(key)) + ':';
        text_ += json;
        return *this;
    }
    void print() { fmt::print("{}}}\n", text_); }

  private:
    std::string text_;
};

std::string job_text(const Stamp& stamp) {
    return fmt::format("{}:{}", stamp.submission, stamp.job);
}

// Actions and effects have numbers for which only the program has names, and it cannot be had.
struct NoNames : Error {
    using Error::Error;
};

// The names in the program. The bytes that refer to them are not to be trusted.
class Names {
  public:
    // Fails: throws NoNames; for other templates than META tells only if that is to be checked.
    explicit Names(const replay::Meta& meta, bool checks_templates = true) {
        constexpr const char* kAdvice =
            "; its actions and effects have no names without it; dump other parts with --what";
        if (!meta.host_handlers.empty() || !meta.host_states.empty())
            throw NoNames(std::string("the recording was made by a host with handlers or states "
                                      "of its own") +
                          kAdvice);
        SimulationOptions options = replay::options_of(meta);
        options.workers = 1;
        try {
            simulation_ = std::make_unique<Simulation>(replay::program_of(meta), options,
                                                       replay::playing_host(meta, {}));
        } catch (const Error& error) {
            throw NoNames(std::string("the program in the recording cannot be loaded: ") +
                          error.what() + kAdvice);
        }
        if (checks_templates && schema().digest() != meta.schema_digest)
            throw NoNames(std::string("the program in the recording declares other templates than "
                                      "the one that ran: its host added some") +
                          kAdvice);
    }

    const Schema& schema() const { return simulation_->world().schema(); }
    std::string job(std::uint32_t function) const {
        std::string name = simulation_->job_name(function);
        return name.empty() ? fmt::format("#{}", function) : name;
    }
    std::string template_name(TemplateIndex index) const {
        return index < schema().size() ? schema()[index].name : fmt::format("#{}", index);
    }
    std::string field(TemplateIndex index, FieldIndex field) const {
        return is_known(index, field) ? schema()[index].fields[field].name
                                      : fmt::format("#{}", field);
    }
    bool is_array(TemplateIndex index, FieldIndex field) const {
        return is_known(index, field) && schema()[index].fields[field].type == FieldType::array;
    }

  private:
    bool is_known(TemplateIndex index, FieldIndex field) const {
        return index < schema().size() && field < schema()[index].fields.size();
    }

    std::unique_ptr<Simulation> simulation_;
};

class Dump {
  public:
    Dump(const DumpOptions& options, replay::ByteSource& source)
        : options_(options), source_(source), reader_(source) {}

    /// Whether all that was asked for is whole.
    bool run() {
        seek();
        for (;;) {
            switch (reader_.next()) {
                case replay::Found::chunk:
                    if (is_beyond(reader_.chunk().header)) return is_whole_;
                    try {
                        take_chunk(reader_.chunk());
                    } catch (const NoNames&) {
                        throw;
                    } catch (const Error& error) {
                        malformed(reader_.chunk().header.position().value, error.what());
                    }
                    break;
                case replay::Found::hole:
                    take_hole(reader_.hole());
                    break;
                case replay::Found::end:
                    take_end(reader_.tail());
                    return is_whole_;
            }
        }
    }

  private:
    // In a file of one recording nothing before the first frame and behind the last need be read.
    void seek() {
        replay::ChunkFinder finder(source_);
        const auto summary = finder.segment_ending_at(source_.size());
        is_single_ = summary && summary->begin == 0;
        if (!is_single_ || options_.from <= summary->first.value) return;
        if (const auto place = finder.find_start({options_.from})) reader_.seek(*place);
    }

    // A recorder puts the notes on frames directly behind them.
    bool is_beyond(const ChunkHeader& header) const {
        return is_single_ && header.kind == ChunkKind::frames &&
               header.frames.first.value > options_.to;
    }

    bool is_wanted(std::uint64_t frame) const {
        return options_.from <= frame && frame <= options_.to;
    }
    // Whether frames of [first, end) are, or the place before `first` if there are none.
    bool is_wanted(replay::FrameSpan frames) const {
        if (frames.count == 0) return is_wanted(frames.first.value);
        return frames.first.value <= options_.to && options_.from < frames.end().value;
    }

    void take_chunk(const Chunk& chunk) {
        const ChunkHeader& header = chunk.header;
        if (options_.asks_for(kChunks) && is_wanted(header.frames)) print_chunk(chunk);
        segment_ = chunk.segment;
        switch (header.kind) {
            case ChunkKind::meta:
                take_meta(chunk);
                break;
            case ChunkKind::key:
                if (options_.asks_for(kKeyframes) && is_wanted(frame_before(header))) print_key();
                break;
            case ChunkKind::frames:
                take_frames(header);
                break;
            case ChunkKind::note:
                if (options_.asks_for(kFaults | kLog)) take_notes();
                break;
            default:
                break;
        }
    }

    Line line(std::string_view kind, std::uint64_t frame) const {
        Line line(kind);
        if (segment_ != 0) line.number("segment", segment_);
        line.number("frame", frame);
        return line;
    }

    void malformed(std::uint64_t frame, const std::string& why) {
        is_whole_ = false;
        line("malformed", frame).number("offset", reader_.chunk().offset).add("why", why).print();
    }

    void print_chunk(const Chunk& chunk) const {
        const ChunkHeader& header = chunk.header;
        Line line("chunk");
        line.number("segment", chunk.segment)
            .number("offset", chunk.offset)
            .add("chunk", replay::kind_name(header.kind))
            .number("sequence", header.sequence)
            .number("frame", header.frames.first.value)
            .number("frames", header.frames.count)
            .number("stored", header.stored_bytes)
            .number("raw", header.raw_bytes)
            .hash("identity", header.segment)
            .hash("chain", header.chain);
        if (header.flags != 0) line.number("flags", header.flags);
        line.print();
    }

    void take_meta(const Chunk& chunk) {
        const bool is_shown = options_.asks_for(kMeta) && is_wanted(chunk.header.position().value);
        if (!is_shown && !options_.asks_for(kActions | kEffects)) return;
        const replay::Meta meta = replay::read_meta(reader_.payload());
        if (is_shown) print_meta(meta, chunk.header.position());
        if (options_.asks_for(kActions | kEffects)) learn(meta);
    }

    // Most METAs of a file are the same.
    void learn(const replay::Meta& meta) {
        const auto same = [&](const replay::Meta& other) {
            return meta.program_digest == other.program_digest &&
                   meta.schema_digest == other.schema_digest;
        };
        if (names_ && same(*named_)) return;
        names_.reset();
        names_.emplace(meta);
        named_ = meta;
    }

    // The frame's jobs and effects are those of the program that it brings.
    void learn_reload(const replay::FrameRecord& record) {
        if (!named_ || !replay::has_reload(record.inputs)) return;
        for (const Input& input : record.inputs) {
            if (input.source != Input::kReload) continue;
            replay::Meta meta = *named_;
            try {
                const auto program = Program::from_modules(modules_of(input.data));
                meta.modules.assign(program->modules().begin(), program->modules().end());
                meta.program_digest = program->digest();
                Names names(meta, false);
                meta.schema_digest = names.schema().digest();
                names_.emplace(std::move(names));
                named_ = std::move(meta);
            } catch (const Error&) {
                // As in the session: the program stayed as it was.
            }
        }
    }

    void print_meta(const replay::Meta& meta, Frame position) const {
        List modules;
        for (const Module& module : meta.modules)
            modules.push_back(Map{{"name", module.name},
                                  {"file", module.file},
                                  {"bytes", static_cast<std::int64_t>(module.source.size())}});
        std::string limits;
        for (const auto& [name, limit] : replay::changed_limits(meta.limits))
            limits += fmt::format("{}\"{}\":{}", limits.empty() ? "{" : ",", name, limit);
        limits += limits.empty() ? "{}" : "}";
        constexpr const char* kLevels[] = {"none", "hashes", "all"};
        line("meta", position.value)
            .add("program", meta.program_name)
            .hash("digest", meta.program_digest)
            .add("modules", std::move(modules))
            .number("seed", meta.seed)
            .add("config", meta.config)
            .raw("changed_limits", limits)
            .add("frames_per_second", meta.frames_per_second)
            .add("exact", meta.needs_exact)
            .add("lua", meta.fingerprint.lua)
            .hash("fingerprint", meta.fingerprint.digest())
            .add("actions", kLevels[static_cast<int>(meta.levels.actions)])
            .add("effects", meta.levels.effects)
            .print();
    }

    // Whose state a keyframe holds.
    static std::uint64_t frame_before(const ChunkHeader& header) {
        const std::uint64_t position = header.position().value;
        return position == 0 ? 0 : position - 1;
    }

    void print_key() {
        const replay::KeyPart part = replay::read_key_part(reader_.payload());
        line("keyframe", frame_before(reader_.chunk().header))
            .hash("hash", part.state_hash)
            .hash("chain", part.chain)
            .number("part", part.part)
            .number("parts", part.parts)
            .number("bytes", part.saved.size())
            .print();
    }

    void take_frames(const ChunkHeader& header) {
        if (!options_.asks_for(kFrames | kInputs | kActions | kEffects)) return;
        if (!is_wanted(header.frames)) return;
        replay::FramesReader frames;
        frames.open(reader_.payload(), header.frames);
        replay::FrameRecord record;
        while (frames.next(record)) {
            if (record.frame.value > options_.to) return;
            if (options_.asks_for(kActions | kEffects)) learn_reload(record);
            if (!is_wanted(record.frame.value)) continue;
            if (options_.asks_for(kInputs)) print_inputs(record);
            if (options_.asks_for(kActions)) print_actions(record);
            if (options_.asks_for(kEffects)) print_effects(record);
            if (options_.asks_for(kFrames)) print_frame(record);
        }
    }

    void print_frame(const replay::FrameRecord& record) const {
        Line out = line("frame", record.frame.value);
        out.hash("hash", record.state_hash).hash("chain", record.chain);
        if (record.action_hash != 0) out.hash("action_hash", record.action_hash);
        if (record.world_hash != 0) out.hash("world", record.world_hash);
        out.print();
    }

    void print_inputs(const replay::FrameRecord& record) const {
        const std::uint64_t frame = record.frame.value;
        for (const HostAction& action : record.host_actions) print_host_action(frame, action);
        for (const Input& input : record.inputs) print_input(frame, input);
        for (const KilledRun& run : record.killed) {
            Line out = line("killed", frame);
            out.add("fault", fault_name(run.kind));
            if (run.in_job)
                out.add("job", job_text(run.stamp))
                    .number("submitted", run.stamp.frame.value)
                    .number("round", run.stamp.round);
            else
                out.number("run", run.run);
            out.print();
        }
    }

    // As an inputs file has it.
    void print_input(std::uint64_t frame, const Input& input) const {
        Line out = line("input", frame);
        const std::string source = source_name(input.source);
        if (source == std::to_string(input.source))
            out.number("source", input.source);
        else
            out.add("source", source);
        out.number("sequence", input.sequence).add("data", input.data).print();
    }

    void print_host_action(std::uint64_t frame, const HostAction& action) const {
        constexpr const char* kKinds[] = {"submit", "submit_each", "cancel"};
        Line out = line("host_action", frame);
        out.add("action", kKinds[static_cast<int>(action.kind)]).add("id", action.id.value);
        if (action.kind != HostAction::Kind::cancel) out.add("job", action.job);
        if (action.kind == HostAction::Kind::submit) out.add("argument", action.argument);
        if (action.kind == HostAction::Kind::submit_each) out.add("template", action.template_name);
        out.print();
    }

    bool is_of_function(const std::string& name) const {
        const std::string& wanted = options_.function;
        return wanted.empty() || name == wanted || name == "jobs." + wanted ||
               name == "actions." + wanted;
    }

    const Names& names() const {
        if (!names_) throw Error("the META that names what is here is lost");
        return *names_;
    }

    void print_actions(const replay::FrameRecord& record) {
        JobActionsReader jobs(record.job_actions, record.frame);
        JobActions job;
        while (jobs.next(job)) {
            const std::string function = names().job(job.function);
            if (!is_of_function(function)) continue;
            const auto begin = [&](const char* kind) {
                Line out = line(kind, record.frame.value);
                out.add("job", job_text(job.stamp)).add("function", function);
                if (job.stamp.frame != record.frame) out.number("submitted", job.stamp.frame.value);
                if (job.stamp.round != 0) out.number("round", job.stamp.round);
                return out;
            };
            if (job.actions.empty()) {  // where hashes alone are recorded
                if (!options_.entity && options_.template_name.empty())
                    begin("actions").hash("hash", job.hash).print();
                continue;
            }
            ActionReader actions(job.actions, names().schema());
            Value action;
            while (actions.next(action))
                if (is_wanted_action(action)) begin("action").add("action", named(action)).print();
            if (actions.reader().failed())
                malformed(record.frame.value, actions.reader().fail_text());
        }
        if (jobs.reader().failed()) malformed(record.frame.value, jobs.reader().fail_text());
    }

    // What is submitted has a number there, as a host's function has one of its own.
    Value named(const Value& action) const {
        const Value* function = action.as_map().find("function");
        if (function == nullptr || *action.as_map().find("action") == Value("host_function"))
            return action;
        Map map = action.as_map();
        const auto number = static_cast<std::uint64_t>(function->as_integer());
        if (number <= UINT32_MAX)
            map.set("function", names().job(static_cast<std::uint32_t>(number)));
        return Value(std::move(map));
    }

    bool is_wanted_action(const Value& action) const {
        const Map& map = action.as_map();
        const auto is = [&](const char* key, const Value& wanted) {
            const Value* found = map.find(key);
            return found != nullptr && *found == wanted;
        };
        if (options_.entity && !is("entity", *options_.entity)) return false;
        return options_.template_name.empty() || is("template", options_.template_name);
    }

    void print_effects(const replay::FrameRecord& record) {
        EffectReader effects(record.effects);
        Effect effect;
        while (effects.next(effect)) {
            if (options_.entity && effect.entity.value != *options_.entity) continue;
            const std::string name = names().template_name(effect.template_index);
            if (!options_.template_name.empty() && name != options_.template_name) continue;
            print_effect(record.frame.value, effect, name);
        }
        if (effects.reader().failed()) malformed(record.frame.value, effects.reader().fail_text());
        if (options_.entity || !options_.template_name.empty()) return;
        for (const auto& [state, saved] : record.host_states)
            line("host_state", record.frame.value)
                .number("state", state)
                .number("bytes", saved.size())
                .print();
    }

    void print_effect(std::uint64_t frame, const Effect& effect, const std::string& name) const {
        constexpr const char* kKinds[] = {"spawn", "destroy", "set"};
        Line out = line("effect", frame);
        out.add("effect", kKinds[static_cast<int>(effect.kind)])
            .add("entity", effect.entity.value)
            .add("template", name);
        const TemplateIndex index = effect.template_index;
        if (effect.kind == Effect::Kind::set) {
            out.add("field", names_->field(index, effect.field));
            if (names_->is_array(index, effect.field)) out.number("cell", effect.cell);
            out.add("before", effect.before).add("after", effect.after);
        } else if (effect.kind == Effect::Kind::spawn) {
            Map fields;
            for (const auto& [field, value] : effect.fields)
                fields.set(names_->field(index, field), value);
            out.raw("fields", fields.empty() ? "{}" : to_json(Value(std::move(fields))));
        }
        out.print();
    }

    void take_notes() {
        for (const replay::FrameNotes& notes : replay::read_notes(reader_.payload())) {
            if (!is_wanted(notes.frame.value)) continue;
            if (options_.asks_for(kLog))
                for (const LogEntry& entry : notes.log)
                    if (is_of_function(entry.function))
                        line("log", notes.frame.value)
                            .add("level", level_name(entry.level))
                            .add("function", entry.function)
                            .add("text", entry.text)
                            .print();
            if (options_.asks_for(kFaults))
                for (const Fault& fault : notes.faults)
                    if (is_of_function(fault.function)) print_fault(fault);
        }
    }

    void print_fault(const Fault& fault) const {
        Line out = line("fault", fault.frame.value);
        out.add("fault", fault_name(fault.kind))
            .add("function", fault.function)
            .add("message", fault.message);
        if (!fault.chunk.empty()) out.add("chunk", fault.chunk).add("line", fault.line);
        if (const std::string job = job_of(fault); !job.empty())
            out.add("job", job).number("submitted", fault.stamp.frame.value);
        out.add("in_job", fault.in_job);
        if (!fault.traceback.empty()) out.add("traceback", fault.traceback);
        out.print();
    }

    // Members as in the lines of canon repair.
    void print_loss(const char* kind, const nlohmann::ordered_json& json) {
        is_whole_ = false;
        nlohmann::ordered_json line{{"kind", kind}};
        line.update(json);
        fmt::print("{}\n", line.dump());
    }

    void take_hole(const replay::Hole& hole) {
        const replay::LostFrames& lost = hole.lost_frames;
        if (lost.begin && lost.begin->value > options_.to) return;
        if (lost.end && lost.end->value < options_.from) return;
        print_loss("hole", json_of(hole));
    }

    void take_end(const replay::Tail& tail) {
        if (tail.state == replay::Tail::State::closed) return;
        if (tail.lost_frames.begin && tail.lost_frames.begin->value > options_.to) return;
        print_loss("tail", json_of(tail));
    }

    const DumpOptions& options_;
    replay::ByteSource& source_;
    replay::ChunkReader reader_;
    std::optional<Names> names_;
    std::optional<replay::Meta> named_;
    std::uint32_t segment_ = 0;
    bool is_single_ = false;
    bool is_whole_ = true;
};

int run(const DumpOptions& options) {
    std::unique_ptr<replay::FileSource> source;
    std::unique_ptr<Dump> dump;
    try {
        source = std::make_unique<replay::FileSource>(options.file);
        dump = std::make_unique<Dump>(options, *source);
    } catch (const Error& error) {
        return complain(kNoRecording, error.what());
    }
    try {
        return dump->run() ? kDone : kDamaged;
    } catch (const NoNames& error) {
        return complain(kOtherProgram, fmt::format("{}: {}", options.file, error.what()));
    }
}

}  // namespace

void add_dump(CLI::App& app, int& exit_code) {
    CLI::App* const command =
        app.add_subcommand("dump", "Write what is in a recording, one JSON object a line");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<DumpOptions>();
    command->add_option("FILE", options->file, "A recording")->required()->option_text(" ");
    std::vector<std::string> parts;
    for (const auto& [name, part] : kParts) parts.emplace_back(name);
    command
        ->add_option("--what", options->what,
                     "meta, frames, inputs, actions, effects, faults, log, keyframes,\n"
                     "chunks; several with commas (default: frames,inputs,faults,log,\n"
                     "or what the filters below are for)")
        ->delimiter(',')
        ->check(CLI::IsMember(parts))
        ->option_text("WHAT,...");
    command->add_option("--from", options->from, "From this frame on")
        ->check(whole_number(0, ~std::uint64_t{0}))
        ->option_text("N");
    command->add_option("--to", options->to, "Up to this frame")
        ->check(whole_number(0, ~std::uint64_t{0}))
        ->option_text("N");
    command->add_option("--entity", options->entity, "Of actions and effects those on this entity")
        ->check(whole_number(0, INT64_MAX))
        ->option_text("ID");
    command
        ->add_option("--template", options->template_name,
                     "Of effects those on its entities; of actions those that name it:\n"
                     "an action on an entity does not")
        ->option_text("NAME");
    command
        ->add_option("--function", options->function,
                     "Of actions, faults and log lines those of this function: think,\n"
                     "jobs.think, on_frame")
        ->option_text("NAME");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] {
        options->settle();
        exit_code = run(*options);
    });
}

}  // namespace canon::cli
