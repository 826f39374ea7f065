#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canon/hash.hpp"
#include "cli/fault_list.hpp"
#include "cli/frame_output.hpp"
#include "cli/log_level.hpp"

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
    return json;
}

class JsonLines final : public FrameOutput {
  public:
    explicit JsonLines(const OutputOptions& options)
        : last_(options.frames), every_(options.every == 0 ? 1 : options.every) {}

    void start(const FrameReport& report) override {
        if (last_ == 0 || !report.faults.empty() || !report.log.empty()) print(json_of(report));
    }

    void frame(const FrameReport& report) override {
        const std::uint64_t number = report.frame.value;
        if (number % every_ == 0 || number == last_ || !report.faults.empty() ||
            !report.log.empty())
            print(json_of(report));
    }

    void finish(const Summary&) override {}

    void chaos(const ChaosReport& report) override {
        Json json{{"seed", std::to_string(report.seed)},
                  {"same", report.same()},
                  {"frame", report.frame.value}};
        if (!report.same()) json["difference"] = report.difference;
        print(Json{{"chaos", std::move(json)}});
    }

  private:
    static void print(const Json& json) {
        // A script's text may hold any bytes; JSON takes only UTF-8.
        fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    }

    std::uint64_t last_;
    std::uint64_t every_;
};

}  // namespace

std::unique_ptr<FrameOutput> make_json_lines(const OutputOptions& options) {
    return std::make_unique<JsonLines>(options);
}

}  // namespace canon::cli
