#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "cli/fault_list.hpp"
#include "cli/frame_output.hpp"
#include "cli/log_level.hpp"
#include "cli/lost_write_list.hpp"

namespace canon::cli {
namespace {

using Json = nlohmann::ordered_json;

// Ids are strings: many a reader of JSON rounds large numbers.
Json json_of(const Fault& fault) {
    Json json{
        {"kind", fault_name(fault.kind)}, {"function", fault.function}, {"message", fault.message}};
    if (!fault.chunk.empty()) {
        json["chunk"] = fault.chunk;
        json["line"] = fault.line;
    }
    if (const std::string job = job_of(fault); !job.empty()) {
        json["job"] = job;
        json["submitted"] = fault.stamp.frame.value;
    }
    json["in_job"] = fault.in_job;
    if (!fault.traceback.empty()) json["traceback"] = fault.traceback;
    return json;
}

Json json_of(const FrameReport& report) {
    Json json{{"frame", report.frame.value},
              {"hash", hash_text(report.state_hash)},
              {"chain", hash_text(report.chain)},
              {"jobs", report.jobs},
              {"actions", report.actions},
              {"dead_actions", report.dead_actions},
              {"refused_actions", report.refused_actions},
              {"skipped_jobs", report.skipped_jobs},
              {"rounds", report.rounds},
              {"entities", report.entities}};
    json["faults"] = Json::array();
    for (const Fault& fault : report.faults) json["faults"].push_back(json_of(fault));
    if (!report.log.empty()) {
        json["log"] = Json::array();
        for (const LogEntry& entry : report.log)
            json["log"].push_back({{"level", level_name(entry.level)},
                                   {"function", entry.function},
                                   {"text", entry.text}});
    }
    for (const ConsoleResult& result : report.console)
        json["console"].push_back(
            {{"sequence", result.sequence}, {"value", Json::parse(to_json(result.value))}});
    return json;
}

std::string job_text(const Stamp& stamp) {
    return fmt::format("{}:{}", stamp.submission, stamp.job);
}

Json json_of(const LostWrite& write) {
    Json json{{"kind", lost_write_name(write.kind)}, {"name", write.name}};
    if (!write.owner.empty()) json["owner"] = write.owner;
    if (write.kind != LostWrite::Kind::overwritten) json["change"] = change_name(write.change);
    json["function"] = write.function;
    if (write.line > 0) {
        json["chunk"] = write.chunk;
        json["line"] = write.line;
    }
    json["frame"] = write.frame.value;
    if (write.in_job) {
        json["job"] = job_text(write.stamp);
        json["submitted"] = write.stamp.frame.value;
    }
    if (write.entity) json["entity"] = std::to_string(write.entity.value);
    if (write.kind == LostWrite::Kind::overwritten)
        json["earlier"] = {{"function", write.earlier_function},
                           {"job", job_text(write.earlier)},
                           {"submitted", write.earlier.frame.value}};
    json["count"] = write.count;
    json["text"] = describe(write);
    return json;
}

bool has_notes(const FrameReport& report) {
    return !report.faults.empty() || !report.log.empty() || !report.console.empty();
}

class JsonLines final : public FrameOutput {
  public:
    explicit JsonLines(const OutputOptions& options)
        : last_(options.frames),
          every_(options.every == 0 ? 1 : options.every),
          check_writes_(options.check_writes) {}

    void start(const FrameReport& report) override {
        for (const LostWrite& write : report.lost_writes) lost_writes_.add(write);
        if (last_ == 0 || has_notes(report)) print(report);
    }

    void frame(const FrameReport& report) override {
        for (const LostWrite& write : report.lost_writes) lost_writes_.add(write);
        const std::uint64_t number = report.frame.value;
        if (number % every_ == 0 || number == last_ || has_notes(report)) print(report);
    }

    void finish(const Summary& summary) override {
        if (!summary.interrupted || !check_writes_) return;
        Json json{{"frame", summary.frames}, {"hash", hash_text(summary.state_hash)}};
        add_lost_writes(json);
        print(json);
    }

    void chaos(const ChaosReport& report) override {
        Json json{{"seed", std::to_string(report.seed)},
                  {"same", report.same()},
                  {"frame", report.frame.value}};
        if (!report.same()) json["difference"] = report.difference;
        print(Json{{"chaos", std::move(json)}});
    }

  private:
    void print(const FrameReport& report) const {
        Json json = json_of(report);
        if (report.frame.value == last_ && check_writes_) add_lost_writes(json);
        print(json);
    }

    static void print(const Json& json) {
        // A script's text may hold any bytes; JSON takes only UTF-8.
        fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    }

    void add_lost_writes(Json& json) const {
        json["lost_writes"] = Json::array();
        for (const LostWrite& write : lost_writes_.entries())
            json["lost_writes"].push_back(json_of(write));
        if (lost_writes_.beyond() > 0) json["lost_writes_left_out"] = lost_writes_.beyond();
    }

    std::uint64_t last_;
    std::uint64_t every_;
    bool check_writes_;
    LostWriteList lost_writes_;
};

}  // namespace

std::unique_ptr<FrameOutput> make_json_lines(const OutputOptions& options) {
    return std::make_unique<JsonLines>(options);
}

}  // namespace canon::cli
