#include "recording/meta.hpp"

#include <algorithm>

#include "canon/error.hpp"
#include "canon/hash.hpp"

namespace canon::replay {
namespace {

// What a reader must know to understand a recording of ours; one that finds another name refuses.
constexpr std::string_view kFeatures[] = {"canon 1"};

Value bits(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// Calls `visit` with the name and place of each limit.
template <class AnyLimits, class Visit>
void each_limit(AnyLimits& limits, Visit visit) {
    visit("job_instructions", limits.job_instructions);
    visit("callback_instructions", limits.callback_instructions);
    visit("library_work", limits.library_work);
    visit("memory_bytes", limits.memory_bytes);
    visit("collect_bytes", limits.collect_bytes);
    visit("ids_per_job", limits.ids_per_job);
    visit("jobs_per_frame", limits.jobs_per_frame);
    visit("rounds", limits.rounds);
    visit("put_aside_bytes", limits.put_aside_bytes);
    visit("post_depth", limits.post_depth);
    visit("posts_per_commit", limits.posts_per_commit);
    visit("strikes", limits.strikes);
    visit("done_delay", limits.done_delay);
}

List names(const std::vector<std::string>& texts) {
    List list;
    for (const std::string& text : texts) list.emplace_back(text);
    return list;
}

// The fields of a map, each by its name.
class Fields {
  public:
    Fields(const Value& value, std::string where) : where_(std::move(where)) {
        // An empty map is an empty list.
        if (value.type() == Value::Type::map)
            map_ = &value.as_map();
        else if (value.type() != Value::Type::list || !value.as_list().empty())
            throw Error(where_ + " is no map");
    }

    const Value& operator[](std::string_view name) const {
        const Value* found = map_ == nullptr ? nullptr : map_->find(Key(name));
        if (found == nullptr)
            throw Error(where_ + " has no field '" + std::string(name) +
                        "': it was made by another version of Canon");
        return *found;
    }
    bool has(std::string_view name) const {
        return map_ != nullptr && map_->find(Key(name)) != nullptr;
    }
    std::uint64_t number(std::string_view name) const {
        const Value& value = (*this)[name];
        if (value.type() != Value::Type::integer) wrong(name, "an integer");
        return static_cast<std::uint64_t>(value.as_integer());
    }
    const std::string& text(std::string_view name) const {
        const Value& value = (*this)[name];
        if (value.type() != Value::Type::string) wrong(name, "a string");
        return value.as_string();
    }
    bool flag(std::string_view name) const {
        const Value& value = (*this)[name];
        if (value.type() != Value::Type::boolean) wrong(name, "a boolean");
        return value.as_boolean();
    }
    const List& list(std::string_view name) const {
        const Value& value = (*this)[name];
        if (value.type() != Value::Type::list) wrong(name, "a list");
        return value.as_list();
    }
    std::vector<std::string> texts(std::string_view name) const {
        std::vector<std::string> all;
        for (const Value& value : list(name)) {
            if (value.type() != Value::Type::string) wrong(name, "a list of strings");
            all.push_back(value.as_string());
        }
        return all;
    }
    [[noreturn]] void wrong(std::string_view name, const char* expected) const {
        throw Error(where_ + ": the field '" + std::string(name) + "' is not " + expected);
    }

  private:
    const Map* map_ = nullptr;
    std::string where_;
};

}  // namespace

void note_program(Meta& meta, const Simulation& simulation) {
    const Program& program = simulation.program();
    meta.modules.assign(program.modules().begin(), program.modules().end());
    meta.program_digest = program.digest();
    meta.needs_exact = simulation.needs_exact_mode();
    meta.schema_digest = simulation.world().schema().digest();
}

Meta meta_of(const Simulation& simulation, const Simulation::Host& host, const Levels& levels) {
    Meta meta;
    note_program(meta, simulation);
    const SimulationOptions& options = simulation.options();
    meta.seed = options.seed;
    meta.config = options.config;
    meta.limits = options.limits;
    meta.mode = options.mode;
    meta.fingerprint = fingerprint();
    for (const auto& [name, handler] : host.handlers) meta.host_handlers.push_back(name);
    for (const auto& [name, state] : host.states) meta.host_states.push_back(name);
    for (const HostFunction& function : host.functions)
        meta.host_functions.push_back(
            {function.module, function.name, function.purity == Purity::external});
    meta.levels = levels;
    return meta;
}

void write_meta(Bytes& out, const Meta& meta) {
    Map limits;
    each_limit(meta.limits, [&](const char* name, auto limit) {
        limits.set(name, static_cast<std::int64_t>(limit));
    });
    List features;
    for (const std::string_view feature : kFeatures) features.emplace_back(feature);
    List functions;
    for (const HostFunctionName& function : meta.host_functions)
        functions.push_back(Map{{"module", function.module},
                                {"name", function.name},
                                {"external", function.is_external}});
    const Fingerprint& build = meta.fingerprint;
    write_value(out, Map{{"needs", std::move(features)},
                         {"program", Map{{"name", meta.program_name},
                                         {"digest", bits(meta.program_digest)},
                                         {"modules", value_of(meta.modules)}}},
                         {"seed", bits(meta.seed)},
                         {"config", List{meta.config}},  // a map keeps no nil
                         {"limits", std::move(limits)},
                         {"frames_per_second", meta.frames_per_second},
                         {"exact", meta.needs_exact},
                         {"canonical", meta.mode == SimulationMode::canonical},
                         {"fingerprint", Map{{"lua", build.lua},
                                             {"layout", bits(build.layout_probe)},
                                             {"order", bits(build.order_probe)},
                                             {"math", bits(build.math_probe)},
                                             {"format", static_cast<std::int64_t>(build.format)}}},
                         {"host", Map{{"schema", bits(meta.schema_digest)},
                                      {"handlers", names(meta.host_handlers)},
                                      {"states", names(meta.host_states)},
                                      {"functions", std::move(functions)}}},
                         {"levels", Map{{"actions", static_cast<std::int64_t>(meta.levels.actions)},
                                        {"effects", meta.levels.effects}}}});
}

Meta read_meta(std::span<const std::uint8_t> payload) {
    Value value;
    try {
        value = value_from_bytes(payload);
    } catch (const Error& error) {
        throw Error(std::string("META: ") + error.what());
    }
    const Fields fields(value, "META");
    for (const std::string& feature : fields.texts("needs"))
        if (std::find(std::begin(kFeatures), std::end(kFeatures), feature) == std::end(kFeatures))
            throw Error("the recording needs a reader that knows '" + feature +
                        "': use a newer version of Canon");
    Meta meta;
    const Fields program(fields["program"], "META program");
    meta.program_name = program.text("name");
    meta.program_digest = program.number("digest");
    try {
        meta.modules = modules_of(program["modules"]);
    } catch (const Error& error) {
        throw Error(std::string("META program: ") + error.what());
    }
    meta.seed = fields.number("seed");
    if (fields.list("config").size() != 1) fields.wrong("config", "a list of one value");
    meta.config = fields.list("config")[0];
    const Fields limits(fields["limits"], "META limits");
    each_limit(meta.limits, [&]<class T>(const char* name, T& limit) {
        const std::uint64_t number = limits.number(name);
        if (number > static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
            limits.wrong(name, "a limit that can be");
        limit = static_cast<T>(number);
    });
    const Value& speed = fields["frames_per_second"];
    if (speed.type() != Value::Type::number || !(speed.as_number() > 0))
        fields.wrong("frames_per_second", "a number above 0");
    meta.frames_per_second = speed.as_number();
    meta.needs_exact = fields.flag("exact");
    if (fields.has("canonical") && fields.flag("canonical")) meta.mode = SimulationMode::canonical;
    const Fields build(fields["fingerprint"], "META fingerprint");
    meta.fingerprint.lua = build.text("lua");
    meta.fingerprint.layout_probe = build.number("layout");
    meta.fingerprint.order_probe = build.number("order");
    meta.fingerprint.math_probe = build.number("math");
    meta.fingerprint.format = static_cast<std::uint32_t>(build.number("format"));
    const Fields host(fields["host"], "META host");
    meta.schema_digest = host.number("schema");
    meta.host_handlers = host.texts("handlers");
    meta.host_states = host.texts("states");
    for (const Value& entry : host.list("functions")) {
        const Fields function(entry, "META host function");
        meta.host_functions.push_back(
            {function.text("module"), function.text("name"), function.flag("external")});
    }
    const Fields levels(fields["levels"], "META levels");
    const std::uint64_t actions = levels.number("actions");
    if (actions > static_cast<std::uint64_t>(ActionRecord::all))
        levels.wrong("actions", "0, 1 or 2");
    meta.levels = {static_cast<ActionRecord>(actions), levels.flag("effects")};
    return meta;
}

std::shared_ptr<const Program> program_of(const Meta& meta) {
    auto program = Program::from_modules(meta.modules);
    if (program->digest() != meta.program_digest)
        throw Error("the program in the recording has the digest " + hash_text(program->digest()) +
                    ", but " + hash_text(meta.program_digest) + " is told");
    return program;
}

std::vector<std::pair<std::string, std::uint64_t>> changed_limits(const Limits& limits) {
    std::vector<std::pair<std::string, std::uint64_t>> changed;
    each_limit(limits, [&](const char* name, auto limit) {
        changed.emplace_back(name, static_cast<std::uint64_t>(limit));
    });
    std::size_t at = 0, kept = 0;
    const Limits defaults;
    each_limit(defaults, [&](const char*, auto initial) {
        if (changed[at].second != static_cast<std::uint64_t>(initial))
            changed[kept++] = changed[at];
        ++at;
    });
    changed.resize(kept);
    return changed;
}

SimulationOptions options_of(const Meta& meta) {
    SimulationOptions options;
    options.seed = meta.seed;
    options.config = meta.config;
    options.limits = meta.limits;
    // The mode decides whether a reload can bring a program that needs exact mode. Where this
    // machine refuses it, the other one gives the same.
    const bool is_refused = !fingerprint().not_exact.empty() && !meta.needs_exact;
    options.mode = is_refused ? SimulationMode::canonical : meta.mode;
    return options;
}

}  // namespace canon::replay
